"""What a day has earned by exchanging money, as the ledger has booked it: from the wallet's facts.

Spreads are the legs on accounts of FX income, results those on accounts of FX result, credits less
debits: the same legs that settlement's FX book adds up. A refund takes its share back. The day of a
payment is the partner's; a deal is no partner's, and stands in the reports of banks, which settle
it, on the day the ledger has posted it.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Any

from services.core.accounts import AccountKind
from services.kit.postgres import Connection
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.transfer_pb2 import Leg
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.reports.model import Asked

AT_ONCE = 5_000
READ_SECONDS = 120.0
SPREAD, RESULT, DEALS = "spread", "result", "deals"
"""What was earned; and in the place of a corridor, what belongs to none."""
_NAMES = {AccountKind.FX_INCOME: SPREAD, AccountKind.FX_RESULT: RESULT}


@dataclass(frozen=True, slots=True)
class Income:
    """What one link of the ledger has earned of one kind and currency, minor units.

    `number`: of our row; of a deal its place among the day's.
    """

    number: int
    resource_id: str
    kind: str
    name: str
    corridor_id: str
    currency: str
    minor: int
    stripe: int
    sequence: int

    @property
    def label(self) -> str:
        """As a figure names it: `spread.panda-kakaopay`."""
        return f"{self.name}.{self.corridor_id}"


async def read_incomes(
    connection: Connection, asked: Asked, after: tuple[int, int] = (0, 0)
) -> AsyncGenerator[Income, None]:
    """Of payments and refunds in the order of our rows, then of deals. `after`: 1 and a row of
    ours, or 2 and a deal's place. Call it in a transaction."""
    side, number = after
    if side < 2:
        rows = connection.cursor(
            _BOOKED,
            asked.partner_id,
            asked.day,
            number,
            prefetch=AT_ONCE,
            timeout=READ_SECONDS,
        )
        async for row in rows:
            corridor = ""
            if row["payment"] is not None:
                event = PaymentEvent.FromString(row["payment"])
                corridor = event.payment_completed.payment.corridor_id
            for income in _incomes(row, row["kind"], corridor or "none"):
                yield income
    if asked.about.is_bank:
        begin, end = asked.about.begin, asked.about.end
        rows = connection.cursor(_DEALS, begin, end, prefetch=AT_ONCE, timeout=READ_SECONDS)
        async for row in rows:
            if side < 2 or row["row"] > number:
                for income in _incomes(row, "deal", DEALS):
                    yield income


def earned_of(event: WalletEvent) -> dict[tuple[str, str], int]:
    """What the legs of a posting have earned, by kind and currency: credits less debits."""
    sums: dict[tuple[str, str], int] = {}
    for leg in event.funds_posted.legs:
        for key, minor in _sides(leg):
            sums[key] = sums.get(key, 0) + minor
    return sums


def _incomes(row: Any, kind: str, corridor_id: str) -> Iterable[Income]:
    sums = earned_of(WalletEvent.FromString(row["payload"]))
    place = (row["row"], row["resource_id"], kind)
    fact = (row["stripe"], row["sequence"])
    for (name, currency), minor in sorted(sums.items()):
        if minor:
            yield Income(*place, name, corridor_id, currency, minor, *fact)


def _sides(leg: Leg) -> Iterable[tuple[tuple[str, str], int]]:
    amount = leg.amount
    for account, sign in ((leg.debit_account_id, -1), (leg.credit_account_id, 1)):
        name = _NAMES.get(account.partition(":")[0])  # type: ignore[call-overload]
        if name is not None:
            yield (name, amount.currency_code), sign * amount.minor_units


# A payment through two partners, or cancelled on a later day, has two rows and one posting.
_BOOKED = """
SELECT o.row, o.resource_id, o.kind, b.stripe, b.sequence, f.payload, paid.payload AS payment
FROM (
    SELECT min(row) AS row, resource_id, min(kind) AS kind, min(reference) AS reference
    FROM our_rows
    WHERE (partner_id, day) = ($1, $2) AND kind IN ('payment', 'refund')
        AND resource_id ~ '^(payment|refund)-'
    GROUP BY resource_id
) AS o
JOIN booked AS b ON b.resource_id = o.resource_id
JOIN facts AS f ON (f.source, f.stripe, f.sequence) = ('wallet', b.stripe, b.sequence)
LEFT JOIN charge_refunds AS back ON back.refund_id = o.reference
LEFT JOIN charges AS c ON c.charge_id = back.charge_id
LEFT JOIN LATERAL (
    SELECT payload FROM facts AS g
    WHERE g.key = substr(COALESCE(c.resource_id, o.resource_id), length('payment-') + 1)
        AND g.source = 'gateway' AND g.type = 'PaymentCompleted'
    LIMIT 1
) AS paid ON true
WHERE o.row > $3
ORDER BY o.row
"""
_DEALS = """
SELECT row_number() OVER (ORDER BY b.post_time, b.resource_id) AS row, b.resource_id, b.stripe,
    b.sequence, f.payload
FROM booked AS b
JOIN facts AS f ON (f.source, f.stripe, f.sequence) = ('wallet', b.stripe, b.sequence)
WHERE starts_with(b.resource_id, 'deal-') AND b.post_time >= $1 AND b.post_time < $2
ORDER BY row
"""
