"""GMO Aozora's list of transfers and statement of the last days, read once for all who search.

Thousands of payouts are looked after at a time; each would read the same pages. A search is told of
what was true at most one inquiry pause ago.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.bridge.domain.answer import Rules
from services.bridge.partners.aozora_api import CORPORATE, AozoraApi, Fields
from services.core.clock import Clock

MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Lists:
    """Transfers and statement lines, by the words that go with them."""

    textless: tuple[Fields, ...] = ()
    """Transfers that show no text of the sender's."""
    _transfers: dict[str, Fields] = field(default_factory=dict)
    _lines: dict[str, list[Fields]] = field(default_factory=dict)

    def transfer_with(self, text: str) -> Fields | None:
        return self._transfers.get(text)

    def lines_with(self, text: str) -> Sequence[Fields]:
        return self._lines.get(text, ())


def index(transfers: Sequence[Fields], lines: Sequence[Fields]) -> Lists:
    """Raises KeyError, TypeError where a part is missing."""
    by_text: dict[str, Fields] = {}
    textless = []
    for transfer in transfers:
        texts = [item.get("ediInfo", "") for item in transfer["transferInfos"]]
        by_text |= {text: transfer for text in texts if text}
        if not all(texts):
            textless.append(transfer)
    by_word: defaultdict[str, list[Fields]] = defaultdict(list)
    for line in lines:
        for word in set(line["remarks"].split()):
            by_word[word].append(line)
    return Lists(tuple(textless), by_text, by_word)


class SharedLists:
    """Reads lists from the day of a first payout on; who asks meanwhile gets the same."""

    def __init__(self, api: AozoraApi, account_id: str, rules: Rules, clock: Clock) -> None:
        self._api = api
        self._account_id = account_id
        self._rules = rules
        self._clock = clock
        self._reading = asyncio.Lock()
        self._kept: dict[date, tuple[float, Lists]] = {}

    async def since(self, create_time: datetime) -> Lists:
        """Both lists from the bank's day of `create_time` to its today. Raises `NotSent`,
        `NoAnswer`, KeyError, TypeError."""
        first = create_time.astimezone(self._rules.zone).date()
        async with self._reading:
            now = asyncio.get_running_loop().time()
            fresh_for = self._rules.inquire_every.total_seconds()
            kept = self._kept.get(first)
            if kept is None or now - kept[0] >= fresh_for:
                kept = now, await self._read(first)
                self._kept[first] = kept
                while len(self._kept) > MOST_KEPT:
                    del self._kept[min(self._kept, key=lambda day: self._kept[day][0])]
        return kept[1]

    async def _read(self, first: date) -> Lists:
        today = self._clock.now().astimezone(self._rules.zone).date()
        query = {
            "accountId": self._account_id,
            "dateFrom": first.isoformat(),
            "dateTo": max(today, first).isoformat(),
        }
        transfers = await self._api.get_pages(
            f"{CORPORATE}/transfer/status", {**query, "queryKeyClass": "2"}, "transferDetails"
        )
        lines = await self._api.get_pages(
            f"{CORPORATE}/accounts/transactions", query, "transactions"
        )
        return index(transfers, lines)
