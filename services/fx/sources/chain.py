"""The protocol of rate sources, and fail-over between them in a configured order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.fx.domain import EuroRates, NoSourceUsable, SourceFailed, checked_rates

log = structlog.get_logger()


class RateSource(Protocol):
    """Something that knows how much of each currency a euro buys."""

    @property
    def name(self) -> str:
        """As in settings and on sheets."""
        ...

    @property
    def limit(self) -> timedelta:
        """How old the instant that it states may be."""
        ...

    async def fetch(self, now: datetime, currencies: Sequence[str]) -> EuroRates:
        """Its rates as of `now`, for at least `currencies` where it has them.

        Raises `SourceFailed`, within a time of its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What a source last gave; `problem` is empty where it was usable."""

    source: str
    problem: str


class SourceChain:
    """Asks sources in order; the first usable rates are taken. Keeps what each last gave."""

    def __init__(self, sources: Sequence[RateSource], currencies: Sequence[str]) -> None:
        self._sources = sources
        self._currencies = currencies
        self._problems: dict[str, str] = {
            source.name: "it has not been asked yet" for source in sources
        }

    @property
    def health(self) -> list[SourceHealth]:
        """One entry per source, in the configured order."""
        return [SourceHealth(name, problem) for name, problem in self._problems.items()]

    async def fetch(self, now: datetime) -> EuroRates:
        """The rates of the first usable source. Raises `NoSourceUsable`."""
        for source in self._sources:
            try:
                rates = await source.fetch(now, self._currencies)
                checked = checked_rates(rates, self._currencies, source.limit, now)
            except SourceFailed as error:
                self._note(source.name, str(error))
            else:
                self._note(source.name, "")
                return checked
        raise NoSourceUsable(self._failures())

    def _failures(self) -> Mapping[str, str]:
        return {name: problem for name, problem in self._problems.items() if problem}

    def _note(self, name: str, problem: str) -> None:
        if self._problems[name] != problem:
            if problem:
                log.warning("source_failed", source=name, problem=problem)
            else:
                log.info("source_usable", source=name)
        self._problems[name] = problem
