"""Server-sent events: a payment's states as a stream that ends when the payment has.

An event's id tells state and time, so that who comes back is not told again what they have seen;
comments keep the connection alive in between.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from services.gateway.http import examples
from services.gateway.http.answers import payment_told
from services.gateway.payments.messages import STATES
from services.gateway.payments.model import FINAL
from services.gateway.payments.refusals import TooManyWatchers
from services.kit.http import problem_of

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
STREAM_SECONDS = 900.0
"""How long a stream lasts at most; who wants more comes back with the last event's id."""
STREAM_LIMIT = 1000
"""Streams of a process: calls that are answered at once keep the rest of `guard.CALL_LIMIT`."""
RETRY_MILLISECONDS = 1000

_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "id": {"type": "string", "description": "For Last-Event-ID."},
        "event": {"type": "string", "enum": ["payment", "problem"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
}
STREAM_ANSWERS: dict[int, Any] = {
    200: {
        "description": "A stream of events `payment`, the data of each a Payment.",
        "content": {EVENT_STREAM: {"schema": _EVENT, "example": examples.EVENTS}},
    },
    204: {"description": "You have seen the final state."},
}


class EventStream(StreamingResponse):
    """A response of server-sent events."""

    media_type = EVENT_STREAM


@dataclass(frozen=True, slots=True)
class Stream:
    """What is streamed: `watched` until it ends or `closing` is set, from after `last_event_id`."""

    watched: AsyncIterator[Any]
    closing: asyncio.Event
    last_event_id: str | None
    told: Callable[[Any], BaseModel] = payment_told
    """What is shown of each message that is watched."""


class Streams:
    """The streams of a process, at most `limit` at a time."""

    def __init__(self, limit: int = STREAM_LIMIT, seconds: float = STREAM_SECONDS) -> None:
        self._limit = limit
        self._seconds = seconds
        self._running = 0

    async def open(self, stream: Stream) -> Response:
        """The answer, once the first state is known.

        Raises `TooManyWatchers`, and what `watched` raises first.
        """
        if self._running >= self._limit:
            raise TooManyWatchers
        first = await anext(stream.watched)
        if event_id(first) == stream.last_event_id and STATES[first.state] in FINAL:
            await _close(stream.watched)
            return Response(status_code=204)
        return EventStream(self._counted(stream, first))

    async def _counted(self, stream: Stream, first: Any) -> AsyncIterator[str]:
        self._running += 1
        try:
            async with aclosing(_events(stream, first, self._seconds)) as events:
                async for event in events:
                    yield event
        finally:
            self._running -= 1


def event_id(payment: Any) -> str:
    """Names a state of a payment: `completed.1793350814500000`."""
    time = payment.update_time
    return f"{STATES[payment.state]}.{time.seconds * 1_000_000 + time.nanos // 1000}"


def event_text(payment: Any, told: Callable[[Any], BaseModel] = payment_told) -> str:
    """A state as an event."""
    data = told(payment).model_dump_json()
    return f"id: {event_id(payment)}\nevent: payment\ndata: {data}\n\n"


async def _events(stream: Stream, first: Any, seconds: float) -> AsyncGenerator[str, None]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    closing = asyncio.create_task(stream.closing.wait())
    following: asyncio.Task[Any] | None = None
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        if event_id(first) != stream.last_event_id:
            yield event_text(first, stream.told)
        while not closing.done() and loop.time() < end:
            if following is None:
                following = asyncio.create_task(_next(stream.watched))
            await asyncio.wait(
                {following, closing},
                timeout=min(KEEP_ALIVE_SECONDS, max(0.0, end - loop.time())),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if following.done():
                snapshot = following.result()
                if snapshot is None:
                    return
                following = None
                yield event_text(snapshot, stream.told)
            else:
                yield ": still there\n\n"
    except Exception as error:
        # The answer has begun: all that can be told is that this stream ends here.
        yield f"event: problem\ndata: {problem_of(error).body().decode()}\n\n"
    finally:
        closing.cancel()
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await following
        await _close(stream.watched)


async def _next(watched: AsyncIterator[Any]) -> Any:
    return await anext(watched, None)


async def _close(watched: AsyncIterator[Any]) -> None:
    close = getattr(watched, "aclose", None)
    if close is not None:
        await close()
