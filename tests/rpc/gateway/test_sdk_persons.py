"""The client's room for persons: a code of their own, what it brought, and its end."""

import pytest

from services.codes.images import read_image
from services.sdk import Money, PaymentState, Refused, WalletClient
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.test_personal_calls import persons_served
from tests.store.gateway.payments_world import Gateway

MOST = Money(10_000, "CNY")


async def test_a_person_is_paid_by_a_code_gives_it_back_and_takes_it_down(
    gateway: Gateway,
) -> None:
    async with (
        persons_served(gateway) as served,
        WalletClient(served.address, served.keys["sakura"]) as sakura,
        WalletClient(served.address, served.keys["panda"]) as panda,
        answered(gateway),
    ):
        persons = sakura.persons
        code = await persons.create("case", "hanako", display_name="Hanako")
        assert await persons.get("case") == code
        assert [one async for one in persons.list("hanako")] == [code]
        assert read_image(await persons.draw("case")) == (code.code,)
        masked = await persons.create("hat", "hanako", real_name="Yamada Taro")
        assert masked.shown_name == "Y*** T***"

        amount = Money(500, "JPY")
        paid = await panda.pay("p1", "li-na", code.code, MOST, amount)
        assert (paid.state, paid.merchant.name) == (PaymentState.COMPLETED, "Hanako")
        assert paid.merchant.merchant_id == code.token
        (receipt,) = [one async for one in persons.receipts("hanako")]
        assert (receipt.reference, receipt.amount, receipt.refunded) == (
            paid.reference, amount, None,
        )  # fmt: skip
        refund = await sakura.refund("back", receipt.reference)
        assert (refund.target, refund.home) == (amount, None)

        assert (await persons.revoke("case")).revoke_time is not None
        with pytest.raises(Refused) as refused:
            await panda.pay("p2", "li-na", code.code, MOST, amount)
        assert refused.value.reason == "PERSONAL_CODE_REVOKED"
