"""Texts that cannot be stored, in every field that the door's own calls take as text."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.core.errors import Forbidden, Malformed, NotFound
from tests.rpc.gateway.access_served import Access, House, Put, house_of
from tests.store.gateway.payments_world import Gateway

NUL = "a\x00"
PERSON = Access.Person(person_id="x", display_name=NUL, roles=[Access.ROLE_ADMIN], active=True)
POLICY = Access.AccessPolicy(participant_id="panda", tls_identities=[NUL])
CALLS: list[tuple[str, str, Any]] = [
    ("access", "ListAuditEntries", Access.ListAuditEntriesRequest(person_id=NUL)),
    ("access", "ListProposals", Access.ListProposalsRequest(page_token=NUL)),
    ("access", "ListApiKeys", Access.ListApiKeysRequest(participant_id=NUL)),
    ("access", "ListSigningKeys", Access.ListSigningKeysRequest(participant_id=NUL)),
    ("access", "RotateApiKey", Access.RotateApiKeyRequest(key_id=NUL)),
    ("access", "RevokeSigningKey", Access.RevokeSigningKeyRequest(signing_key_id=NUL)),
    ("access", "PutAccessPolicy", Access.PutAccessPolicyRequest(policy=POLICY)),
    ("access", "PutPerson", Access.PutPersonRequest(person=PERSON)),
    ("access", "ApproveProposal", Access.ApproveProposalRequest(proposal_id=NUL)),
    ("access", "RejectProposal", Access.RejectProposalRequest(proposal_id=NUL)),
    ("admin", "CreateApiKey", Put.CreateApiKeyRequest(participant_id=NUL)),
    ("admin", "RevokeApiKey", Put.RevokeApiKeyRequest(key_id=NUL)),
]


@pytest.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    async with house_of(gateway) as made:
        await made.open_up()
        yield made


async def test_a_text_that_cannot_be_stored_is_the_callers_fault(house: House) -> None:
    for service, method, request in CALLS:
        with pytest.raises((Malformed, NotFound, Forbidden)):
            await getattr(house, service)(method, request)
    await house.trail.write(house.gateway.pool)
    assert not house.trail.waiting
