"""What a simulator sends by itself: notices to the addresses it was given.

A notice that is not taken (any status but 2xx, or no answer) is sent again a few times. Faults of
notices befall the operation `notice`: lost, sent twice, sent after the one that came after it, sent
late, or with a wrong signature.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

import aiohttp

from services.sandbox.partners.faults import NOTICE, Call, Fault, FaultBook

CALL_SECONDS = 5.0
RETRIES = 5
RETRY_SECONDS = 0.2
HOLD_SECONDS = 0.5
"""A notice held back for the next one goes by itself after this."""
MOST_WAITING = 20_000
AT_A_TIME = 32

Headers = Callable[[bool], Mapping[str, str]]
"""The headers of a notice; True: with a wrong signature."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `headers` are made when it is sent, since a signature holds a time."""

    url: str
    body: bytes
    headers: Headers
    method: str = "POST"
    taken: Callable[[], None] = lambda: None
    """Told each time it is taken."""


class Notices:
    """Sends notices, under the faults in force."""

    def __init__(self, faults: FaultBook) -> None:
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._held: list[asyncio.Event] = []
        self._session: aiohttp.ClientSession | None = None
        self.given_up = 0

    def send(self, call: Call, notice: Notice) -> None:
        """Send it soon; `call` tells faults what it is about."""
        strike = self._faults.take({**call, "operation": NOTICE})
        fault = "" if strike is None else strike.fault
        seconds = 0.0 if strike is None else strike.seconds
        held, self._held = self._held, []
        match fault:
            case Fault.LOST_NOTICE:
                pass
            case Fault.REORDERED_NOTICE:
                self._begin(self._hold(notice))
            case Fault.DUPLICATE_NOTICE:
                self._begin(self._deliver(notice, 2))
            case _:
                is_forged = fault == Fault.WRONG_SIGNATURE
                self._begin(self._deliver(notice, 1, seconds, is_forged))
        for event in held:
            event.set()

    def _begin(self, sending: Coroutine[None, None, None]) -> None:
        if len(self._tasks) >= MOST_WAITING:
            self.given_up += 1
            sending.close()
            return
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hold(self, notice: Notice) -> None:
        event = asyncio.Event()
        self._held.append(event)
        try:
            await asyncio.wait_for(event.wait(), HOLD_SECONDS)
        except TimeoutError:
            if event in self._held:
                self._held.remove(event)
        await self._deliver(notice, 1)

    async def _deliver(
        self, notice: Notice, times: int, seconds: float = 0.0, is_forged: bool = False
    ) -> None:
        await asyncio.sleep(seconds)
        headers = notice.headers(is_forged)
        for _ in range(times):
            await self._insist(notice, headers, 1 if is_forged else RETRIES)

    async def _insist(self, notice: Notice, headers: Mapping[str, str], tries: int) -> None:
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(RETRY_SECONDS * 2**attempt)
            if await self._is_taken(notice, headers):
                notice.taken()
                return
        self.given_up += 1

    async def _is_taken(self, notice: Notice, headers: Mapping[str, str]) -> bool:
        try:
            async with (
                self._places,
                self._open().request(
                    notice.method, notice.url, data=notice.body, headers=headers
                ) as answer,
            ):
                return answer.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))
        return self._session

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
