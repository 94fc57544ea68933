"""Rates from a server that speaks as the forex-python package expects.

The package calls `requests.get` without a time-out, and offers no way to give one: a server that
takes the call and never answers holds its thread for ever. A thread cannot be ended from outside,
and one that hangs would make this source useless until the next restart. So each call is a process
of its own (`forex_call`): killed at its deadline or when fx stops, and ending itself by an alarm
should fx be gone. One call at a time.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from services.fx.domain import PIVOT, EuroRates, SourceFailed, day_start, ecb_day

# Starting an interpreter with the package takes half a second, more on a busy machine.
START_SECONDS = 3
ANSWER_BYTES = 1 << 20
PROBLEM_LENGTH = 300


class ForexSource:
    """Rates as of the clock's day, from the server at `url`."""

    name = "forex-python"

    def __init__(self, url: str, limit: timedelta, call_seconds: int) -> None:
        self.limit = limit
        self._url = url
        self._call_seconds = call_seconds
        self._calling = asyncio.Lock()

    async def fetch(self, now: datetime, currencies: Sequence[str]) -> EuroRates:
        """See `RateSource`."""
        if self._calling.locked():
            raise SourceFailed("a call to it is still under way")
        async with self._calling:
            return read_answer(await self._call(ecb_day(now)), ecb_day(now))

    async def _call(self, day: date) -> bytes:
        seconds = START_SECONDS + self._call_seconds
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "services.fx.sources.forex_call"),
            *(self._url, day.isoformat(), str(seconds)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=ANSWER_BYTES,
        )
        try:
            async with asyncio.timeout(seconds):
                answer, problem = await process.communicate()
        except TimeoutError:
            raise SourceFailed(f"{self._url} did not answer in {seconds} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            said = problem.decode(errors="replace").strip()[-PROBLEM_LENGTH:]
            raise SourceFailed(f"{self._url} gave no rates: {said}")
        return answer


def read_answer(answer: bytes, asked: date) -> EuroRates:
    """The rates in what `forex_call` has printed. Raises `SourceFailed`."""
    try:
        fields = json.loads(answer)
        stated = date.fromisoformat(fields["date"])
        rates = {str(name): Decimal(rate) for name, rate in fields["rates"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise SourceFailed(f"its answer cannot be read: {error!r}") from error
    if stated > asked:
        raise SourceFailed(f"it was asked for {asked} and answered for {stated}")
    return EuroRates(ForexSource.name, day_start(stated), {**rates, PIVOT: Decimal(1)})
