"""The demo's hands on the simulators: the phone of a Kakao user, and faults on order.

A control API is a simulator's own, beside the API it shows as its partner.
"""

from dataclasses import dataclass
from typing import Any

import aiohttp

CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Control:
    """One simulator's control API, at its base URL."""

    base: str

    async def plant(self, operation: str, fault: str, times: int = 1, **rest: Any) -> None:
        """Have `fault` befall the next `times` calls of `operation`."""
        rule = {"match": {"operation": operation}, "fault": fault, "times": times, **rest}
        await self._post("/_control/faults", rule)

    async def accepted(self) -> dict[str, int]:
        """What the partner has accepted: minor units by our request id."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session,
            session.get(f"{self.base}/_control/books") as answer,
        ):
            answer.raise_for_status()
            found: dict[str, int] = (await answer.json())["accepted"]
            return found

    async def _post(self, path: str, body: Any) -> None:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session,
            session.post(f"{self.base}{path}", json=body) as answer,
        ):
            answer.raise_for_status()


async def open_link(url: str) -> int:
    """Open a link as a phone's browser does, redirects and all; the last status."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session,
        session.get(url) as answer,
    ):
        await answer.read()
        return answer.status
