"""Checks an element against its type: structure once per shape, texts each time.

Entries of a statement look alike: the same tags in the same order, other texts. So what depends on
structure alone is worked out once per shape and kept as a `Plan`: which nodes hold which kind of
text, and what is missing, unknown, repeated or out of order. A million entries have a few plans.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from xml.etree.ElementTree import Element

from services.core.currencies import CURRENCIES
from services.formats.findings import Finding, error, quoted
from services.formats.iso20022.documents.facets import Facets
from services.formats.iso20022.documents.schema import Child, Spec, local
from services.formats.iso20022.documents.values import money_from

KEPT_PLANS = 512
_TAG, _TEXT, _TAIL = attrgetter("tag"), attrgetter("text"), attrgetter("tail")
Shape = tuple[tuple[str, ...], tuple[int, ...], tuple[tuple[object, ...], ...]]


# A node's place → the number of its record and the byte at which that begins.
Where = Callable[[int], tuple[int, int | None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for every element of one shape; nodes are named by their place in document order.

    `children[i]` holds node i's members by tag; `amounts` the currency of each amount, empty where
    it is not known. `kept` is room for what others derive from a shape.
    """

    children: tuple[dict[str, list[int]], ...]
    paths: tuple[str, ...]
    texts: tuple[tuple[int, Callable[[str], bool], Facets], ...]
    branches: tuple[int, ...]
    attributes: tuple[tuple[int, str, Facets], ...]
    amounts: dict[int, str]
    problems: tuple[tuple[int, str, str], ...]
    kept: dict[int, Any] = field(default_factory=dict)


class Checker:
    """Plans of one type of element. `path` is where such an element stands in its message."""

    def __init__(self, spec: Spec, path: str) -> None:
        self._spec = spec
        self._path = path
        self._plans: dict[Shape, Plan] = {}

    def plan(self, nodes: list[Element]) -> Plan:
        """The plan of the element whose nodes, itself first, are `nodes` in document order."""
        shape = (
            tuple(map(_TAG, nodes)),
            tuple(map(len, nodes)),
            tuple(
                [
                    (place, _currency(nodes[place]), *keys)
                    for place, keys in enumerate(map(Element.keys, nodes))
                    if keys
                ]
            ),
        )
        plan = self._plans.get(shape)
        if plan is None:
            if len(self._plans) >= KEPT_PLANS:
                self._plans.clear()
            plan = self._plans[shape] = _Planner().plan(nodes[0], self._spec, self._path)
        return plan

    def findings(self, plan: Plan, nodes: list[Element], where: Where) -> list[Finding]:
        """Everything the schema, and the currencies of its amounts, say against an element."""
        found = []
        for place, code, message in (*plan.problems, *_problems(plan, nodes)):
            record, offset = where(place)
            found.append(error(code, message, record=record, offset=offset, path=plan.paths[place]))
        return found


def texts_of(nodes: list[Element]) -> list[str]:
    """The nodes' texts, by their places."""
    return [text or "" for text in map(_TEXT, nodes)]


def _currency(node: Element) -> str:
    said = node.get("Ccy", "")
    return said if said in CURRENCIES else ""


def _problems(plan: Plan, nodes: list[Element]) -> Iterator[tuple[int, str, str]]:
    texts = texts_of(nodes)
    for place, admits, facets in plan.texts:
        text = texts[place]
        if not admits(text):
            yield place, "value", f"{quoted(text)} is not {facets.described()}."
    for place in plan.branches:
        text = texts[place]
        if text and not text.isspace():
            yield place, "text-unexpected", f"{quoted(text)} stands between elements."
    if any(tail and not tail.isspace() for tail in set(map(_TAIL, nodes[1:]))):
        yield 0, "text-unexpected", "There is text between elements."
    for place, name, facets in plan.attributes:
        value = nodes[place].get(name) or ""
        if not facets.admits(value):
            yield place, "value", f"@{name} {quoted(value)} is not {facets.described()}."
    for place, currency in plan.amounts.items():
        if money_from(texts[place], currency) is None:
            yield from _amount_problems(place, nodes[place])


