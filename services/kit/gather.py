"""Gathers concurrent calls into batches: what waits while one batch is worked makes the next one.

A call alone is worked at once; under load batches begin at a pace. One batch at a time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.core.errors import Unavailable
from services.kit.pace import pace
from services.kit.trace import follow

BATCH_LIMIT = 500
QUEUE_LIMIT = 20_000

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class QueueFull(Unavailable):
    """More calls wait than this process takes on."""


class Gather(Generic[Item, Answer]):
    """`work` gets up to `batch_limit` items and gives an answer, or an exception, for each."""

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | BaseException]]],
        batch_limit: int = BATCH_LIMIT,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self._work = work
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._queue: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> "asyncio.Future[Answer]":
        """Queue `item`; the future gets its answer or its exception. Raises `QueueFull`."""
        if len(self._queue) >= self._queue_limit:
            raise QueueFull("Too many calls are waiting; try again in a moment.")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((item, answer))
        if self._worker is None:
            self._worker = asyncio.create_task(self._run())
        return answer

    async def _run(self) -> None:
        # Whoever began it is one of many: items carry the trace that they follow.
        follow("")
        # One turn of the loop: calls that arrived together are worked together.
        await asyncio.sleep(0)
        while self._queue:
            batch = self._queue[: self._batch_limit]
            del self._queue[: self._batch_limit]
            began = time.monotonic()
            await self._work_batch(batch)
            await pace(began, len(batch))
        self._worker = None

    async def _work_batch(self, batch: list[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._work([item for item, _ in batch])
        except Exception as error:
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
