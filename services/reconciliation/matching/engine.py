"""Runs the matching step by step over Parquet.

Each step's result is a folder of Parquet under the work folder, so that what is held in memory does
not grow with the number of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis import _

from services.reconciliation.matching import expressions
from services.reconciliation.matching.backends import Backend
from services.reconciliation.matching.expressions import Table
from services.reconciliation.matching.rules import By, Rule, RuleBook

Tell = Callable[[str, int], None]
"""Told of each step with the number of rows it has decided."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of a run. `pairs`: an ibis table of `PAIR_COLUMNS`, which is the Parquet in
    `folder`; counts of its rows."""

    pairs: Table
    folder: Path
    matches_by_rule: dict[str, int]
    breaks_by_kind: dict[str, int]


class Engine:
    """A backend with its work folder, which must not hold another run's steps."""

    def __init__(self, backend: Backend, work: Path) -> None:
        self._backend = backend
        self._work = work
        self._step = 0

    def read(self, path: Path) -> Table:
        """A side or a step: a Parquet file, or a folder of them."""
        return self._backend.read(path)

    def close(self) -> None:
        """End the backend."""
        self._backend.close()

    def match(
        self, ours: Table, theirs: Table, book: RuleBook, tell: Tell = lambda _step, _rows: None
    ) -> Matched:
        """Match two sides by the rules, as the package's docstring says."""
        decided = []
        for side, column in ((ours, "our_row"), (theirs, "their_row")):
            extra = self._keep(expressions.extras(side))
            if found := _count(extra):
                decided.append(expressions.duplicates(extra, column))
                side = expressions.without(side, extra)
            tell(f"duplicates {column}", found)
            ours, theirs = (side, theirs) if column == "our_row" else (ours, side)
        for by, rules in book.runs():
            step, ours, theirs = self._run(ours, theirs, by, rules)
            decided += step
            tell(str(by), 0)
        decided += [
            expressions.missing(ours, "our_row"),
            expressions.missing(theirs, "their_row"),
        ]
        return _sum_up(self._keep(_union(decided)), self._folder())

    def _run(
        self, ours: Table, theirs: Table, by: By, rules: tuple[Rule, ...]
    ) -> tuple[list[Table], Table, Table]:
        """What a run of rules decides, and what it leaves of both sides."""
        if by not in (By.BUNDLE, By.REVERSAL, By.TEXT):
            pairs = self._keep(expressions.joined(ours, theirs, by, rules))
            left = self._keep(expressions.left_over(ours, pairs, "our_row"))
            right = self._keep(expressions.left_over(theirs, pairs, "their_row"))
            return [expressions.decided(pairs)], left, right
        steps = []
        for rule in rules:
            for expression in _tries(by, rule):
                found = self._keep(expression(ours, theirs))
                steps.append(found)
                ours = self._keep(expressions.without(ours, _rows(found, "our_row")))
                theirs = self._keep(expressions.without(theirs, _rows(found, "their_row")))
        return steps, ours, theirs

    def _keep(self, expression: Table) -> Table:
        """Run an expression into a folder of its own."""
        self._step += 1
        self._backend.write(expression, self._folder())
        return self.read(self._folder())

    def _folder(self) -> Path:
        """Where the present step's rows are."""
        return self._work / f"step-{self._step:03d}"


def _tries(by: By, rule: Rule) -> list[Callable[[Table, Table], Table]]:
    if by is By.TEXT:
        return [lambda ours, theirs: expressions.alike(ours, theirs, rule)]
    if by is By.REVERSAL:
        if rule.side == "ours":
            return [lambda ours, _theirs: expressions.reversals(ours, rule, "our_row")]
        return [lambda _ours, theirs: expressions.reversals(theirs, rule, "their_row")]
    return [
        lambda ours, theirs: expressions.bundles(ours, theirs, rule, "our_row"),
        lambda ours, theirs: expressions.bundles(theirs, ours, rule, "their_row"),
    ]


def _rows(pairs: Table, column: str) -> Table:
    return pairs.select(row=pairs[column]).filter(_.row.notnull()).distinct()


def _union(tables: list[Table]) -> Table:
    return tables[0] if len(tables) == 1 else ibis.union(*tables)


def _count(table: Table) -> int:
    return int(table.count().to_pyarrow().as_py())


def _sum_up(pairs: Table, folder: Path) -> Matched:
    rows = pairs.group_by("rule", "break_kind").agg(rows=pairs.count()).to_pyarrow().to_pylist()
    counts = sorted((row["rule"], row["break_kind"], row["rows"]) for row in rows)
    return Matched(
        pairs,
        folder,
        {rule: count for rule, kind, count in counts if not kind},
        {kind: count for _, kind, count in counts if kind},
    )
