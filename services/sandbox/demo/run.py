"""Runs the demo: a fresh house, the world, every chapter, and everything stopped again."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

from services.core.clock import REFRESH_SECONDS
from services.core.money import Money
from services.kit.rpc import open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as gateway_stubs
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_stubs
from services.sandbox.clock import FILE_NAME, advance_clock, set_clock
from services.sandbox.demo.acquiring import ACQUIRING
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.demo.evening import EVENING
from services.sandbox.demo.partners import Control
from services.sandbox.demo.story import CHAPTERS, DemoFailed, Stage, books
from services.sandbox.demo.telling import Telling
from services.sandbox.demo.wallet_app import WalletApp
from services.sandbox.endpoints import Endpoints
from services.sandbox.errors import StackError, StackInUse
from services.sandbox.finance import Finance
from services.sandbox.house import House
from services.sandbox.lock import is_taken
from services.sandbox.operator import Operator, prices_known
from services.sandbox.stack import Stack
from services.sandbox.world import BANK, KAKAO_USERS, KAKAOPAY, PANDA, SAKURA, put_world
from services.sandbox.world_acquiring import put_acquiring
from services.sandbox.world_finance import put_finance

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.1


async def run_demo(directory: Path, telling: Telling) -> None:
    """Tell the whole story on a fresh stack in `directory`. Raises StackError or DemoFailed."""
    _empty(directory)
    house = House(
        Stack(directory, tell=lambda progress: telling.progress(progress.line())),
        lambda progress: telling.progress(progress.line()),
    )
    began = time.monotonic()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(house.stop)
        endpoints = await house.start()
        telling.progress(f"everything is up after {time.monotonic() - began:.1f} s")
        stage = await set_stage(closing, endpoints, telling, directory / "reports")
        for chapter in (*CHAPTERS, *EVENING, *ACQUIRING, books):
            await chapter(stage)
        telling.progress("\nthat was all; stopping what was started")


def _empty(directory: Path) -> None:
    """Throw away what an earlier demo has left, and nothing else. Raises StackError."""
    if not directory.exists():
        return
    if is_taken(directory):
        raise StackInUse(f"a stack runs in {directory}: stop it, or name another with --dir")
    if any(directory.iterdir()) and not (directory / FILE_NAME).exists():
        raise StackError(f"{directory} holds something else than a stack: name another with --dir")
    shutil.rmtree(directory)


async def set_stage(
    closing: AsyncExitStack, endpoints: Endpoints, telling: Telling, reports: Path
) -> Stage:
    """Put the world, and connect its wallets and finance people."""
    addresses = endpoints.processes
    operator = Operator.of(endpoints)
    keys = await put_world(operator)
    keys |= await put_acquiring(operator, keys)
    await prices_known(operator, keys[PANDA], SEOUL_SHOP, Money(1_000, "KRW"))
    gateway = await closing.enter_async_context(open_channel(addresses["gateway"]))
    wallet = await closing.enter_async_context(open_channel(addresses["wallet"]))
    channels = [
        await closing.enter_async_context(open_channel(addresses[name]))
        for name in ("settlement", "bridge", "reconciliation")
    ]
    finance = Finance.of(*channels)
    await put_finance(finance.settlement, finance.payouts)
    stub = gateway_stubs.GatewayServiceStub(gateway)

    async def pass_time(by: timedelta) -> None:
        advance_clock(endpoints.clock, by)
        # By then every process has looked at the clock again.
        await asyncio.sleep(2 * REFRESH_SECONDS)

    async def set_time(instant: datetime) -> None:
        set_clock(endpoints.clock, instant)
        await asyncio.sleep(2 * REFRESH_SECONDS)

    return Stage(
        telling=telling,
        gateway=addresses["gateway"],
        keys=keys,
        panda=WalletApp(PANDA, stub, keys[PANDA]),
        sakura=WalletApp(SAKURA, stub, keys[SAKURA]),
        kakao=WalletApp(KAKAO_USERS, stub, keys[KAKAO_USERS]),
        ledger=wallet_stubs.WalletServiceStub(wallet),
        kakaopay=Control(f"http://{addresses[f'partner-{KAKAOPAY}']}"),
        japan_bank=Control(f"http://{addresses[f'partner-{BANK}']}"),
        finance=finance,
        reports=reports,
        pass_time=pass_time,
        set_time=set_time,
        until=until,
    )


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition. Raises DemoFailed when it takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not await is_so():
        if time.monotonic() > deadline:
            raise DemoFailed(f"waited {WAIT_SECONDS:.0f} s for what did not happen")
        await asyncio.sleep(POLL_SECONDS)
