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
        await self.tell("faults", rule)

    async def accepted(self) -> dict[str, int]:
        """What the partner has accepted: minor units by our request id."""
        found: dict[str, int] = (await self.books())["accepted"]
        return found

    async def books(self) -> dict[str, Any]:
        """What the partner has accepted and given back, and what else its simulator shows."""
        return await self._get("books")

    async def planted(self) -> dict[str, Any]:
        """What was planted in the files it has written."""
        return await self._get("planted")

    async def struck(self) -> dict[str, int]:
        """How often which fault has befallen its calls."""
        found: dict[str, int] = (await self._get("faults"))["struck"]
        return found

    async def tell(self, what: str, body: Any) -> None:
        """POST `body` to the control API."""
        await self._post(f"/_control/{what}", body)

    async def _get(self, what: str) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session,
            session.get(f"{self.base}/_control/{what}") as answer,
        ):
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
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
