"""Keys, people, four eyes and the audit log, over gRPC on Postgres."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.core.errors import (
    Conflict,
    Forbidden,
    KawaseError,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
)
from tests.rpc.gateway.access_served import Access, House, Put, fee_plan, house_of, wallet
from tests.store.gateway.payments_world import Gateway


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        yield made


async def proposed(house: House, by: str = "mei", basis_points: int = 200) -> str:
    """A proposal to change the fee plan."""
    request = Put.PutFeePlanRequest(fee_plan=fee_plan(basis_points))
    with pytest.raises(Refused) as refusal:
        await house.admin("PutFeePlan", request, by)
    assert refusal.value.reason == "APPROVAL_REQUIRED"
    return refusal.value.metadata["proposal_id"]


def approving(name: str) -> object:
    return Access.ApproveProposalRequest(proposal_id=name, reason="agreed on the phone")


def known_rate(house: House) -> int | None:
    plan = house.gateway.board.current.fee_plans.get("jp-shop")
    return plan.rate_basis_points if plan else None


async def test_what_changes_money_waits_for_a_second_person(house: House) -> None:
    name = await proposed(house)
    assert known_rate(house) is None

    answer = await house.access("ApproveProposal", approving(name), "ken")

    assert known_rate(house) == 200
    assert answer.proposal.state == Access.PROPOSAL_STATE_APPROVED
    assert (answer.proposal.person_id, answer.proposal.decider_id) == ("mei", "ken")


async def test_the_same_proposed_again_is_the_same_proposal(house: House) -> None:
    assert await proposed(house) == await proposed(house)
    assert await proposed(house) != await proposed(house, by="ken")


async def test_a_proposer_never_approves_their_own(house: House) -> None:
    name = await proposed(house, by="ken")

    with pytest.raises(Forbidden) as refusal:
        await house.access("ApproveProposal", approving(name), "ken")

    assert refusal.value.reason == "PROPOSER_MAY_NOT_DECIDE"
    assert known_rate(house) is None


async def test_whoever_made_the_proposers_key_does_not_approve(house: House) -> None:
    key = {"participant_id": "boss", "person_id": "mei", "purpose": "second"}
    await house.make_key_by("ada", "mei-by-ada", **key)
    roles = [Access.ROLE_ADMIN, Access.ROLE_FINANCE]
    ada = Access.Person(person_id="ada", display_name="ada", roles=roles, active=True)
    await house.access("PutPerson", Access.PutPersonRequest(person=ada))
    name = await proposed(house, by="mei-by-ada")

    with pytest.raises(Forbidden) as refusal:
        await house.access("ApproveProposal", approving(name), "ada")

    assert refusal.value.reason == "PROPOSER_MAY_NOT_DECIDE"


async def test_keys_that_one_person_has_held_are_not_four_eyes(house: House) -> None:
    for name in ("mei", "ken"):
        key = {"participant_id": "boss", "person_id": name, "purpose": "phone"}
        await house.make_key_by("ada", f"{name}-by-ada", **key)
    name = await proposed(house, by="mei-by-ada")

    with pytest.raises(Forbidden) as refusal:
        await house.access("ApproveProposal", approving(name), "ken-by-ada")

    assert refusal.value.reason == "PROPOSER_MAY_NOT_DECIDE"
    await house.access("ApproveProposal", approving(name), "ken")


async def test_a_person_without_the_role_does_not_approve(house: House) -> None:
    name = await proposed(house)

    with pytest.raises(Forbidden) as refusal:
        await house.access("ApproveProposal", approving(name), "ada")

    assert refusal.value.reason == "ROLE_MISSING"


async def test_a_proposal_is_carried_out_once_however_many_approve(house: House) -> None:
    name = await proposed(house, by="mei")
    for other in ("liu", "rin", "zoe"):
        roles = [Access.ROLE_FINANCE]
        person = Access.Person(person_id=other, display_name=other, roles=roles, active=True)
        await house.access("PutPerson", Access.PutPersonRequest(person=person))
        await house.make_key(other, participant_id="boss", person_id=other)

    answers = await asyncio.gather(
        *(house.access("ApproveProposal", approving(name), by) for by in ("ken", "liu", "rin")),
        return_exceptions=True,
    )

    refused = [answer for answer in answers if isinstance(answer, KawaseError)]
    assert len(refused) == 2
    assert {refusal.reason for refusal in refused} == {"PROPOSAL_DECIDED"}
    changes = await house.gateway.pool.fetchval(
        "SELECT count(*) FROM reference_changes WHERE operation = 'PutFeePlan'"
    )
    assert (changes, known_rate(house)) == (1, 200)


async def test_what_is_refused_when_it_is_run_still_waits(house: House) -> None:
    """The plan's currency is put otherwise in between: what it was is fixed by then."""
    name = await proposed(house)
    other = fee_plan()
    other.fixed.currency_code = "KRW"
    await house.admin("PutFeePlan", Put.PutFeePlanRequest(fee_plan=other))

    with pytest.raises(KawaseError):
        await house.access("ApproveProposal", approving(name), "ken")

    pending = await house.access("ListProposals", Access.ListProposalsRequest(pending_only=True))
    assert [proposal.proposal_id for proposal in pending.proposals] == [name]
    assert '"rate_basis_points": 200' in pending.proposals[0].request_json


