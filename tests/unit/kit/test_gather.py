"""Calls that wait together are worked together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from services.kit.gather import Gather, QueueFull


async def test_calls_that_come_while_a_batch_is_worked_make_the_next_batch() -> None:
    batches: list[list[int]] = []
    begun, gate = asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[int]) -> list[int | BaseException]:
        batches.append(list(items))
        begun.set()
        await gate.wait()
        return [item * 2 for item in items]

    gather = Gather(work)
    first = gather.submit(1)
    await begun.wait()
    later = [gather.submit(item) for item in (2, 3)]
    gate.set()

    assert await first == 2
    assert await asyncio.gather(*later) == [4, 6]
    assert batches == [[1], [2, 3]]


async def test_one_refusal_leaves_the_others_of_its_batch_alone() -> None:
    async def work(items: Sequence[int]) -> list[int | BaseException]:
        return [ValueError("odd") if item % 2 else item for item in items]

    gather = Gather(work)
    answers = await asyncio.gather(*map(gather.submit, (1, 2)), return_exceptions=True)

    assert isinstance(answers[0], ValueError)
    assert answers[1] == 2


async def test_a_failed_batch_fails_each_of_its_calls_and_the_next_one_works() -> None:
    async def work(items: Sequence[int]) -> list[int | BaseException]:
        if 0 in items:
            raise OSError("away")
        return list(items)

    gather = Gather(work)
    failed = await asyncio.gather(gather.submit(0), return_exceptions=True)

    assert isinstance(failed[0], OSError)
    assert await gather.submit(1) == 1


async def test_a_full_queue_refuses_in_words() -> None:
    async def work(items: Sequence[int]) -> list[int | BaseException]:
        return list(items)

    gather = Gather(work, queue_limit=1)
    waiting = gather.submit(1)
    with pytest.raises(QueueFull, match="Too many calls"):
        gather.submit(2)
    assert await waiting == 1


async def test_no_batch_is_larger_than_its_limit() -> None:
    sizes: list[int] = []

    async def work(items: Sequence[int]) -> list[int | BaseException]:
        sizes.append(len(items))
        return list(items)

    gather = Gather(work, batch_limit=3)
    await asyncio.gather(*map(gather.submit, range(7)))

    assert sizes == [3, 3, 1]
