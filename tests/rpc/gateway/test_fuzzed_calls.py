"""Every RPC of GatewayService takes any message: refusals have a reason, nothing breaks inside."""

import random
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.sandbox.demo.codes import SHANGHAI_TAXI, TOKYO_DYNAMIC, TOKYO_STATIC, WRONG_CHECKSUM
from tests.rpc.gateway.payments_served import Wallets, answered, served
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway

SERVICE = pb.DESCRIPTOR.services_by_name["GatewayService"]
UNARY = [method for method in SERVICE.methods if not method.server_streaming]
MESSAGES = 60
CALL_SECONDS = 1.0
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED}

TEXTS = (
    "", "p1", "r1", "l1", "li-na", "JPY", "CNY", "XXX", "\x00", "p\x00", " ", "é", "支付", "🜚",
    "p" * 64, "p" * 65, "p" * 5_000, "../p1", "'; --", "0310", "101", "1", "1234567", "ヤマダ",
    TOKYO_DYNAMIC, TOKYO_STATIC, SHANGHAI_TAXI, WRONG_CHECKSUM, "cDE=", "cDE", "====",
)  # fmt: skip
NUMBERS = (0, 1, 2, 7, -1, 1_000, 2**31 - 1, -(2**31))
LARGE_NUMBERS = (*NUMBERS, 10**15, 2**63 - 1, -(2**63))


def any_message(kind: Any, dice: random.Random) -> Message:
    """A message with any of its fields set to anything."""
    message: Message = kind()
    fields: Any = kind.DESCRIPTOR.fields
    for field in fields:
        if dice.random() < 0.15:
            continue
        if field.is_repeated:
            values = getattr(message, field.name)
            for _ in range(dice.randrange(4)):
                if field.message_type is None:
                    values.append(any_value(field, dice))
                else:
                    values.add().CopyFrom(any_message(GetMessageClass(field.message_type), dice))
        elif field.message_type is not None:
            made = any_message(GetMessageClass(field.message_type), dice)
            getattr(message, field.name).CopyFrom(made)
        else:
            setattr(message, field.name, any_value(field, dice))
    return message


def any_value(field: FieldDescriptor, dice: random.Random) -> Any:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return dice.choice(TEXTS).encode()
    choices: dict[int, Callable[[], Any]] = {
        FieldDescriptor.CPPTYPE_STRING: lambda: dice.choice(TEXTS),
        FieldDescriptor.CPPTYPE_INT64: lambda: dice.choice(LARGE_NUMBERS),
        FieldDescriptor.CPPTYPE_INT32: lambda: dice.choice(NUMBERS),
        FieldDescriptor.CPPTYPE_ENUM: lambda: dice.randrange(12),
        FieldDescriptor.CPPTYPE_BOOL: lambda: dice.random() < 0.5,
    }
    return choices[field.cpp_type]()


def check(error: grpc.aio.AioRpcError, request: Message) -> None:
    """A refusal is of a known status and says why."""
    assert error.code() not in BROKEN, (error, request)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, (error, request)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.reason


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_message_breaks_a_call(gateway: Gateway, seed: int) -> None:
    dice = random.Random(seed)
    async with served(gateway) as wallets, answered(gateway):
        for _ in range(MESSAGES):
            for method in UNARY:
                request = any_message(GetMessageClass(method.input_type), dice)
                by = dice.choice((PANDA, SAKURA, EDO))
                answer = getattr(wallets.stub, method.name)(
                    request, metadata=wallets.credentials(by), timeout=CALL_SECONDS
                )
                try:
                    await answer
                except grpc.aio.AioRpcError as error:
                    check(error, request)


async def test_no_message_breaks_a_stream(gateway: Gateway) -> None:
    dice = random.Random(3)
    async with served(gateway) as wallets, answered(gateway):
        for _ in range(MESSAGES):
            watch = any_message(pb.WatchPaymentRequest, dice)
            watching = wallets.stub.WatchPayment(
                watch, metadata=wallets.credentials(PANDA), timeout=CALL_SECONDS
            )
            try:
                await watching.read()
            except grpc.aio.AioRpcError as error:
                check(error, watch)
            finally:
                watching.cancel()
        await session_holds(wallets, dice)


async def session_holds(wallets: Wallets, dice: random.Random) -> None:
    """Each operation of a session is answered, none with INTERNAL."""
    session = wallets.stub.PaySession(metadata=wallets.credentials(PANDA), timeout=30)
    sent = 0
    for _ in range(MESSAGES):
        request = any_message(pb.PaySessionRequest, dice)
        assert isinstance(request, pb.PaySessionRequest)
        sent += len(request.operations)
        await session.write(request)
    await session.done_writing()
    results = [result async for answer in session for result in answer.results]
    assert len(results) == sent
    assert {result.error.code for result in results}.isdisjoint({2, 13})
