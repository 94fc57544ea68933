"""SQL of codes, offline keys and charges.

A charge's row is what uses a code up: the unique constraints of `code_charges` let one charge per
code in, and per counter of an offline key. Keys and codes are locked before payments.
"""
