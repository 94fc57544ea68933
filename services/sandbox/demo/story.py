"""What happens in the demo, chapter by chapter: each is something a gateway has to get right."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.core.errors import KawaseError
from services.core.ids import Resource, resource_id
from services.core.money import Money
from services.kit.rpc import call
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_service_pb2
from services.sandbox.demo import codes
from services.sandbox.demo.partners import Control, open_link
from services.sandbox.demo.telling import Telling
from services.sandbox.demo.wallet_app import WalletApp, to_money
from services.sandbox.finance import Finance
from services.sandbox.world import BANK

CALL_SECONDS = 30.0
ACTION_REQUIRED = payment_pb2.PAYMENT_STATE_ACTION_REQUIRED
COMPLETED = payment_pb2.PAYMENT_STATE_COMPLETED
DECLINED = payment_pb2.PAYMENT_STATE_DECLINED


class DemoFailed(Exception):
    """Something ended otherwise than a reader of the demo is told."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the story acts on."""

    telling: Telling
    gateway: str
    """Its address."""
    keys: Mapping[str, str]
    """API keys of the participants, and of the operator's people."""
    panda: WalletApp
    sakura: WalletApp
    kakao: WalletApp
    ledger: Any
    """A stub of the wallet service."""
    kakaopay: Control
    japan_bank: Control
    finance: Finance
    reports: Path
    """The folder for reports."""
    pass_time: Callable[[timedelta], Awaitable[None]]
    set_time: Callable[[datetime], Awaitable[None]]
    until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
    """Wait for a condition, or raise DemoFailed."""

    async def legs(self, link_id: str) -> list[transfer_pb2.Transfer]:
        """The transfers of a link."""
        request = wallet_service_pb2.ListTransfersRequest(link_id=link_id, page_size=100)
        answer = await call(self.ledger.ListTransfers(request, timeout=CALL_SECONDS))
        return list(answer.transfers)


def expect(is_so: bool, what: str) -> None:
    """Raise DemoFailed unless it is so."""
    if not is_so:
        raise DemoFailed(what)


async def _pay(
    stage: Stage,
    app: WalletApp,
    payment_id: str,
    payer: str,
    code: str,
    amount: Money | None = None,
) -> payment_pb2.Payment:
    """Scan, price, confirm; with the telling of it."""
    telling = stage.telling
    telling.scanned(code, await app.decode(code))
    if amount is not None:
        telling.line(f"typed     {amount}")
    telling.quoted(await app.create(payment_id, payer, code, amount))
    return await app.confirm(payment_id)


async def _show_end(stage: Stage, app: WalletApp, payment_id: str, state: int) -> None:
    """Its life from the journal, and its money from the ledger."""
    await stage.until(lambda: _is_settled(stage, app, payment_id))
    found = await app.get(payment_id)
    stage.telling.life(found.payment, found.moves)
    link = resource_id(Resource.PAYMENT, found.payment.reference)
    stage.telling.legs(await stage.legs(link))
    expect(found.payment.state == state, f"{payment_id} ended as {found.payment.state}")


async def _is_settled(stage: Stage, app: WalletApp, payment_id: str) -> bool:
    """Whether the ledger has nothing pending of it any more."""
    found = await app.get(payment_id)
    link = resource_id(Resource.PAYMENT, found.payment.reference)
    legs = await stage.legs(link)
    return found.moves[-1].step == "done" and all(
        leg.state != transfer_pb2.TRANSFER_STATE_PENDING for leg in legs
    )


async def seoul(stage: Stage) -> None:
    """(a) A CNY wallet pays a Kakao Pay shop's printed code in Seoul."""
    stage.telling.chapter(
        "a",
        "Li Na, from Shanghai, eats noodles in Seoul",
        "Her yuan wallet keeps a deposit with us; the shop is Kakao Pay's and is paid in won.",
    )
    await _pay(stage, stage.panda, "seoul-1", "li-na", codes.SEOUL_SHOP, Money(18_900, "KRW"))
    await _show_end(stage, stage.panda, "seoul-1", COMPLETED)


async def japan_and_shanghai(stage: Stage) -> None:
    """(b) A Japanese user links a bank account, tops up, pays at home and in Shanghai."""
    telling, app = stage.telling, stage.sakura
    telling.chapter(
        "b",
        "Hanako links her bank account, tops up, and pays at home and in Shanghai",
        "Her wallet is hosted here: her yen stand on an account of her own, never below zero.",
    )
    link = await app.link_bank_account(
        pb.LinkBankAccountRequest(
            bank_link_id="hanako-bank",
            payer_id="hanako",
            partner_id=BANK,
            bank_code="0310",
            branch_code="101",
            account_type="1",
            account_number="1234567",
            holder_name="ヤマダ ハナコ",
        )
    )
    telling.line(f"linked    {link.display_name}")
    await app.top_up("top-up-1", "hanako-bank", Money(30_000, "JPY"))

    async def is_there() -> bool:
        found = await app.get_top_up("top-up-1")
        return found.state == payment_pb2.TOP_UP_STATE_COMPLETED

    await stage.until(is_there)
    top_up = await app.get_top_up("top-up-1")
    telling.line(f"topped up {to_money(top_up.amount)}   [{top_up.reference}]")
    telling.legs(await stage.legs(resource_id(Resource.TOP_UP, top_up.reference)))

    telling.line("At home, a restaurant's code with its amount; same currency, so no exchange:")
    await _pay(stage, app, "tokyo-1", "hanako", codes.TOKYO_DYNAMIC)
    await _show_end(stage, app, "tokyo-1", COMPLETED)

    telling.line("The same account in Shanghai; the code is the EMVCo specification's own sample:")
    await _pay(stage, app, "shanghai-1", "hanako", codes.SHANGHAI_TAXI)
    await _show_end(stage, app, "shanghai-1", COMPLETED)


