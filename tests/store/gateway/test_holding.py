"""Holds on a real Postgres: what ends one, what is sent and given back, and who comes first."""

import asyncio
from datetime import timedelta

import pytest

from services.core.errors import KawaseError
from services.gateway.holding.refusals import (
    AcquirerRequired,
    AuthorisationCaptured,
    AuthorisationExpired,
    AuthorisationNotOffered,
    AuthorisationOver,
    AuthorisationPending,
    CapturedWithDifferentAmount,
    CaptureExceedsAuthorised,
    NotAuthorised,
)
from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.reference import Participant, ParticipantKind
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from tests.store.gateway.holding_world import DAYS, Holding, posted_part
from tests.store.gateway.payments_world import (
    EDO,
    KAKAO,
    PANDA,
    Gateway,
    posted,
    refused,
    reserved,
    voided,
    wallet_says,
)
from tests.store.gateway.resources_world import World, funds, link_of


@pytest.fixture
def holding(gateway: Gateway) -> Holding:
    return Holding(gateway)


async def test_an_authorised_payment_waits_for_its_capture_and_nothing_is_repeated(
    holding: Holding,
) -> None:
    gateway = holding.gateway
    payment = await gateway.create("p1")
    asked = await holding.authorise("p1")
    assert asked.waiting is not None
    assert await holding.told() == ["ReserveFunds"]
    assert await gateway.state("p1") == ("confirmed", "authorise")

    await gateway.hear(reserved(payment))
    assert asked.waiting.result().state == payment_pb2.PAYMENT_STATE_AUTHORISED
    assert await holding.told() == ["PaymentAuthorised"]
    assert await gateway.state("p1") == ("authorised", "capture")

    await gateway.hear(reserved(payment))
    assert await gateway.sweeper.repeat() == 0
    assert await gateway.sweeper.expire() == 0
    assert (await holding.authorise("p1")).waiting is None
    assert (await gateway.confirm("p1")).payment.life.state == "authorised"
    assert await holding.told() == []


async def test_a_capture_of_all_posts_what_was_reserved(holding: Holding) -> None:
    payment = await holding.hold("p1")
    held = await holding.capture(payment)
    assert held.captured == held.authorised
    assert held.state == payment_pb2.PAYMENT_STATE_COMPLETED
    assert await holding.told() == ["PostFunds", "PaymentCompleted"]

    await holding.gateway.hear(posted(payment))
    assert await holding.gateway.state("p1") == ("completed", "done")
    assert await holding.capture(payment, 1_000) == await holding.capture(payment)
    with pytest.raises(CapturedWithDifferentAmount):
        await holding.capture(payment, 999)
    assert await holding.used() == payment.terms.home_minor


async def test_a_capture_of_a_part_takes_that_part_at_the_agreed_price(holding: Holding) -> None:
    payment = await holding.hold("p1")
    held = await holding.capture(payment, 400)
    assert held.captured.minor_units == 400
    rows = await holding.gateway.rows()
    assert [row["type"] for row in rows] == ["CaptureFunds", "PaymentCompleted"]

    command = wallet.WalletCommand.FromString(rows[0]["payload"]).capture_funds
    legs = {leg.purpose: leg.amount.minor_units for leg in command.legs}
    assert command.link_id == payment.terms.resource_id
    assert command.capture_link_id == payment.capture_link_id
    assert legs["payable"] + legs["fee"] == 400
    fact = PaymentEvent.FromString(rows[1]["payload"]).payment_completed.payment
    assert fact.target.minor_units == 400
    assert fact.home.minor_units == legs["mid"] + legs["spread"]
    assert fact.spread.minor_units == legs["spread"]
    assert fact.authorised_target.minor_units == 1_000
    assert fact.authorised_home.minor_units == payment.terms.home_minor
    assert await holding.used() == fact.home.minor_units

    assert await holding.capture(payment, 400) == held
    with pytest.raises(CapturedWithDifferentAmount):
        await holding.capture(payment)
    await holding.gateway.hear(posted_part(payment))
    assert await holding.gateway.state("p1") == ("completed", "done")
    snapshot, _ = await holding.gateway.reading.get("panda", "p1")
    assert snapshot.target.minor_units == 400


async def test_a_lost_capture_command_is_repeated_as_it_was(holding: Holding) -> None:
    payment = await holding.hold("p1")
    await holding.capture(payment, 400)
    [first, _] = await holding.gateway.rows()
    await holding.gateway.pool.execute("UPDATE payments SET next_sweep_time = now()")

    assert await holding.gateway.sweeper.repeat() == 1
    [again] = await holding.gateway.rows()
    assert (again["type"], again["payload"]) == (first["type"], first["payload"])


async def test_what_was_captured_can_be_refunded_and_no_more(holding: Holding) -> None:
    world = World(holding.gateway)
    payment = await holding.hold("p1")
    await holding.capture(payment, 401)
    await holding.gateway.hear(posted_part(payment))
    snapshot, _ = await holding.gateway.reading.get("panda", "p1")

    given = 0
    for name, minor in (("r1", 133), ("r2", None)):
        refund = await world.refund(name, "p1", minor)
        await world.hear(funds(link_of(refund), "reserved"))
        given += refund.home.minor_units
    assert await world.refunded("p1") == 401
    assert given == snapshot.home.minor_units
    with pytest.raises(KawaseError, match="Nothing is left"):
        await world.refund("r3", "p1", 1)


