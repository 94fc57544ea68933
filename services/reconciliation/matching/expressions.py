"""The rules as ibis expressions. Nothing is run here."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import ibis
from ibis import _

from services.reconciliation.matching.rows import CREDIT, PAIR_COLUMNS, BreakKind
from services.reconciliation.matching.rules import By, Rule

# ibis has no public types for its tables and values that mypy could check.
Table = Any
Value = Any

OURS, THEIRS = "our_", "their_"
_NONE = ""
# Where more rows than these have the same amount, their texts cannot tell them apart.
TEXTS_PER_AMOUNT = 50


def extras(side: Table) -> Table:
    """The rows that repeat the reference and kind of an earlier one: `row` and its `first`."""
    keyed = side.filter(_.reference != _NONE)
    doubled = (
        keyed.group_by("reference", "kind")
        .agg(first=_.row.min(), times=_.count())
        .filter(_.times > 1)
    )
    found = keyed.inner_join(doubled, ["reference", "kind"])
    return found.filter(_.row != _.first).select("row", "first", "minor", "currency")


def without(side: Table, rows: Table) -> Table:
    """`side` without the rows that `rows` names."""
    return side.anti_join(rows, "row")


def joined(ours: Table, theirs: Table, by: By, rules: Sequence[Rule]) -> Table:
    """Every row of both sides once, in pairs where the key says so, with the verdict of each."""
    left = _keyed(ours, OURS, by)
    right = _keyed(theirs, THEIRS, by)
    pairs = left.outer_join(
        right, [left.our_key == right.their_key, left.our_kind == right.their_kind]
    )
    is_pair = pairs.our_row.notnull() & pairs.their_row.notnull()
    rule = _first_fit(pairs, rules)
    verdict = ibis.ifelse(is_pair & (rule == _NONE), _difference(pairs, rules), _NONE)
    return pairs.select(
        our_row=pairs.our_row,
        their_row=pairs.their_row,
        rule=ibis.ifelse(is_pair, rule, _NONE),
        break_kind=verdict,
        size=ibis.ifelse(is_pair & (rule == _NONE), _size(pairs, verdict), 0).cast("int64"),
        currency=ibis.coalesce(pairs.our_currency, pairs.their_currency),
    )


def decided(pairs: Table) -> Table:
    """What of `joined` has a verdict."""
    return pairs.filter((_.rule != _NONE) | (_.break_kind != _NONE))


def left_over(side: Table, pairs: Table, column: str) -> Table:
    """The rows of a side that `joined` has found no partner for."""
    other = "their_row" if column == "our_row" else "our_row"
    alone = pairs.filter(_[column].notnull() & _[other].isnull())
    return side.semi_join(alone, side.row == alone[column])


def bundles(many: Table, one: Table, rule: Rule, many_column: str) -> Table:
    """Rows of one side whose sum is a row of the other, named by `bundle`.

    Where sums differ the whole bundle is one AMOUNT break, told on its first row.
    """
    one_column = "their_row" if many_column == "our_row" else "our_row"
    sign = 1 if many_column == "our_row" else -1
    sums = (
        many.filter(_.bundle != _NONE)
        .group_by("bundle", "currency")
        .agg(total=_exact(_.minor.sum()), first=_.row.min(), last_day=_.day.max())
    )
    single = one.filter(_.reference != _NONE).select(
        one_row="row", name="reference", one_currency="currency", one_minor="minor", one_day="day"
    )
    hits = sums.inner_join(
        single, [sums.bundle == single.name, sums.currency == single.one_currency]
    )
    hits = hits.filter(_days(hits.last_day, hits.one_day) <= rule.days).select(
        "bundle", "currency", "total", "first", "one_row", "one_minor"
    )
    rows = many.inner_join(hits, ["bundle", "currency"])
    differs = ((rows.total - rows.one_minor).abs() > rule.amount) & (rows.row == rows.first)
    return rows.select(
        **{many_column: rows.row, one_column: rows.one_row},
        rule=ibis.ifelse(differs, _NONE, rule.name),
        break_kind=ibis.ifelse(differs, str(BreakKind.AMOUNT), _NONE),
        size=ibis.ifelse(differs, (rows.total - rows.one_minor) * sign, 0).cast("int64"),
        currency=rows.currency,
    ).select(*PAIR_COLUMNS)


def reversals(side: Table, rule: Rule, column: str) -> Table:
    """Two rows of a side that cancel each other out, where its reference has no third."""
    asked = side.filter((_.reference != _NONE) & _.kind.isin(rule.kinds))
    found = asked.group_by("reference", "currency").agg(
        rows=_.count(),
        kinds=_.kind.nunique(),
        states=_.state.nunique(),
        total=_exact(_.minor.sum()),
        fees=_exact(_.fee.fill_null(0).sum()),
        first_day=_.day.min(),
        last_day=_.day.max(),
    )
    cancelled = found.filter(
        (_.rows == 2) & (_.kinds == 2) & (_.states == 1) & (_.total == 0),
        _.fees.abs() <= rule.fee,
        _days(found.last_day, found.first_day) <= rule.days,
    )
    pairs = asked.semi_join(cancelled, ["reference", "currency"])
    alone = _alone(pairs, column, ibis.literal(_NONE), 0)
    return alone.mutate(rule=ibis.literal(rule.name)).select(*PAIR_COLUMNS)


def alike(ours: Table, theirs: Table, rule: Rule) -> Table:
    """Rows of the same amount whose texts fit, where neither fits another as well."""
    left = _prefixed(_rare(ours.filter((_.text != _NONE) | (_.reference != _NONE))), OURS)
    right = _prefixed(_rare(theirs.filter(_.text != _NONE)), THEIRS)
    near = left.inner_join(
        right, [left.our_currency == right.their_currency, left.our_minor == right.their_minor]
    )
    near = near.filter(
        (_days(near.our_day, near.their_day) <= rule.days) & _texts_fit(near, rule)
    ).select(
        "our_row", "their_row", size=near.our_minor - near.their_minor, currency="our_currency"
    )
    alone = near.group_by("our_row").agg(theirs_found=_.their_row.nunique())
    wanted = near.group_by("their_row").agg(ours_found=_.our_row.nunique())
    sure = near.inner_join(alone.filter(_.theirs_found == 1), "our_row").inner_join(
        wanted.filter(_.ours_found == 1), "their_row"
    )
    return sure.select(
        "our_row",
        "their_row",
        rule=ibis.literal(rule.name),
        break_kind=ibis.literal(_NONE),
        size="size",
        currency="currency",
    )


def duplicates(extra: Table, column: str) -> Table:
    """The breaks of rows that repeat an earlier one."""
    sign = 1 if column == "our_row" else -1
    return _alone(extra, column, ibis.literal(str(BreakKind.DUPLICATE)), sign)


def missing(side: Table, column: str) -> Table:
    """The breaks of rows that nothing fits."""
    if column == "our_row":
        return _alone(side, column, ibis.literal(str(BreakKind.MISSING_AT_PARTNER)), 1)
    kind = ibis.ifelse(
        side.kind == CREDIT, str(BreakKind.UNIDENTIFIED_CREDIT), str(BreakKind.MISSING_WITH_US)
    )
    return _alone(side, column, kind, -1)


def _alone(side: Table, column: str, kind: Value, sign: int) -> Table:
    nobody = ibis.null("int64")
    rows = {"our_row": nobody, "their_row": nobody, column: side.row}
    return side.select(
        **rows,
        rule=ibis.literal(_NONE),
        break_kind=kind,
        size=(side.minor * sign).cast("int64"),
        currency=side.currency,
    )


def _prefixed(side: Table, prefix: str) -> Table:
    return side.rename(lambda name: prefix + name)


def _exact(total: Value) -> Value:
    # DuckDB sums to 128 bits and would write a float; ibis takes one cast for none at all.
    return total.cast("decimal(38, 0)").cast("int64")


def _rare(side: Table) -> Table:
    """The rows whose amount few others have: bounds the pairs whose texts are compared."""
    times = side.row.count().over(group_by=[side.currency, side.minor])
    return side.mutate(times=times).filter(_.times <= TEXTS_PER_AMOUNT).drop("times")


def _keyed(side: Table, prefix: str, by: By) -> Table:
    # Null equals nothing: a row without the key joins no other.
    key = side[by.value].nullif(_NONE)
    if by is not By.REFERENCE:
        # Nothing has seen to it that this key stands in one row only.
        times = key.count().over(group_by=[side[by.value], side.kind])
        key = ibis.ifelse(times == 1, key, ibis.null("string"))
    keyed = side.mutate(key=key)
    columns = ["row", "key", "kind", "currency", "minor", "fee", "state", "day"]
    return _prefixed(keyed.select(*columns), prefix)


def _days(one: Value, other: Value) -> Value:
    return one.delta(other, unit="day").abs()


def _fee_gap(pairs: Table) -> Value:
    # A side that does not say its fee agrees with any.
    return ibis.coalesce(pairs.our_fee - pairs.their_fee, 0)


def _state_differs(pairs: Table) -> Value:
    says = (pairs.our_state != _NONE) & (pairs.their_state != _NONE)
    return says & (pairs.our_state != pairs.their_state)


def _first_fit(pairs: Table, rules: Sequence[Rule]) -> Value:
    same = (pairs.our_currency == pairs.their_currency) & ~_state_differs(pairs)
    gap = (pairs.our_minor - pairs.their_minor).abs()
    fee_gap = _fee_gap(pairs).abs()
    days = _days(pairs.our_day, pairs.their_day)
    fits = [
        (same & (gap <= rule.amount) & (fee_gap <= rule.fee) & (days <= rule.days), rule.name)
        for rule in rules
    ]
    return ibis.cases(*fits, else_=_NONE)


def _difference(pairs: Table, rules: Sequence[Rule]) -> Value:
    amount = reduce(max, (rule.amount for rule in rules))
    fee = reduce(max, (rule.fee for rule in rules))
    return ibis.cases(
        (pairs.our_currency != pairs.their_currency, str(BreakKind.CURRENCY)),
        (_state_differs(pairs), str(BreakKind.STATE)),
        ((pairs.our_minor - pairs.their_minor).abs() > amount, str(BreakKind.AMOUNT)),
        (_fee_gap(pairs).abs() > fee, str(BreakKind.FEE)),
        else_=str(BreakKind.LATE),
    )


def _size(pairs: Table, kind: Value) -> Value:
    return ibis.cases(
        (kind == str(BreakKind.AMOUNT), pairs.our_minor - pairs.their_minor),
        (kind == str(BreakKind.FEE), _fee_gap(pairs)),
        (kind == str(BreakKind.LATE), ibis.literal(0, "int64")),
        else_=pairs.our_minor,
    )


def _texts_fit(near: Table, rule: Rule) -> Value:
    named = (near.our_reference != _NONE) & near.their_text.contains(near.our_reference)
    longest = ibis.greatest(near.our_text.length(), near.their_text.length())
    changed = near.our_text.levenshtein(near.their_text)
    like = (near.our_text != _NONE) & (changed * 100 <= longest * (100 - rule.likeness))
    return named | like
