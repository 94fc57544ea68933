"""Calls that wait for the end of a resource."""

import asyncio

from services.gateway.waking import Wakers


class Place:
    """Where a resource stands; counts how often it is looked at."""

    def __init__(self) -> None:
        self.is_final = False
        self.looks = 0

    async def read(self) -> bool:
        self.looks += 1
        return self.is_final


async def wait(wakers: Wakers, place: Place, seconds: float) -> bool:
    return await wakers.until_final("r1", place.read, lambda found: found, seconds)


async def test_what_is_final_is_answered_at_once() -> None:
    place = Place()
    place.is_final = True

    assert await wait(Wakers(), place, 60.0)
    assert place.looks == 1


async def test_a_waiting_call_is_woken_by_its_reference() -> None:
    wakers, place = Wakers(), Place()
    waiting = asyncio.create_task(wait(wakers, place, 60.0))
    await asyncio.sleep(0)
    place.is_final = True
    wakers.wake(["other", "r1"])

    assert await waiting


async def test_what_another_gateway_moved_is_seen_by_looking_again() -> None:
    wakers, place = Wakers(), Place()
    waiting = asyncio.create_task(wait(wakers, place, 60.0))
    await asyncio.sleep(0)
    place.is_final = True

    assert await waiting
    assert place.looks == 2


async def test_past_its_time_a_call_answers_with_the_state_so_far() -> None:
    place = Place()

    assert not await wait(Wakers(), place, 0.0)
    assert place.looks == 1
