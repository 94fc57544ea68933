"""The columns of a side, and of what matching makes of two."""

from enum import StrEnum

import pyarrow as pa

SIDE = pa.schema(
    [
        # Unique within the side; the first of two equal references is the one with the lower.
        pa.field("row", pa.int64(), nullable=False),
        # Ours, as the partner repeats it: of a charge, refund, payout. Empty: none.
        pa.field("reference", pa.string(), nullable=False),
        # The partner's own. Empty: none.
        pa.field("partner_reference", pa.string(), nullable=False),
        # payment, refund, payout, top_up, dispute, fee, credit, debit.
        pa.field("kind", pa.string(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        # Minor units; of both sides with the same sign for the same event.
        pa.field("minor", pa.int64(), nullable=False),
        # Minor units; null where the side does not say.
        pa.field("fee", pa.int64()),
        # completed, reversed, ...; empty where the side does not say.
        pa.field("state", pa.string(), nullable=False),
        # The side's own day.
        pa.field("day", pa.date32(), nullable=False),
        # What one row of the other side may sum up: a payout, a bulk credit. Empty: none.
        pa.field("bundle", pa.string(), nullable=False),
        # Names and remittance text.
        pa.field("text", pa.string(), nullable=False),
    ]
)

PAIR_COLUMNS = ("our_row", "their_row", "rule", "break_kind", "size", "currency")
"""`rule` is empty for a break and `break_kind` for a match; `size` in minor units, ours less
theirs."""
STORED_COLUMNS = ("partner_id", "day", *PAIR_COLUMNS)


class BreakKind(StrEnum):
    """What is wrong with a pair, or with a row that has none."""

    MISSING_AT_PARTNER = "MISSING_AT_PARTNER"
    MISSING_WITH_US = "MISSING_WITH_US"
    AMOUNT = "AMOUNT"
    FEE = "FEE"
    CURRENCY = "CURRENCY"
    STATE = "STATE"
    DUPLICATE = "DUPLICATE"
    LATE = "LATE"
    UNIDENTIFIED_CREDIT = "UNIDENTIFIED_CREDIT"
    # Both sides agree, and the ledger has posted nothing: the matching does not see it.
    UNBOOKED = "UNBOOKED"


CREDIT = "credit"
"""The kind of a bank's row that brings money without saying what for."""
