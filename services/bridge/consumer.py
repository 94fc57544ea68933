"""Takes bridge.command: records what is asked for in the tables, a batch in one unit.

No partner is called here. What the unit has leased goes to the worker in memory after the commit.
A repeat finds its own row and says its last word again. An id that comes with other content never
touches the first: it goes to the dead letters, and where it names another resource that one is told
that its charge is rejected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from services.bridge.disputes.answering import record_answers
from services.bridge.domain.answer import Moment
from services.bridge.domain.charge import Charge, Operation, Order, Said, State, lease, word_of
from services.bridge.domain.refund import (
    Refund,
    RefundOrder,
    RefundSaid,
    RefundState,
    lease_refund,
    open_refund,
    refund_word_of,
)
from services.bridge.domain.wishes import (
    is_tombstone,
    open_charge,
    refuse_charge,
    tombstone,
    want_cancel,
)
from services.bridge.messages import (
    charge_outgoing,
    read_order,
    read_refund_order,
    refund_outgoing,
)
from services.bridge.payouts.commands import record_payouts
from services.bridge.payouts.messages import read_payout_order
from services.bridge.payouts.model import PayoutOrder
from services.bridge.store.charges import insert_charges, lock_charges, update_charges
from services.bridge.store.refunds import lock_refunds, put_refunds, taken_of
from services.bridge.worker import Worker
from services.kit.batch import DEAD_LETTER_STRIPE, UnknownMessage
from services.kit.kafka import Record
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox, SecretUnreadable
from services.kit.trace import follow
from services.kit.unit import Decided
from services.pb.kawase.bridge.v1.bridge_message_pb2 import (
    AnswerDispute,
    BridgeCommand,
    CancelCharge,
    SubmitPayout,
)

log = structlog.get_logger()

CHARGE_CONFLICT = "CHARGE_EXISTS_WITH_DIFFERENT_CONTENT"
REFUND_CONFLICT = "REFUND_EXISTS_WITH_DIFFERENT_CONTENT"


@dataclass(slots=True)
class Batch:
    """What a batch asks for, by kind, and what comes of it."""

    moment: Moment
    lane: int
    orders: list[tuple[Record, Order]] = field(default_factory=list)
    cancels: dict[str, CancelCharge] = field(default_factory=dict)
    refunds: list[tuple[Record, RefundOrder]] = field(default_factory=list)
    answers: list[tuple[Record, AnswerDispute]] = field(default_factory=list)
    payouts: list[tuple[Record, PayoutOrder]] = field(default_factory=list)
    messages: list[Outgoing] = field(default_factory=list)
    leased: dict[str, Charge] = field(default_factory=dict)
    leased_refunds: list[tuple[Charge, Refund]] = field(default_factory=list)
    traces: dict[str, str] = field(default_factory=dict)
    """By the resource that the command is about."""

    def say(self, charge: Charge, said: Sequence[Said]) -> None:
        follow(self.traces.get(charge.order.resource_id, ""))
        today = self.moment.today
        self.messages += [charge_outgoing(charge, word, today, self.lane) for word in said]

    def say_of_refund(self, refund: Refund, said: Sequence[RefundSaid]) -> None:
        follow(self.traces.get(refund.order.resource_id, ""))
        today = self.moment.today
        self.messages += [refund_outgoing(refund, word, today, self.lane) for word in said]

    def bury(self, record: Record, reason: str) -> None:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        log.error("command_conflicts", reason=reason, place=place, key=record.key)
        self.messages.append(
            Outgoing(
                "dead.letter", record.key, DEAD_LETTER_STRIPE, f"{reason}:{place}", record.value
            )
        )


class CommandHandler:
    """The `handle` and `after_commit` of the bridge's `BatchConsumer`."""

    def __init__(self, worker: Worker, lane: int, box: SecretBox) -> None:
        """`box` opens and seals payees."""
        self._worker = worker
        self._lane = lane
        self._box = box

    async def handle(self, connection: Connection, records: Sequence[Record]) -> Decided[Batch]:
        """Record a batch. Raises `UnknownMessage` for a member of the oneof we do not know."""
        batch = Batch(self._worker.moment(), self._lane)
        for record in records:
            batch.traces[record.key] = record.trace
            _sort_in(batch, record, self._box)
        if batch.orders:
            await self._open(connection, batch)
        if batch.cancels or batch.refunds:
            charge_ids = [*batch.cancels, *(order.charge_id for _, order in batch.refunds)]
            charges = await lock_charges(connection, charge_ids)
            await self._cancel(connection, batch, charges)
            await self._refund(connection, batch, charges)
        # What follows makes its own.
        follow("")
        if batch.answers:
            batch.messages += await record_answers(
                connection, batch.answers, batch.moment, batch.lane, batch.bury
            )
        batch.messages += await record_payouts(
            connection, batch.payouts, self._worker.desks, batch.moment, batch.lane, self._box
        )
        return Decided(batch, batch.messages)

    def after_commit(self, batch: Batch) -> None:
        """Hand what the durable batch has leased to the worker."""
        self._worker.take_on(list(batch.leased.values()), batch.leased_refunds, batch.traces)

    async def _open(self, connection: Connection, batch: Batch) -> None:
        fresh: dict[str, tuple[Charge, tuple[Said, ...]]] = {}
        room = {name: desk.room for name, desk in self._worker.desks.items()}
        for _, order in batch.orders:
            if order.charge_id not in fresh:
                fresh[order.charge_id] = self._opened(order, batch.moment, room)
        new = await insert_charges(connection, [charge for charge, _ in fresh.values()])
        old = [charge_id for charge_id in fresh if charge_id not in new]
        known = await lock_charges(connection, old) if old else {}
        for charge_id in new:
            charge, said = fresh[charge_id]
            batch.say(charge, said)
            if charge.leased:
                batch.leased[charge_id] = charge
        self._repeat(batch, {charge_id: fresh[charge_id][0] for charge_id in new}, known)

    def _opened(
        self, order: Order, moment: Moment, room: dict[str, int]
    ) -> tuple[Charge, tuple[Said, ...]]:
        desk = self._worker.desks.get(order.partner_id)
        if desk is None:
            return open_charge(order, moment, None, has_room=False)
        room[order.partner_id] -= 1
        has_room = room[order.partner_id] >= 0
        if not desk.takes_starts or (desk.is_probing and not has_room):
            return refuse_charge(order, moment)
        return open_charge(order, moment, desk.partner.rules, has_room)

    def _repeat(self, batch: Batch, new: Mapping[str, Charge], known: Mapping[str, Charge]) -> None:
        """Answer orders that are there already, and refuse those that differ from what is."""
        if len(new) == len(batch.orders):
            return
        for record, order in batch.orders:
            charge = known.get(order.charge_id) or new[order.charge_id]
            if charge.order is order:
                continue
            if order.repeats(charge.order) or is_tombstone(charge):
                if order.charge_id in known:
                    batch.say(charge, word_of(charge))
                continue
            batch.bury(record, CHARGE_CONFLICT)
            if order.resource_id != charge.order.resource_id:
                batch.say(_conflicting(order, batch.moment), (Said.REJECTED,))

    async def _cancel(
        self, connection: Connection, batch: Batch, charges: dict[str, Charge]
    ) -> None:
        changed: dict[str, Charge] = {}
        versions: dict[str, int] = {}
        for charge_id, command in batch.cancels.items():
            found = charges.get(charge_id)
            if found is None:
                grave = tombstone(charge_id, command.resource_id, batch.moment)
                await insert_charges(connection, [grave])
                batch.say(grave, (Said.CANCELLED,))
                continue
            if batch.leased.pop(charge_id, None) is not None:
                # Not handed over yet: nobody is asked.
                found = replace(found, leased=False)
            charge, said = want_cancel(found, batch.moment)
            batch.say(charge, said)
            if charge is found:
                continue
            changed[charge_id] = self._lease_cancel(batch, charge)
            versions[charge_id] = found.version
        charges.update(changed)
        if changed:
            await update_charges(connection, list(changed.values()), list(versions.values()))

    def _lease_cancel(self, batch: Batch, charge: Charge) -> Charge:
        desk = self._worker.desks.get(charge.order.partner_id)
        if charge.operation is not Operation.CANCEL or charge.leased or not desk or not desk.room:
            return charge
        leased = lease(charge, batch.moment, desk.partner.rules)
        batch.leased[charge.charge_id] = leased
        return leased

    async def _refund(
        self, connection: Connection, batch: Batch, charges: Mapping[str, Charge]
    ) -> None:
        if not batch.refunds:
            return
        known = await lock_refunds(connection, [order.refund_id for _, order in batch.refunds])
        taken = await taken_of(connection, list(charges))
        fresh: dict[str, Refund] = {}
        for record, order in batch.refunds:
            if old := known.get(order.refund_id) or fresh.get(order.refund_id):
                if old.order != order:
                    batch.bury(record, REFUND_CONFLICT)
                elif order.refund_id in known:
                    batch.say_of_refund(old, refund_word_of(old))
                continue
            charge = charges.get(order.charge_id)
            refund, said = open_refund(order, charge, taken.get(order.charge_id, 0), batch.moment)
            batch.say_of_refund(refund, said)
            fresh[order.refund_id] = refund
            if charge is not None and refund.state is RefundState.STARTED:
                taken[order.charge_id] = taken.get(order.charge_id, 0) + order.amount.minor
                fresh[order.refund_id] = self._lease_refund(batch, charge, refund)
        await put_refunds(connection, list(fresh.values()))

    def _lease_refund(self, batch: Batch, charge: Charge, refund: Refund) -> Refund:
        desk = self._worker.desks.get(refund.partner_id)
        if desk is None or not desk.room:
            return refund
        leased = lease_refund(refund, batch.moment, desk.partner.rules)
        batch.leased_refunds.append((charge, leased))
        return leased


