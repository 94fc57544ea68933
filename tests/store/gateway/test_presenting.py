"""Payers' codes on Postgres: used once whoever charges first, and nothing taken otherwise."""

import asyncio
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.errors import KawaseError
from services.gateway.payments.messages import STATES
from services.gateway.payments.model import Payment, State, first_life
from services.gateway.presenting.model import CodeState, Policy
from services.gateway.presenting.rules import FORGED_LIMIT, LIVE_CODES
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import payment_event_pb2
from tests.parts import waiting
from tests.store.gateway.payments_world import (
    EDO,
    KAKAO,
    PANDA,
    SAKURA,
    Gateway,
    accepted,
    action_required,
    corridor,
    posted,
    reference_of,
    reserved,
)
from tests.store.gateway.presenting_world import (
    EASY,
    KYO,
    KYO_SHOP,
    Presenting,
    charging_over,
    shown,
)


@pytest.fixture
async def presenting(gateway: Gateway) -> Presenting:
    made = Presenting(gateway)
    await made.codes.put_policy(EASY)
    return made


async def test_a_charged_code_is_a_payment_of_the_wallet_on_its_way(presenting: Presenting) -> None:
    gateway = presenting.gateway
    code = await presenting.code()
    told = await presenting.charge(code.text)
    assert STATES[told.state] is State.CONFIRMED
    assert (told.amount.minor_units, told.merchant.merchant_id) == (1_000, "shokudo")
    assert [kind for kind, _ in await gateway.sent()] == ["ReserveFunds"]
    used = await presenting.codes.get(PANDA, "c1")
    assert used.state(gateway.clock.now()) is CodeState.USED
    snapshot, _ = await gateway.reading.get("panda", used.payment_id)
    assert (snapshot.payer_id, snapshot.reference) == ("li-na", told.reference)
    await finish(gateway, used.payment_id)
    assert STATES[(await presenting.charging.get(EDO, "t1")).state] is State.COMPLETED


async def finish(gateway: Gateway, payment_id: str) -> None:
    """The ledger reserves and posts."""
    payment = await payment_of(gateway, payment_id, "panda")
    await gateway.hear(reserved(payment))
    await gateway.hear(posted(payment))


async def payment_of(gateway: Gateway, payment_id: str, wallet_id: str) -> Payment:
    """What events can be made about."""
    snapshot, _ = await gateway.reading.get(wallet_id, payment_id)
    async with gateway.pool.acquire() as connection:
        (terms,) = (await gateway.shelf.fetch(connection, [snapshot.reference])).values()
    return Payment(terms, first_life(terms.create_time))


async def test_two_shops_that_charge_one_code_at_once_make_one_payment(
    presenting: Presenting,
) -> None:
    code = await presenting.code()
    answers = await asyncio.gather(
        *(presenting.tried(code.number, f"edo-{n}") for n in range(4)),
        *(presenting.tried(code.text, f"kyo-{n}", shop=KYO_SHOP, by=KYO) for n in range(4)),
    )
    assert sorted(answers) == ["CODE_USED"] * 7 + ["confirmed"]
    assert len(await presenting.gateway.pool.fetch("SELECT FROM payments")) == 1


async def test_a_repeat_is_the_same_payment_and_other_content_is_refused(
    presenting: Presenting,
) -> None:
    code = await presenting.code()
    first = await presenting.charge(code.number)
    again = await asyncio.gather(*(presenting.charge(code.number) for _ in range(3)))
    assert {one.reference for one in again} == {first.reference}
    assert await presenting.tried(code.number, minor=1_001) == (
        "PRESENTED_PAYMENT_EXISTS_WITH_DIFFERENT_CONTENT"
    )


@pytest.mark.parametrize("table", ["payment_codes", "offline_keys"])
async def test_a_charge_asked_for_twice_at_once_is_one_charge_to_both(
    presenting: Presenting, table: str
) -> None:
    gateway = presenting.gateway
    code = await presenting.code()
    key, secret = await presenting.key()
    offline = shown(key, b64decode(secret), 0, gateway.clock.now())
    number = code.number if table == "payment_codes" else offline
    async with gateway.pool.acquire() as connection, connection.transaction():
        await connection.execute(f"SELECT FROM {table} FOR UPDATE")
        both = [asyncio.create_task(presenting.charge(number)) for _ in range(2)]
        await waiting(gateway.pool, 2)
    first, second = await asyncio.gather(*both)
    assert first.reference == second.reference


