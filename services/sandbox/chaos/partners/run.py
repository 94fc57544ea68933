"""A run: a fresh house, faults at every partner, all payments, their ends, and the comparison."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from services.core.money import Money
from services.kit.rpc import call, open_channel
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc as bridge_stubs
from services.pb.kawase.gateway.v1 import admin_service_pb2_grpc as admin_stubs
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as gateway_stubs
from services.pb.kawase.wallet.v1 import wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_stubs
from services.sandbox.bench.run import SERVICES
from services.sandbox.chaos.partners.comparing import Verdict, compare
from services.sandbox.chaos.partners.desk import OperatorsDesk
from services.sandbox.chaos.partners.facts import Claim, OurSide, TheirBooks
from services.sandbox.chaos.partners.faults import random_faults
from services.sandbox.chaos.partners.paying import Payers
from services.sandbox.chaos.partners.plan import PARTNERS, Wish, top_ups, wishes
from services.sandbox.chaos.partners.store import HouseStore, Left
from services.sandbox.clock import advance_clock
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.demo.partners import Control
from services.sandbox.demo.wallet_app import WalletApp
from services.sandbox.errors import StackError
from services.sandbox.house import House
from services.sandbox.operator import Operator, deposit, prices_known
from services.sandbox.processes import PROCESSES
from services.sandbox.progress import Tell
from services.sandbox.simulators import SIMULATORS
from services.sandbox.stack import Stack
from services.sandbox.world import BANK, KAKAO_USERS, KAKAOPAY_ONLINE, PANDA, SAKURA, put_world

PARTNERS_FILE = Path(__file__).with_name("partners.toml")
# More than all payments of a run draw: fen of the Chinese wallet, yen of the one bank account.
DEPOSIT_FEN, BANK_YEN = 5_000_000_000, 5_000_000_000
HANAKOS_NUMBER = "0310-101-1-1234567"
LOOK_SECONDS = 2.0
CALL_SECONDS = 60.0
END_SECONDS = 900.0
# Longer than a payer's approval is awaited.
APPROVAL = timedelta(minutes=16)
ACCOUNTS_PAGE = 1000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    verdict: Verdict
    refused: dict[str, int]
    """Refusals that payers got, by reason."""
    settled: dict[str, int]
    """What the operator decided, and how often."""
    struck: dict[str, dict[str, int]]
    """How often which fault befell whom."""
    seconds: float


class ChaosHouse:
    """A running house whose partners fail at random."""

    def __init__(self, directory: Path, tell: Tell, say: Say) -> None:
        wanted = {f"partner-{name}" for name in PARTNERS}
        simulators = [spec for spec in SIMULATORS if spec.name in wanted]
        services = [spec for spec in PROCESSES if spec.name in SERVICES]
        stack = Stack(directory, tell=tell)
        self._house = House(stack, tell, simulators, services, partners_file=PARTNERS_FILE)
        self._closing = AsyncExitStack()
        self._say = say

    async def start(self) -> None:
        """Start everything and put the world. Raises StackError."""
        self._closing.push_async_callback(self._house.stop)
        endpoints = await self._house.start()
        self._addresses = addresses = endpoints.processes
        operator = Operator.of(endpoints)
        keys = await put_world(operator)
        await deposit(operator, PANDA, "CNY", DEPOSIT_FEN)
        await prices_known(operator, keys[PANDA], SEOUL_SHOP, Money(1_000, "KRW"))
        stub = gateway_stubs.GatewayServiceStub(await self._channel("gateway"))
        admin = admin_stubs.AdminServiceStub(await self._channel("gateway"))
        bridge = bridge_stubs.BridgeServiceStub(await self._channel("bridge"))
        self._wallet = wallet_stubs.WalletServiceStub(await self._channel("wallet"))
        self.partners = {
            name: Control(f"http://{addresses[f'partner-{name}']}") for name in PARTNERS
        }
        apps = {name: WalletApp(name, stub, keys[name]) for name in (PANDA, SAKURA, KAKAO_USERS)}
        self.payers = Payers(apps, self.partners)
        self.desk = OperatorsDesk(operator, bridge, admin, self.partners)
        pool = await asyncpg.create_pool(endpoints.postgres, min_size=1, max_size=2)
        self._closing.push_async_callback(pool.close)
        self.store = HouseStore(pool)

    async def _channel(self, service: str) -> Any:
        return await self._closing.enter_async_context(open_channel(self._addresses[service]))

    async def stop(self) -> None:
        await self._closing.aclose()

    async def begin_faults(self, seed: int) -> None:
        """From now on all partners fail at random."""
        await self.partners[BANK].tell("balance", {"account": HANAKOS_NUMBER, "yen": BANK_YEN})
        for name, control in self.partners.items():
            await control.tell("random", random_faults(seed, name))

    def pass_time(self) -> None:
        """Let the time of all approvals run out."""
        advance_clock(self._house.endpoints.clock, APPROVAL)

    async def struck(self) -> dict[str, dict[str, int]]:
        return {name: await control.struck() for name, control in self.partners.items()}

    async def verdict(self) -> Verdict:
        """Both sides, compared, and our ledger's own check."""
        theirs = {}
        for name, control in self.partners.items():
            books = await control.books()
            theirs[name] = TheirBooks(books["accepted"], books["refunded"])
        ours = OurSide(
            await self.store.payments(),
            await self.store.charges(),
            await self.store.givings(),
            await self.store.refunds(),
            await self.store.late(),
            tuple(await self._claims()),
        )
        found = compare(ours, theirs)
        return Verdict(found.table, (*await self._check_books(), *found.differences))

    async def _check_books(self) -> list[str]:
        request = wallet_service_pb2.CheckBooksRequest()
        found = await call(self._wallet.CheckBooks(request, timeout=CALL_SECONDS))
        if found.balanced and not found.pending_count:
            return []
        wrong = list(found.differing_account_ids[:10])
        return [f"our ledger: {found.pending_count} transfers pending, accounts {wrong} differ"]

    async def _claims(self) -> list[Claim]:
        """What the ledger has with each partner. What we owe is shown with the fee we keep."""
        fees = await self.store.fees()
        claims = []
        request = wallet_service_pb2.GetAccountsRequest(page_size=ACCOUNTS_PAGE)
        while True:
            page = await call(self._wallet.GetAccounts(request, timeout=CALL_SECONDS))
            for account in page.accounts:
                owed = account.credits_posted - account.debits_posted
                kind, _, rest = account.account_id.partition(":")
                match kind, rest.split(":")[0]:
                    case "partner-payable", partner_id if partner_id in self.partners:
                        owed += fees.get(partner_id, 0)
                        claims.append(Claim(partner_id, account.currency_code, owed))
                    case "partner-receivable", partner_id:
                        claims.append(Claim(KAKAOPAY_ONLINE, account.currency_code, -owed))
                    case "bank-clearing-in", "JPY":
                        claims.append(Claim(BANK, account.currency_code, -owed))
            if not page.next_page_token:
                return claims
            request.page_token = page.next_page_token


