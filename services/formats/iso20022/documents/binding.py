"""One table per dataclass says at which path each of its fields stands; it reads and it writes.

Tables are written in the schema's order, so that writing is going down the table. Reading is
compiled per shape of element (see `checking.Plan`): an entry is then made without any search.
Reading may rely on the element having been checked.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Protocol
from xml.etree.ElementTree import Element, SubElement

from services.core.money import Money
from services.formats.findings import FileInvalid, error
from services.formats.iso20022.documents import values
from services.formats.iso20022.documents.checking import Plan
from services.formats.iso20022.model import Direction

Nodes = list[Element]


@dataclass(frozen=True, slots=True)
class Text:
    """How an element's text becomes a value and back."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], Any]:
        read = self.read
        return lambda nodes: read(nodes[place].text or "")

    def fill(self, element: Element, value: Any, namespace: str) -> None:
        element.text = self.write(value)


class Plain:
    """Text as it stands."""

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], str]:
        return lambda nodes: nodes[place].text or ""

    def fill(self, element: Element, value: str, namespace: str) -> None:
        element.text = value


class Amount:
    """An amount with its currency, as `Money`."""

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], Money | None]:
        def read(nodes: Nodes) -> Money | None:
            node = nodes[place]
            return values.money_from(node.text or "", node.get("Ccy") or "")

        return read

    def fill(self, element: Element, value: Money, namespace: str) -> None:
        element.text = values.money_text(value)
        element.set("Ccy", value.currency)


class Codec(Protocol):
    """How an element becomes a value, and back."""

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], Any]:
        """A function that reads the node at `place` of an element of the plan's shape."""

    def fill(self, element: Element, value: Any, namespace: str) -> None:
        """Write `value` into `element`."""


class Day:
    """A date, or an instant of which the date counts."""

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], date | None]:
        days = plan.children[place].get("Dt")
        if days:
            return DATE.reader(plan, days[0])
        at = plan.children[place]["DtTm"][0]

        def read(nodes: Nodes) -> date | None:
            instant = values.instant_from(nodes[at].text or "")
            return instant.date() if instant else None

        return read

    def fill(self, element: Element, value: date, namespace: str) -> None:
        SubElement(element, namespace + "Dt").text = value.isoformat()


class Coded:
    """A code, or a proprietary word where a bank has its own; written as a code."""

    def reader(self, plan: Plan, place: int) -> Callable[[Nodes], str]:
        below = plan.children[place].get("Cd") or plan.children[place].get("Prtry")
        return TEXT.reader(plan, below[0] if below else place)

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


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The fields of `make`, in the schema's order. Fields without a value are not written.

    `elsewhere`: fields that are no part of this element.
    """

    make: type[Any]
    fields: tuple[Field, ...]
    elsewhere: frozenset[str] = frozenset()

    def reader(self, plan: Plan, place: int) -> Callable[..., Any]:
        """A function that makes the dataclass from the nodes of an element of `plan`'s shape.

        Named arguments it is given beside the nodes are handed on.
        """
        found = {
            field.name: one
            for field in self.fields
            if not field.derived and (one := _field_reader(field, plan, place)) is not None
        }
        order = {field.name: place for place, field in enumerate(fields(self.make))}
        blank = [field.default for field in fields(self.make)]
        reads = [(order[name], one) for name, one in found.items()]
        make = self.make

        def read(nodes: Nodes, **more: Any) -> Any:
            values = blank.copy()
            for at, one in reads:
                values[at] = one(nodes)
            for name, value in more.items():
                values[order[name]] = value
            return make(*values)

        return read

    def read(self, plan: Plan, nodes: Nodes, **more: Any) -> Any:
        """The dataclass held by an element that was checked along `plan`."""
        reader = plan.kept.get(id(self))
        if reader is None:
            reader = plan.kept[id(self)] = self.reader(plan, 0)
        return reader(nodes, **more)

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
        held = {field.name for field in self.fields} | self.elsewhere
        for field in fields(value):
            if field.name not in held and getattr(value, field.name) != field.default:
                message = f"This version of the message cannot hold {field.name}."
                raise FileInvalid((error("field-not-held", message, path=field.name),))


def _last_or_new(parent: Element, tag: str) -> Element:
    """Fields that share the beginning of their path share its elements."""
    if len(parent) and parent[-1].tag == tag:
        return parent[-1]
    return SubElement(parent, tag)


def _field_reader(field: Field, plan: Plan, place: int) -> Callable[[Nodes], Any] | None:
    *way, last = field.path.split("/")
    for name in way:
        below = plan.children[place].get(name)
        if not below:
            return None
        place = below[0]
    places = plan.children[place].get(last)
    if not places:
        return None
    if not field.many:
        return field.codec.reader(plan, places[0])
    readers = [field.codec.reader(plan, each) for each in places]
    return lambda nodes: tuple([read(nodes) for read in readers])


TEXT = Plain()
AMOUNT = Amount()
DATE = Text(values.date_from, date.isoformat)
INSTANT = Text(values.instant_from, values.instant_text)
DECIMAL = Text(values.decimal_from, values.decimal_text)
COUNT = Text(lambda text: int(Decimal(text.strip())), str)
BOOLEAN = Text(values.boolean_from, lambda value: "true" if value else "false")
DIRECTION = Text(Direction, str)
DAY = Day()
CODED = Coded()
