"""Late charges: a partner accepted a charge after its payment had been declined.

The payment stays as it is. The charge is booked against suspense (design §6: suspense → partner
payable; for a charge collected from a payer partner receivable → suspense), asked back from the
partner, and the booking is reversed once it came back. What ledger or partner refuse is a case for
an operator. Every charge is booked once: its id is unique.
"""
