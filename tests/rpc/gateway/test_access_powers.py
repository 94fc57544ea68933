"""Keys with which money can be moved are made by one person and approved by another; their text is
told to who made them, once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.core.errors import Forbidden, KawaseError, NotFound, Refused
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pay
from tests.rpc.gateway.access_served import Access, House, Put, house_of
from tests.store.gateway.payments_world import Gateway

PANDA = Put.CreateApiKeyRequest(participant_id="panda", purpose="till")
LOOKING = Put.CreateApiKeyRequest(
    participant_id="panda", purpose="books", scopes=["payments:read", "webhooks"]
)


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        roles = [Access.ROLE_ADMIN]
        for name in ("bob", "cyd"):
            person = Access.Person(person_id=name, display_name=name, roles=roles, active=True)
            await made.access("PutPerson", Access.PutPersonRequest(person=person))
            await made.make_key(name, participant_id="boss", person_id=name)
        yield made


async def proposed(house: House, request: object, by: str = "ada") -> str:
    with pytest.raises(Refused) as waits:
        await house.admin("CreateApiKey", request, by)
    assert waits.value.reason == "APPROVAL_REQUIRED"
    assert "make the same call again" in waits.value.message
    return waits.value.metadata["proposal_id"]


async def approve(house: House, name: str, by: str = "bob") -> Access.Proposal:
    request = Access.ApproveProposalRequest(proposal_id=name)
    told: Access.Proposal = (await house.access("ApproveProposal", request, by)).proposal
    return told


async def keys_of(house: House, participant_id: str) -> list[str]:
    """What the keys are for, sorted: those of one instant are listed in the order of random ids."""
    request = Access.ListApiKeysRequest(participant_id=participant_id)
    return sorted(key.purpose for key in (await house.access("ListApiKeys", request)).api_keys)


async def test_a_key_with_which_money_is_moved_needs_a_second_person(house: House) -> None:
    name = await proposed(house, PANDA)
    with pytest.raises(Forbidden):
        await approve(house, name, "ada")
    told = await approve(house, name)
    assert told.state == Access.PROPOSAL_STATE_APPROVED
    assert await keys_of(house, "panda") == [""]

    house.keys["till"] = (await house.admin("CreateApiKey", PANDA, "ada")).api_key
    await house.pay("ListPayments", pay.ListPaymentsRequest(), "till")
    outcomes = [
        (line.person_id, line.method.rpartition("/")[2], line.outcome)
        for line in await house.audited()
        if line.person_id in ("ada", "bob")
    ]
    assert outcomes == [
        ("ada", "CreateApiKey", "PROPOSED"),
        ("ada", "ApproveProposal", "PERMISSION_DENIED"),
        ("bob", "ApproveProposal", "OK"),
        ("ada", "CreateApiKey", "OK"),
    ]


async def test_an_approved_call_is_good_once_and_for_who_made_it(house: House) -> None:
    await approve(house, await proposed(house, PANDA))
    await proposed(house, PANDA, "cyd")
    tries = [house.admin("CreateApiKey", PANDA, "ada") for _ in range(3)]
    made = await asyncio.gather(*tries, return_exceptions=True)
    assert len([each for each in made if not isinstance(each, KawaseError)]) == 1
    assert await keys_of(house, "panda") == ["", "till"]
    await proposed(house, PANDA)


async def test_what_was_refused_after_its_approval_can_be_made_later(house: House) -> None:
    await house.make_key("one", participant_id="panda", purpose="till")
    old = await house.make_key("two", participant_id="panda", purpose="till")
    await approve(house, await proposed(house, PANDA))
    with pytest.raises(Refused) as full:
        await house.admin("CreateApiKey", PANDA, "ada")
    assert full.value.reason == "KEYS_TOO_MANY"
    await house.admin("RevokeApiKey", Put.RevokeApiKeyRequest(key_id=old.key_id), "ada")
    assert (await house.admin("CreateApiKey", PANDA, "ada")).api_key


async def test_a_key_that_looks_on_needs_one_person_and_an_operators_always_two(
    house: House,
) -> None:
    assert (await house.admin("CreateApiKey", LOOKING, "ada")).api_key
    for scopes in (["admin:read"], ["facts"]):
        await proposed(house, Put.CreateApiKeyRequest(participant_id="boss", scopes=scopes))
    with pytest.raises(NotFound):
        await house.admin("CreateApiKey", Put.CreateApiKeyRequest(participant_id="none"), "ada")


async def test_a_signing_key_is_a_participants_own_matter_and_an_operators_with_two(
    house: House,
) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    request = Access.PutSigningKeyRequest(
        participant_id="panda", algorithm=Access.SIGNING_ALGORITHM_ED25519, public_key=pem
    )
    listing = Access.ListSigningKeysRequest(participant_id="panda")
    assert (await house.access("PutSigningKey", request, "panda")).signing_key.signing_key_id
    with pytest.raises(Refused) as waits:
        await house.access("PutSigningKey", request, "ada")
    assert len((await house.access("ListSigningKeys", listing)).signing_keys) == 1
    await approve(house, waits.value.metadata["proposal_id"])
    assert len((await house.access("ListSigningKeys", listing)).signing_keys) == 2


async def test_participants_rotate_their_own_keys_alone(house: House) -> None:
    request = Access.RotateApiKeyRequest(overlap_seconds=60)
    rotated = await house.access("RotateApiKey", request, "panda")
    former, house.keys["fresh"] = "panda", rotated.api_key
    for name in (former, "fresh"):
        await house.pay("ListPayments", pay.ListPaymentsRequest(), name)