async def test_a_code_dies_after_its_minute(presenting: Presenting) -> None:
    code = await presenting.code()
    presenting.gateway.clock.advance(timedelta(seconds=59))
    assert (await presenting.codes.get(PANDA, "c1")).state(presenting.gateway.clock.now()) is (
        CodeState.ACTIVE
    )
    presenting.gateway.clock.advance(timedelta(seconds=1))
    assert await presenting.tried(code.number) == "CODE_EXPIRED"
    assert await presenting.gateway.pool.fetch("SELECT FROM payments") == []


async def test_only_wallets_of_a_country_that_allows_it_have_codes_of_three_minutes(
    presenting: Presenting,
) -> None:
    korean = replace(PANDA, country_code="KR")
    code = await presenting.code("c1", seconds=180, by=korean)
    assert code.expire_time - code.create_time == timedelta(minutes=3)
    for by, seconds in ((korean, 181), (PANDA, 61)):
        with pytest.raises(KawaseError) as refused:
            await presenting.code("c2", seconds=seconds, by=by)
        assert refused.value.reason == "VALIDITY_SECONDS_OUT_OF_RANGE"


async def test_a_cancelled_code_is_not_charged_and_a_charged_one_not_cancelled(
    presenting: Presenting,
) -> None:
    code, other = await presenting.code("c1"), await presenting.code("c2")
    for _ in range(2):
        cancelled = await presenting.codes.cancel(PANDA, "c1")
        assert cancelled.state(presenting.gateway.clock.now()) is CodeState.CANCELLED
    assert await presenting.tried(code.number) == "CODE_CANCELLED"
    await presenting.charge(other.number)
    with pytest.raises(KawaseError) as refused:
        await presenting.codes.cancel(PANDA, "c2")
    assert refused.value.reason == "CODE_USED"


async def test_a_payer_has_a_few_live_codes_even_when_they_are_asked_for_at_once(
    presenting: Presenting,
) -> None:
    made = await asyncio.gather(
        *(presenting.code(f"c{n}") for n in range(LIVE_CODES + 3)), return_exceptions=True
    )
    refused = [one.reason for one in made if isinstance(one, KawaseError)]
    assert refused == ["TOO_MANY_LIVE_CODES"] * 3
    await presenting.code("of-another", payer="wang-wei")
    presenting.gateway.clock.advance(timedelta(minutes=1))
    await presenting.code("later")


async def test_a_code_made_twice_is_the_same_code(presenting: Presenting) -> None:
    assert await presenting.code() == await presenting.code()
    with pytest.raises(KawaseError) as refused:
        await presenting.code(payer="wang-wei")
    assert refused.value.reason == "PAYMENT_CODE_EXISTS_WITH_DIFFERENT_CONTENT"


async def test_a_refused_amount_leaves_the_code_good(presenting: Presenting) -> None:
    code = await presenting.code()
    assert await presenting.tried(code.number, minor=900_000_000) == "CHARGE_REFUSED"
    assert await presenting.tried(code.number, minor=0) == "AMOUNT_NOT_POSITIVE"
    assert await presenting.tried(code.number, minor=1_000) == "confirmed"


async def test_above_the_wallets_limit_the_payer_confirms(presenting: Presenting) -> None:
    gateway = presenting.gateway
    await presenting.codes.put_policy(replace(EASY, confirm_above=4_770))
    code = await presenting.code()
    told = await presenting.charge(code.number)
    assert STATES[told.state] is State.ACTION_REQUIRED
    (row,) = await gateway.rows()
    event = payment_event_pb2.PaymentEvent.FromString(row["payload"])
    asked = event.payment_action_required.payment
    assert (event.participant_id, asked.reason) == ("panda", "PAYER_CONFIRMATION")
    await gateway.confirm(asked.payment_id)
    assert STATES[(await presenting.charge(code.number)).state] is State.CONFIRMED
    assert [kind for kind, _ in await gateway.sent()] == ["ReserveFunds"]


