"""Looks at deposits: what is left of each, when it runs out, and who has to be told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from services.core.clock import Clock
from services.core.errors import KawaseError
from services.kit.outbox import Outgoing
from services.kit.postgres import POSTGRES_AWAY, Connection
from services.kit.unit import Decided, Units
from services.pb.kawase.settlement.v1 import prefunding_service_pb2 as pb
from services.pb.kawase.settlement.v1 import settlement_event_pb2 as events
from services.settlement.ledger import Deposit, Ledger
from services.settlement.messages import fact, stamp
from services.settlement.prefunding import store
from services.settlement.prefunding.forecast import HISTORY_WEEKS, WEEK, Forecast, forecast

log = structlog.get_logger()

LOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Prefunding:
    """A deposit as it stands. `threshold_minor` zero: nobody is to be told."""

    deposit: Deposit
    threshold_minor: int
    forecast: Forecast

    @property
    def low(self) -> bool:
        return self.threshold_minor > 0 and self.deposit.available_minor < self.threshold_minor


class Prefundings:
    """Reads deposits, and tells of those that have fallen below their threshold: once, until they
    are above it again."""

    def __init__(self, units: Units, ledger: Ledger, clock: Clock) -> None:
        self._units = units
        self._ledger = ledger
        self._clock = clock

    async def run(self) -> None:
        """Look at all of them, for ever."""
        while True:
            try:
                await self.step()
            except (KawaseError, asyncpg.PostgresError, *POSTGRES_AWAY) as error:
                log.warning("prefunding_waits", problem=str(error) or repr(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def step(self) -> None:
        """Tell of those that have fallen below since the last look."""
        found = {each.deposit.account_id: each for each in await self.read("")}
        now = self._clock.now()

        async def work(connection: Connection) -> Decided[None]:
            changed = await store.mark_low(
                connection, {name: each.low for name, each in found.items()}
            )
            fallen = [found[name] for name in sorted(changed) if found[name].low]
            for each in fallen:
                log.warning(
                    "prefunding_low",
                    account_id=each.deposit.account_id,
                    available_minor=each.deposit.available_minor,
                    threshold_minor=each.threshold_minor,
                )
            return Decided(None, [_low(each, now) for each in fallen])

        if found:
            await self._units.write(work)

    async def read(self, participant_id: str) -> Sequence[Prefunding]:
        """Deposits of one participant, or of all, in order of their accounts.

        Raises `Unavailable` where the ledger does not answer.
        """
        now = self._clock.now()
        async with self._units.pool.acquire() as connection:
            names = await store.list_accounts(connection, participant_id)
            spending = await store.read_spending(connection, names, now - HISTORY_WEEKS * WEEK)
            thresholds = await store.read_thresholds(connection, names)
        return [
            Prefunding(
                deposit,
                thresholds.get(deposit.account_id, (0, False))[0],
                forecast(
                    deposit.available_minor + deposit.net_debit_cap_minor,
                    spending[deposit.account_id],
                    now,
                ),
            )
            for deposit in await self._ledger.deposits(names)
        ]


def prefunding_message(prefunding: Prefunding) -> pb.Prefunding:
    """As the outside reads it."""
    deposit = prefunding.deposit
    message = pb.Prefunding(
        participant_id=deposit.owner_id,
        account_id=deposit.account_id,
        currency_code=deposit.currency,
        available_minor=deposit.available_minor,
        net_debit_cap_minor=deposit.net_debit_cap_minor,
        threshold_minor=prefunding.threshold_minor,
        low=prefunding.low,
        spent_last_day_minor=prefunding.forecast.spent_last_day_minor,
        history_weeks=prefunding.forecast.history_weeks,
    )
    if prefunding.forecast.run_out_time is not None:
        message.run_out_time.FromDatetime(prefunding.forecast.run_out_time)
    return message


def _low(prefunding: Prefunding, now: datetime) -> Outgoing:
    event = events.SettlementEvent(
        event_time=stamp(now),
        prefunding_low=events.PrefundingLow(prefunding=prefunding_message(prefunding)),
    )
    return fact(prefunding.deposit.account_id, "PrefundingLow", event)
