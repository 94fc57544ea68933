"""Four eyes: a call that changes money or limits waits until another person approves it.

What was proposed is stored as the bytes of its request; approval runs just these, through the same
method, and writes the decision in the transaction that makes the change: a proposal is carried out
once, or not at all. Where the method refuses, nothing is decided and the proposal still waits.

A request that names a bank account is kept sealed, and shown with its last digits.

A call whose answer is a secret for its caller is not run by who approves it: approved, the same
call of the same person is let through, once.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.core.clock import Clock
from services.core.errors import Conflict, Forbidden, NotFound, Refused
from services.core.ids import new_reference
from services.gateway.access import store
from services.gateway.access.approvals.requests import Requests, shown
from services.gateway.access.approvals.voices import Hand, are_apart
from services.gateway.access.book import Person, Proposal
from services.gateway.access.gate import Allowed, check_caller
from services.gateway.access.keys import CALLER, Caller, caller_by
from services.gateway.access.operations import operation_of
from services.gateway.access.refusals import PersonRequired
from services.gateway.reference.board import ReferenceBoard
from services.gateway.reference.store import lock_changes
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units, alongside

log = structlog.get_logger()

EXPIRY = timedelta(days=7)
PENDING_LIMIT = 1_000
REASON_CHARACTERS = 500

# A method of a server that takes the request and a call's context.
Behaviour = Callable[[Any, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Executable:
    """How a stored request is run: read from its bytes, and handed to its method; by nobody but its
    caller, where there is no `run`."""

    request_from: Callable[[bytes], Any]
    run: Behaviour | None


class Approvals:
    """Proposals, their journal, and their execution."""

    def __init__(self, units: Units, board: ReferenceBoard, clock: Clock, box: SecretBox) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._requests = Requests(box)
        self._executables: dict[str, Executable] = {}

    def enlist(self, method: str, executable: Executable) -> None:
        """Say how `method` is run once it has been approved."""
        self._executables[method] = executable

    def request_of(self, proposal: Proposal) -> Any:
        """The message that was proposed, as it is shown: empty where it cannot be opened."""
        content = self._requests.opened(proposal) or b""
        request = self._executables[proposal.method].request_from(content)
        return shown(request) if operation_of(proposal.method).sealed else request

    async def propose(self, allowed: Allowed, object_id: str, request: bytes) -> Proposal:
        """Store what has to wait; the same by the same person again is the same proposal.

        Raises `ProposalsTooMany`; `SecretsKeyMissing` where it has to be sealed.
        """
        person = _person(allowed.caller)
        now = self._clock.now()
        new = Proposal(
            new_reference(now),
            allowed.method,
            object_id,
            self._requests.kept(allowed.method, request),
            allowed.participant.participant_id,
            person.person_id,
            allowed.caller.key_id,
            now,
            now + EXPIRY,
        )

        async def work(connection: Connection) -> Decided[Proposal]:
            await lock_changes(connection)
            for same in await store.waiting_proposals(connection, new):
                if self._requests.opened(same) == request:
                    return Decided(same)
            if await store.count_pending(connection, now) >= PENDING_LIMIT:
                raise ProposalsTooMany
            await store.add_proposal(connection, new)
            return Decided(new)

        proposal = (await self._units.write(work)).answer
        log.info("proposal_made", proposal_id=proposal.proposal_id, method=proposal.method)
        return proposal

    async def approved(self, allowed: Allowed, request: bytes) -> Proposal | None:
        """The same call of the same person that was approved and not made since."""
        person = _person(allowed.caller)
        async with self._units.pool.acquire() as connection:
            return await store.unclaimed_proposal(
                connection, person.person_id, allowed.method, request, self._clock.now()
            )

    @contextmanager
    def claiming(self, proposal: Proposal, caller: Caller) -> Iterator[None]:
        """Within it, the first unit that this task commits also writes that the approved call was
        made. That unit raises `ProposalDecided` where another has been quicker."""

        async def claim(connection: Connection) -> None:
            name = proposal.proposal_id
            if not await store.add_claim(connection, name, caller.key_id, self._clock.now()):
                raise ProposalDecided(name)

        with alongside(claim):
            yield

    async def list(self, before: str, limit: int, *, pending_only: bool) -> list[Proposal]:
        """A page, newest first."""
        async with self._units.pool.acquire() as connection:
            return await store.list_proposals(
                connection, before, limit, self._clock.now(), pending_only=pending_only
            )

    async def approve(self, caller: Caller, name: str, reason: str, context: Any) -> Proposal:
        """Run what was proposed, as its proposer, and write who approved it; what is a secret for
        its proposer is not run.

        Raises `ProposalUnknown`, `ProposalDecided`, `ProposalExpired`, `ProposerMayNotDecide`,
        leaves of `Forbidden`, and whatever the method refuses with.
        """
        proposal = await self._deciding(caller, name)
        proposer = self._proposer(proposal)
        executable = self._executables[proposal.method]
        request = executable.request_from(self._requests.open(proposal))

        async def decide(connection: Connection) -> None:
            await self._decide(connection, proposal, caller, reason, approved=True)

        committed = False
        if executable.run is not None:
            token = CALLER.set(proposer)
            try:
                with alongside(decide) as companion:
                    await executable.run(request, context)
            finally:
                CALLER.reset(token)
            committed = companion.committed
        if not committed:
            # There was nothing to write, or it is not run here; the approval is still a fact.
            await self._units.write(_only(decide))
        log.info("proposal_approved", proposal_id=name, method=proposal.method)
        return await self._read(name)

    async def reject(self, caller: Caller, name: str, reason: str) -> Proposal:
        """Say no. A proposer may take their own back. Raises as `approve`."""
        proposal = await self._read(name)
        self._check_open(proposal)
        if _person(caller).person_id != proposal.person_id:
            check_caller(operation_of(proposal.method), caller)

        async def decide(connection: Connection) -> None:
            await self._decide(connection, proposal, caller, reason, approved=False)

        await self._units.write(_only(decide))
        log.info("proposal_rejected", proposal_id=name, method=proposal.method)
        return await self._read(name)

    async def _decide(
        self,
        connection: Connection,
        proposal: Proposal,
        caller: Caller,
        reason: str,
        *,
        approved: bool,
    ) -> None:
        known = await store.get_proposal(connection, proposal.proposal_id)
        if known is None or known.approved is not None:
            raise ProposalDecided(proposal.proposal_id)
        await store.add_decision(
            connection,
            proposal.proposal_id,
            _person(caller).person_id,
            caller.key_id,
            reason[:REASON_CHARACTERS],
            self._clock.now(),
            approved=approved,
        )

    async def _read(self, name: str) -> Proposal:
        async with self._units.pool.acquire() as connection:
            proposal = await store.get_proposal(connection, name)
        if proposal is None or proposal.method not in self._executables:
            raise ProposalUnknown(name)
        return proposal

    def _check_open(self, proposal: Proposal) -> None:
        if proposal.approved is not None:
            raise ProposalDecided(proposal.proposal_id)
        if is_expired(proposal, self._clock.now()):
            raise ProposalExpired(proposal.proposal_id)

    async def _deciding(self, caller: Caller, name: str) -> Proposal:
        proposal = await self._read(name)
        self._check_open(proposal)
        deciding = Hand(caller.key_id, _person(caller).person_id)
        proposing = Hand(proposal.key_id, proposal.person_id)
        if not are_apart(self._board.current.api_keys, deciding, proposing):
            raise ProposerMayNotDecide(proposal.proposal_id)
        check_caller(operation_of(proposal.method), caller)
        return proposal

    def _proposer(self, proposal: Proposal) -> Caller:
        """Who proposed, if they still could: their key may be over meanwhile, their role not."""
        reference = self._board.current
        key = reference.api_keys[proposal.key_id]
        caller = caller_by(reference, replace(key, revoked=False, expire_time=None))
        check_caller(operation_of(proposal.method), caller)
        return caller


def is_expired(proposal: Proposal, now: datetime) -> bool:
    """Whether nobody decided in time."""
    return proposal.approved is None and proposal.expire_time <= now


def _person(caller: Caller) -> Person:
    if caller.person is None:
        raise PersonRequired(caller.key_id)
    return caller.person


def _only(
    work: Callable[[Connection], Awaitable[None]],
) -> Callable[[Connection], Awaitable[Decided[None]]]:
    async def unit(connection: Connection) -> Decided[None]:
        await work(connection)
        return Decided(None)

    return unit


class ApprovalRequired(Refused):
    """The call has become a proposal; nothing was changed yet."""

    def __init__(self, proposal: Proposal, *, told_once: bool = False) -> None:
        then = ""
        if told_once:
            then = " Then make the same call again: its answer is a secret for you alone."
        super().__init__(
            f"This needs a second person: it waits as proposal {proposal.proposal_id} until "
            f"somebody else with the role for it calls ApproveProposal.{then}",
            proposal_id=proposal.proposal_id,
            expire_time=proposal.expire_time.isoformat(),
        )


class ProposalUnknown(NotFound):
    """No such proposal."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no proposal {name[:80]!r}.", proposal_id=name[:80])


class ProposalDecided(Conflict):
    """Somebody has approved or rejected it already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The proposal {name} has been decided already.", proposal_id=name)


class ProposalExpired(Refused):
    """Nobody decided in time."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The proposal {name} has expired: make the call again.", proposal_id=name)


class ProposerMayNotDecide(Forbidden):
    """The four eyes have to be of two people, and nobody may have held the keys of both."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The proposal {name} has to be approved by somebody else, with a key that neither "
            "the proposer made nor who made the proposer's.",
            proposal_id=name,
        )


class ProposalsTooMany(Refused):
    """Too much waits already."""

    def __init__(self) -> None:
        super().__init__(f"{PENDING_LIMIT} proposals wait already: decide some of them first.")
