"""Takes verified notices: a batch of them, and all they come to, durable in one unit.

A notice that was taken before changes nothing. What notices make due is worked on at once.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.bridge.disputes.hearing import hear_of_disputes
from services.bridge.domain.charge import Charge
from services.bridge.notices.charges import hear_of_charges
from services.bridge.notices.deposits import note_deposits
from services.bridge.notices.notice import (
    ChargeNotice,
    DepositNotice,
    DisputeNotice,
    Notice,
    OtherNotice,
    PayoutNotice,
)
from services.bridge.notices.store import TakenNotice, add_notices, forget_notices
from services.bridge.store.charges import lock_charges
from services.bridge.worker import Worker
from services.kit.batch import AWAY
from services.kit.gather import Gather
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units

log = structlog.get_logger()

# Longer than any adapter's time window, and than partners go on repeating a notice.
REMEMBERED = timedelta(days=8)
FORGET_EVERY = timedelta(minutes=10)
BATCH_LIMIT = 200
QUEUE_LIMIT = 2_000

HearPayouts = Callable[
    [Connection, Sequence[tuple[str, PayoutNotice]]], Awaitable[Sequence[Outgoing]]
]
"""What payouts make of their notices, given with the partners' ids, inside the unit."""


async def no_payouts(
    _connection: Connection, notices: Sequence[tuple[str, PayoutNotice]]
) -> Sequence[Outgoing]:
    """For a bridge that pays nobody out."""
    for partner_id, notice in notices:
        log.warning("notice_strange", partner_id=partner_id, payout_id=notice.payout_id)
    return ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A verified notice. `body` is what a digest is taken of where it has no id of its own."""

    partner_id: str
    notice: Notice
    body: bytes

    @property
    def key(self) -> str:
        if isinstance(self.notice, DepositNotice):
            # The entry, not the message about it: two messages about one entry are one deposit.
            return f"deposit/{self.notice.account_id}/{self.notice.entry_reference}"[:256]
        named = self.notice.notice_id
        return f"id/{named}"[:256] if named else f"sha256/{hashlib.sha256(self.body).hexdigest()}"


class NoticeBook:
    """Takes notices, once each."""

    def __init__(
        self,
        units: Units,
        worker: Worker,
        lane: int,
        box: SecretBox,
        hear_payouts: HearPayouts = no_payouts,
    ) -> None:
        """`box` seals payers' names."""
        self._units = units
        self._worker = worker
        self._lane = lane
        self._box = box
        self._hear_payouts = hear_payouts
        self._gather: Gather[Arrived, bool] = Gather(self._write, BATCH_LIMIT, QUEUE_LIMIT)
        self._forgot = worker.moment().machine

    async def take(self, arrived: Arrived) -> bool:
        """Whether the notice is new; it is durable when this returns. Raises `QueueFull` and what
        Postgres away raises: then the partner has to send it again."""
        return await self._gather.submit(arrived)

    async def _write(self, arrived: Sequence[Arrived]) -> Sequence[bool | BaseException]:
        """A batch; where it cannot be stored as one, each notice for itself."""
        try:
            return await self._write_batch(arrived)
        except AWAY:
            raise
        except Exception as error:
            if len(arrived) == 1:
                log.error("notice_not_stored", partner_id=arrived[0].partner_id, exc_info=error)
                raise
        answers: list[bool | BaseException] = []
        for one in arrived:
            try:
                answers += await self._write_batch([one])
            except Exception as error:
                log.error("notice_not_stored", partner_id=one.partner_id, exc_info=error)
                answers.append(error)
        return answers

    async def _write_batch(self, arrived: Sequence[Arrived]) -> list[bool]:
        committed = await self._units.write(lambda c: self._store(c, arrived))
        answers, leased = committed.answer
        self._worker.take_on(leased)
        return answers

    async def _store(
        self, connection: Connection, arrived: Sequence[Arrived]
    ) -> Decided[tuple[list[bool], list[Charge]]]:
        moment = self._worker.moment()
        first = {(one.partner_id, one.key): one for one in reversed(arrived)}
        taken = [_taken(one) for one in first.values()]
        new = await add_notices(connection, taken, moment.today, moment.today + REMEMBERED)
        fresh = [one for place, one in first.items() if place in new]
        messages, leased = await self._hear(connection, fresh)
        if moment.machine - self._forgot >= FORGET_EVERY:
            self._forgot = moment.machine
            await forget_notices(connection, moment.today)
        chosen = {id(one) for one in fresh}
        return Decided(([id(one) in chosen for one in arrived], leased), messages)

    async def _hear(
        self, connection: Connection, fresh: Sequence[Arrived]
    ) -> tuple[list[Outgoing], list[Charge]]:
        moment = self._worker.moment()
        charges = [(o.partner_id, o.notice) for o in fresh if isinstance(o.notice, ChargeNotice)]
        disputes = [(o.partner_id, o.notice) for o in fresh if isinstance(o.notice, DisputeNotice)]
        deposits = [(o.partner_id, o.notice) for o in fresh if isinstance(o.notice, DepositNotice)]
        payouts = [(o.partner_id, o.notice) for o in fresh if isinstance(o.notice, PayoutNotice)]
        messages: list[Outgoing] = []
        leased: list[Charge] = []
        if charges or disputes:
            ids = {notice.charge_id for _, notice in charges}
            ids |= {notice.charge_id for _, notice in disputes}
            found = await lock_charges(connection, sorted(ids))
            disputed = await hear_of_disputes(connection, disputes, found, moment, self._lane)
            heard, leased = await hear_of_charges(
                connection, charges, found, self._worker, self._lane
            )
            messages += [*disputed, *heard]
        messages += await note_deposits(connection, deposits, moment.today, self._lane, self._box)
        if payouts:
            messages += await self._hear_payouts(connection, payouts)
        return messages, leased


def _taken(arrived: Arrived) -> TakenNotice:
    match arrived.notice:
        case ChargeNotice(charge_id=subject):
            kind = "charge"
        case DisputeNotice(case_reference=subject, stage=stage):
            kind = f"dispute {stage}"
        case DepositNotice(entry_reference=subject):
            kind = "deposit"
        case PayoutNotice(payout_id=payout_id, partner_reference=reference):
            kind, subject = "payout", payout_id or reference
        case OtherNotice(what=subject):
            kind = "other"
    return TakenNotice(arrived.partner_id, arrived.key, kind, subject)
