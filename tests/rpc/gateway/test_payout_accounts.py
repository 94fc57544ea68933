"""Accounts of shops from their acquirer's call to settlement's payout: masked, approved, cooled."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.core.errors import KawaseError
from services.formats.kana import bank_name
from services.gateway.acquiring.merchants.sealing import AccountSealer
from services.gateway.acquiring.merchants.store import put_version, read_versions
from services.gateway.payments.messages import timestamp
from services.kit.kafka import Topics
from services.kit.sealing import SecretBox
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.settlement.domain.agreements import NO_PAYEE, Agreement
from tests.conftest import Database
from tests.rpc.gateway.access_served import House, house_of
from tests.rpc.gateway.acquirer_shops import SHOP, approve, ask, content_of, open_shop, propose
from tests.store.gateway.payments_world import ACCOUNTS, NOW, Gateway
from tests.store.settlement.paying_world import AGREEMENT, CAFE, PayingWorld, paying_world

WAIT = timedelta(hours=72)
NUMBER, OTHER = "1234567", "7654321"


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        await made.open_shop()
        yield made


def account(number: str) -> pb.PayoutAccount:
    given = pb.PayoutAccount()
    given.CopyFrom(content_of().payout_account)
    given.account_number = number
    return given


async def update(house: House, **changed: Any) -> pb.MerchantVersion:
    request = pb.UpdateMerchantRequest(content=content_of(**changed))
    told: pb.MerchantVersion = (await ask(house, "UpdateMerchant", request)).merchant
    return told


async def facts_of(house: House) -> list[PaymentEvent]:
    """What was said of accounts since the last call."""
    rows = await house.gateway.rows()
    said = [row["payload"] for row in rows if row["type"] == "PayoutAccountChanged"]
    return [PaymentEvent.FromString(payload) for payload in said]


async def test_a_number_is_shown_and_stored_by_its_last_digits(house: House) -> None:
    told = await propose(house)
    assert told.content.payout_account.account_number == "***567"
    await approve(house)
    read = await ask(house, "GetMerchant", pb.GetMerchantRequest(merchant_id=SHOP), "ken")
    assert read.merchant.content.payout_account.account_number == "***567"
    for table in ("merchant_versions", "outbox", "reference_changes"):
        rows = await house.gateway.pool.fetch(f"TABLE {table}")
        assert NUMBER not in "".join(repr(tuple(row)) for row in rows)
        assert not any(NUMBER.encode() in bytes(row.get("payload") or b"") for row in rows)


async def test_a_shop_that_is_read_and_sent_back_keeps_its_account(house: House) -> None:
    await open_shop(house)
    await facts_of(house)
    told = await update(house, local_name="新テスト食堂", payout_account=account("***567"))
    assert (told.state, told.account_effective_time) == (
        pb.MERCHANT_STATE_APPROVED,
        timestamp(NOW),
    )
    assert await facts_of(house) == []
    with pytest.raises(KawaseError) as strange:
        await update(house, payout_account=account("***999"))
    assert strange.value.reason == "ACCOUNT_NUMBER_MALFORMED"


async def test_another_account_needs_a_checker_and_is_in_effect_after_a_while(
    house: House,
) -> None:
    await open_shop(house)
    (first,) = await facts_of(house)
    shop = first.payout_account_changed.shop_account
    assert (first.participant_id, shop.merchant_id, shop.account) == (
        "edo",
        SHOP,
        "9901-101 ***567",
    )
    assert shop.effective_time == timestamp(NOW)

    assert (await update(house, payout_account=account(OTHER))).state == pb.MERCHANT_STATE_PENDING
    assert await facts_of(house) == []
    approved = await approve(house, version=2)
    assert approved.account_effective_time == timestamp(NOW + WAIT)
    (second,) = await facts_of(house)
    shop = second.payout_account_changed.shop_account
    assert (shop.version, shop.account) == (2, "9901-101 ***321")
    assert shop.effective_time == timestamp(NOW + WAIT)
    audited = [line for line in await house.audited() if line.method.endswith("ApproveMerchant")]
    assert [(line.person_id, line.object_id) for line in audited] == [("ada", SHOP)] * 2


async def test_an_account_that_was_taken_away_and_comes_back_waits_too(house: House) -> None:
    await open_shop(house)
    stall = content_of(merchant_id="stall", scheme_account_id="0000000000001.0001.000003.000001")
    await ask(house, "ProposeMerchant", pb.ProposeMerchantRequest(content=stall))
    await approve(house, merchant_id="stall")
    stall.parent_merchant_id = SHOP
    stall.ClearField("payout_account")
    await ask(house, "UpdateMerchant", pb.UpdateMerchantRequest(content=stall))
    await approve(house, merchant_id="stall", version=2)
    assert not (await facts_of(house))[-1].payout_account_changed.sealed_payee
    stall.payout_account.CopyFrom(account(OTHER))
    await ask(house, "UpdateMerchant", pb.UpdateMerchantRequest(content=stall))
    approved = await approve(house, merchant_id="stall", version=3)
    assert approved.account_effective_time == timestamp(NOW + WAIT)


async def put_in_plain(house: House) -> None:
    """As versions were stored before accounts were sealed."""
    await house.gateway.pool.execute(
        "UPDATE merchant_versions SET sealed_payee = NULL, account_number = $1, holder_name = $2,"
        " account_effective_time = NULL",
        NUMBER,
        bank_name(account(NUMBER).holder_name),
    )


async def test_accounts_stored_in_plain_are_sealed_and_told(house: House) -> None:
    await open_shop(house)
    await facts_of(house)
    await put_in_plain(house)
    sealer = AccountSealer(house.gateway.units, ACCOUNTS)
    assert [await sealer.step(), await sealer.step()] == [1, 0]
    (told,) = await facts_of(house)
    assert told.payout_account_changed.shop_account.account == "9901-101 ***567"
    rows = await house.gateway.pool.fetch("SELECT * FROM merchant_versions")
    assert [(row["account_number"], row["holder_name"]) for row in rows] == [("***567", "")]
    assert (await update(house, payout_account=account("***567"))).version == 1


async def test_an_account_stored_in_plain_is_approved_sealed(house: House) -> None:
    await propose(house)
    await put_in_plain(house)
    await approve(house)
    (told,) = await facts_of(house)
    kept = await house.gateway.pool.fetchval("SELECT sealed_payee FROM merchant_versions")
    assert told.payout_account_changed.sealed_payee == kept != b""


async def test_a_version_that_is_put_again_before_it_is_sealed_keeps_its_number(
    house: House,
) -> None:
    await open_shop(house)
    await put_in_plain(house)
    async with house.gateway.pool.acquire() as connection:
        (version,) = await read_versions(connection, SHOP)
        await put_version(connection, version)
        (again,) = await read_versions(connection, SHOP)
    assert again.content.account_number == NUMBER


async def test_a_shop_whose_account_can_no_longer_be_read_is_given_another(house: House) -> None:
    await open_shop(house)
    await facts_of(house)
    lost = SecretBox(SecretStr(Fernet.generate_key().decode())).seal_bytes(b"")
    await house.gateway.pool.execute("UPDATE merchant_versions SET sealed_payee = $1", lost)
    with pytest.raises(KawaseError) as masked:
        await update(house, local_name="新テスト食堂", payout_account=account("***567"))
    assert masked.value.reason == "ACCOUNT_NUMBER_MALFORMED"
    assert (await update(house, payout_account=account(NUMBER))).state == pb.MERCHANT_STATE_PENDING
    await house.gateway.pool.execute(
        "UPDATE merchant_versions SET sealed_payee = $1 WHERE version = 2", lost
    )
    with pytest.raises(KawaseError) as unread:
        await approve(house, version=2)
    assert unread.value.reason == "SECRET_UNREADABLE"
    assert (await update(house, payout_account=account(OTHER))).version == 3
    approved = await approve(house, version=3)
    assert approved.account_effective_time == timestamp(NOW + WAIT)


@pytest.fixture
async def paying(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        yield made


async def test_what_came_back_is_paid_again_to_the_account_that_was_approved_since(
    house: House, paying: PayingWorld
) -> None:
    async def bring() -> None:
        for event in await facts_of(house):
            key = f"merchant-{SHOP}"
            await paying.world.bring([paying.world.fact("gateway", "payment.event", key, event)])

    paying.clock.set(NOW)
    by_shop = replace(AGREEMENT, payee=NO_PAYEE, payee_merchant_id=SHOP)
    await paying.operators.put(by_shop)
    await open_shop(house)
    await bring()
    await paying.pay(10_000)
    await paying.close()
    (first,) = await paying.pay_due()
    assert paying.orders[-1].payee.account_number == NUMBER
    await paying.bank_says(first.payout_id, "payout_executed")
    await paying.bank_says(first.payout_id, "payout_returned", reason="ACCOUNT_CLOSED")

    await update(house, payout_account=account(OTHER))
    await approve(house, version=2)
    await bring()
    with pytest.raises(KawaseError) as cooling:
        await paying.operators.retry(first.payout_id, "hanako", "new account")
    assert cooling.value.reason == "PAYEE_RETURNED"
    paying.clock.advance(WAIT)
    await paying.operators.retry(first.payout_id, "hanako", "new account")
    await paying.settle()
    assert paying.orders[-1].payee.account_number == OTHER


async def test_a_shop_that_its_acquirer_opened_after_the_agreement_is_paid_by_it(
    house: House, paying: PayingWorld
) -> None:
    paying.clock.set(NOW)
    await paying.operators.put(replace(AGREEMENT, account_ids=(CAFE,)))
    every = Agreement("edo", "edo", (), "JPY", "JPY", bank_partner="japan-bank", every_shop=True)
    await paying.operators.put(replace(every, payee_merchant_id=SHOP))
    await open_shop(house)
    for row in await house.gateway.rows():
        if row["type"] == "OpenAccounts":
            await paying.carry_out([row["payload"]])
        elif row["type"] == "PayoutAccountChanged":
            event = PaymentEvent.FromString(row["payload"])
            fact = paying.world.fact("gateway", "payment.event", row["key"], event)
            await paying.world.bring([fact])
    await paying.pay(10_000, f"merchant-payable:{SHOP}:JPY")
    await paying.close()
    (payout,) = await paying.pay_due()
    assert (payout.participant_id, payout.amount.minor) == ("edo", 9_900)
    assert paying.orders[-1].payee.account_number == NUMBER
