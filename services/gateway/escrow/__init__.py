"""Payments whose money is kept from the merchant until their buyer has received what they bought.

Such a payment goes its ordinary way, with an account of escrow in the merchant's place in the
ledger. This room has what comes then: the buyer confirms receipt, of all or of a part; the time is
over; the buyer disputes and the clock stands until they withdraw or the operator decides; the
acquirer gives back. Who comes first under the payment's lock takes from what is held, so released
and returned are never more than was paid.
"""
