"""SQL of billers and bills.

Who prices a payment of a bill, and who confirms one, has locked the bill's row: one goes after the
other. A confirm has locked its payment before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any

from services.core.money import Money
from services.gateway.bills.checkdigits import CheckMethod, CheckTen
from services.gateway.bills.model import (
    Alphabet,
    Amounts,
    Biller,
    BillPayment,
    DueForm,
    ReferenceFormat,
)
from services.gateway.listing import AFTER_ALL, fits
from services.gateway.payments.model import State
from services.kit.postgres import Connection

_BILLER = """biller_id, acquirer_id, name, kana_name, category_code, city, country_code, currency,
    time_zone, minimum_length, maximum_length, alphabet, check_method, weights, check_ten,
    due_position, due_form, accepts_overdue, fixed_minor, minimum_minor, maximum_minor,
    repeat_days, open, fee_plan_id, net_debit_limit"""


def _biller(row: Sequence[Any]) -> Biller:
    form = ReferenceFormat(
        row[9],
        row[10],
        Alphabet(row[11]),
        CheckMethod(row[12]),
        tuple(row[13]),
        CheckTen(row[14]) if row[14] else None,
        row[15],
        DueForm(row[16]),
        row[17],
    )
    fields = tuple(row)
    return Biller(*(*fields[:9], form, Amounts(*fields[18:21]), *fields[21:]))


async def find_biller(
    connection: Connection, biller_id: str, *, lock: bool = False
) -> Biller | None:
    """A biller by its id."""
    row = await connection.fetchrow(_FIND_AND_LOCK if lock else _FIND, biller_id)
    return None if row is None else _biller(row)


_FIND = f"SELECT {_BILLER} FROM billers WHERE biller_id = $1"  # noqa: S608
_FIND_AND_LOCK = f"{_FIND} FOR UPDATE"


async def put_biller(connection: Connection, new: Biller, search_text: str, now: datetime) -> None:
    """Insert or replace. What identifies it stays as it was first."""
    form, amounts = new.form, new.amounts
    await connection.execute(
        _PUT,
        *(new.biller_id, new.acquirer_id, new.name, new.kana_name, new.category_code, new.city),
        *(new.country_code, new.currency, new.time_zone, form.minimum_length),
        *(form.maximum_length, form.alphabet, form.check_method, list(form.weights)),
        *(form.check_ten or "", form.due_position, form.due_form, form.accepts_overdue),
        *astuple(amounts),
        *(new.repeat_days, new.open, new.fee_plan_id, new.net_debit_limit, search_text, now),
    )


_PUT = f"""
INSERT INTO billers ({_BILLER}, search_text, update_time)
VALUES ({", ".join(f"${number}" for number in range(1, 28))})
ON CONFLICT (biller_id) DO UPDATE SET name = $3, kana_name = $4, category_code = $5, city = $6,
    country_code = $7, time_zone = $9, minimum_length = $10, maximum_length = $11, alphabet = $12,
    check_method = $13, weights = $14, check_ten = $15, due_position = $16, due_form = $17,
    accepts_overdue = $18, fixed_minor = $19, minimum_minor = $20, maximum_minor = $21,
    repeat_days = $22, open = $23, fee_plan_id = $24, net_debit_limit = $25, search_text = $26,
    update_time = $27
"""  # noqa: S608


async def merchant_scheme(connection: Connection, merchant_id: str) -> str | None:
    """The scheme of the merchant of this id; None where there is none."""
    scheme: str | None = await connection.fetchval(
        "SELECT scheme FROM merchants WHERE merchant_id = $1", merchant_id
    )
    return scheme


async def list_billers(
    connection: Connection,
    after: str,
    limit: int,
    search: str = "",
    *,
    category_code: str = "",
    country_code: str = "",
    acquirer_id: str = "",
    only_open: bool = False,
) -> list[Biller]:
    """Billers in the order of their ids; what is empty fits all."""
    rows = await connection.fetch(
        _LIST, after, limit, search, category_code, country_code, acquirer_id, only_open
    )
    return [_biller(row) for row in rows]


# A directory has thousands of rows, not millions: reading it along its ids is quick.
_LIST = f"""
SELECT {_BILLER} FROM billers
WHERE biller_id > $1 AND ($3 = '' OR strpos(search_text, $3) > 0)
    AND ($4 = '' OR category_code = $4) AND ($5 = '' OR country_code = $5)
    AND ($6 = '' OR acquirer_id = $6) AND (open OR NOT $7)