async def test_a_rejected_or_expired_proposal_is_over(house: House) -> None:
    rejected, expired = await proposed(house, basis_points=1), await proposed(house)
    reject = Access.RejectProposalRequest(proposal_id=rejected, reason="too cheap")
    await house.access("RejectProposal", reject, "ken")
    with pytest.raises(Conflict) as refusal:
        await house.access("ApproveProposal", approving(rejected), "ken")
    assert refusal.value.reason == "PROPOSAL_DECIDED"

    house.gateway.clock.advance(timedelta(days=7))

    with pytest.raises(Refused) as late:
        await house.access("ApproveProposal", approving(expired), "ken")
    assert late.value.reason == "PROPOSAL_EXPIRED"
    listed = await house.access("ListProposals", Access.ListProposalsRequest())
    states = {proposal.proposal_id: proposal.state for proposal in listed.proposals}
    assert states == {
        rejected: Access.PROPOSAL_STATE_REJECTED,
        expired: Access.PROPOSAL_STATE_EXPIRED,
    }


async def test_what_cannot_be_is_refused_before_anybody_is_asked(house: House) -> None:
    with pytest.raises(Malformed) as refusal:
        await proposed(house, basis_points=10_001)

    assert refusal.value.reason == "FEE_RATE_OUT_OF_RANGE"


async def test_the_decisions_of_people_cannot_be_changed_or_forgotten(house: House) -> None:
    await proposed(house)

    for table in ("proposals", "proposal_decisions", "audit_entries"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET person_id = 'x'"):
            with pytest.raises(Exception, match="permission denied"):
                await house.gateway.pool.execute(statement)


async def test_each_person_does_what_their_role_is_for(house: House) -> None:
    put = Put.PutParticipantRequest(participant=wallet("lotus"))
    await house.admin("PutParticipant", put, "ada")
    with pytest.raises(Forbidden) as refusal:
        await house.admin("PutParticipant", put, "mei")
    assert refusal.value.reason == "ROLE_MISSING"
    put = Put.PutParticipantRequest(participant=wallet("maple", 5_000))
    with pytest.raises(Refused) as limit:
        await house.admin("PutParticipant", put, "ada")
    assert limit.value.reason == "APPROVAL_REQUIRED"


async def test_an_operators_key_without_a_person_reads_facts_and_nothing_else(
    house: House,
) -> None:
    await house.make_key("copier", participant_id="boss", scopes=["facts"])

    await house.admin("ListFacts", Put.ListFactsRequest(), "copier")
    for method, request in (
        ("ListCases", Put.ListCasesRequest()),
        ("ListLimitRules", Put.ListLimitRulesRequest()),
    ):
        with pytest.raises(Forbidden) as refusal:
            await house.admin(method, request, "copier")
        assert refusal.value.reason == "SCOPE_MISSING"


async def test_who_is_put_out_is_out_at_once(house: House) -> None:
    mei = Access.Person(person_id="mei", display_name="mei", active=False)
    mei.roles.append(Access.ROLE_FINANCE)
    await house.admin("ListCases", Put.ListCasesRequest(), "mei")

    await house.access("PutPerson", Access.PutPersonRequest(person=mei), "ada")

    with pytest.raises(Unauthenticated) as refusal:
        await house.admin("ListCases", Put.ListCasesRequest(), "mei")
    assert refusal.value.reason == "PERSON_INACTIVE"


async def test_operators_name_themselves_or_nobody(house: House) -> None:
    answer = Put.AnswerDisputeRequest(dispute_id="d1", evidence="a receipt", operator="ken")
    with pytest.raises(Forbidden) as refusal:
        await house.admin("AnswerDispute", answer, "mei")
    assert refusal.value.reason == "OPERATOR_OTHERWISE"
    line = [each for each in await house.audited() if each.person_id == "mei"][-1]
    assert (line.object_id, line.outcome) == ("d1", "OPERATOR_OTHERWISE")

    answer.operator = ""
    with pytest.raises(NotFound):
        await house.admin("AnswerDispute", answer, "mei")


async def test_two_keys_are_good_at_once_and_no_third(house: House) -> None:
    await house.make_key("second", participant_id="panda")
    with pytest.raises(Refused) as refusal:
        await house.make_key("third", participant_id="panda")
    assert refusal.value.reason == "KEYS_TOO_MANY"
    await house.make_key("tills", participant_id="panda", purpose="tills")

    first = refusal.value.metadata["key_ids"].split(",")[0]
    await house.admin("RevokeApiKey", Put.RevokeApiKeyRequest(key_id=first))
    await house.make_key("third", participant_id="panda")


async def test_a_rotated_key_is_good_until_the_overlap_is_over(house: House) -> None:
    house.gateway.clock.advance(timedelta(seconds=1))
    made = await house.access(
        "RotateApiKey", Access.RotateApiKeyRequest(overlap_seconds=60), "panda"
    )
    house.keys["new"] = made.api_key
    for by in ("panda", "new"):
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), by)

    house.gateway.clock.advance(timedelta(seconds=60))

    listed = await house.access("ListApiKeys", Access.ListApiKeysRequest(), "new")
    assert listed.api_keys[0].key_id == made.key_id
    assert len(listed.api_keys) == 2
    with pytest.raises(Unauthenticated) as refusal:
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
    assert refusal.value.reason == "KEY_EXPIRED"


