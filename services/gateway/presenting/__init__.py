"""Consumer-presented payments: the payer shows a code, the shop's acquirer charges it.

A code is used once, whoever charges it first, and a charge becomes a payment of the payer's wallet
that is priced, limited, screened and driven as every other one.
"""
