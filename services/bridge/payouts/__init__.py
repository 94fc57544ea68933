"""Payouts: money sent from our bank account, and what became of each."""
