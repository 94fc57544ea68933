"""What moves payouts that nobody moves: dues become payouts, and commands are repeated.

Dues are paid on their day by the service's clock; an agreement is locked while it is paid, so that
several processes pay it once. Commands are repeated by Postgres's clock, because a lost message has
to be repeated also while the sandbox stops the day. An order waits for the bank's hours for as long
as it takes.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError, NotFound, Refused, Unavailable
from services.core.ids import Resource, new_reference, resource_id
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units
from services.settlement.domain.agreements import ACCOUNT_LIMIT
from services.settlement.payouts import store
from services.settlement.payouts.dues import Mid, Paid, payouts_of
from services.settlement.payouts.messages import command_of, payout_changed
from services.settlement.payouts.model import Payout, Task, wanted
from services.settlement.payouts.payees import Payees
from services.settlement.store.agreements import get_agreement

log = structlog.get_logger()

EVERY_SECONDS = 1.0
AGREEMENTS_AT_ONCE = 50
REPEATS_AT_ONCE = 200
LONGEST_WAIT = timedelta(hours=1)
# After some two hours of doubling waits.
STUCK_REPEATS = 8
DUE = "due"
_AWAY = (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY)


def wait_after(repeat_count: int) -> timedelta:
    """How long to wait for an answer after the repeat of this number (from 0)."""
    return min(store.FIRST_WAIT * (1 << min(repeat_count, 20)), LONGEST_WAIT)


def begin(payout: Payout) -> list[Outgoing]:
    """What is sent for a payout that is new."""
    return [*(command_of(payout, task) for task in wanted(payout)), payout_changed(payout)]


class Paying:
    """Makes payouts of what is due, each from at most `account_limit` accounts, and repeats what
    was not answered."""

    def __init__(
        self,
        units: Units,
        clock: Clock,
        mid: Mid,
        payees: Payees,
        account_limit: int = ACCOUNT_LIMIT,
    ) -> None:
        self._account_limit = account_limit
        self._units = units
        self._clock = clock
        self._mid = mid
        self._payees = payees
        # Agreements are gone through in turns, so that those that wait hold nobody up.
        self._after = ""

    async def run(self) -> None:
        """A pass a second, for ever; passes over what is away."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            for sweep in (self.pay, self.repeat):
                try:
                    await sweep()
                except _AWAY as error:
                    log.warning("payouts_delayed", sweep=sweep.__name__, problem=repr(error))

    async def pay(self) -> int:
        """Pay what is due now; how many payouts were made."""
        made, self._after = (await self._units.write(self._pay)).answer
        return made

    async def _pay(self, connection: Connection) -> Decided[tuple[int, str]]:
        now = self._clock.now()
        due = await store.agreements_due(connection, now, self._after, AGREEMENTS_AT_ONCE)
        made, messages = 0, []
        for agreement_id in due:
            agreement = await get_agreement(connection, agreement_id)
            assert agreement is not None
            dues = await store.dues_of(connection, agreement_id, now)
            try:
                agreement = await self._payees.of_dues(connection, agreement, now)
                new_id = partial(_new_id, now)
                paid = payouts_of(agreement, dues, new_id, self._mid, now, self._account_limit)
            except (NotFound, Unavailable) as error:
                log.warning("payout_waits_for_rate", agreement_id=agreement_id, problem=str(error))
                continue
            except Refused as error:
                log.warning("payout_waits_for_payee", agreement_id=agreement_id, problem=str(error))
                continue
            for each in paid:
                payout = self._payees.sealed(each.payout)
                messages += await _make(connection, replace(each, payout=payout))
            made += len(paid)
        following = due[-1] if len(due) == AGREEMENTS_AT_ONCE else ""
        return Decided((made, following), messages)

    async def repeat(self) -> int:
        """Repeat the commands of those that wait too long; how many payouts."""
        return (await self._units.write(self._repeat)).answer

    async def _repeat(self, connection: Connection) -> Decided[int]:
        due = await store.take_due(connection, REPEATS_AT_ONCE)
        if not due:
            return Decided(0)
        waits = {payout.payout_id: wait_after(count + 1) for payout, count in due}
        await store.postpone(connection, waits)
        messages = []
        for payout, count in due:
            tasks = sorted(wanted(payout))
            messages += [command_of(payout, task) for task in tasks]
            _tell_repeat(payout, tasks, count + 1)
        return Decided(len(due), messages)


def _new_id(now: datetime) -> str:
    return resource_id(Resource.PAYOUT, new_reference(now))


async def _make(connection: Connection, paid: Paid) -> list[Outgoing]:
    """Store a payout; what is sent for it."""
    payout = paid.payout
    await store.add_payout(connection, payout, DUE, "")
    await store.take_positions(connection, payout.agreement_id, paid.dues, payout.payout_id)
    log.info(
        "payout_made",
        payout_id=payout.payout_id,
        participant_id=payout.participant_id,
        amount_minor=payout.amount.minor,
        currency_code=payout.amount.currency,
    )
    return begin(payout)


def _tell_repeat(payout: Payout, tasks: list[Task], count: int) -> None:
    stuck = count >= STUCK_REPEATS and tasks != [Task.ORDER]
    tell = log.error if stuck else log.info
    tell(
        "payout_command_repeated",
        payout_id=payout.payout_id,
        tasks=[task.name.lower() for task in tasks],
        repeat_count=count,
    )
