"""Payouts: what is due to a participant leaves through a bank, and each yen of it has a place."""
