"""Every RPC of every service of the gateway takes any message, with a key that may call it.

Services are found by the server's own reflection. Messages are right but for a field or two, or
anything at all; each RPC has to get past the gate, so that it is its own rules that are asked.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from services.gateway.access.operations import OPERATIONS
from services.gateway.reference import ParticipantKind
from tests.rpc.gateway.access_served import Access, House, Put, house_of
from tests.rpc.gateway.access_walk import request_of, rpcs
from tests.rpc.gateway.http.asking import Bridge
from tests.rpc.gateway.payments_served import answered
from tests.rpc.gateway.test_access_foreign import make_things, open_world
from tests.rpc.gateway.test_fuzzed_calls import any_message, check
from tests.store.gateway.payments_world import Gateway

MESSAGES = 12
CALL_SECONDS = 2.0
AT_THE_GATE = {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}
# Calls that wait for an end that nobody brings are given up sooner.
KEYS = {
    ParticipantKind.WALLET: ("sakura",),
    ParticipantKind.ACQUIRER: ("edo",),
    ParticipantKind.OPERATOR: ("bootstrap", "ada"),
}


def served(address: str) -> set[str]:
    """The names of the services behind an address, as reflection tells them."""
    with grpc.insecure_channel(address) as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


def almost(method: MethodDescriptor, ids: Mapping[str, str], dice: random.Random) -> Message:
    """A request that would do but for a field, or anything."""
    kind = GetMessageClass(method.input_type)
    if dice.random() < 0.3:
        return any_message(kind, dice)
    request: Message = request_of(method, ids)
    if dice.random() < 0.3 or not kind.DESCRIPTOR.fields:
        return request
    fields: Any = kind.DESCRIPTOR.fields
    other, field = any_message(kind, dice), dice.choice(fields)
    request.ClearField(field.name)
    for each in fields:
        if each.name != field.name:
            other.ClearField(each.name)
    request.MergeFrom(other)
    return request


def keys_of(method: MethodDescriptor) -> Iterator[str]:
    """Whose keys may call it, by name."""
    operation = OPERATIONS[f"{method.containing_service.full_name}/{method.name}"]
    for kind in ParticipantKind:
        if kind in operation.kinds:
            yield from KEYS[kind]


def _bytes_of(message: Message) -> bytes:
    return message.SerializeToString()


def order_of(method: MethodDescriptor) -> tuple[bool, bool, bool]:
    """What takes keys and rights away comes last."""
    service = method.containing_service.name
    takes = method.name.startswith(("Put", "Revoke", "Rotate"))
    return service == "AdminService", service == "AccessService", takes


def asked(channel: grpc.aio.Channel, method: MethodDescriptor) -> Any:
    """The method as it is called, whatever it streams."""
    streams = (method.client_streaming, method.server_streaming)
    makers = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, True): channel.stream_stream,
        (True, False): channel.stream_unary,
    }
    return makers[streams](
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=_bytes_of,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )


async def told(call: Any, request: Message, method: MethodDescriptor, key: str) -> grpc.StatusCode:
    """How the call ends, of a stream how it begins; what is refused has a reason."""
    given = iter([request]) if method.client_streaming else request
    metadata = (("authorization", f"Bearer {key}"),)
    going = call(given, metadata=metadata, timeout=CALL_SECONDS)
    try:
        await (going.read() if method.server_streaming else going)
    except grpc.aio.AioRpcError as error:
        check(error, request)
        return error.code()
    finally:
        going.cancel()
    return grpc.StatusCode.OK


async def make_person(house: House) -> None:
    """Somebody of the operator's who may do anything, with a second person."""
    boss = Put.Participant(
        participant_id="boss", kind=Put.PARTICIPANT_KIND_OPERATOR, display_name="Boss"
    )
    await house.admin("PutParticipant", Put.PutParticipantRequest(participant=boss))
    roles = [role for role in Access.Role.values() if role]
    ada = Access.Person(person_id="ada", display_name="ada", roles=roles, active=True)
    await house.access("PutPerson", Access.PutPersonRequest(person=ada))
    await house.make_key("ada", participant_id="boss", person_id="ada")


async def test_no_message_breaks_a_call_of_any_service(gateway: Gateway) -> None:
    dice = random.Random(5)
    reached: dict[str, set[grpc.StatusCode]] = defaultdict(set)
    broken: list[str] = []
    async with house_of(gateway, bridge=Bridge()) as house, answered(gateway):
        await open_world(house)
        ids = await make_things(house)
        await make_person(house)
        services = await asyncio.to_thread(served, house.address)
        methods = [each for each in rpcs() if each.containing_service.full_name in services]
        methods.sort(key=order_of)
        async with grpc.aio.insecure_channel(house.address) as channel:
            for method in methods:
                call = asked(channel, method)
                for _ in range(MESSAGES):
                    for by in keys_of(method):
                        request = almost(method, ids, dice)
                        try:
                            code = await told(call, request, method, house.keys[by])
                        except AssertionError as error:
                            broken.append(f"{method.full_name} {by}: {error}"[:2000])
                        else:
                            reached[method.full_name].add(code)
        ours = {name for name in services if name.startswith("kawase.")}
        assert {name.rpartition(".")[2] for name in ours} == set(house.stubs)
    assert broken == []
    assert [name for name, codes in reached.items() if codes <= AT_THE_GATE] == []
    assert set(reached) == {each.full_name for each in methods}
