"""Statements of accounts (camt.053) and notices of movements (camt.054)."""
