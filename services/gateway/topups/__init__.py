"""Bank links and top-ups: a payer draws money from a bank into a hosted wallet."""
