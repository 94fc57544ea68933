"""The client's rooms for escrow: a buyer receives a part, and the shop gives back the rest."""

import pytest

from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.sandbox.demo.codes import TOKYO_STATIC
from services.sdk import EscrowState, PaymentState, Refused
from tests.rpc.gateway.access_served import CORRIDORS
from tests.rpc.gateway.test_sdk_rooms import Rooms, rooms, yen

__all__ = ["rooms"]


async def test_a_buyer_receives_a_part_and_the_shop_gives_back_the_rest(rooms: Rooms) -> None:
    for corridor in CORRIDORS:
        offering = admin_pb.Corridor()
        offering.CopyFrom(corridor)
        offering.escrow_days = 14
        await rooms.house.admin("PutCorridor", admin_pb.PutCorridorRequest(corridor=offering))
    bought, sold = rooms.wallet.escrow, rooms.acquirer.escrow
    quote = await rooms.wallet.quote("p1", "li-na", TOKYO_STATIC, yen(1_000))
    paid = await bought.confirm("p1")
    assert (paid.state, paid.in_escrow) == (PaymentState.COMPLETED, True)

    disputed = await bought.dispute("p1", "One was broken.")
    assert (disputed.state, disputed.release_time) == (EscrowState.DISPUTED, None)
    with pytest.raises(Refused) as early:
        await bought.release("p1", "r1", yen(400))
    assert early.value.reason == "ESCROW_DISPUTED"
    assert [one.reference async for one in sold.list(disputed=True)] == [quote.reference]
    assert (await bought.withdraw_dispute("p1")).state is EscrowState.HELD

    released = await bought.release("p1", "r1", yen(400))
    assert (released.held, released.released) == (yen(600), yen(400))
    refund = await sold.give_back("b1", quote.reference)
    assert (refund.target, refund.home, refund.from_escrow) == (yen(600), None, yen(600))
    ended = await sold.get(quote.reference)
    assert (ended.state, ended.returned, ended.payment_id) == (EscrowState.DIVIDED, yen(600), "")
