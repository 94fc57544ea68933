"""Who acts at the desk is whose key it is, in every RPC that is passed on."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import Forbidden, NotFound
from services.gateway.access.book import Book, Person, RateClass, Role
from services.gateway.access.keys import Caller
from services.gateway.access.operations import OPERATIONS, PACKAGE, Audit
from services.gateway.desk.actors import ACTORS, NOBODY, OTHERS, check_others, name_actor
from services.gateway.desk.apart import PROPOSED, check_apart, proposer_in, reading_of
from services.gateway.desk.process import SERVICES
from services.gateway.reference import ApiKey, Participant, ParticipantKind, Reference
from services.pb.kawase.reconciliation.v1 import break_service_pb2, file_service_pb2
from services.pb.kawase.settlement.v1 import fx_book_service_pb2, payout_service_pb2
from tests.rpc.gateway.access_walk import request_of, rpcs

PASSED_ON = {
    f"{each.containing_service.full_name}/{each.name}": each
    for each in rpcs()
    if not each.containing_service.full_name.startswith(PACKAGE)
}
PAYOUTS = "kawase.settlement.v1.PayoutService"
BREAKS = "kawase.reconciliation.v1.BreakService"
# What the service says of its own, and does not read; and by whom a list is looked through.
NOT_ASKED = {
    f"{BREAKS}/ProposeResolution": {"resolution.proposed_by", "resolution.approved_by"},
    f"{BREAKS}/ListBreaks": {"assignee"},
}


def naming_fields(message: Descriptor, before: str = "") -> Iterator[str]:
    """The paths of the fields that name people."""
    for field in message.fields:
        if field.message_type is not None:
            yield from naming_fields(field.message_type, f"{before}{field.name}.")
        elif field.name in ("operator", "person", "assignee") or field.name.endswith("_by"):
            yield before + field.name


def test_every_service_of_settlement_and_reconciliation_is_passed_on() -> None:
    served = {
        f"{service.descriptor.full_name}/{method.name}"
        for service in SERVICES
        for method in service.descriptor.methods
    }
    assert served == set(PASSED_ON) == set(ACTORS)
    assert set(OTHERS) <= set(ACTORS)


@pytest.mark.parametrize("method", sorted(PASSED_ON))
def test_every_field_that_names_a_person_is_filled_checked_or_not_read(method: str) -> None:
    known = {ACTORS[method], OTHERS.get(method, NOBODY)} - {NOBODY}
    assert set(naming_fields(PASSED_ON[method].input_type)) == known | NOT_ASKED.get(method, set())


@pytest.mark.parametrize("method", sorted(PASSED_ON))
def test_finance_people_change_and_others_look_on(method: str) -> None:
    row = OPERATIONS[method]
    reads = row.method.startswith(("Get", "List"))
    assert row.kinds == {ParticipantKind.OPERATOR}
    assert not row.for_services
    assert Role.FINANCE in row.roles
    assert row.rate is (RateClass.READS if reads else RateClass.WRITES)
    if not reads:
        assert row.roles == {Role.FINANCE}
        assert row.audit is Audit.ALWAYS


@pytest.mark.parametrize("method", sorted(each for each in ACTORS if ACTORS[each] != NOBODY))
@given(named=st.text(max_size=8))
def test_nobody_acts_in_anothers_name(method: str, named: str) -> None:
    request = GetMessageClass(PASSED_ON[method].input_type)()
    *parents, field = ACTORS[method].split(".")
    place = request
    for parent in parents:
        place = getattr(place, parent)
    setattr(place, field, named)
    for parent in parents:
        getattr(request, parent).SetInParent()
    if named not in ("", "mei"):
        with pytest.raises(Forbidden) as refused:
            name_actor(method, request, "mei")
        assert refused.value.reason == "OPERATOR_OTHERWISE"
        assert ACTORS[method] in refused.value.message
        return
    name_actor(method, request, "mei")
    assert getattr(place, field) == "mei"


def test_a_piece_of_a_file_and_a_call_without_its_deal_stay_as_they_are() -> None:
    piece = file_service_pb2.ImportFileRequest(data=b"x")
    name_actor("kawase.reconciliation.v1.FileService/ImportFile", piece, "mei")
    assert not piece.HasField("header")
    empty = fx_book_service_pb2.RecordFxDealRequest()
    name_actor("kawase.settlement.v1.FxBookService/RecordFxDeal", empty, "mei")
    assert not empty.HasField("deal")
    listing = payout_service_pb2.ListPayoutsRequest()
    name_actor(f"{PAYOUTS}/ListPayouts", listing, "mei")
    assert listing == payout_service_pb2.ListPayoutsRequest()


def test_every_approval_of_anothers_proposal_says_where_the_proposer_is_read() -> None:
    approving = {name for name in ACTORS if name.partition("/")[2].startswith("Approve")}
    assert set(PROPOSED) == approving
    for name, proposed in PROPOSED.items():
        method = PASSED_ON[name]
        request = request_of(method, dict.fromkeys(("break_id", "payout_id"), "x"))
        reading = reading_of(method, proposed, request)
        assert [field.name for field, _ in reading.ListFields()] != []
        read = PASSED_ON[f"{name.partition('/')[0]}/{proposed.reading}"]
        assert proposer_in(GetMessageClass(read.output_type)(), proposed) == ""


def test_who_has_made_the_keys_of_two_cannot_be_the_two() -> None:
    def key(key_id: str, person_id: str, maker_id: str) -> ApiKey:
        return ApiKey(key_id, "boss", b"", None, False, person_id=person_id, maker_id=maker_id)

    made = [
        *(key("mei-1", "mei", "ada"), key("ken-1", "ken", "ada"), key("ken-2", "ken", "bob")),
        *(key("ada-1", "ada", ""), key("bob-1", "bob", ""), key("sue-1", "sue", "mei")),
    ]
    known = Reference(api_keys={each.key_id: each for each in made})

    def check(key_id: str, proposer: str) -> None:
        person = Person(known.api_keys[key_id].person_id, "", frozenset({Role.FINANCE}))
        participant = Participant("boss", ParticipantKind.OPERATOR, "Boss")
        check_apart(Caller(participant, key_id, person=person), proposer, known)

    for key_id, proposer in (
        ("ken-1", "mei"),
        ("ada-1", "mei"),
        ("sue-1", "mei"),
        ("mei-1", "ken"),
    ):
        with pytest.raises(Forbidden) as refused:
            check(key_id, proposer)
        assert refused.value.reason == "KEYS_NOT_APART"
    for key_id, proposer in (("ken-2", "mei"), ("mei-1", "Mei"), ("ken-1", ""), ("ken-1", "typed")):
        check(key_id, proposer)


def test_work_is_given_to_somebody_who_is_there() -> None:
    people = {
        "ken": Person("ken", "Ken", frozenset({Role.FINANCE})),
        "old": Person("old", "Old", frozenset({Role.FINANCE}), active=False),
    }
    known = Reference(access=Book(persons=people))
    method = f"{BREAKS}/AssignBreak"
    for assignee in ("ken", ""):
        check_others(method, break_service_pb2.AssignBreakRequest(assignee=assignee), known)
    for assignee in ("old", "kne"):
        with pytest.raises(NotFound, match="There is no person"):
            check_others(method, break_service_pb2.AssignBreakRequest(assignee=assignee), known)
    check_others(f"{BREAKS}/ListBreaks", break_service_pb2.ListBreaksRequest(assignee="kne"), known)
