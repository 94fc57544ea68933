"""Payments that are authorised first and captured later.

The payer's yes holds the funds at the agreed price (`payments.saga`: authorise, capture). This room
has what comes then: the acquirer captures all or a part, or voids; the payer's wallet gives up; or
the time is over. Whoever comes first under the payment's lock ends the hold, and nobody after them
can: exactly one of the four comes through.
"""
