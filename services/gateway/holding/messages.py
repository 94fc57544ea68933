"""Authorisations as messages."""

from services.gateway.holding.rules import Authorisation
from services.gateway.payments.messages import STATE_NUMBERS, money, timestamp
from services.gateway.payments.model import Payment, State, captured_terms
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb


def authorisation_message(payment: Payment, held: Authorisation) -> pb.Authorisation:
    """An authorised payment without anything of the payer, of home money or of the margin."""
    terms, life = payment.terms, payment.life
    currency = terms.target_currency
    captured = captured_terms(payment).target_minor if life.state is State.COMPLETED else 0
    return pb.Authorisation(
        reference=terms.reference,
        state=STATE_NUMBERS[life.state],
        merchant_id=terms.merchant_id,
        authorised=money(terms.target_minor, currency),
        captured=money(captured, currency) if captured else None,
        expire_time=timestamp(held.expire_time),
        create_time=timestamp(held.create_time),
        update_time=timestamp(life.update_time),
    )