def _amount_problems(place: int, node: Element) -> Iterator[tuple[int, str, str]]:
    """The rule the schema lacks: decimals of an amount suit its currency's exponent."""
    text, currency = node.text or "", node.get("Ccy") or ""
    if currency not in CURRENCIES:
        yield place, "currency-unknown", f"The currency {quoted(currency)} is not known here."
        return
    places = CURRENCIES[currency][1]
    yield (
        place,
        "amount-decimals",
        f"{quoted(text)} is not an amount of {currency}: write digits with at most {places}"
        " decimals, without signs.",
    )


class _Planner:
    """Walks one element along its type and notes what depends on structure alone."""

    def __init__(self) -> None:
        self._children: list[dict[str, list[int]]] = []
        self._paths: list[str] = []
        self._texts: list[tuple[int, Callable[[str], bool], Facets]] = []
        self._branches: list[int] = []
        self._attributes: list[tuple[int, str, Facets]] = []
        self._amounts: dict[int, str] = {}
        self._problems: list[tuple[int, str, str]] = []

    def plan(self, element: Element, spec: Spec, path: str) -> Plan:
        self._walk(element, spec, path)
        return Plan(
            tuple(self._children),
            tuple(self._paths),
            tuple(self._texts),
            tuple(self._branches),
            tuple(self._attributes),
            self._amounts,
            tuple(self._problems),
        )

    def _walk(self, element: Element, spec: Spec, path: str) -> int:
        place = len(self._paths)
        members: dict[str, list[int]] = {}
        self._paths.append(path)
        self._children.append(members)
        if spec.anything:
            self._skip(element, path)
            return place
        self._note_attributes(element, spec, place)
        if spec.text is not None:
            self._texts.append((place, spec.text.admits, spec.text))
        else:
            self._branches.append(place)
        self._note_order(element, spec, place)
        for child in element:
            known = spec.children.get(child.tag)
            below = f"{path}/{local(child.tag)}"
            if known is None:
                self._problems.append((place, "element-unknown", _unknown(child.tag)))
                self._skip_whole(child, below)
            else:
                members.setdefault(local(child.tag), []).append(
                    self._walk(child, known.spec, below)
                )
        return place

    def _skip_whole(self, element: Element, path: str) -> None:
        self._paths.append(path)
        self._children.append({})
        self._skip(element, path)

    def _skip(self, element: Element, path: str) -> None:
        """Everything below keeps its place, and is not looked at."""
        below = sum(1 for _ in element.iter()) - 1
        self._paths.extend([path] * below)
        self._children.extend({} for _ in range(below))

    def _note_attributes(self, element: Element, spec: Spec, place: int) -> None:
        for name in element.keys():  # noqa: SIM118 - an element's members are not its attributes
            if name not in spec.attributes and not name.startswith("{"):
                self._problems.append((place, "attribute-unknown", f"@{name} does not belong."))
        for name, facets in spec.attributes.items():
            self._attributes.append((place, name, facets))
        if "Ccy" in spec.attributes:
            self._amounts[place] = _currency(element)

    def _note_order(self, element: Element, spec: Spec, place: int) -> None:
        counts = Counter(child.tag for child in element)
        highest = -1
        for child in element:
            known = spec.children.get(child.tag)
            if known is None:
                continue
            if known.position < highest:
                self._problems.append((place, "element-order", _misplaced(child.tag)))
            highest = max(highest, known.position)
        for tag, known in spec.children.items():
            self._problems.extend(
                (place, code, message) for code, message in _counted(tag, known, counts[tag], spec)
            )
        if spec.choice and sum(counts[tag] > 0 for tag in spec.children) != 1:
            names = ", ".join(local(tag) for tag in spec.children)
            self._problems.append((place, "choice", f"Exactly one of {names} has to stand here."))


def _counted(tag: str, known: Child, count: int, spec: Spec) -> Iterator[tuple[str, str]]:
    name = local(tag)
    if count < known.least and not spec.choice:
        yield "element-missing", f"{name} is missing."
    if known.most is not None and count > known.most:
        yield "element-repeated", f"{name} may stand {known.most} times here and stands {count}."


def _unknown(tag: str) -> str:
    return f"{quoted(local(tag))} does not belong here."


def _misplaced(tag: str) -> str:
    return f"{local(tag)} stands after elements that have to follow it."
