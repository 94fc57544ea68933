"""Disputes: a payer or a merchant's network contests a completed payment at a partner.

What is contested is set aside in the ledger until the partner has decided; why each side bears what
it does stands in docs/decisions/0005-disputes.md.
"""
