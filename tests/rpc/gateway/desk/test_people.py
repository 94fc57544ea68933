"""People of finance work at settlement and reconciliation by their own keys, and by no others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.core.errors import Forbidden, KawaseError, NotFound, Refused, Unauthenticated
from services.kit.rpc import call
from services.pb.kawase.reconciliation.v1 import break_service_pb2 as breaks
from services.pb.kawase.reconciliation.v1 import day_service_pb2 as days
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as files
from services.pb.kawase.settlement.v1 import fx_book_service_pb2 as fx
from services.pb.kawase.settlement.v1 import payout_service_pb2 as payouts
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement
from tests.rpc.gateway.access_served import Access
from tests.rpc.gateway.access_walk import request_of
from tests.rpc.gateway.desk.desk_served import Desk, bearer
from tests.store.reconciliation.breaks.books import DAY, broken
from tests.store.reconciliation.breaks.books import PARTNER as KAKAOPAY
from tests.store.reconciliation.test_files import PARTNER, report
from tests.store.settlement.paying_world import CAFE
from tests.store.settlement.world import CORRIDOR
from tests.unit.gateway.test_desk_actors import PASSED_ON

EXPLAINED = breaks.Resolution(
    kind=breaks.RESOLUTION_KIND_EXPLAINED, reason="as the partner says", proposed_by="ken"
)


async def refusal(desk: Desk, service: str, method: str, request: Any, by: str) -> KawaseError:
    with pytest.raises(KawaseError) as refused:
        await desk.house.call(service, method, request, by)
    return refused.value


async def break_of(desk: Desk) -> str:
    """A break of an amount that differs."""
    ours, theirs = await desk.books.ours("R1"), await desk.books.theirs("R1", 9_600)
    await desk.books.run([broken(ours, theirs, "AMOUNT", 400)])
    return (await desk.books.only()).item.break_id


async def test_a_break_is_resolved_by_two_people_whatever_names_they_type(desk: Desk) -> None:
    break_id = await break_of(desk)
    propose = breaks.ProposeResolutionRequest(break_id=break_id, resolution=EXPLAINED)
    approve = breaks.ApproveResolutionRequest(break_id=break_id)
    service = "BreakService"

    propose.operator = "ken"
    other = await refusal(desk, service, "ProposeResolution", propose, "mei")
    propose.operator = ""
    proposed = (await desk.house.call(service, "ProposeResolution", propose, "mei")).item
    same = await refusal(desk, service, "ApproveResolution", approve, "mei")
    approve.operator = "ken"
    typed = await refusal(desk, service, "ApproveResolution", approve, "mei")
    approved = (await desk.house.call(service, "ApproveResolution", approve, "ken")).item

    assert (other.reason, typed.reason) == ("OPERATOR_OTHERWISE", "OPERATOR_OTHERWISE")
    assert (type(same).__mro__[2], same.reason) == (Forbidden, "SAME_PERSON")
    assert same.metadata == {"break_id": break_id}
    assert (proposed.resolution.proposed_by, approved.resolution.approved_by) == ("mei", "ken")
    assert await desk.audited() == [
        ("mei", "ProposeResolution", break_id, "OPERATOR_OTHERWISE"),
        ("mei", "ProposeResolution", break_id, "OK"),
        ("mei", "ApproveResolution", break_id, "PERMISSION_DENIED"),
        ("mei", "ApproveResolution", break_id, "OPERATOR_OTHERWISE"),
        ("ken", "ApproveResolution", break_id, "OK"),
    ]


async def test_keys_that_one_admin_has_made_are_not_two_peoples(desk: Desk) -> None:
    for person in ("mei", "ken"):
        await desk.house.make_key_by("ada", f"{person}s", participant_id="boss", person_id=person)
    await break_of(desk)
    place = {"partner_id": KAKAOPAY, "day": DAY.isoformat()}
    break_id = (await desk.books.only()).item.break_id
    explained = breaks.ProposeResolutionRequest(break_id=break_id, resolution=EXPLAINED)
    await desk.house.call("BreakService", "ProposeResolution", explained, "meis")
    approve = breaks.ApproveResolutionRequest(break_id=break_id)
    made = await refusal(desk, "BreakService", "ApproveResolution", approve, "kens")
    await desk.house.call("BreakService", "ApproveResolution", approve, "ken")
    await desk.house.call("DayService", "CloseDay", days.CloseDayRequest(**place), "mei")
    reopen = days.ProposeReopeningRequest(**place, reason="a corrected file")
    await desk.house.call("DayService", "ProposeReopening", reopen, "meis")
    agree = days.ApproveReopeningRequest(**place)
    late = await refusal(desk, "DayService", "ApproveReopening", agree, "kens")
    day = await desk.house.call("DayService", "GetDay", days.GetDayRequest(**place), "sue")
    opened = await desk.house.call("DayService", "ApproveReopening", agree, "ken")

    assert (made.reason, late.reason) == ("KEYS_NOT_APART", "KEYS_NOT_APART")
    assert (day.summary.state, day.summary.reopening_proposed_by) == ("closed", "mei")
    assert opened.summary.state == "open"


async def test_even_the_key_of_the_setting_acts_in_its_own_name_alone(desk: Desk) -> None:
    request = settlement.CloseWindowRequest(
        corridor_id=CORRIDOR, currency_code="JPY", operator="mei"
    )
    refused = await refusal(desk, "SettlementService", "CloseWindow", request, "bootstrap")
    assert refused.reason == "OPERATOR_OTHERWISE"


async def test_support_looks_on_and_finance_closes_a_window(desk: Desk) -> None:
    await desk.settlement.pay(10_000)
    request = settlement.CloseWindowRequest(corridor_id=CORRIDOR, currency_code="JPY")
    refused = await refusal(desk, "SettlementService", "CloseWindow", request, "sue")
    closed = await desk.house.call("SettlementService", "CloseWindow", request, "mei")
    seen = await desk.house.call(
        "SettlementService", "ListWindows", settlement.ListWindowsRequest(), "sue"
    )

    assert refused.reason == "ROLE_MISSING"
    assert closed.window.state == settlement.WINDOW_STATE_CLOSED
    assert closed.window.window_id in [window.window_id for window in seen.windows]
    assert [each[:2] + each[3:] for each in await desk.audited()] == [
        ("sue", "CloseWindow", "ROLE_MISSING"),
        ("mei", "CloseWindow", "OK"),
        ("sue", "ListWindows", "OK"),
    ]


async def test_what_the_house_earns_is_not_for_support(desk: Desk) -> None:
    refused = await refusal(desk, "FxBookService", "GetExposure", fx.GetExposureRequest(), "sue")
    assert refused.reason == "ROLE_MISSING"


async def test_a_word_in_the_banks_place_needs_a_second_person_at_the_gateway(desk: Desk) -> None:
    await desk.settlement.pay(10_000)
    await desk.settlement.close()
    (payout,) = await desk.settlement.pay_due()
    await desk.settlement.bank_says(payout.payout_id, "payout_executed")
    request = payouts.ResolvePayoutRequest(
        payout_id=payout.payout_id, outcome=payouts.PAYOUT_OUTCOME_LEFT, reason="line 3"
    )
    waits = await refusal(desk, "PayoutService", "ResolvePayout", request, "mei")
    approving = Access.ApproveProposalRequest(proposal_id=waits.metadata["proposal_id"])
    with pytest.raises(Forbidden):
        await desk.house.access("ApproveProposal", approving, "mei")
    await desk.house.make_key_by("ada", "kens", participant_id="boss", person_id="ken")
    await desk.house.access("ApproveProposal", approving, "kens")

    assert (type(waits).__mro__[2], waits.reason) == (Refused, "APPROVAL_REQUIRED")
    rows = await desk.settlement.world.units.pool.fetch(
        "SELECT said_by FROM payout_moves WHERE payout_id = $1", payout.payout_id
    )
    assert [row["said_by"] for row in rows][-1] == "mei"


async def test_where_money_goes_needs_two_people_and_waits_sealed(desk: Desk) -> None:
    payee = {"bank_code": "0005", "branch_code": "001", "account_type": "1"}
    agreement = payouts.Agreement(
        agreement_id="kissaten", participant_id="kissaten", account_ids=[CAFE],
        currency_code="JPY", bank_partner_id="japan-bank", active=True,
    )  # fmt: skip
    for name, value in {**payee, "account_number": "9345678", "holder_name": "キッサテン"}.items():
        setattr(agreement.payee, name, value)
    request = payouts.PutAgreementRequest(agreement=agreement)
    first, again = [
        (await refusal(desk, "PayoutService", "PutAgreement", request, "mei")).metadata
        for _ in range(2)
    ]
    kept = await desk.house.gateway.pool.fetchval("SELECT string_agg(request, '') FROM proposals")
    listing = Access.ListProposalsRequest(pending_only=True)
    (waiting,) = (await desk.house.access("ListProposals", listing, "sue")).proposals
    approving = Access.ApproveProposalRequest(proposal_id=first["proposal_id"])
    await desk.house.access("ApproveProposal", approving, "ken")
    asked = payouts.GetAgreementRequest(agreement_id="kissaten")
    put = (await desk.house.call("PayoutService", "GetAgreement", asked, "sue")).agreement

    assert first == again
    assert b"9345678" not in kept
    assert ("***678" in waiting.request_json, "9345678" in waiting.request_json) == (True, False)
    assert "キッサテン" not in waiting.request_json
    assert put.payee.account_number == "***678"


async def test_to_have_nothing_paid_by_an_agreement_one_is_enough(desk: Desk) -> None:
    asked = payouts.GetAgreementRequest(agreement_id="shokudo")
    known = (await desk.house.call("PayoutService", "GetAgreement", asked, "mei")).agreement
    known.payee.account_type, known.payee.account_number = "1", "1234567"
    known.payee.holder_name, known.active = "ショクドウ", False
    request = payouts.PutAgreementRequest(agreement=known)
    put = await desk.house.call("PayoutService", "PutAgreement", request, "mei")
    assert not put.agreement.active


async def test_a_break_is_given_to_somebody_who_is_there(desk: Desk) -> None:
    break_id = await break_of(desk)
    request = breaks.AssignBreakRequest(break_id=break_id, assignee="kne")
    with pytest.raises(NotFound, match="There is no person 'kne'"):
        await desk.house.call("BreakService", "AssignBreak", request, "mei")
    request.assignee = "ken"
    assigned = await desk.house.call("BreakService", "AssignBreak", request, "mei")
    assert (assigned.item.state, assigned.item.assignee) == ("assigned", "ken")


async def bring(desk: Desk, data: bytes, by: str, **header: str) -> Any:
    """A file by the gateway, in pieces."""

    async def pieces() -> AsyncIterator[files.ImportFileRequest]:
        said = {"file_name": "items.csv", "partner_id": PARTNER, **header}
        yield files.ImportFileRequest(header=files.ImportHeader(**said))
        for start in range(0, len(data), 100):
            yield files.ImportFileRequest(data=data[start : start + 100])

    stub = desk.house.stubs["FileService"]
    return await call(stub.ImportFile(pieces(), metadata=bearer(desk.house, by), timeout=30))


async def test_a_file_is_brought_by_whoever_has_the_key(desk: Desk) -> None:
    _, data, _ = report(1_000, 2_000)
    for by, header, reason in (
        ("mei", {"operator": "ken"}, "OPERATOR_OTHERWISE"),
        ("sue", {}, "ROLE_MISSING"),
        ("panda", {}, "OPERATOR_REQUIRED"),
        ("mei", {"format": "paypay"}, "FORMAT_NOT_EXPECTED"),
    ):
        with pytest.raises(KawaseError) as refused:
            await bring(desk, data, by, **header)
        assert refused.value.reason == reason
    brought = await bring(desk, data, "mei")
    again = await bring(desk, data, "ken")

    assert (brought.file.operator, brought.file.row_count) == ("mei", 2)
    assert again.repeated_import
    assert await desk.audited() == [
        ("mei", "ImportFile", PARTNER, "PERMISSION_DENIED"),
        ("sue", "ImportFile", "", "ROLE_MISSING"),
        ("", "ImportFile", "", "OPERATOR_REQUIRED"),
        ("mei", "ImportFile", PARTNER, "FAILED_PRECONDITION"),
        ("mei", "ImportFile", PARTNER, "OK"),
        ("ken", "ImportFile", PARTNER, "OK"),
    ]


async def test_a_header_that_comes_late_names_nobody_else_either(desk: Desk) -> None:
    async def pieces() -> AsyncIterator[files.ImportFileRequest]:
        for operator in ("", "ken"):
            header = files.ImportHeader(file_name="a", partner_id=PARTNER, operator=operator)
            yield files.ImportFileRequest(header=header)

    stub = desk.house.stubs["FileService"]
    with pytest.raises(Forbidden) as refused:
        await call(stub.ImportFile(pieces(), metadata=bearer(desk.house, "mei"), timeout=30))
    assert refused.value.reason == "OPERATOR_OTHERWISE"
    listed = await desk.house.call("FileService", "ListFiles", files.ListFilesRequest(), "sue")
    assert list(listed.files) == []


async def test_a_report_comes_in_pieces(desk: Desk) -> None:
    await break_of(desk)
    request = days.GetReportRequest(partner_id=KAKAOPAY, day=DAY.isoformat(), format="json")
    stub = desk.house.stubs["DayService"]
    asked = stub.GetReport(request, metadata=bearer(desk.house, "sue"), timeout=30)
    pieces = [piece async for piece in asked]
    assert pieces[0].file_name.endswith(".json")
    assert b"R1" in b"".join(piece.data for piece in pieces)


async def test_a_wallets_key_gets_nothing_here_and_nor_does_none(desk: Desk) -> None:
    desk.house.keys["nobody"] = ""
    for by, kind, reason in (
        ("panda", Forbidden, "OPERATOR_REQUIRED"),
        ("edo", Forbidden, "OPERATOR_REQUIRED"),
        ("nobody", Unauthenticated, "KEY_INVALID"),
    ):
        for method in PASSED_ON.values():
            service = method.containing_service.name
            ask = getattr(desk.house.stubs[service], method.name)
            request = request_of(method, {})
            given = iter([request]) if method.client_streaming else request
            going = ask(given, metadata=bearer(desk.house, by), timeout=10)
            with pytest.raises(kind) as refused:
                await call(going.read() if method.server_streaming else going)
            assert refused.value.reason == reason
