"""Elements written alike, read without the parser.

Entries of a statement come by the million and mostly differ in their texts only. Of one that was
parsed and found in order a mould is made: a pattern of its markup as it is written, with a group
for each node's text. What fits it parses to the same nodes and is in order too. What does not fit,
because of one character even, goes to the parser, which alone says what is wrong.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.core.currencies import CURRENCIES
from services.formats.iso20022.documents.checking import Plan
from services.formats.iso20022.documents.facets import Facets

# A pattern takes milliseconds to compile: past so many nothing is learnt any more.
MOST_TRIES = 64
# By how much misses may exceed hits before nothing is tried any more.
PATIENCE = 1000

_MARKUP = re.compile(r"(<[^<>]*>)")
# A name, and no attribute but a currency: no namespace is declared, nothing is to be unquoted.
_TAG = re.compile(r"<(?P<end>/?)[\w.:-]+(?: Ccy=\"[A-Z]{3}\")?(?P<empty>/?)>")
_SPACE = r"[ \t\r\n]*+"
# What XML takes as it stands; a carriage return would become a line feed.
_SIGN = r"[^<&>\x00-\x08\x0b-\x1f\ufffe\uffff]"


@dataclass(frozen=True, slots=True)
class Mould:
    """What elements of one writing share. `tests`: of texts that the pattern leaves open."""

    plan: Plan
    pattern: re.Pattern[str]
    tests: tuple[tuple[int, Callable[[str], bool]], ...]

    def texts(self, written: str) -> Sequence[str] | None:
        """The texts of an element's nodes, by their places; None where it does not fit."""
        found = self.pattern.fullmatch(written)
        if found is None:
            return None
        texts = found.groups()
        for place, admits in self.tests:
            if not admits(texts[place]):
                return None
        return texts


class Moulds:
    """The moulds of one kind of element in one place, where names mean the same throughout."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        # By the number of tags, which tells most of them apart.
        self._moulds: dict[int, list[Mould]] = {}
        self._tries = 0
        self._balance = 0

    @property
    def pays(self) -> bool:
        """Whether trying is worth it for this file."""
        return self._balance > -PATIENCE

    def fit(self, written: bytes) -> tuple[Plan, Sequence[str]] | None:
        """The plan and texts of an element that is written like an earlier one."""
        text = self._decoded(written)
        for mould in self._moulds.get(written.count(b"<"), ()):
            texts = mould.texts(text)
            if texts is not None:
                self._balance += 1
                return mould.plan, texts
        self._balance -= 1
        return None

    def learn(self, written: bytes, plan: Plan, texts: Sequence[str]) -> None:
        """See how an element is written that was parsed to `texts` and found in order."""
        moulds = self._moulds.setdefault(written.count(b"<"), [])
        known = any(mould.plan is plan for mould in moulds)
        if known or b"&" in written or self._tries >= MOST_TRIES:
            return
        self._tries += 1
        mould = mould_of(self._decoded(written), plan, texts)
        if mould is not None:
            moulds.append(mould)

    def _decoded(self, written: bytes) -> str:
        """Empty for what is no text: the parser will say so."""
        try:
            return written.decode(self._encoding)
        except UnicodeDecodeError:
            return ""


def mould_of(written: str, plan: Plan, texts: Sequence[str]) -> Mould | None:
    """The mould of an element, where it is written plainly."""
    known = {place: facets for place, _, facets in plan.texts}
    pattern, tests, place = [_SPACE], [], 0
    for markup in _MARKUP.findall(written):
        tag = _TAG.fullmatch(markup)
        if tag is None:
            return None
        pattern.append(re.escape(markup))
        if tag["end"]:
            pattern.append(_SPACE)
            continue
        facets = known.get(place)
        signs = _signs(facets, plan.amounts.get(place)) if facets else _SPACE
        if facets and signs is None:
            tests.append((place, facets.admits))
        pattern.append("()" + _SPACE if tag["empty"] else f"({signs or _SIGN + '*+'})")
        place += 1
    mould = Mould(plan, re.compile("".join(pattern)), tuple(tests))
    read = mould.texts(written) if place == len(texts) else None
    # It has to read what it was made of as the parser did.
    if read is None or any(read[place] != texts[place] for place in known):
        return None
    return mould


def _signs(facets: Facets, currency: str | None) -> str | None:
    """A pattern of texts that keep the facets; None where `admits` has to be asked."""
    if currency in CURRENCIES:
        places = CURRENCIES[currency][1]
        return r"[0-9]{1,12}+" + (rf"(?:\.[0-9]{{1,{places}}}+)?+" if places else "")
    if facets.values is not None:
        return "|".join(map(re.escape, sorted(facets.values)))
    if facets.base == "str" and facets.pattern is None:
        most = "" if facets.max_length is None else facets.max_length
        return f"{_SIGN}{{{facets.min_length},{most}}}+"
    return None
