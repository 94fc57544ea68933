"""Refunds: part or all of a completed payment given back, at the rate it was paid at."""
