"""HoldingService over gRPC and HTTP: a hold, its capture, and what another acquirer is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.core.errors import KawaseError
from services.gateway.access.keys import Keys
from services.gateway.holding.server import NAME, HoldingServer
from services.gateway.reference import Participant
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.gateway.v1 import holding_service_pb2 as pb
from services.pb.kawase.gateway.v1 import holding_service_pb2_grpc, payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.http.conftest import http
from tests.rpc.gateway.payments_served import answered, calls_of, keys_known
from tests.store.gateway.holding_world import Holding
from tests.store.gateway.payments_world import EDO, PANDA, SAKURA, Gateway

__all__ = ["http"]

CALL_SECONDS = 20.0


@asynccontextmanager
async def served(holding: Holding) -> AsyncIterator[Any]:
    """`HoldingService` behind a port of its own; what calls it by name and participant."""
    gateway = holding.gateway
    keys = keys_known(gateway)
    server = RpcServer("127.0.0.1:0")
    servicer = HoldingServer(Keys(gateway.board, gateway.clock), calls_of(gateway), holding.calls)
    server.add(holding_service_pb2_grpc.add_HoldingServiceServicer_to_server, servicer, NAME)
    await server.start()

    async def ask(method: str, by: Participant, **fields: Any) -> Any:
        request = getattr(pb, f"{method}Request")(**fields)
        metadata = (("authorization", f"Bearer {keys[by.participant_id]}"),)
        stub = holding_service_pb2_grpc.HoldingServiceStub(channel)
        return await call(getattr(stub, method)(request, metadata=metadata, timeout=CALL_SECONDS))

    try:
        async with open_channel(server.address) as channel:
            yield ask
    finally:
        await server.stop()


async def test_a_wallet_authorises_and_its_acquirer_captures_a_part(gateway: Gateway) -> None:
    holding = Holding(gateway)
    async with served(holding) as ask, answered(gateway):
        quoted = await gateway.create("p1")
        reference = quoted.terms.reference
        told = (await ask("AuthorisePayment", PANDA, payment_id="p1")).payment
        assert told.state == payment_pb2.PAYMENT_STATE_AUTHORISED

        amount = Money(minor_units=400, currency_code="JPY")
        captured = await ask("CapturePayment", EDO, payment_id=reference, amount=amount)
        again = await ask("CapturePayment", EDO, payment_id=reference, amount=amount)
        assert captured == again
        assert captured.authorisation.captured == amount
        own = await ask("GetAuthorisation", PANDA, payment_id="p1")
        assert own.authorisation == captured.authorisation
        with pytest.raises(KawaseError) as refused:
            await ask("VoidAuthorisation", EDO, payment_id=reference)
        assert refused.value.reason == "AUTHORISATION_CAPTURED"


async def test_what_is_held_is_unknown_to_others(gateway: Gateway) -> None:
    holding = Holding(gateway)
    async with served(holding) as ask, answered(gateway):
        reference = (await gateway.create("p1")).terms.reference
        await ask("AuthorisePayment", PANDA, payment_id="p1")
        for method, by, payment_id, reason in (
            ("AuthorisePayment", SAKURA, "p1", "PAYMENT_UNKNOWN"),
            ("AuthorisePayment", EDO, "p1", "WALLET_REQUIRED"),
            ("CapturePayment", SAKURA, reference, "ACQUIRER_REQUIRED"),
            ("VoidAuthorisation", PANDA, reference, "ACQUIRER_REQUIRED"),
            ("CapturePayment", EDO, "p1", "PAYMENT_UNKNOWN"),
            ("GetAuthorisation", SAKURA, "p1", "PAYMENT_UNKNOWN"),
            ("GetAuthorisation", SAKURA, reference, "PAYMENT_UNKNOWN"),
        ):
            with pytest.raises(KawaseError) as refused:
                await ask(method, by, payment_id=payment_id)
            assert refused.value.reason == reason, method


async def test_the_same_story_over_http(gateway: Gateway, http: Http) -> None:
    Holding(gateway)
    reference = (await http.create(payment_id="p1")).json()["reference"]
    path = f"/v1/authorisations/{reference}"
    async with answered(gateway):
        told = await http.ask("POST", "/v1/payments/p1/authorise")
        assert (told.status_code, told.json()["state"]) == (200, "authorised")
    held = await http.ask("GET", path, EDO)
    assert held.json()["captured"] is None
    assert held.headers["etag"]

    body = {"amount": {"currency_code": "JPY", "minor_units": 400}}
    captured = await http.ask("POST", f"{path}/capture", EDO, json=body)
    assert (captured.status_code, captured.json()["state"]) == (200, "completed")
    other = await http.ask("POST", f"{path}/capture", EDO, json={})
    assert problem(other) == (409, "CAPTURED_WITH_DIFFERENT_AMOUNT")
    late = await http.ask("POST", f"{path}/void", EDO)
    assert problem(late) == (422, "AUTHORISATION_CAPTURED")
    paid = (await http.ask("GET", "/v1/payments/p1")).json()
    assert paid["target"]["minor_units"] == 400
    assert paid["authorised_target"]["minor_units"] == paid["target"]["minor_units"] + 600


async def test_a_void_over_http_cancels_the_payment(gateway: Gateway, http: Http) -> None:
    Holding(gateway)
    reference = (await http.create(payment_id="p1")).json()["reference"]
    async with answered(gateway):
        await http.ask("POST", "/v1/payments/p1/authorise")
        voided = await http.ask("POST", f"/v1/authorisations/{reference}/void", EDO)
    assert (voided.status_code, voided.json()["state"]) == (200, "cancelled")
    unknown = await http.ask("POST", f"/v1/authorisations/{reference}/void", PANDA)
    assert problem(unknown) == (403, "KIND_FORBIDDEN")
