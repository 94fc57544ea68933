"""Charges that payers contest at a partner: heard of once, answered, and ended by the partner."""