async def kakao_in_tokyo(stage: Stage) -> None:
    """(c) A Kakao Pay user pays a JPQR shop and approves on the phone."""
    telling, app = stage.telling, stage.kakao
    telling.chapter(
        "c",
        "Minjun, from Seoul, pays a restaurant in Tokyo with Kakao Pay",
        "Kakao Pay charges its own user, who has to approve on the phone; then it owes us the won.",
    )
    payment = await _pay(
        stage, app, "tokyo-kakao-1", "minjun", codes.TOKYO_STATIC, Money(2_400, "JPY")
    )
    expect(payment.state == ACTION_REQUIRED, "the phone was not asked")
    telling.line(f"phone     {payment.action_url}")
    telling.line(
        f"          approved: the wallet's page answered {await open_link(payment.action_url)}"
    )
    await app.until_final("tokyo-kakao-1")
    await _show_end(stage, app, "tokyo-kakao-1", COMPLETED)


async def refund_in_seoul(stage: Stage) -> None:
    """(d) A partial refund of (a)."""
    telling, app = stage.telling, stage.panda
    telling.chapter(
        "d",
        "The noodle shop gives KRW 5,000 back",
        "At the original rate: each leg is reversed in proportion, so that all refunds together "
        "can never give back more than was paid.",
    )
    await app.refund("seoul-1-refund", "seoul-1", Money(5_000, "KRW"), "one dish was not served")

    async def is_done() -> bool:
        found = await app.get_refund("seoul-1-refund")
        return found.state != payment_pb2.REFUND_STATE_PENDING

    await stage.until(is_done)
    refund = await app.get_refund("seoul-1-refund")
    telling.line(
        f"refunded  {to_money(refund.target)} by the shop, {to_money(refund.home)} to the payer"
        f"   [{refund.reference}]"
    )
    telling.legs(await stage.legs(resource_id(Resource.REFUND, refund.reference)))
    expect(refund.state == payment_pb2.REFUND_STATE_COMPLETED, "the refund did not complete")


async def refusals(stage: Stage) -> None:
    """(e) What does not go well, and how it is said."""
    telling = stage.telling
    telling.chapter(
        "e",
        "Payments that do not go well",
        "Each ends once, takes nothing, and says why and what to do.",
    )
    telling.line("Not enough money: Hanako tries to buy something for JPY 95,000.")
    payment = await _pay(
        stage, stage.sakura, "too-dear", "hanako", codes.TOKYO_STATIC, Money(95_000, "JPY")
    )
    await _show_end(stage, stage.sakura, "too-dear", DECLINED)
    telling.line("")
    telling.line("The partner says no:")
    await stage.kakaopay.plant(operation="pay", fault="reject", times=1)
    payment = await _pay(
        stage, stage.panda, "partner-no", "li-na", codes.SEOUL_SHOP, Money(4_000, "KRW")
    )
    expect(payment.state == DECLINED, "the partner's no was not heard")
    await _show_end(stage, stage.panda, "partner-no", DECLINED)
    telling.line("")
    telling.line("A code whose checksum is wrong, as published:")
    await refused(
        stage,
        stage.sakura.create("bad-code", "hanako", codes.WRONG_CHECKSUM, Money(1_000, "JPY")),
    )
    telling.line("")
    telling.line("A price that is confirmed too late; the clock moves on by three minutes:")
    telling.quoted(
        await stage.panda.create("too-late", "li-na", codes.SEOUL_SHOP, Money(4_000, "KRW"))
    )
    await stage.pass_time(timedelta(minutes=3))
    await refused(stage, stage.panda.confirm("too-late"))


async def lost_answer(stage: Stage) -> None:
    """(e) The partner's answer got lost: silence is neither yes nor no."""
    telling = stage.telling
    telling.line("")
    telling.line("The partner does the work, but its answer gets lost; inquiries find it:")
    await stage.kakaopay.plant(operation="pay", fault="no_answer_after_work", times=1)
    await _pay(stage, stage.panda, "lost", "li-na", codes.SEOUL_SHOP, Money(7_700, "KRW"))
    await stage.panda.until_final("lost")
    await _show_end(stage, stage.panda, "lost", COMPLETED)


async def refused(stage: Stage, asked: Awaitable[object]) -> None:
    """It has to be refused."""
    try:
        await asked
    except KawaseError as error:
        stage.telling.refused(error)
    else:
        raise DemoFailed("it was not refused")


async def books(stage: Stage) -> None:
    """Every account, and the sum of each currency."""
    stage.telling.chapter(
        "∑",
        "The ledger",
        "Every yen, won and fen is in exactly one place; each currency's debits equal its credits.",
    )
    accounts = await call(
        stage.ledger.GetAccounts(
            wallet_service_pb2.GetAccountsRequest(page_size=1000), timeout=CALL_SECONDS
        )
    )
    check = await call(
        stage.ledger.CheckBooks(wallet_service_pb2.CheckBooksRequest(), timeout=CALL_SECONDS)
    )
    stage.telling.books(list(accounts.accounts), check)
    expect(check.balanced, "the books do not balance")


CHAPTERS = (
    seoul,
    japan_and_shanghai,
    kakao_in_tokyo,
    refund_in_seoul,
    refusals,
    lost_answer,
)
