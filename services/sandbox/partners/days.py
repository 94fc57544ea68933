"""A partner's day: the lines of its settlement file or statement, and what is planted in them.

A day's file is written once, when it is first asked for after the day's end or when the control API
says so, and is the same ever after. Discrepancies asked for before that are planted in it; where,
nobody is told but the books (`GET /_control/planted`) and a log file beside them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.core.clock import Clock
from services.sandbox.partners.books import Books

KINDS = ("missing", "extra", "wrong_amount", "wrong_fee", "late_day")
BASIS_POINTS = 10_000
_MOST_EXTRA_MINOR = 100_000
# Fields by which partners name a movement.
_NAMES = ("transaction_id", "paymentId", "reference")
_PLAN, _CLOSED, _PLANTED = "plan", "closed_day", "planted"


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. `line_id` is the client's request id; amounts in minor units, never negative;
    `kind` says the direction in the partner's word; `fields` is what else the file shows."""

    line_id: str
    kind: str
    minor: int
    currency: str
    time: datetime
    fee_minor: int = 0
    fields: dict[str, Any] = field(default_factory=dict)


class Plan(BaseModel):
    """How many discrepancies of each kind to plant in a day's file."""

    model_config = ConfigDict(extra="forbid")

    seed: int
    day: date
    counts: dict[str, int] = Field(max_length=len(KINDS))


def fee_of(minor: int, basis_points: int) -> int:
    """The fee on an amount, rounded down to the minor unit."""
    return minor * basis_points // BASIS_POINTS


def fee_share(fee_minor: int, part: int, whole: int) -> int:
    """The share of a fee that belongs to a part of the amount, halves rounded up."""
    return (2 * fee_minor * part + whole) // (2 * whole)


def plant(lines: Sequence[Line], plan: Plan) -> tuple[list[Line], list[Line], list[dict[str, Any]]]:
    """The day's lines with discrepancies, those moved to the next day, and a record of each.

    A line has at most one discrepancy; where there are too few lines, fewer are planted.
    """
    generator = Random(f"{plan.seed}/{plan.day}")  # noqa: S311
    ids = sorted(line.line_id for line in lines)
    generator.shuffle(ids)
    drawn = iter(ids)
    fate = {line_id: kind for kind, line_id in _draw(plan.counts, drawn)}
    kept: list[Line] = []
    late: list[Line] = []
    planted: list[dict[str, Any]] = []
    for line in lines:
        kind = fate.get(line.line_id)
        shown = line if kind is None else _spoiled(line, kind, generator)
        if kind == "late_day":
            late.append(line)
        elif shown is not None:
            kept.append(shown)
        if kind is not None:
            planted.append(_record(plan.day, kind, line, shown))
    for invented in _invented(lines, plan, generator):
        kept.append(invented)
        planted.append(_record(plan.day, "extra", None, invented))
    kept.sort(key=lambda line: line.time)
    return kept, late, planted


def _draw(counts: Mapping[str, int], ids: Iterator[str]) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        if kind != "extra":
            yield from zip([kind] * counts.get(kind, 0), ids, strict=False)


def _spoiled(line: Line, kind: str, generator: Random) -> Line | None:
    # By more than a partner may round in its own way.
    off = generator.randint(2, 500)
    match kind:
        case "wrong_amount":
            return replace(line, minor=line.minor + off)
        case "wrong_fee":
            return replace(line, fee_minor=line.fee_minor + off)
        case _:
            return None


def _invented(lines: Sequence[Line], plan: Plan, generator: Random) -> list[Line]:
    """Movements that never were, each in the likeness of a true one."""
    if not lines:
        return []
    made = []
    for _ in range(plan.counts.get("extra", 0)):
        likeness = generator.choice(lines)
        line_id = f"X{generator.getrandbits(80):020X}"
        # Nothing in it names a true movement.
        names = {name: line_id for name in _NAMES if name in likeness.fields}
        made.append(
            replace(
                likeness,
                line_id=line_id,
                minor=generator.randint(100, _MOST_EXTRA_MINOR),
                fee_minor=0,
                fields={**likeness.fields, **names},
            )
        )
    return made


def _record(day: date, kind: str, true: Line | None, shown: Line | None) -> dict[str, Any]:
    line = true or shown
    assert line is not None
    return {
        "day": day.isoformat(),
        "kind": kind,
        "id": line.line_id,
        "line_kind": line.kind,
        "currency": line.currency,
        "true": None if true is None else {"minor": true.minor, "fee_minor": true.fee_minor},
        "shown": None if shown is None else {"minor": shown.minor, "fee_minor": shown.fee_minor},
    }


class Days:
    """The days of one partner. `hours`: its local time, ahead of UTC."""

    def __init__(
        self,
        books: Books,
        clock: Clock,
        hours: int,
        lines: Callable[[date], list[Line]],
        write: Callable[[date, list[Line]], Mapping[str, bytes]],
    ) -> None:
        self._books = books
        self._clock = clock
        self.zone = timezone(timedelta(hours=hours))
        self._lines = lines
        self._write = write

    def day_of(self, time: datetime) -> date:
        """The partner's local day of an instant."""
        return time.astimezone(self.zone).date()

    def plan(self, fields: Mapping[str, Any]) -> Plan:
        """Remember discrepancies for a day. Raises ValueError, also where its file is written."""
        plan = Plan.model_validate(fields)
        if unknown := set(plan.counts) - set(KINDS):
            raise ValueError(f"no kinds of discrepancies: {sorted(unknown)}; there are {KINDS}")
        if self._books.get(_CLOSED, plan.day.isoformat()) is not None:
            raise ValueError(f"the file of {plan.day} is written already")
        self._books.put(_PLAN, plan.day.isoformat(), plan.model_dump(mode="json"))
        return plan

    def close(self, day: date) -> dict[str, Any]:
        """Write the day's files, once; the names of the files and how many lines they have."""
        key = day.isoformat()
        if (known := self._books.get(_CLOSED, key)) is not None:
            return known
        lines = [*self._late_of(day - timedelta(days=1)), *self._lines(day)]
        plan = Plan.model_validate(
            self._books.get(_PLAN, key) or {"seed": 0, "day": key, "counts": {}}
        )
        kept, late, planted = plant(lines, plan)
        files = self._write(day, kept)
        for name, content in files.items():
            self._books.write_file(name, content)
        for number, record in enumerate(planted):
            self._books.put(_PLANTED, f"{key}/{number:06d}", record)
            self._books.log("planted", record)
        closed = {"day": key, "files": list(files), "lines": len(kept)}
        moved = [{**asdict(line), "time": line.time.isoformat()} for line in late]
        self._books.put("late_lines", key, {"lines": moved})
        self._books.put(_CLOSED, key, closed)
        return closed

    def _late_of(self, day: date) -> list[Line]:
        kept = self._books.get("late_lines", day.isoformat()) or {"lines": []}
        return [
            Line(**{**fields, "time": datetime.fromisoformat(fields["time"])})
            for fields in kept["lines"]
        ]

    def read(self, day: date, name: str) -> bytes | None:
        """A file of a day that is over; None where the day goes on or has no such file."""
        is_over = day < self.day_of(self._clock.now())
        if not is_over and self._books.get(_CLOSED, day.isoformat()) is None:
            return None
        return self._books.read_file(name) if name in self.close(day)["files"] else None

    def written(self, name: str) -> bytes | None:
        """A file that has been written, of any day."""
        return self._books.read_file(name)

    def planted(self) -> list[dict[str, Any]]:
        """What was planted in files written so far."""
        return [record for _, record in self._books.all(_PLANTED)]
