"""Persons who are paid by codes, on a real Postgres."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from services.codes import decode
from services.core.clock import ManualClock
from services.core.money import Money
from services.gateway.payments.refusals import AmountOverLimitRule, CorridorUnknown
from services.gateway.personal.handlers import MOST_CODES
from services.gateway.personal.payload import payload_of
from services.gateway.personal.refusals import (
    PaymentToOneself,
    PersonalCodeExistsWithDifferentContent,
    PersonalCodeRevoked,
    PersonalCodesNotOpen,
    PersonalCodesTooMany,
    PersonalCodeUnknown,
    PersonsNeedHostedWallet,
    PersonsTakeNoHolds,
    PersonUnknown,
    ReceiptOverLimit,
    ReceiverLimitReached,
)
from services.gateway.reference import LimitFlow, LimitPeriod
from tests.store.gateway.payments_world import (
    KAKAO,
    PANDA,
    SAKURA,
    Gateway,
    posted,
    refused,
    reserved,
)
from tests.store.gateway.personal_world import (
    AT_ONCE,
    DAY,
    HANAKO,
    HOME,
    MONTH,
    RULES,
    Persons,
    open_persons,
    persons_known,
    rule,
)


@pytest.fixture
async def persons(gateway: Gateway) -> Persons:
    return await open_persons(gateway)


async def used(pool: asyncpg.Pool) -> set[int]:
    rows = await pool.fetch("SELECT used_minor FROM limit_usages WHERE limit_key LIKE '%hanako%'")
    return {row[0] for row in rows}


async def test_a_code_tells_the_shown_name_and_nothing_of_who_it_is(persons: Persons) -> None:
    code = await persons.code()
    read = decode(code.code, "auto")

    assert (read.valid, read.scheme, read.point_of_initiation) == (True, "kawase-person", "static")
    assert read.merchant is not None
    assert (read.merchant.name, read.currency_code, read.amount) == ("Hanako", "JPY", None)
    assert "hanako" not in code.code
    assert HOME.participant_id not in code.code


async def test_any_wallet_pays_a_person_into_their_account_and_they_pay_no_fee(
    persons: Persons,
) -> None:
    code = await persons.code()
    terms = (await persons.quote("p1", code)).terms

    assert (terms.payable_account_id, terms.fee_minor) == (HANAKO, 0)
    assert (terms.corridor_id, terms.home_currency) == ("panda_persons", "CNY")
    assert (terms.merchant_name, terms.merchant_city) == ("Hanako", "")
    assert terms.merchant_id == code.token
    assert terms.target == Money(1_000, "JPY")
    inside = (await persons.quote("p1", code, wallet=SAKURA, payer="taro")).terms
    assert (inside.funding_account_id, inside.home_minor) == ("customer:sakura/taro:JPY", 1_000)
    assert (await persons.quote("p1", code, wallet=KAKAO)).terms.corridor_id == "kakao_persons"


async def test_the_same_code_asked_for_again_is_the_same_and_another_is_refused(
    persons: Persons,
) -> None:
    made = await asyncio.gather(*(persons.code() for _ in range(5)))

    assert len({code.token for code in made}) == 1
    with pytest.raises(PersonalCodeExistsWithDifferentContent):
        await persons.code(payer="taro")
    for number in range(MOST_CODES - 1):
        await persons.code(f"code-{number}")
    with pytest.raises(PersonalCodesTooMany):
        await persons.code("one-more")
    await persons.codes.revoke(HOME, "case")
    assert (await persons.code("one-more")).revoke_time is None


async def test_a_payer_does_not_pay_themselves(persons: Persons) -> None:
    code = await persons.code()

    with pytest.raises(PaymentToOneself):
        await persons.quote("p1", code, wallet=SAKURA, payer="hanako")
    # The same id at another wallet is somebody else.
    await persons.quote("p1", code, wallet=PANDA, payer="hanako")


async def test_nothing_is_paid_by_a_revoked_code_not_even_what_was_quoted_before(
    persons: Persons, gateway: Gateway
) -> None:
    code = await persons.code()
    await persons.quote("p1", code)
    revoked = await persons.codes.revoke(HOME, "case")
    gateway.clock.advance(timedelta(seconds=10))

    assert (await persons.codes.revoke(HOME, "case")).revoke_time == revoked.revoke_time
    with pytest.raises(PersonalCodeRevoked):
        await gateway.confirm("p1")
    with pytest.raises(PersonalCodeRevoked):
        await persons.quote("p2", code)
    assert await gateway.state("p1") == ("quoted", "quote")
    with pytest.raises(PersonalCodeUnknown):
        await persons.codes.revoke(PANDA, "case")


async def test_a_token_that_was_never_given_out_leads_nowhere(persons: Persons) -> None:
    code = await persons.code()
    forged = replace(code, code=payload_of(HOME, "0" * 26, "Hanako"))

    with pytest.raises(PersonUnknown):
        await persons.quote("p1", forged)


async def test_a_person_is_paid_up_to_the_limits_of_receivers(
    persons: Persons, gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    code, other = await persons.code(), await persons.code("other")
    with_too_much = await persons.quote("p0", code, AT_ONCE + 1)
    assert with_too_much.life.state == "quoted"
    with pytest.raises(ReceiptOverLimit):
        await gateway.confirm("p0")

    await persons.quote("p1", code, AT_ONCE)
    await gateway.confirm("p1")
    # Whichever code and payer it is.
    await persons.quote("p2", other, DAY - AT_ONCE + 1, SAKURA, "taro")
    with pytest.raises(ReceiverLimitReached) as refusal:
        await gateway.confirm("p2", SAKURA)
    assert "left" not in str(refusal.value.metadata)
    await persons.quote("p3", other, DAY - AT_ONCE, SAKURA, "taro")
    await gateway.confirm("p3", SAKURA)
    assert await used(pool) == {DAY}
    # What Taro is paid is his own.
    await persons.quote("p4", await persons.code("taro", "taro"), AT_ONCE)
    await gateway.confirm("p4")

    # The next day in Tokyo, not yet in Shanghai, where the payer's wallet is.
    clock.advance(timedelta(hours=6, minutes=30))
    await persons.quote("p5", code, MONTH - DAY + 1)
    with pytest.raises(ReceiverLimitReached) as refusal:
        await gateway.confirm("p5")
    assert refusal.value.metadata["period"] == "month"
    await persons.quote("p6", code, MONTH - DAY)
    await gateway.confirm("p6")
    assert await used(pool) == {DAY, MONTH - DAY, MONTH}
    clock.advance(timedelta(days=1))
    await persons.quote("p7", code, AT_ONCE, SAKURA, "taro")
    await gateway.confirm("p7", SAKURA)


async def test_what_a_declined_payment_had_taken_of_the_receiver_is_given_back_once(
    persons: Persons, gateway: Gateway, pool: asyncpg.Pool
) -> None:
    payment = await persons.quote("p1", await persons.code(), AT_ONCE)
    await gateway.confirm("p1")
    assert await used(pool) == {AT_ONCE}

    await gateway.hear(refused(payment), refused(payment))
    await gateway.hear(refused(payment))
    assert await used(pool) == {0}


async def test_however_many_pay_at_once_a_person_gets_no_more_than_the_limit(
    persons: Persons, gateway: Gateway, pool: asyncpg.Pool, clock: ManualClock
) -> None:
    other = Gateway(pool, clock)
    other.board.current = gateway.board.current
    code = await persons.code()
    for number in range(20):
        await persons.quote(f"p{number}", code, 1_500, payer=f"payer-{number}")
    answers = await asyncio.gather(
        *((gateway, other)[number % 2].confirm(f"p{number}") for number in range(20)),
        return_exceptions=True,
    )

    refusals = [each for each in answers if isinstance(each, ReceiverLimitReached)]
    assert len(refusals) == 20 - DAY // 1_500
    assert await used(pool) == {DAY // 1_500 * 1_500}


async def test_payers_have_limits_of_their_own_for_persons(gateway: Gateway) -> None:
    most = rule("gift", LimitFlow.PERSONAL, LimitPeriod.PAYMENT, 500)
    persons = await open_persons(gateway, *RULES, most)

    with pytest.raises(AmountOverLimitRule):
        await persons.quote("p1", await persons.code(), 501)
    await persons.quote("p1", await persons.code(), 500)


async def test_where_nothing_limits_what_persons_get_nobody_is_paid(
    persons: Persons, gateway: Gateway
) -> None:
    code = await persons.code()
    await persons.quote("p1", code)
    gateway.board.current = persons_known(RULES[-1])

    with pytest.raises(PersonalCodesNotOpen):
        await persons.code("another")
    with pytest.raises(PersonalCodesNotOpen):
        await persons.quote("p2", code)
    with pytest.raises(PersonalCodesNotOpen):
        await gateway.confirm("p1")


async def test_a_corridor_to_shops_does_not_lead_to_persons(
    persons: Persons, gateway: Gateway
) -> None:
    code = await persons.code()
    known = gateway.board.current
    ways = {way: one for way, one in known.corridors.items() if not one.personal}
    gateway.board.current = replace(known, corridors=ways)

    with pytest.raises(CorridorUnknown):
        await persons.quote("p1", code)


async def test_a_payment_to_a_person_is_not_authorised(persons: Persons) -> None:
    await persons.quote("p1", await persons.code())

    with pytest.raises(PersonsTakeNoHolds):
        await persons.authorise("p1")


async def test_only_hosted_wallets_have_persons(persons: Persons) -> None:
    with pytest.raises(PersonsNeedHostedWallet):
        await persons.codes.create(PANDA, "case", "li-na", "Li Na")


async def test_receipts_are_what_was_completed_newest_first(
    persons: Persons, gateway: Gateway
) -> None:
    code = await persons.code()
    paid = []
    for number in range(3):
        payment = await persons.quote(f"p{number}", code, 1_000 + number)
        await gateway.confirm(f"p{number}")
        await gateway.hear(reserved(payment))
        await gateway.hear(posted(payment))
        paid.append(payment.terms.reference)
    await persons.quote("p3", code)
    await gateway.confirm("p3")

    first = await persons.codes.receipts(HOME, "hanako", "", 2)
    rest = await persons.codes.receipts(HOME, "hanako", first[-1].reference, 2)
    assert [each.reference for each in (*first, *rest)] == sorted(paid, reverse=True)
    assert (rest[0].amount, rest[0].refunded) == (Money(1_000, "JPY"), Money(0, "JPY"))
    assert (rest[0].code_id, rest[0].payer_id) == ("case", "hanako")
    assert await persons.codes.receipts(HOME, "taro", "", 10) == []
    assert [one.code_id for one in await persons.codes.page(HOME, "", "", 10)] == ["case"]
    assert await persons.codes.page(HOME, "taro", "", 10) == []