async def test_a_void_by_the_acquirer_releases_everything(holding: Holding) -> None:
    payment = await holding.hold("p1")
    held = await holding.void(payment)
    assert held.state == payment_pb2.PAYMENT_STATE_CANCELLED
    assert await holding.told() == ["VoidFunds", "PaymentCancelled"]
    assert await holding.void(payment) == held
    assert await holding.used() == 0
    with pytest.raises(AuthorisationOver):
        await holding.capture(payment)

    await holding.gateway.hear(voided(payment))
    assert await holding.gateway.state("p1") == ("cancelled", "done")


async def test_the_wallet_gives_up_what_is_held(holding: Holding) -> None:
    payment = await holding.hold("p1")
    assert (await holding.gateway.cancel("p1")).payment.life.state == "cancelled"
    assert await holding.told() == ["VoidFunds", "PaymentCancelled"]
    assert await holding.used() == 0
    assert (await holding.gateway.cancel("p1")).payment.life.state == "cancelled"
    with pytest.raises(AuthorisationOver):
        await holding.capture(payment)
    await holding.gateway.hear(voided(payment))
    assert await holding.gateway.state("p1") == ("cancelled", "done")


async def test_a_hold_expires_by_the_sweeper_and_its_limits_are_given_back(
    holding: Holding,
) -> None:
    payment = await holding.hold("p1")
    holding.gateway.clock.advance(timedelta(days=DAYS))
    assert await holding.gateway.sweeper.expire() == 1
    assert await holding.told() == ["ExpireFunds", "PaymentExpired"]
    assert await holding.used() == 0

    expired = wallet_says(payment.terms.resource_id, funds_expired=wallet.FundsExpired())
    await holding.gateway.hear(expired)
    assert await holding.gateway.state("p1") == ("expired", "done")
    for call in (holding.capture, holding.void):
        with pytest.raises(AuthorisationExpired):
            await call(payment)


async def test_a_capture_after_the_time_expires_the_hold_before_any_sweeper(
    holding: Holding,
) -> None:
    payment = await holding.hold("p1")
    holding.gateway.clock.advance(timedelta(days=DAYS))
    with pytest.raises(AuthorisationExpired):
        await holding.capture(payment)
    assert await holding.told() == ["ExpireFunds", "PaymentExpired"]
    assert await holding.gateway.sweeper.expire() == 0


async def test_a_refused_reserve_declines_the_authorisation(holding: Holding) -> None:
    payment = await holding.gateway.create("p1")
    await holding.authorise("p1")
    with pytest.raises(AuthorisationPending):
        await holding.capture(payment)
    await holding.gateway.hear(refused(payment))
    assert await holding.gateway.state("p1") == ("declined", "done")
    assert await holding.used() == 0
    with pytest.raises(AuthorisationOver):
        await holding.capture(payment)


async def test_a_capture_keeps_to_what_was_authorised(holding: Holding) -> None:
    payment = await holding.hold("p1")
    with pytest.raises(CaptureExceedsAuthorised):
        await holding.capture(payment, 1_001)
    with pytest.raises(KawaseError, match="is paid in JPY"):
        await holding.calls.capture(EDO, payment.terms.reference, payment.terms.home)
    with pytest.raises(KawaseError):
        await holding.capture(payment, 0)
    await holding.capture(payment)
    with pytest.raises(AuthorisationCaptured):
        await holding.void(payment)


async def test_only_payments_that_were_authorised_can_be_captured(holding: Holding) -> None:
    payment = await holding.gateway.create("p1")
    await holding.gateway.confirm("p1")
    await holding.gateway.hear(reserved(payment))
    for call in (holding.capture, holding.void):
        with pytest.raises(NotAuthorised):
            await call(payment)
    assert await holding.gateway.pool.fetchval("SELECT count(*) FROM authorisations") == 0


async def test_where_a_partner_charges_nothing_is_authorised(holding: Holding) -> None:
    await holding.gateway.create("p1", KAKAO)
    with pytest.raises(AuthorisationNotOffered):
        await holding.authorise("p1", KAKAO)
    assert await holding.gateway.state("p1", KAKAO) == ("quoted", "quote")


async def test_another_s_hold_is_unknown_to_acquirers_and_wallets(holding: Holding) -> None:
    payment = await holding.hold("p1")
    other = Participant("kyo", ParticipantKind.ACQUIRER, "Kyo")
    for call in (holding.capture, holding.void):
        with pytest.raises(PaymentUnknown):
            await call(payment, by=other)
        with pytest.raises(AcquirerRequired):
            await call(payment, by=PANDA)
    with pytest.raises(PaymentUnknown):
        await holding.calls.get(other, payment.terms.reference)
    assert (await holding.calls.get(PANDA, "p1")).reference == payment.terms.reference


async def test_one_of_capture_void_cancel_and_expiry_at_once_comes_through(
    holding: Holding,
) -> None:
    gateway = holding.gateway
    held = [await holding.hold(f"p{number}") for number in range(5)]
    for number, payment in enumerate(held):
        if number == 4:
            gateway.clock.advance(timedelta(days=DAYS))
        ways = [
            holding.capture(payment, 400),
            holding.capture(payment),
            holding.void(payment),
            gateway.cancel(payment.terms.payment_id),
        ]
        turn = number % len(ways)
        before = await holding.used()
        late = [gateway.sweeper.expire()] if number >= 4 else []
        await asyncio.gather(*ways[turn:], *late, *ways[:turn], return_exceptions=True)

        told = await holding.told()
        [command] = [kind for kind in told if kind.endswith("Funds")]
        assert len(told) == 2
        snapshot, _ = await gateway.reading.get("panda", payment.terms.payment_id)
        took = snapshot.home.minor_units if command in ("PostFunds", "CaptureFunds") else 0
        assert await holding.used() == before - payment.terms.home_minor + took
