"""Four eyes: what needs a second person, and how it waits for them."""
