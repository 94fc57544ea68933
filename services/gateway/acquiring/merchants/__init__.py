"""Shops of acquirers: proposed by a key, approved by a person, kept version by version."""
