"""What each message may hold: elements, their order and occurrence, and the facets of their text.

The message definitions come from the classes of the `pyiso20022` package, loaded when a message is
first met. Those classes do not keep choices; ISO 20022 names every choice type `…Choice`, and
exactly one of its members stands. So it is, too, where a code stands beside a proprietary word.
"""

import importlib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any

from services.formats.iso20022.documents.facets import Facets

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"

# What is read and written here: message name → its root element's type.
MESSAGES = {
    "camt.053.001.02": "Document",
    "camt.053.001.08": "Document",
    "camt.054.001.08": "Document",
    "head.001.001.01": "AppHdr",
    "pacs.002.001.10": "Document",
    "pacs.004.001.09": "Document",
    "pacs.008.001.08": "Document",
    "pain.001.001.03": "Document",
    "pain.001.001.09": "Document",
}


@dataclass(frozen=True, slots=True)
class Child:
    """A member of an element: where it stands in the order and how often (None: any number)."""

    position: int
    spec: "Spec"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """An element's type: members by tag, or text under facets; attributes; a choice; or anything.

    `eq=False`: types are compared by identity, and are the same object when they are the same.
    """

    type_name: str
    children: Mapping[str, Child]
    text: Facets | None
    attributes: Mapping[str, Facets]
    choice: bool = False
    anything: bool = False


ANYTHING = Spec("any", {}, None, {}, anything=True)


@cache
def root_spec(message: str) -> tuple[str, Spec]:
    """The root tag, with its namespace, and type of `message`. Raises KeyError for another."""
    root = MESSAGES[message]
    kind, _, _ = message.partition(".")
    name = message.replace(".", "_")
    module = importlib.import_module(f"pyiso20022.{kind}.{name}.{name}")
    return f"{{{NAMESPACE}{message}}}{root}", _Compiler(NAMESPACE + message).of(
        getattr(module, root)
    )


def spec_at(message: str, *names: str) -> Spec:
    """The type found below the root by element names. Raises KeyError where there is none."""
    tag, spec = root_spec(message)
    namespace = tag[: tag.index("}") + 1]
    for name in names:
        spec = spec.children[namespace + name].spec
    return spec


def namespace_of(message: str) -> str:
    """The namespace of `message` as it stands before a tag."""
    return f"{{{NAMESPACE}{message}}}"


def local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


class _Compiler:
    """Turns the package's classes into specs, each class once."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._done: dict[type, Spec] = {}

    def of(self, cls: type[Any]) -> Spec:
        if cls not in self._done:
            self._done[cls] = self._compile(cls)
        return self._done[cls]

    def _compile(self, cls: type) -> Spec:
        hints = typing.get_type_hints(cls)
        children: dict[str, Child] = {}
        attributes: dict[str, Facets] = {}
        text = None
        for position, field in enumerate(fields(cls)):
            facts = field.metadata
            kind, many = _unwrapped(hints[field.name])
            match facts.get("type"):
                case "Element":
                    tag = f"{{{self._namespace}}}{facts['name']}"
                    children[tag] = self._child(position, kind, many, facts)
                case "Attribute":
                    attributes[facts["name"]] = _facets(kind, facts)
                case "Wildcard":
                    return ANYTHING
                case _:
                    text = _facets(kind, facts)
        names = {local(tag) for tag in children}
        choice = cls.__name__.endswith("Choice") or names == {"Cd", "Prtry"}
        return Spec(cls.__name__, children, text, attributes, choice)

    def _child(self, position: int, kind: Any, many: bool, facts: Mapping[str, Any]) -> Child:
        least = facts.get("min_occurs", 1 if facts.get("required") else 0)
        most = facts.get("max_occurs") if many else 1
        spec = (
            self.of(kind)
            if isinstance(kind, type) and is_dataclass(kind)
            else _leaf(_facets(kind, facts), kind.__name__)
        )
        return Child(position, spec, least, most)


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """`None | X` → X; `list[X]` → X, many."""
    arguments = [a for a in typing.get_args(hint) if a is not NoneType]
    if typing.get_origin(hint) is list:
        return arguments[0], True
    return (arguments[0] if arguments else hint), False


def _leaf(facets: Facets, name: str) -> Spec:
    return Spec(name, {}, facets, {})


def _facets(kind: Any, facts: Mapping[str, Any]) -> Facets:
    values = None
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = frozenset(str(member.value) for member in kind)
    return Facets(
        kind.__name__,
        values=values,
        min_length=facts.get("min_length", 0),
        max_length=facts.get("max_length"),
        pattern=facts.get("pattern"),
        total_digits=facts.get("total_digits"),
        fraction_digits=facts.get("fraction_digits"),
        min_inclusive=facts.get("min_inclusive"),
    )
