"""AccessService: decode, call, encode. Participants see and change only their own."""

from typing import Any

import grpc

from services.core.clock import Clock
from services.gateway.access import people, store
from services.gateway.access.approvals.proposals import Approvals
from services.gateway.access.book import Proposal
from services.gateway.access.changing import AccessChanges
from services.gateway.access.keys import Keys
from services.gateway.access.serving.messages import (
    algorithm_from,
    api_key_message,
    audit_message,
    expiry_from,
    owner_of,
    proposal_message,
    signing_key_message,
)
from services.gateway.admin.pages import number_of, page_size
from services.gateway.reference.board import ReferenceBoard
from services.kit.rpc import answers
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import access_service_pb2 as pb
from services.pb.kawase.gateway.v1.access_service_pb2_grpc import AccessServiceServicer

NAME = "kawase.gateway.v1.AccessService"
Context = grpc.aio.ServicerContext[Any, Any]


class AccessServer(AccessServiceServicer):
    """The methods of `AccessService`."""

    def __init__(
        self, keys: Keys, board: ReferenceBoard, units: Units, clock: Clock, approvals: Approvals
    ) -> None:
        self._keys = keys
        self._board = board
        self._units = units
        self._clock = clock
        self._approvals = approvals
        self._changes = AccessChanges(board, units, clock)

    def _owner(self, participant_id: str, context: Context) -> str:
        return owner_of(self._keys.calling(context), participant_id)

    @answers
    async def ListApiKeys(
        self, request: pb.ListApiKeysRequest, context: Context
    ) -> pb.ListApiKeysResponse:
        owner = self._owner(request.participant_id, context)
        async with self._units.pool.acquire() as connection:
            rows = await store.list_api_keys(connection, owner)
        return pb.ListApiKeysResponse(api_keys=[api_key_message(row) for row in rows])

    @answers
    async def RotateApiKey(
        self, request: pb.RotateApiKeyRequest, context: Context
    ) -> pb.RotateApiKeyResponse:
        caller = self._keys.calling(context)
        key_id, text = await self._changes.rotate_key(
            caller,
            request.key_id or caller.key_id,
            request.overlap_seconds,
            expiry_from(request, self._clock.now()),
        )
        return pb.RotateApiKeyResponse(key_id=key_id, api_key=text)

    @answers
    async def PutSigningKey(
        self, request: pb.PutSigningKeyRequest, context: Context
    ) -> pb.PutSigningKeyResponse:
        owner = self._owner(request.participant_id, context)
        algorithm = algorithm_from(request.algorithm)
        expiry = expiry_from(request, self._clock.now())
        name = await self._changes.put_signing_key(
            self._keys.calling(context), owner, algorithm, request.public_key, expiry
        )
        async with self._units.pool.acquire() as connection:
            rows = await store.list_signing_keys(connection, owner)
        (row,) = (row for row in rows if row["signing_key_id"] == name)
        return pb.PutSigningKeyResponse(signing_key=signing_key_message(row))

    @answers
    async def ListSigningKeys(
        self, request: pb.ListSigningKeysRequest, context: Context
    ) -> pb.ListSigningKeysResponse:
        owner = self._owner(request.participant_id, context)
        async with self._units.pool.acquire() as connection:
            rows = await store.list_signing_keys(connection, owner)
        return pb.ListSigningKeysResponse(signing_keys=[signing_key_message(row) for row in rows])

    @answers
    async def RevokeSigningKey(
        self, request: pb.RevokeSigningKeyRequest, context: Context
    ) -> pb.RevokeSigningKeyResponse:
        owner = self._owner(request.participant_id, context)
        caller = self._keys.calling(context)
        await self._changes.revoke_signing_key(caller, owner, request.signing_key_id)
        return pb.RevokeSigningKeyResponse()

    @answers
    async def PutAccessPolicy(
        self, request: pb.PutAccessPolicyRequest, context: Context
    ) -> pb.PutAccessPolicyResponse:
        caller = self._keys.require_operator(context)
        new = people.policy_from(request.policy)
        await self._changes.put_policy(caller, new)
        return pb.PutAccessPolicyResponse(policy=people.policy_to(new))

    @answers
    async def GetAccessPolicy(
        self, request: pb.GetAccessPolicyRequest, context: Context
    ) -> pb.GetAccessPolicyResponse:
        owner = self._owner(request.participant_id, context)
        policy = people.policy_of(self._board.current, owner)
        return pb.GetAccessPolicyResponse(policy=people.policy_to(policy))

    @answers
    async def PutPerson(
        self, request: pb.PutPersonRequest, context: Context
    ) -> pb.PutPersonResponse:
        caller = self._keys.require_operator(context)
        new = people.person_from(request.person)
        await self._changes.put_person(caller, new)
        return pb.PutPersonResponse(person=people.person_to(new))

    @answers
    async def ListPersons(
        self, request: pb.ListPersonsRequest, context: Context
    ) -> pb.ListPersonsResponse:
        """All of them, in the order of their ids."""
        self._keys.require_operator(context)
        persons = (await self._board.load()).access.persons
        return pb.ListPersonsResponse(
            persons=[people.person_to(persons[name]) for name in sorted(persons)]
        )

    @answers
    async def ListProposals(
        self, request: pb.ListProposalsRequest, context: Context
    ) -> pb.ListProposalsResponse:
        self._keys.require_operator(context)
        size = page_size(request.page_size)
        found = await self._approvals.list(
            request.page_token, size, pending_only=request.pending_only
        )
        return pb.ListProposalsResponse(
            proposals=[self._told(proposal) for proposal in found],
            next_page_token=found[-1].proposal_id if len(found) == size else "",
        )

    @answers
    async def ApproveProposal(
        self, request: pb.ApproveProposalRequest, context: Context
    ) -> pb.ApproveProposalResponse:
        caller = self._keys.require_operator(context)
        proposal = await self._approvals.approve(
            caller, request.proposal_id, request.reason, context
        )
        return pb.ApproveProposalResponse(proposal=self._told(proposal))

    @answers
    async def RejectProposal(
        self, request: pb.RejectProposalRequest, context: Context
    ) -> pb.RejectProposalResponse:
        caller = self._keys.require_operator(context)
        proposal = await self._approvals.reject(caller, request.proposal_id, request.reason)
        return pb.RejectProposalResponse(proposal=self._told(proposal))

    def _told(self, proposal: Proposal) -> pb.Proposal:
        request = self._approvals.request_of(proposal)
        return proposal_message(proposal, request, self._clock.now())

    @answers
    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        self._keys.require_operator(context)
        size = page_size(request.page_size)
        async with self._units.pool.acquire() as connection:
            found = await store.list_audit_entries(
                connection,
                number_of(request.page_token),
                size,
                request.participant_id,
                request.person_id,
                request.object_id,
            )
        return pb.ListAuditEntriesResponse(
            audit_entries=[audit_message(entry) for _, entry in found],
            next_page_token=str(found[-1][0]) if len(found) == size else "",
        )