@pytest.mark.parametrize(("gives_up", "ends"), [(True, "cancelled"), (False, "expired")])
async def test_what_the_payer_does_not_confirm_takes_nothing(
    presenting: Presenting, gives_up: bool, ends: str
) -> None:
    gateway = presenting.gateway
    await presenting.codes.put_policy(Policy("panda"))
    code = await presenting.code()
    await presenting.charge(code.number)
    payment_id = (await presenting.codes.get(PANDA, "c1")).payment_id
    if gives_up:
        await gateway.cancel(payment_id)
    else:
        gateway.clock.advance(timedelta(minutes=3))
        await gateway.sweeper.expire()
    assert STATES[(await presenting.charge(code.number)).state].value == ends
    assert "ReserveFunds" not in [kind for kind, _ in await gateway.sent()]


async def test_a_limit_of_the_day_ends_the_payment_and_tells_the_shop_nothing_of_it(
    presenting: Presenting,
) -> None:
    gateway = presenting.gateway
    known = gateway.board.current
    limited = reference_of(corridor(PANDA, "", "JPY", payer_day_limit=5_000))
    gateway.board.current = replace(known, corridors=limited.corridors)
    first, second = await presenting.code("c1"), await presenting.code("c2")
    assert await presenting.tried(first.number, "t1") == "confirmed"
    for _ in range(2):
        assert await presenting.tried(second.number, "t2") == "CHARGE_REFUSED"
    payment_id = (await presenting.codes.get(PANDA, "c2")).payment_id
    assert await gateway.state(payment_id) == ("cancelled", "done")
    assert STATES[(await presenting.charging.get(EDO, "t2")).state] is State.DECLINED


async def test_a_repeat_goes_on_where_a_process_died(presenting: Presenting) -> None:
    gateway = presenting.gateway
    code = await presenting.code()

    def die(point: str) -> None:
        if point == "after_commit":
            raise Died

    dying = Units(gateway.pool, gateway.units.sender, die)
    living, presenting.charging = presenting.charging, charging_over(gateway, dying)
    with pytest.raises(Died):
        await presenting.charge(code.number)
    assert [kind for kind, _ in await gateway.sent()] == []
    presenting.charging = living
    assert await presenting.tried(code.number) == "confirmed"
    assert [kind for kind, _ in await gateway.sent()] == ["ReserveFunds"]


class Died(Exception):
    """The process is gone."""


async def test_a_wallet_that_charges_its_own_users_asks_them_itself(
    presenting: Presenting,
) -> None:
    gateway = presenting.gateway
    await presenting.codes.put_policy(Policy("kakao", confirm_above=100_000))
    code = await presenting.code(by=KAKAO)
    await presenting.charge(code.number)
    payment_id = (await presenting.codes.get(KAKAO, "c1")).payment_id
    payment = await payment_of(gateway, payment_id, "kakao")
    await gateway.hear(reserved(payment))
    await gateway.hear(action_required(payment))
    assert STATES[(await presenting.charge(code.number)).state] is State.ACTION_REQUIRED
    await gateway.hear(accepted(payment, "collect"))
    await gateway.hear(posted(payment))
    assert STATES[(await presenting.charge(code.number)).state] is State.COMPLETED


async def test_a_merchant_of_another_acquirer_is_unknown(presenting: Presenting) -> None:
    code = await presenting.code()
    assert await presenting.tried(code.number, by=KYO) == "ACQUIRED_MERCHANT_UNKNOWN"
    assert await presenting.tried(code.number) == "confirmed"
    with pytest.raises(KawaseError) as refused:
        await presenting.charging.get(KYO, "t1")
    assert refused.value.reason == "PRESENTED_PAYMENT_UNKNOWN"


async def test_two_acquirers_may_choose_the_same_payment_id(presenting: Presenting) -> None:
    first, second = await presenting.code("c1"), await presenting.code("c2")
    one = await presenting.charge(first.number)
    other = await presenting.charge(second.number, shop=KYO_SHOP, by=KYO)
    assert one.reference != other.reference
    assert (await presenting.charging.get(KYO, "t1")).reference == other.reference


async def test_a_code_leads_nowhere_without_a_corridor(presenting: Presenting) -> None:
    with pytest.raises(KawaseError) as refused:
        await presenting.codes.create(SAKURA, "c1", "hanako", "CN", 0)
    assert refused.value.reason == "COUNTRY_NOT_ACCEPTED"


