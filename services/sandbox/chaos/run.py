"""The matrix: at each moment of a payment each part dies once and comes back."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from services.core.errors import KawaseError
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.kit.kafka import Topics
from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_stubs
from services.sandbox.chaos.moments import ACCEPTED, REJECTED, VICTIMS, Moment
from services.sandbox.chaos.watch import MomentWatch
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.demo.partners import Control
from services.sandbox.demo.run import set_stage
from services.sandbox.demo.story import Stage
from services.sandbox.demo.telling import Telling
from services.sandbox.house import House
from services.sandbox.progress import Tell
from services.sandbox.stack import Stack

MOMENT_SECONDS = 20.0
END_SECONDS = 60.0
POLL_SECONDS = 0.2
ASK_SECONDS = 3.0
COMPLETED, DECLINED = "COMPLETED", "DECLINED"


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of one payment. `seconds` from the kill to the end of its work."""

    moment: str
    victim: str
    expected: str
    state: str
    charges: int
    seconds: float
    problem: str = ""


async def run_chaos(
    directory: Path, tell: Tell, done: Callable[[Cell], None], victims: tuple[str, ...] = VICTIMS
) -> list[Cell]:
    """The whole matrix on a fresh house; `done` hears of each cell. Raises StackError."""
    async with AsyncExitStack() as closing:
        house = House(Stack(directory, tell=tell), tell)
        closing.push_async_callback(house.stop)
        endpoints = await house.start()
        stage = await set_stage(closing, endpoints, Telling(), directory / "reports")
        chaos = Chaos(house, stage)
        cells = []
        for moments, expected in ((ACCEPTED, COMPLETED), (REJECTED, DECLINED)):
            for moment in moments:
                for victim in victims:
                    cells.append(await chaos.cell(moment, victim, expected))
                    done(cells[-1])
        cells.append(await chaos.books())
        done(cells[-1])
        return cells


class Chaos:
    """One payment at a time on a running house, with somebody killed in its course."""

    def __init__(self, house: House, stage: Stage) -> None:
        self._house = house
        self._stage = stage
        self._count = 0

    async def cell(self, moment: Moment, victim: str, expected: str) -> Cell:
        """Pay, kill `victim` at `moment`, bring it back, and see how the payment ends."""
        self._count += 1
        payment_id = f"chaos-{self._count}"
        reject = expected == DECLINED
        if reject:
            await self._stage.kakaopay.plant(operation="pay", fault="reject", times=1)
        amount = Money(1_000 + self._count, "KRW")
        created = await self._create(payment_id, amount)
        watch = MomentWatch(Topics(self._house.endpoints.kafka, "kawase", 1), (moment,))
        await watch.start()
        confirming = asyncio.create_task(self._confirm(payment_id))
        came = await watch.wait_for(moment, created.reference, MOMENT_SECONDS)
        await self._house.supervisor.kill(victim)
        killed = time.monotonic()
        await watch.stop()
        await self._house.supervisor.restart(victim)
        await confirming
        state = await self._end(payment_id)
        seconds = round(time.monotonic() - killed, 1)
        charges = await self._charges(self._stage.kakaopay, created.reference)
        problem = "" if came else "the moment did not come; "
        if state != expected:
            problem += f"ended {state}; "
        if charges != (0 if reject else 1):
            problem += f"{charges} charges at the partner; "
        problem += await self._legs_problem(created.reference, expected)
        name = f"{moment.topic} {moment.type}"
        return Cell(name, victim, expected, state, charges, seconds, problem)

    async def books(self) -> Cell:
        """After all of it: does the ledger balance, with nothing pending?"""
        async with open_channel(self._house.endpoints.processes["wallet"]) as channel:
            stub = wallet_stubs.WalletServiceStub(channel)
            found = await call(
                stub.CheckBooks(wallet_service_pb2.CheckBooksRequest(), timeout=END_SECONDS)
            )
        well = found.balanced and found.pending_count == 0
        problem = "" if well else f"{found.pending_count} pending, {found.differing_account_ids}"
        return Cell("after all", "books", "BALANCED", "BALANCED" if well else "NOT", 0, 0, problem)

    async def _create(self, payment_id: str, amount: Money) -> payment_pb2.Payment:
        """A quote, as soon as the parts killed before have come back."""
        async with asyncio.timeout(END_SECONDS):
            while True:
                with suppress(KawaseError):
                    return await self._stage.panda.create(payment_id, "li-na", SEOUL_SHOP, amount)
                await asyncio.sleep(POLL_SECONDS)

    async def _confirm(self, payment_id: str) -> None:
        # Whoever waits for the answer may lose it with the killed process; the payment goes on.
        with suppress(KawaseError):
            await self._stage.panda.confirm(payment_id)

    async def _end(self, payment_id: str) -> str:
        """Confirm as a caller does who got no answer, until the payment has no work left."""
        deadline = time.monotonic() + END_SECONDS
        state = "UNKNOWN"
        while time.monotonic() < deadline:
            with suppress(KawaseError, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    found = await self._stage.panda.get(payment_id)
                    state = payment_pb2.PaymentState.Name(found.payment.state)
                    state = state.removeprefix("PAYMENT_STATE_")
                    if state == "QUOTED":
                        await self._confirm(payment_id)
                    if found.moves and found.moves[-1].step == "done":
                        return state
            await asyncio.sleep(POLL_SECONDS)
        return f"{state}, with work left"

    async def _charges(self, partner: Control, reference: str) -> int:
        return sum(reference in request_id for request_id in await partner.accepted())

    async def _legs_problem(self, reference: str, expected: str) -> str:
        link = resource_id(Resource.PAYMENT, reference)
        names = await self._leg_states(link)
        wanted = "TRANSFER_STATE_POSTED" if expected == COMPLETED else "TRANSFER_STATE_VOIDED"
        return "" if names == {wanted} else f"legs are {sorted(names)}; "

    async def _leg_states(self, link_id: str) -> set[str]:
        """States of the link's legs; the wallet may be on its way back."""
        request = wallet_service_pb2.ListTransfersRequest(link_id=link_id, page_size=100)
        async with asyncio.timeout(END_SECONDS):
            while True:
                with suppress(KawaseError):
                    answer = await call(
                        self._stage.ledger.ListTransfers(request, timeout=ASK_SECONDS)
                    )
                    return {transfer_pb2.TransferState.Name(leg.state) for leg in answer.transfers}
                await asyncio.sleep(POLL_SECONDS)


def as_rows(cells: list[Cell]) -> list[dict[str, object]]:
    """For programs."""
    return [asdict(cell) for cell in cells]
