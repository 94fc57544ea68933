"""Bills: a directory of billers, and payment by the reference number printed on a bill.

A biller is a merchant of an acquirer of our own whose payments begin with its name and a reference
instead of a scanned code; from its price on a payment of a bill is like any other. Promised: a
reference that was mistyped in one place is refused where the biller's check digits can tell, and a
bill that is paid, or about to be, is not paid a second time unless the payer says so.
"""
