"""Merchant-presented codes: EMVCo QR MPM v1.1 and the national schemes built on it."""
