"""Calls that wait for the end of a resource beside payments.

The consumer of this process wakes them after its commit. What another gateway's consumer stored is
seen by looking again, at a pace that costs nothing: such calls are few.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

LOOK_AGAIN_SECONDS = 0.25
# How long a call waits before it answers with the state so far.
WAIT_SECONDS = 5.0

T = TypeVar("T")


def unhurried() -> float:
    """The seconds that are left of a call without a deadline."""
    return math.inf


class Wakers:
    """Who waits for which reference in this process."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def waiting(self, reference: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the resource has moved."""
        event = asyncio.Event()
        events = self._events.setdefault(reference, [])
        events.append(event)
        try:
            yield event
        finally:
            events.remove(event)
            if not events:
                self._events.pop(reference, None)

    def wake(self, references: Iterable[str]) -> None:
        """These resources have moved, and it is durable."""
        for reference in references:
            for event in self._events.get(reference, ()):
                event.set()

    async def until_final(
        self,
        reference: str,
        read: Callable[[], Awaitable[T]],
        is_final: Callable[[T], bool],
        wait_seconds: float = WAIT_SECONDS,
    ) -> T:
        """What `read` gives once it is final, or after `wait_seconds` as it is then."""
        with self.waiting(reference) as moved:
            deadline = asyncio.get_running_loop().time() + wait_seconds
            while True:
                moved.clear()
                found = await read()
                left = deadline - asyncio.get_running_loop().time()
                if is_final(found) or left <= 0:
                    return found
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_AGAIN_SECONDS)):
                        await moved.wait()
