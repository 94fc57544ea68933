"""Escrows as messages: what callers see, facts, and commands to the ledger."""

from dataclasses import replace

from services.core.accounts import AccountKind, escrow, house
from services.core.money import Money
from services.gateway.escrow.model import Cause, Escrow, Part, Release, State, Step
from services.gateway.lanes import COMMAND_STRIPE, FACT_STRIPE
from services.gateway.payments.messages import money, timestamp
from services.gateway.payments.model import Payment
from services.gateway.reference import Participant, ParticipantKind
from services.kit.ledger import Move, open_accounts, transfer_funds
from services.kit.outbox import Outgoing
from services.pb.kawase.gateway.v1 import escrow_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts

_STATES = {state: pb.EscrowState.Value(f"ESCROW_STATE_{state.name}") for state in State}
_CAUSES = {
    cause: pb.EscrowReleaseCause.Value(f"ESCROW_RELEASE_CAUSE_{cause.name}") for cause in Cause
}
STATES = {number: state for state, number in _STATES.items()}
CAUSES = {number: cause for cause, number in _CAUSES.items()}
PURPOSE = "release"


def escrow_message(kept: Escrow, reader: Participant | None = None) -> pb.Escrow:
    """An escrow as a wallet sees its own; without the wallet's id for other readers."""
    currency = kept.total.currency
    wallets = reader is None or reader.kind is ParticipantKind.WALLET
    disputed = kept.state is State.DISPUTED
    runs = kept.state in (State.HELD, State.PENDING)
    return pb.Escrow(
        reference=kept.reference,
        payment_id=kept.payment_id if wallets else "",
        state=_STATES[kept.state],
        merchant_id=kept.merchant_id,
        total=money(kept.total.minor, currency),
        held=money(kept.held_minor, currency),
        released=money(kept.released_minor, currency),
        returned=money(kept.returned_minor, currency),
        release_time=timestamp(kept.release_time) if runs else None,
        dispute_time=timestamp(kept.dispute_time) if disputed and kept.dispute_time else None,
        dispute_reason=kept.dispute_reason if disputed else "",
        create_time=timestamp(kept.create_time),
        update_time=timestamp(kept.update_time),
    )


def release_message(part: Part) -> pb.EscrowRelease:
    """A release as everybody sees it."""
    currency = part.amount.currency
    return pb.EscrowRelease(
        reference=part.reference,
        release_id="" if part.cause is Cause.TIME else part.release_id,
        cause=_CAUSES[part.cause],
        amount=money(part.amount.minor, currency),
        left=money(part.left_minor, currency),
        create_time=timestamp(part.create_time),
    )


def released_fact(kept: Escrow, part: Part) -> Outgoing:
    """The fact of a release, before the ledger has moved it: whose it is has to be known there."""
    told = release_message(part)
    event = facts.PaymentEvent(
        participant_id=kept.participant_id,
        event_time=told.create_time,
        escrow_released=facts.EscrowReleased(
            release=told,
            payment_reference=kept.reference,
            payment_id=kept.payment_id,
            corridor_id=kept.corridor_id,
            merchant_id=kept.merchant_id,
        ),
    )
    return _fact(part.reference, "EscrowReleased", event)


def dispute_fact(kept: Escrow) -> Outgoing:
    """The fact that a dispute was opened, withdrawn, resolved, or is open again."""
    told = escrow_message(kept)
    event = facts.PaymentEvent(
        participant_id=kept.participant_id,
        event_time=told.update_time,
        escrow_dispute_changed=facts.EscrowDisputeChanged(escrow=told),
    )
    return _fact(kept.reference, "EscrowDisputeChanged", event)


def _fact(reference: str, name: str, event: facts.PaymentEvent) -> Outgoing:
    return Outgoing("payment.event", reference, FACT_STRIPE, name, event.SerializeToString())


def opening(payment: Payment) -> Outgoing:
    """The command that opens the merchant's account of escrow, where it is not open yet.

    Keyed as the payment's own commands are, so that the ledger hears it before them.
    """
    terms = payment.terms
    opens = open_accounts([escrow(terms.merchant_id, terms.target_currency)], COMMAND_STRIPE)
    return replace(opens, key=terms.funding_account_id)


def command_of(_step: Step, release: Release) -> Outgoing:
    """The command that moves a release: to the merchant, less the fee of it."""
    part, currency = release.part, release.part.amount.currency
    income = house(AccountKind.FEE_INCOME, currency).account_id
    ways = (
        (release.payable_account_id, part.amount.minor - part.fee_minor, PURPOSE),
        (income, part.fee_minor, "fee"),
    )
    moves = [
        Move(release.escrow_account_id, account, Money(minor, currency), purpose)
        for account, minor, purpose in ways
        if minor
    ]
    return transfer_funds(release.link_id, moves, COMMAND_STRIPE)
