"""A partner's day: both sides matched, closed, reported."""