async def test_a_key_is_no_way_to_more_than_it_is_good_for(house: House) -> None:
    await house.make_key("rotator", participant_id="panda", purpose="ops", scopes=["keys"])
    listed = await house.access("ListApiKeys", Access.ListApiKeysRequest(), "rotator")
    wide = next(key.key_id for key in listed.api_keys if not key.scopes)

    with pytest.raises(Forbidden) as refusal:
        await house.access("RotateApiKey", Access.RotateApiKeyRequest(key_id=wide), "rotator")

    assert refusal.value.reason == "SCOPE_MISSING"


async def test_a_key_is_used_from_its_networks_only(house: House) -> None:
    await house.make_key("home", participant_id="panda", purpose="a", networks=["127.0.0.0/8"])
    await house.make_key("away", participant_id="panda", purpose="b", networks=["2001:db8::/32"])
    await house.access("ListApiKeys", Access.ListApiKeysRequest(), "home")

    with pytest.raises(Forbidden) as refusal:
        await house.access("ListApiKeys", Access.ListApiKeysRequest(), "away")

    assert refusal.value.reason == "NETWORK_FORBIDDEN"


async def test_when_a_key_was_last_used_is_written_for_all_at_once(house: House) -> None:
    await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
    await house.trail.write_used(house.gateway.pool, house.gateway.clock.now())

    (key,) = (await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")).api_keys
    assert key.last_used_time.ToDatetime() == house.gateway.clock.now().replace(tzinfo=None)


async def test_operators_calls_and_participants_changes_are_audited(house: House) -> None:
    await house.admin("ListCases", Put.ListCasesRequest(), "sue")
    await house.access("ListApiKeys", Access.ListApiKeysRequest(), "panda")
    await house.access("RotateApiKey", Access.RotateApiKeyRequest(), "momo")
    with pytest.raises(NotFound):
        await house.admin("RevokeApiKey", Put.RevokeApiKeyRequest(key_id="none"), "ada")
    await proposed(house)

    told = [
        (entry.participant_id, entry.person_id, entry.method.partition("/")[2], entry.outcome)
        for entry in await house.audited()
        if entry.person_id != "bootstrap"
    ]
    assert told == [
        ("boss", "sue", "ListCases", "OK"),
        ("momo", "", "RotateApiKey", "OK"),
        ("boss", "ada", "RevokeApiKey", "NOT_FOUND"),
        ("boss", "mei", "PutFeePlan", "PROPOSED"),
    ]
    entries = await house.access(
        "ListAuditEntries", Access.ListAuditEntriesRequest(object_id="jp-shop"), "ken"
    )
    assert [entry.peer for entry in entries.audit_entries] == ["127.0.0.1"]
    with pytest.raises(Forbidden):
        await house.access("ListAuditEntries", Access.ListAuditEntriesRequest(), "sue")