ORDER BY biller_id LIMIT $2
"""  # noqa: S608


async def lock_bill(connection: Connection, biller_id: str, reference: str) -> None:
    """Lock a bill's row, which is made where there is none."""
    await connection.execute(
        """
        INSERT INTO bills (biller_id, bill_reference) VALUES ($1, $2)
        ON CONFLICT (biller_id, bill_reference) DO UPDATE SET biller_id = EXCLUDED.biller_id
        """,
        biller_id,
        reference,
    )


async def set_last_payment(
    connection: Connection, biller_id: str, reference: str, payment_reference: str
) -> None:
    """From now on only this payment of the bill may be confirmed. The bill is locked."""
    await connection.execute(
        """
        UPDATE bills SET last_payment_reference = $3 WHERE biller_id = $1 AND bill_reference = $2
        """,
        biller_id,
        reference,
        payment_reference,
    )


async def lock_last_payments(
    connection: Connection, bills: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """The payments that may be confirmed, by (biller, reference); the bills are locked in order."""
    rows = await connection.fetch(
        """
        SELECT b.biller_id, b.bill_reference, b.last_payment_reference
        FROM unnest($1::text[], $2::text[]) AS wanted (biller_id, bill_reference)
        JOIN bills AS b USING (biller_id, bill_reference)
        ORDER BY b.biller_id, b.bill_reference FOR UPDATE OF b
        """,
        [biller_id for biller_id, _ in bills],
        [reference for _, reference in bills],
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def paid_since(
    connection: Connection, biller_id: str, reference: str, since: datetime
) -> tuple[State, datetime] | None:
    """State and time of a payment of the bill that was made since then and holds, or is under way;
    one that was given back whole does not count."""
    row = await connection.fetchrow(
        """
        SELECT p.state, p.update_time
        FROM payment_terms AS t JOIN payments AS p USING (reference)
        WHERE t.merchant_id = $1 AND t.merchant_code = $2 AND t.acceptance_partner_id = ''
            AND t.merchant_code <> ''
            AND t.create_time >= $3
            AND p.state IN ('confirmed', 'action_required', 'authorised', 'completed')
            AND p.refunded_minor < t.target_minor
        ORDER BY p.state = 'completed' DESC, p.update_time DESC LIMIT 1
        """,
        biller_id,
        reference,
        since,
    )
    return None if row is None else (State(row[0]), row[1])


async def list_bill_payments(
    connection: Connection, biller_id: str, reference: str, before: str, limit: int
) -> list[BillPayment]:
    """Payments of a biller's bills, or of one of them, newest first; quotes are left out."""
    rows = await connection.fetch(
        f"""
        SELECT t.reference, t.merchant_code, p.state, t.target_minor, t.target_currency,
            p.refunded_minor, t.create_time, p.update_time
        FROM payment_terms AS t JOIN payments AS p USING (reference)
        WHERE t.merchant_id = $1 AND t.acceptance_partner_id = '' AND t.merchant_code <> ''
            AND {fits("t.merchant_code", 2, reference)} AND t.reference < $3
            AND p.state IN ('confirmed', 'action_required', 'authorised', 'completed', 'declined')
        ORDER BY t.reference DESC LIMIT $4
        """,  # noqa: S608
        biller_id,
        reference,
        before or AFTER_ALL,
        limit,
    )
    return [
        BillPayment(
            row[0],
            biller_id,
            row[1],
            State(row[2]),
            Money(row[3], row[4]),
            Money(row[5], row[4]),
            row[6],
            row[7],
        )
        for row in rows
    ]
