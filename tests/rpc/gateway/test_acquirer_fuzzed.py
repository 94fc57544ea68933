"""Every RPC of AcquirerService takes any message: refusals have a reason, nothing breaks inside."""

import random

import grpc
from google.protobuf.message_factory import GetMessageClass

from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb
from tests.rpc.gateway.access_served import house_of
from tests.rpc.gateway.acquirer_shops import content_of, make_shop_things
from tests.rpc.gateway.test_fuzzed_calls import CALL_SECONDS, any_message, check
from tests.store.gateway.payments_world import Gateway

METHODS = pb.DESCRIPTOR.services_by_name["AcquirerService"].methods
MESSAGES = 40


def almost(dice: random.Random) -> pb.MerchantContent:
    """A shop that would do, but for one field that is anything."""
    content = content_of(merchant_id=f"shop-{dice.randrange(5)}")
    field = dice.choice(content.DESCRIPTOR.fields)
    content.ClearField(field.name)  # type: ignore[arg-type]
    wild = any_message(pb.MerchantContent, dice)
    only = pb.MerchantContent()
    only.CopyFrom(wild)  # type: ignore[arg-type]
    for other in only.DESCRIPTOR.fields:
        if other.name != field.name:
            only.ClearField(other.name)  # type: ignore[arg-type]
    content.MergeFrom(only)
    return content


async def test_no_message_of_an_acquirer_or_operator_breaks_a_call(gateway: Gateway) -> None:
    dice = random.Random(11)
    async with house_of(gateway) as house:
        await house.open_up()
        await house.open_shop()
        await make_shop_things(house)
        for _ in range(MESSAGES):
            for method in METHODS:
                request = any_message(GetMessageClass(method.input_type), dice)
                if "content" in request.DESCRIPTOR.fields_by_name and dice.random() < 0.7:
                    request.content.CopyFrom(almost(dice))  # type: ignore[attr-defined]
                by = dice.choice(("edo", "kyo", "ken", "bootstrap"))
                metadata = (("authorization", f"Bearer {house.keys[by]}"),)
                asked = getattr(house.stubs["AcquirerService"], method.name)
                try:
                    await asked(request, metadata=metadata, timeout=CALL_SECONDS)
                except grpc.aio.AioRpcError as error:
                    check(error, request)
