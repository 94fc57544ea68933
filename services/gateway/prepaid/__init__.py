"""Prepaid orders: placed and paid by a wallet before its payer arrives, picked up with a code.

Promised: an order is picked up once or given back once, never both, whoever comes first; what is
given back goes through the refunds of all payments, whole and at the rate it was paid at. The
merchant's payable is not held until the pick-up: settlement pays it as any other, and a refund
after that is taken from what the merchant is owed next, within its limit.
"""
