"""One table per dataclass says at which path each of its fields stands; it reads and it writes.

Tables are written in the schema's order, so that writing is going down the table. Reading is worked
out once per shape of element (see `checking.Plan`), as a `Line`: an entry is then made without any
search. Reading may rely on the element having been checked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any, Protocol
from xml.etree.ElementTree import Element, SubElement

from services.core.money import Money
from services.formats.findings import FileInvalid, error
from services.formats.iso20022.documents import values
from services.formats.iso20022.documents.checking import Plan
from services.formats.iso20022.model import Direction

Step = Callable[[list[Any]], Any]


class Line:
    """How elements of one shape become a value: steps, each of which lays one value more on a line
    that begins with the texts of the element's nodes, by their places.

    `constants` lie behind the texts, then `elsewhere` values that come with each element.
    """

    def __init__(self, plan: Plan, constants: Sequence[Any], elsewhere: int) -> None:
        self.plan = plan
        self._constants = constants
        self._width = len(plan.paths) + len(constants) + elsewhere
        self._elsewhere = elsewhere
        self._steps: list[Step] = []

    def add(self, step: Step) -> int:
        """Where what the step makes will lie."""
        self._steps.append(step)
        return self._width + len(self._steps) - 1

    def constant(self, value: Any) -> int:
        """Where that value lies, of that very type."""
        kinds = [(type(one), one) for one in self._constants]
        return len(self.plan.paths) + kinds.index((type(value), value))

    def given(self, number: int) -> int:
        """Where one of the values lies that come with each element."""
        return self._width - self._elsewhere + number

    def run(self, texts: Sequence[str], elsewhere: Sequence[Any]) -> Any:
        """What the last step makes."""
        line = [*texts, *self._constants, *elsewhere]
        for step in self._steps:
            line.append(step(line))
        return line[-1]


@dataclass(frozen=True, slots=True)
class Text:
    """How an element's text becomes a value and back."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]

    def lay(self, line: Line, place: int) -> int:
        read = self.read
        return line.add(lambda values: read(values[place]))

    def fill(self, element: Element, value: Any, namespace: str) -> None:
        element.text = self.write(value)


class Plain:
    """Text as it stands."""

    def lay(self, line: Line, place: int) -> int:
        return place

    def fill(self, element: Element, value: str, namespace: str) -> None:
        element.text = value


class Amount:
    """An amount with its currency, as `Money`."""

    def lay(self, line: Line, place: int) -> int:
        read, currency = values.money_from, line.plan.amounts[place]
        return line.add(lambda values: read(values[place], currency))

    def fill(self, element: Element, value: Money, namespace: str) -> None:
        element.text = values.money_text(value)
        element.set("Ccy", value.currency)


class Codec(Protocol):
    """How an element becomes a value, and back."""

    def lay(self, line: Line, place: int) -> int:
        """Where on the line the value of the node at `place` will lie."""

    def fill(self, element: Element, value: Any, namespace: str) -> None:
        """Write `value` into `element`."""


class Day:
    """A date, or an instant of which the date counts."""

    def lay(self, line: Line, place: int) -> int:
        below = line.plan.children[place]
        if "Dt" in below:
            return DATE.lay(line, below["Dt"][0])
        return INSTANT_DAY.lay(line, below["DtTm"][0])

    def fill(self, element: Element, value: date, namespace: str) -> None:
        SubElement(element, namespace + "Dt").text = value.isoformat()


class Coded:
    """A code, or a proprietary word where a bank has its own; written as a code."""

    def lay(self, line: Line, place: int) -> int:
        below = line.plan.children[place].get("Cd") or line.plan.children[place].get("Prtry")
        return below[0] if below else place

    def fill(self, element: Element, value: str, namespace: str) -> None:
        SubElement(element, namespace + "Cd").text = value