def _sort_in(batch: Batch, record: Record, box: SecretBox) -> None:
    command = BridgeCommand.FromString(record.value)
    match command.WhichOneof("body"):
        case "start_charge":
            batch.orders.append((record, read_order(command.start_charge)))
        case "cancel_charge":
            batch.cancels[command.cancel_charge.charge_id] = command.cancel_charge
        case "refund_charge":
            batch.refunds.append((record, read_refund_order(command.refund_charge)))
        case "submit_payout":
            _sort_payout_in(batch, record, command.submit_payout, box)
        case "answer_dispute":
            batch.answers.append((record, command.answer_dispute))
        case _:
            raise UnknownMessage(f"bridge.command {record.type!r} is unknown to this version")


def _sort_payout_in(batch: Batch, record: Record, command: SubmitPayout, box: SecretBox) -> None:
    """One that cannot be opened is left: it holds up no payment, and is repeated until it can."""
    try:
        batch.payouts.append((record, read_payout_order(command, box)))
    except SecretUnreadable as error:
        log.error("payee_unreadable", payout_id=command.payout_id, problem=error.message)


def _conflicting(order: Order, moment: Moment) -> Charge:
    """What the resource of a conflicting order is told."""
    return Charge(
        order,
        moment.today,
        moment.today,
        State.REJECTED,
        None,
        reason=CHARGE_CONFLICT,
        message="Another charge has this id; send the order under an id of its own.",
    )