async def test_a_phones_codes_are_each_charged_once_in_any_order(presenting: Presenting) -> None:
    key, text = await presenting.key()
    secret, now = b64decode(text), presenting.gateway.clock.now()
    codes = [shown(key, secret, counter, now) for counter in (2, 0, 1)]
    answers = [await presenting.tried(code, f"t{n}") for n, code in enumerate(codes)]
    assert answers == ["confirmed"] * 3
    again = [await presenting.tried(code, f"again-{n}") for n, code in enumerate(codes)]
    assert again == ["CODE_USED"] * 3


async def test_a_counter_used_by_many_at_once_makes_one_payment(presenting: Presenting) -> None:
    key, text = await presenting.key()
    number = shown(key, b64decode(text), 0, presenting.gateway.clock.now())
    answers = await asyncio.gather(*(presenting.tried(number, f"t{n}") for n in range(6)))
    assert sorted(answers) == ["CODE_USED"] * 5 + ["confirmed"]


async def test_a_used_counter_is_used_in_every_time_step(presenting: Presenting) -> None:
    key, text = await presenting.key()
    now = presenting.gateway.clock.now()
    later = shown(key, b64decode(text), 0, now + timedelta(seconds=30))
    assert await presenting.tried(shown(key, b64decode(text), 0, now), "t1") == "confirmed"
    assert await presenting.tried(later, "t2") == "CODE_USED"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "confirmed"),
        (30, "confirmed"),
        (-60, "confirmed"),
        (-120, "CODE_EXPIRED"),
        (90, "CODE_NOT_YET_VALID"),
        (86_400, "CODE_UNKNOWN"),
    ],
)
async def test_a_phones_clock_may_be_off_by_so_much(
    presenting: Presenting, seconds: int, told: str
) -> None:
    key, text = await presenting.key()
    instant = presenting.gateway.clock.now() + timedelta(seconds=seconds)
    assert await presenting.tried(shown(key, b64decode(text), 0, instant)) == told


async def test_a_phones_codes_end_with_their_count_their_amount_and_their_key(
    presenting: Presenting,
) -> None:
    key, text = await presenting.key()
    secret, now = b64decode(text), presenting.gateway.clock.now()
    assert await presenting.tried(shown(key, secret, 10, now)) == "OFFLINE_CODES_USED_UP"
    await presenting.codes.put_policy(replace(EASY, offline_maximum=4_770))
    assert await presenting.tried(shown(key, secret, 0, now)) == "CHARGE_REFUSED"
    await presenting.codes.put_policy(EASY)
    await presenting.codes.revoke(PANDA, "phone")
    assert await presenting.tried(shown(key, secret, 0, now)) == "CODE_CANCELLED"


async def test_forged_codes_lock_the_key_they_name(presenting: Presenting) -> None:
    key, text = await presenting.key()
    now = presenting.gateway.clock.now()
    good = shown(key, b64decode(text), 0, now)
    forged = [shown(key, bytes([n]) * 32, 0, now) for n in range(FORGED_LIMIT)]
    for n, number in enumerate(forged[:-1]):
        assert await presenting.tried(number, f"f{n}") == "CODE_UNKNOWN"
    assert await presenting.tried(shown(key, b64decode(text), 1, now), "t1") == "confirmed"
    for n, number in enumerate(forged):
        assert await presenting.tried(number, f"g{n}") == "CODE_UNKNOWN"
    assert await presenting.tried(good, "t2") == "OFFLINE_KEY_LOCKED"


async def test_a_phones_secret_is_told_once(presenting: Presenting) -> None:
    key, secret = await presenting.key()
    assert len(b64decode(secret)) == 32
    assert await presenting.key() == (key, "")
    assert secret not in str(await presenting.gateway.pool.fetch("SELECT * FROM offline_keys"))


async def test_a_watch_ends_with_the_payment(presenting: Presenting) -> None:
    code = await presenting.code()
    await presenting.charge(code.number)
    payment_id = (await presenting.codes.get(PANDA, "c1")).payment_id
    watching = asyncio.create_task(seen(presenting))
    await finish(presenting.gateway, payment_id)
    assert (await watching)[-1] is State.COMPLETED


async def seen(presenting: Presenting) -> list[State]:
    return [STATES[one.state] async for one in presenting.charging.watch(EDO, "t1")]
