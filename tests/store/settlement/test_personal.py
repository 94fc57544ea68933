"""What persons are paid by codes is theirs: windows hold it, and nothing is owed or paid out."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.core.accounts import customer
from services.kit.kafka import Topics
from services.settlement.domain.agreements import AgreementMalformed
from services.settlement.domain.windows import Movement
from tests.conftest import Database
from tests.store.settlement.paying_world import AGREEMENT, SHOP, PayingWorld, paying_world

HANAKO = customer("sakura", "hanako", "JPY")


@pytest.fixture
async def house(database: Database, topics: Topics) -> AsyncIterator[PayingWorld]:
    async with paying_world(database, topics) as made:
        await made.open([HANAKO])
        yield made


async def test_a_window_with_payments_to_persons_agrees_and_only_the_merchant_is_paid_out(
    house: PayingWorld,
) -> None:
    await house.pay(90, HANAKO.account_id)
    await house.pay(10_000)
    window = await house.close()

    assert (window.state, window.payment_count) == ("closed", 2)
    (closed,) = await house.world.closed()
    held = {movement.account_id: movement for movement in closed.movements}
    theirs = HANAKO.account_id
    assert held[theirs] == Movement(theirs, 0, payments_minor=90)
    async with house.world.units.pool.acquire() as connection:
        owed = await connection.fetch("SELECT account_id, amount_minor FROM positions")
    assert {(row["account_id"], row["amount_minor"]) for row in owed} == {(SHOP, 9_900)}
    (payout,) = await house.pay_due()
    assert [share.account_id for share in payout.shares] == [SHOP]
    assert (await house.balances())[theirs] == 90


async def test_no_agreement_pays_out_of_a_person_s_account(house: PayingWorld) -> None:
    theirs = replace(AGREEMENT, agreement_id="hers", account_ids=(HANAKO.account_id,))

    with pytest.raises(AgreementMalformed, match="payer's own"):
        await house.operators.put(theirs)
