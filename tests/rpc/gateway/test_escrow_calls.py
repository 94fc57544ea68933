"""EscrowService over gRPC and HTTP: kept, received, disputed, decided by two people, given back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.core.errors import KawaseError, Refused
from services.pb.kawase.gateway.v1 import escrow_pb2 as told
from services.pb.kawase.gateway.v1 import escrow_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.demo.codes import TOKYO_STATIC
from tests.rpc.gateway.access_served import CORRIDORS, Access, House, Put, house_of
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.http.conftest import http
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.escrow_world import Keeping
from tests.store.gateway.payments_world import EDO, Gateway

__all__ = ["http"]


def yen(minor: int) -> Money:
    return Money(minor_units=minor, currency_code="JPY")


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made, answered(gateway):
        await made.open_up()
        await made.open_shop()
        for corridor in CORRIDORS:
            offering = Put.Corridor()
            offering.CopyFrom(corridor)
            offering.escrow_days = 14
            await made.admin("PutCorridor", Put.PutCorridorRequest(corridor=offering))
        yield made


async def ask(house: House, method: str, by: str = "panda", **fields: Any) -> Any:
    return await house.call("EscrowService", method, getattr(pb, f"{method}Request")(**fields), by)


async def kept(house: House) -> str:
    """The reference of a payment of 1,000 yen that is in escrow."""
    create = pay.CreatePaymentRequest(
        payment_id="p1", payer_id="li-na", code=TOKYO_STATIC, amount=yen(1_000)
    )
    await house.pay("CreatePayment", create)
    payment = (await ask(house, "ConfirmIntoEscrow", payment_id="p1")).payment
    assert payment.state == payment_pb2.PAYMENT_STATE_COMPLETED
    assert payment.in_escrow
    return str(payment.reference)


async def test_a_buyer_confirms_receipt_of_a_part_and_the_shop_gives_back_the_rest(
    house: House,
) -> None:
    reference = await kept(house)
    got: dict[str, Any] = {"payment_id": "p1", "release_id": "r1", "amount": yen(400)}
    first = await ask(house, "ReleaseEscrow", **got)
    assert first == await ask(house, "ReleaseEscrow", **got)
    assert first.release.cause == told.ESCROW_RELEASE_CAUSE_BUYER
    assert (first.release.amount, first.release.left) == (yen(400), yen(600))

    refund = (await ask(house, "ReturnEscrow", "edo", payment_id=reference, refund_id="b1")).refund
    assert (refund.target, refund.from_escrow) == (yen(600), yen(600))
    assert not refund.HasField("home")
    seen = (await ask(house, "GetEscrow", "edo", payment_id=reference)).escrow
    assert seen.state == told.ESCROW_STATE_DIVIDED
    assert (seen.held, seen.released, seen.returned) == (yen(0), yen(400), yen(600))
    assert seen.payment_id == ""
    own = (await ask(house, "ListEscrows")).escrows
    assert [(each.payment_id, each.reference) for each in own] == [("p1", reference)]


async def test_a_dispute_is_decided_by_two_people(house: House) -> None:
    reference = await kept(house)
    await ask(house, "DisputeEscrow", payment_id="p1", reason="It came broken.")
    with pytest.raises(KawaseError) as early:
        await ask(house, "ReleaseEscrow", payment_id="p1", release_id="r1")
    assert early.value.reason == "ESCROW_DISPUTED"
    (waiting,) = (await ask(house, "ListEscrows", "mei", disputed=True)).escrows
    assert waiting.dispute_reason == "It came broken."

    word: dict[str, Any] = {
        "reference": reference, "resolution_id": "w1", "release_amount": yen(250),
        "operator": "mei", "reason": "A quarter of it was good.",
    }  # fmt: skip
    with pytest.raises(Refused) as waits:
        await ask(house, "ResolveEscrowDispute", "mei", **word)
    assert waits.value.reason == "APPROVAL_REQUIRED"
    proposal_id = waits.value.metadata["proposal_id"]
    approving = Access.ApproveProposalRequest(proposal_id=proposal_id)
    await house.access("ApproveProposal", approving, "ken")

    ended = (await ask(house, "GetEscrow", "mei", payment_id=reference)).escrow
    assert (ended.held, ended.released, ended.returned) == (yen(0), yen(250), yen(750))
    assert ended.dispute_reason == ""


async def test_a_withdrawn_dispute_has_the_clock_go_on(house: House) -> None:
    await kept(house)
    before = (await ask(house, "GetEscrow", payment_id="p1")).escrow
    disputed = (await ask(house, "DisputeEscrow", payment_id="p1", reason="late")).escrow
    assert disputed.state == told.ESCROW_STATE_DISPUTED
    assert not disputed.HasField("release_time")
    after = (await ask(house, "WithdrawEscrowDispute", payment_id="p1")).escrow
    assert (after.state, after.release_time) == (before.state, before.release_time)


async def test_each_may_do_their_own_part_alone(house: House) -> None:
    reference = await kept(house)
    for method, by, fields, reason in (
        ("ReleaseEscrow", "momo", {"payment_id": "p1", "release_id": "r"}, "NOT_IN_ESCROW"),
        ("ReleaseEscrow", "edo", {"payment_id": reference, "release_id": "r"}, "WALLET_REQUIRED"),
        ("DisputeEscrow", "momo", {"payment_id": "p1", "reason": "x"}, "NOT_IN_ESCROW"),
        ("DisputeEscrow", "panda", {"payment_id": "p1"}, "DISPUTE_REASON_MALFORMED"),
        ("WithdrawEscrowDispute", "momo", {"payment_id": "p1"}, "NOT_IN_ESCROW"),
        ("ReturnEscrow", "kyo", {"payment_id": reference, "refund_id": "b"}, "NOT_IN_ESCROW"),
        ("ReturnEscrow", "panda", {"payment_id": "p1", "refund_id": "b"}, "KIND_FORBIDDEN"),
        ("ResolveEscrowDispute", "panda", {"reference": reference}, "OPERATOR_REQUIRED"),
        ("ResolveEscrowDispute", "sue", {"reference": reference}, "ROLE_MISSING"),
        ("GetEscrow", "kyo", {"payment_id": reference}, "NOT_IN_ESCROW"),
        ("ConfirmIntoEscrow", "edo", {"payment_id": "p1"}, "WALLET_REQUIRED"),
    ):
        with pytest.raises(KawaseError) as refused:
            await ask(house, method, by, **fields)
        assert refused.value.reason == reason, (method, by)


async def test_where_none_is_offered_the_quote_stands(gateway: Gateway) -> None:
    async with house_of(gateway) as house, answered(gateway):
        await house.open_up()
        await house.open_shop()
        create = pay.CreatePaymentRequest(
            payment_id="p1", payer_id="li-na", code=TOKYO_STATIC, amount=yen(1_000)
        )
        await house.pay("CreatePayment", create)
        with pytest.raises(KawaseError) as refused:
            await ask(house, "ConfirmIntoEscrow", payment_id="p1")
        assert refused.value.reason == "ESCROW_NOT_OFFERED"
        confirm = pay.ConfirmPaymentRequest(payment_id="p1")
        payment = (await house.pay("ConfirmPayment", confirm)).payment
        assert not payment.in_escrow


async def test_the_same_story_over_http(gateway: Gateway, http: Http) -> None:
    Keeping(gateway)
    reference = (await http.create(payment_id="p1")).json()["reference"]
    async with answered(gateway):
        paid = await http.ask("POST", "/v1/payments/p1/escrow")
    assert (paid.status_code, paid.json()["in_escrow"]) == (200, True)
    path = "/v1/escrows/p1"
    held = await http.ask("GET", path)
    assert (held.json()["state"], held.json()["held"]["minor_units"]) == ("held", 1_000)
    assert held.headers["etag"]

    body = {"release_id": "r1", "amount": {"currency_code": "JPY", "minor_units": 400}}
    released = await http.ask("POST", f"{path}/release", json=body)
    assert released.status_code == 200
    assert released.json()["release"]["left"]["minor_units"] == 600
    over = await http.ask("POST", f"{path}/release", json=body | {"release_id": "r2", "amount": {
        "currency_code": "JPY", "minor_units": 601}})  # fmt: skip
    assert problem(over) == (422, "EXCEEDS_HELD")
    disputed = await http.ask("POST", f"{path}/dispute", json={"reason": "One was broken."})
    assert (disputed.json()["state"], disputed.json()["release_time"]) == ("disputed", None)
    early = await http.ask("POST", f"{path}/release", json={"release_id": "r3"})
    assert problem(early) == (422, "ESCROW_DISPUTED")
    listed = await http.ask("GET", "/v1/escrows?disputed=true&page_size=1", EDO)
    assert [each["reference"] for each in listed.json()["escrows"]] == [reference]
    assert 'rel="next"' in listed.headers["link"]
    withdrawn = await http.ask("POST", f"{path}/withdraw-dispute")
    assert withdrawn.json()["state"] == "held"

    back = {"refund_id": "b1", "reason": "One was sold out."}
    returned = await http.ask("POST", f"/v1/escrows/{reference}/return", EDO, json=back)
    assert returned.status_code == 201
    assert returned.json()["from_escrow"]["minor_units"] == 600
    ended = await http.ask("GET", f"/v1/escrows/{reference}", EDO)
    assert (ended.json()["state"], ended.json()["payment_id"]) == ("divided", None)