@dataclass(frozen=True, slots=True)
class Field:
    """A dataclass's field at a path of names joined by `/`. `many`: it is a tuple of them.

    `derived`: it follows from the others, is written and not read.
    """

    name: str
    path: str
    codec: "Codec"
    many: bool = False
    derived: bool = False

    def lay(self, line: Line, place: int) -> int | None:
        """Where the value lies that an element at `place` has here; None where it has none."""
        *way, last = self.path.split("/")
        for name in way:
            below = line.plan.children[place].get(name)
            if not below:
                return None
            place = below[0]
        places = line.plan.children[place].get(last)
        if not places:
            return None
        if not self.many:
            return self.codec.lay(line, places[0])
        each = [self.codec.lay(line, one) for one in places]
        first, pick = each[0], itemgetter(*each)
        return line.add(pick if len(each) > 1 else lambda values: (values[first],))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The fields of `make`, in the schema's order. Fields without a value are not written.

    `elsewhere`: fields that are no part of this element; given beside its texts when it is read.
    """

    make: type[Any]
    fields: tuple[Field, ...]
    elsewhere: tuple[str, ...] = ()

    def lay(self, line: Line, place: int) -> int:
        found = {name: line.given(number) for number, name in enumerate(self.elsewhere)}
        for field in self.fields:
            at = None if field.derived else field.lay(line, place)
            if at is not None:
                found[field.name] = at
        places = [
            found[name] if name in found else line.constant(default)
            for name, default in _defaults(self.make).items()
        ]
        pick, make = itemgetter(*places), self.make
        if is_dataclass(make):
            return line.add(lambda values: make(*pick(values)))
        # A named tuple takes its values as they are picked.
        of_picked = make._make
        return line.add(lambda values: of_picked(pick(values)))

    def constants(self) -> dict[tuple[type, Any], Any]:
        """What fields have that an element does not hold, here and below."""
        found = {(type(value), value): value for value in _defaults(self.make).values()}
        for field in self.fields:
            if isinstance(field.codec, Table):
                found |= field.codec.constants()
        return found

    def read(self, plan: Plan, texts: Sequence[str], *elsewhere: Any) -> Any:
        """The dataclass held by an element of these texts that was checked along `plan`."""
        line = plan.kept.get(id(self))
        if line is None:
            line = Line(plan, tuple(self.constants().values()), len(self.elsewhere))
            self.lay(line, 0)
            plan.kept[id(self)] = line
        return line.run(texts, elsewhere)

    def fill(self, element: Element, value: Any, namespace: str) -> None:
        """Write `value`'s fields below `element`.

        Raises `FileInvalid` for a field that this version of the message cannot hold.
        """
        self._refuse_lost(value)
        for field in self.fields:
            held = getattr(value, field.name)
            if held is None or held == "" or held == ():
                continue
            *way, last = field.path.split("/")
            parent = element
            for name in way:
                parent = _last_or_new(parent, namespace + name)
            for one in held if field.many else (held,):
                field.codec.fill(SubElement(parent, namespace + last), one, namespace)

    def _refuse_lost(self, value: Any) -> None:
        held = {field.name for field in self.fields} | set(self.elsewhere)
        for name, default in _defaults(self.make).items():
            if name not in held and getattr(value, name) != default:
                message = f"This version of the message cannot hold {name}."
                raise FileInvalid((error("field-not-held", message, path=name),))


def _last_or_new(parent: Element, tag: str) -> Element:
    """Fields that share the beginning of their path share its elements."""
    if len(parent) and parent[-1].tag == tag:
        return parent[-1]
    return SubElement(parent, tag)


def _defaults(make: type[Any]) -> dict[str, Any]:
    """The fields of a dataclass or a named tuple, with what they have for want of a value."""
    if is_dataclass(make):
        return {field.name: field.default for field in fields(make)}
    known: dict[str, Any] = make._field_defaults
    return {name: known.get(name) for name in make._fields}


TEXT = Plain()
AMOUNT = Amount()
DATE = Text(values.date_from, date.isoformat)
INSTANT = Text(values.instant_from, values.instant_text)
INSTANT_DAY = Text(values.instant_day_from, date.isoformat)
DECIMAL = Text(values.decimal_from, values.decimal_text)
COUNT = Text(lambda text: int(Decimal(text.strip())), str)
BOOLEAN = Text(values.boolean_from, lambda value: "true" if value else "false")
DIRECTION = Text({each.value: each for each in Direction}.__getitem__, str)
DAY = Day()
CODED = Coded()
