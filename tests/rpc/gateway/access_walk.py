"""Every RPC and route of the gateway, asked for somebody else's things.

A request is filled from what it declares: each field that names an object gets the victim's.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.pb.kawase.gateway import v1 as gateway
from services.pb.kawase.reconciliation import v1 as reconciliation
from services.pb.kawase.settlement import v1 as settlement
from services.sandbox.demo.codes import TOKYO_STATIC

# What fields hold that name no object.
SAMPLES: Mapping[str, Any] = {
    "code": TOKYO_STATIC,
    "minor_units": 100,
    "currency_code": "JPY",
    "reason": "a test",
    "url": "https://127.0.0.1/hooks",
    "bank_code": "0001",
    "branch_code": "001",
    "account_type": "1",
    "account_number": "7654321",
    "holder_name": "ﾓﾓ ﾀﾛｳ",
    "partner_id": "sakura-bank",
    "evidence": "none",
}


def rpcs() -> Iterator[MethodDescriptor]:
    """Every RPC that the gateway's protos declare, and those of the services that it passes on."""
    for package in (gateway, settlement, reconciliation):
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.endswith("_pb2"):
                descriptor = import_module(f"{package.__name__}.{module.name}").DESCRIPTOR
                for service in descriptor.services_by_name.values():
                    yield from service.methods


def request_of(method: MethodDescriptor, ids: Mapping[str, str]) -> Any:
    """A request of `method` about the objects that `ids` names."""
    message = GetMessageClass(method.input_type)()
    _fill(message, ids)
    return message


def _fill(message: Message, ids: Mapping[str, str]) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            if field.message_type.full_name.startswith("google."):
                continue
            if field.is_repeated:
                _fill(getattr(message, field.name).add(), ids)
            elif field.containing_oneof is None or field.index == 0:
                _fill(getattr(message, field.name), ids)
                getattr(message, field.name).SetInParent()
            continue
        value = _value_of(field, ids)
        if value is not None and not field.is_repeated:
            setattr(message, field.name, value)


def _value_of(field: Any, ids: Mapping[str, str]) -> Any:
    if field.name in ids:
        return ids[field.name]
    if field.name in SAMPLES:
        return SAMPLES[field.name]
    if field.enum_type is not None:
        return 1
    return None


def markers_in(text: str, markers: Mapping[str, str]) -> list[str]:
    """Which of the victim's things an answer tells of."""
    return [name for name, value in markers.items() if value in text]
