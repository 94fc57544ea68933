"""Bills on Postgres: who is found, and that a bill is paid once, whoever comes first."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.core.clock import ManualClock
from services.core.money import Money
from services.gateway.access.keys import Caller
from services.gateway.bills.model import Amounts
from services.gateway.bills.paying import Slip
from services.gateway.bills.refusals import (
    BillBeingPaid,
    BillerClosed,
    BillerCurrencyFixed,
    BillerIdTaken,
    BillerUnknown,
    BillPaid,
    BillRefused,
    BillTakenOver,
)
from services.gateway.payments.refusals import PaymentExistsWithDifferentContent
from services.gateway.payments.store.payments import add_refunded
from services.gateway.reference import Participant, Scheme
from services.gateway.reference.store import put_merchant, put_scheme
from tests.store.gateway.bills_world import (
    BILL,
    CALLER,
    KYO,
    LIGHT,
    OPERATOR,
    YEN,
    Bills,
    open_bills,
)
from tests.store.gateway.holding_world import Holding
from tests.store.gateway.payments_world import EDO, PANDA, SHEET, SHOP, Gateway, reserved


@pytest.fixture
async def bills(gateway: Gateway) -> Bills:
    return await open_bills(gateway)


async def test_a_bill_is_paid_to_its_biller_and_its_reference_is_kept(
    bills: Bills, pool: asyncpg.Pool
) -> None:
    quoted = await bills.pay("p1", "７９９２７-398 713")
    await bills.complete("p1")

    assert (quoted.merchant.merchant_id, quoted.target.minor_units) == ("tokyo-light", 4_980)
    (told,) = await bills.billers.payments(EDO, "tokyo-light", "", "", 10)
    assert (told.payment_reference, told.bill_reference) == (quoted.reference, BILL)
    assert (told.state, told.target) == ("completed", YEN)
    payment, _ = await bills.gateway.reading.get("panda", "p1")
    assert payment.bill_reference == BILL
    payable = await pool.fetchval(
        "SELECT payable_account_id FROM payment_terms WHERE payment_id = 'p1'"
    )
    assert "tokyo-light" in payable


async def test_a_bill_that_was_paid_is_refused_until_its_days_are_over(
    bills: Bills, clock: ManualClock
) -> None:
    await bills.pay("p1")
    await bills.complete("p1")

    with pytest.raises(BillPaid):
        await bills.pay("p2")
    assert (await bills.pay("p1")).reference
    assert (await bills.pay("p3", again=True)).reference

    clock.advance(timedelta(days=91))
    sheet = replace(SHEET, sheet_id="sheet-2", publish_time=clock.now(),
                    expire_time=clock.now() + timedelta(hours=8))  # fmt: skip
    bills.gateway.sheets.offer(sheet, 2)
    assert (await bills.pay("p4")).reference


async def test_a_bill_that_was_given_back_whole_can_be_paid_anew(
    bills: Bills, gateway: Gateway
) -> None:
    quoted = await bills.pay("p1")
    await bills.complete("p1")
    async with gateway.pool.acquire() as connection:
        await add_refunded(connection, quoted.reference, 4_979)
        with pytest.raises(BillPaid):
            await bills.pay("p2")
        await add_refunded(connection, quoted.reference, 1)

    assert (await bills.pay("p2")).reference


async def test_of_two_quotes_only_the_later_one_is_confirmed(bills: Bills) -> None:
    await bills.pay("p1")
    await bills.pay("p2")

    with pytest.raises(BillTakenOver):
        await bills.gateway.confirm("p1")
    await bills.gateway.cancel("p1")
    await bills.gateway.confirm("p2")
    with pytest.raises(BillBeingPaid):
        await bills.pay("p3")


async def test_a_bill_raced_for_is_confirmed_once(bills: Bills) -> None:
    async def attempt(number: int) -> bool:
        try:
            await bills.pay(f"p{number}")
            await bills.gateway.confirm(f"p{number}")
        except (BillTakenOver, BillBeingPaid):
            return False
        return True

    won = await asyncio.gather(*(attempt(number) for number in range(8)))

    assert won.count(True) == 1


async def test_a_repeat_is_answered_and_another_content_refused(bills: Bills) -> None:
    first = await bills.pay("p1")

    assert await bills.pay("p1", "799-2739-8713") == first
    with pytest.raises(PaymentExistsWithDifferentContent):
        await bills.pay("p1", "4992739871600")


async def test_what_breaks_the_billers_rules_is_refused_with_its_findings(bills: Bills) -> None:
    for reference, amount, findings in (
        ("79927398710", YEN, "CHECK_DIGIT_WRONG"),
        ("7992739871", YEN, "LENGTH_WRONG"),
        ("7992739871A", YEN, "LETTER_WRONG"),
        (BILL, None, "AMOUNT_REQUIRED"),
        (BILL, Money(300_001, "JPY"), "AMOUNT_TOO_LARGE"),
        (BILL, Money(1, "CNY"), "AMOUNT_CURRENCY_DIFFERS"),
        (BILL, Money(-1, "JPY"), "AMOUNT_NOT_POSITIVE"),
    ):
        with pytest.raises(BillRefused) as refused:
            await bills.pay("p1", reference, amount)
        assert refused.value.metadata["findings"] == findings


async def test_a_look_at_a_bill_tells_its_price_and_that_it_was_paid(bills: Bills) -> None:
    slip = Slip("", "tokyo-light", BILL, YEN)
    checked = await bills.paying.check(PANDA, slip)
    assert checked.terms is not None
    assert checked.terms.home_minor == (await bills.pay("p1")).home.minor_units

    await bills.complete("p1")
    found = await bills.paying.check(PANDA, slip)
    assert ([each.code for each in found.findings], found.terms) == (["BILL_PAID"], None)


async def test_a_fixed_amount_need_not_be_said(bills: Bills) -> None:
    await bills.open(replace(LIGHT, biller_id="nhk", amounts=Amounts(fixed=1_225)))

    quoted = await bills.pay("p1", amount=None, biller_id="nhk")

    assert quoted.target.minor_units == 1_225


async def test_a_biller_takes_payments_only_while_it_is_open(bills: Bills) -> None:
    await bills.billers.put(CALLER, replace(LIGHT, biller_id="gas"))
    with pytest.raises(BillerUnknown):
        await bills.pay("p1", biller_id="gas")

    await bills.billers.open(OPERATOR, "tokyo-light", is_open=False, fee_plan_id="", debit_limit=0)
    with pytest.raises(BillerClosed):
        await bills.pay("p2")


async def test_an_acquirers_change_leaves_the_operators_terms(bills: Bills) -> None:
    put = await bills.billers.put(CALLER, replace(LIGHT, name="東京電灯株式会社"))

    assert (put.open, put.fee_plan_id) == (True, "jp-shop")
    assert bills.gateway.board.current.merchants["tokyo-light"].name == "東京電灯株式会社"
    with pytest.raises(BillerCurrencyFixed):
        await bills.billers.put(CALLER, replace(LIGHT, currency="CNY"))


async def test_a_biller_of_another_kind_waits_for_the_operator_again(bills: Bills) -> None:
    for changed in (replace(LIGHT, category_code="7995"), replace(LIGHT, country_code="KR")):
        await bills.open()
        put = await bills.billers.put(CALLER, changed)
        assert (put.open, put.fee_plan_id) == (False, "jp-shop")
        with pytest.raises(BillerClosed):
            await bills.pay("p1")


async def test_an_id_belongs_to_one_acquirer_and_to_no_shop(bills: Bills) -> None:
    with pytest.raises(BillerIdTaken):
        await bills.billers.put(Caller(KYO, "key-3"), replace(LIGHT, acquirer_id="kyo"))
    async with bills.gateway.pool.acquire() as connection:
        await put_scheme(connection, Scheme("jpqr", "", "JPY", "JP"))
        await put_merchant(connection, SHOP)
    with pytest.raises(BillerIdTaken):
        await bills.billers.put(CALLER, replace(LIGHT, biller_id=SHOP.merchant_id))


async def test_the_directory_is_found_by_part_of_name_or_reading(bills: Bills) -> None:
    await bills.billers.put(CALLER, replace(LIGHT, biller_id="gas", name="Osaka Gas",
                                            kana_name="オオサカガス"))  # fmt: skip

    async def found(by: Participant, query: str = "", category: str = "") -> list[str]:
        return [one.biller_id for one in await bills.billers.page(by, query, category, "", "", 10)]

    assert await found(EDO, "ｵｵｻｶ") == ["gas"]
    assert await found(EDO, "おおさか が") == ["gas"]
    assert await found(EDO, "OSAKA g") == ["gas"]
    assert await found(EDO) == ["gas", "tokyo-light"]
    assert await found(EDO, category="4814") == []
    assert await found(PANDA) == ["tokyo-light"]
    assert await found(KYO) == []


async def test_only_its_acquirer_sees_a_billers_payments(bills: Bills) -> None:
    with pytest.raises(BillerUnknown):
        await bills.billers.payments(KYO, "tokyo-light", "", "", 10)


async def test_a_bill_whose_payment_is_held_is_being_paid(bills: Bills) -> None:
    holding = Holding(bills.gateway)
    await bills.pay("p1")
    asked = await holding.authorise("p1")
    await bills.gateway.hear(reserved(asked.payment))
    assert (await bills.gateway.state("p1")) == ("authorised", "capture")

    with pytest.raises(BillBeingPaid):
        await bills.pay("p2")
    (told,) = await bills.billers.payments(EDO, "tokyo-light", "", "", 10)
    assert told.state == "authorised"