async def run_chaos_partners(
    seed: int, payments: int, directory: Path, tell: Tell, say: Say
) -> Outcome:
    """The whole run. Raises StackError where the house does not start."""
    async with AsyncExitStack() as closing:
        house = ChaosHouse(directory, tell, say)
        closing.push_async_callback(house.stop)
        await house.start()
        await house.begin_faults(seed)
        began = time.monotonic()
        run = Run(house, say, payments)
        await run.pay(seed)
        await run.until_ended()
        say("comparing our books with the partners'")
        verdict = await house.verdict()
        return Outcome(
            verdict,
            dict(house.payers.refused),
            dict(house.desk.settled),
            await house.struck(),
            round(time.monotonic() - began, 1),
        )


class Run:
    """The payments of a run, from the first quote to the last word."""

    def __init__(self, house: ChaosHouse, say: Say, payments: int) -> None:
        self._house = house
        self._say = say
        self._payments = payments
        self._wishes: dict[str, Wish] = {}

    async def pay(self, seed: int) -> None:
        """Make all payments; top-ups first, since later payments spend them."""
        house, payers = self._house, self._house.payers
        telling = asyncio.create_task(self._tell())
        try:
            first = top_ups(seed, self._payments)
            await payers.all(partial(payers.top_up, wish) for wish in first)
            await self._until(lambda left: left.top_ups == 0)
            self._wishes = {wish.payment_id: wish for wish in wishes(seed, self._payments)}
            wanted: Iterable[Wish] = self._wishes.values()
            await payers.all(partial(payers.pay, wish) for wish in wanted)
            await self._until(lambda left: left.payments == left.approvals)
            late = [name for name, wish in self._wishes.items() if wish.refund is not None]
            asked = [self._wishes[name] for name in await house.store.unrefunded(late)]
            await payers.all(partial(payers.give_back, wish) for wish in asked)
        finally:
            telling.cancel()

    async def until_ended(self) -> None:
        """Wait until nobody has work left: payers approve, operators settle, time runs out."""
        left = await self._until(lambda left: left.waits_for_payers_only)
        if left.approvals:
            self._say(f"{left.approvals} payers never came back from their phones: time runs out")
            self._house.pass_time()
        await self._until(lambda left: left.is_nothing)

    async def _until(self, is_so: Callable[[Left], bool]) -> Left:
        """Look on and help until it is so. Raises StackError when it takes too long."""
        deadline = time.monotonic() + END_SECONDS
        while True:
            left = await self._house.store.left()
            if is_so(left):
                return left
            if time.monotonic() > deadline:
                raise StackError(f"waited {END_SECONDS:.0f} s for what did not end: {left}")
            await self._help()
            await asyncio.sleep(LOOK_SECONDS)

    async def _help(self) -> None:
        for payment_id, url in await self._house.store.approvals():
            wish = self._wishes.get(payment_id)
            await self._house.payers.approve(payment_id, url, wish is not None and wish.quits)
        await self._house.desk.work()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            left = await self._house.store.left()
            self._say(
                f"{self._house.payers.made} of {self._payments} made; with work left: "
                f"{left.payments} payments, {left.charges} charges, {left.cases} cases"
            )
