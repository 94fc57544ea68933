"""Payments: their price, their life step by step, and who waits for them."""
