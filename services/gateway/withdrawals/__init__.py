"""Withdrawals: a payer draws money from a hosted wallet to a linked bank account."""
