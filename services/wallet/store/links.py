"""Links with their legs, resolutions and refusals: read after the locks, written set-based."""

from collections.abc import Iterable, Sequence

from services.kit.postgres import Connection
from services.wallet.domain.clauses import Clause, Fault
from services.wallet.domain.ledger import Ledger
from services.wallet.domain.model import CommandName, Leg, Link, Outcome, Refusal


class TotalsNotStored(Exception):
    """A row that was locked was not there to be updated: the batch is rolled back."""


async def read_links(
    connection: Connection, link_ids: Sequence[str], with_legs: Sequence[bool]
) -> tuple[list[Link], list[Refusal]]:
    """What stands under the ids, of which new ones give nothing; legs only where asked for."""
    links: dict[str, Link] = {}
    refusals: dict[tuple[str, str], Refusal] = {}
    # A link with two refusals has each of its legs twice, one behind the other.
    last: tuple[str, int | None] = "", None
    for row in await connection.fetch(READ, link_ids, with_legs):
        link_id, first, refused = row[0], row[1], row[8]
        if refused is not None:
            name = CommandName(refused)
            refusals[link_id, name] = Refusal(link_id, name, Fault(Clause[row[9]], row[10]))
        if first is None:
            continue
        link = links.get(link_id)
        if link is None:
            outcome = row[5]
            link = links[link_id] = Link(
                link_id,
                CommandName(first),
                row[2],
                row[3],
                row[4],
                row[16],
                outcome=None if outcome is None else Outcome(outcome),
                sequence=row[6] or 0,
                resolve_time=row[7],
            )
        if row[11] is not None and last != (last := (link_id, row[17])):
            link.legs.append(Leg(*row[11:16]))
    return list(links.values()), list(refusals.values())


async def store_batch(connection: Connection, ledger: Ledger) -> None:
    """Write what the ledger has decided, in one statement."""
    now_links = ledger.new_links
    legs = [
        (
            link_id,
            number,
            leg.debit_account_id,
            debit_stripe,
            leg.credit_account_id,
            credit_stripe,
            leg.amount,
            leg.currency,
            leg.purpose,
        )
        for link_id, placed in ledger.new_legs
        for number, (leg, debit_stripe, credit_stripe) in enumerate(placed, 1)
    ]
    changed = ledger.changed_rows
    status = await connection.execute(
        STORE,
        *_columns(
            6,
            [
                (x.link_id, x.command, x.funding_account_id, x.stripe, x.digest, x.create_time)
                for x in now_links
            ],
        ),
        *_columns(9, legs),
        *_columns(
            5,
            [
                (x.link_id, x.outcome, x.stripe, x.sequence or None, x.resolve_time)
                for x in ledger.resolved
            ],
        ),
        *_columns(
            4,
            [
                (x.link_id, x.command, x.fault.clause.name, x.fault.account_id)
                for x in ledger.new_refusals
            ],
        ),
        ledger.now,
        *_columns(6, [(row.account_id, row.stripe, *row.change) for row in changed]),
    )
    if status != f"UPDATE {len(changed)}":
        raise TotalsNotStored(f"{len(changed)} rows were to change: {status}")


def _columns(width: int, rows: Iterable[Sequence[object]]) -> list[Sequence[object]]:
    """Rows turned into columns for `unnest`; without rows, empty columns."""
    return list(zip(*rows, strict=True)) or [()] * width


READ = """
SELECT
    wanted.link_id, l.command, l.funding_account_id, l.stripe, l.digest,
    r.outcome, r.sequence, r.resolve_time,
    f.command, f.clause, f.account_id,
    t.debit_account_id, t.credit_account_id, t.amount, t.currency_code, t.purpose,
    l.create_time, t.leg_number
FROM unnest($1::text[], $2::boolean[]) AS wanted (link_id, with_legs)
LEFT JOIN links AS l ON l.link_id = wanted.link_id
LEFT JOIN resolutions AS r ON r.link_id = l.link_id
LEFT JOIN refusals AS f ON f.link_id = wanted.link_id
LEFT JOIN transfers AS t ON t.link_id = l.link_id AND wanted.with_legs
WHERE l.link_id IS NOT NULL OR f.link_id IS NOT NULL
ORDER BY wanted.link_id, t.leg_number
"""
STORE = """
WITH begun AS (
    INSERT INTO links (link_id, command, funding_account_id, stripe, digest, create_time)
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::timestamptz[]
    )
), moved AS (
    INSERT INTO transfers (
        link_id, leg_number, debit_account_id, debit_stripe, credit_account_id, credit_stripe,
        amount, currency_code, purpose
    )
    SELECT * FROM unnest(
        $7::text[], $8::smallint[], $9::text[], $10::smallint[], $11::text[], $12::smallint[],
        $13::bigint[], $14::text[], $15::text[]
    )
), resolved AS (
    INSERT INTO resolutions (link_id, outcome, stripe, sequence, resolve_time)
    SELECT * FROM unnest(
        $16::text[], $17::text[], $18::smallint[], $19::bigint[], $20::timestamptz[]
    )
), refused AS (
    INSERT INTO refusals (link_id, command, clause, account_id, create_time)
    SELECT *, $25::timestamptz
    FROM unnest($21::text[], $22::text[], $23::text[], $24::text[])
)
UPDATE accounts AS a SET
    debits_pending = a.debits_pending + change.debits_pending,
    debits_posted = a.debits_posted + change.debits_posted,
    credits_pending = a.credits_pending + change.credits_pending,
    credits_posted = a.credits_posted + change.credits_posted
FROM unnest(
    $26::text[], $27::smallint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[]
) AS change (
    account_id, stripe, debits_pending, debits_posted, credits_pending, credits_posted
)
WHERE a.account_id = change.account_id AND a.stripe = change.stripe
"""
