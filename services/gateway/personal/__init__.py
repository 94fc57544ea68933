"""Persons who are paid by a code of their own: a busker, a driver, a friend; no merchant.

A payer of a hosted wallet has static codes. Whoever scans one pays into that payer's account with
us, as a shop is paid: quote, confirm, reserve, post. Promised: the code and the payment tell of the
person the name they are shown by and nothing else; a person pays no fee and is owed nothing, so
that no payout follows; and nobody is paid more than the limits of receivers allow, however many pay
at once.
"""
