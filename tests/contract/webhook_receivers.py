"""Real receivers of webhooks, each a process of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """A process that receives webhooks at `url`."""

    url: str
    control: str
    session: aiohttp.ClientSession

    async def know(self, *secrets: str) -> None:
        """These secrets verify."""
        await self._put("secrets", {"secrets": list(secrets)})

    async def become(self, mode: str, **more: Any) -> None:
        """Answer like this from now on."""
        await self._put("mode", {"mode": mode, **more})

    async def _put(self, path: str, content: dict[str, Any]) -> None:
        async with self.session.put(f"{self.control}/{path}", json=content) as answer:
            answer.raise_for_status()

    async def received(self) -> list[dict[str, Any]]:
        """What came, in order."""
        async with self.session.get(f"{self.control}/received") as answer:
            return list((await answer.json())["received"])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that has started; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "services.sandbox.webhook_receiver"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:
            yield Receiver(line["url"], line["control"], session)
    finally:
        process.terminate()
        await process.wait()
