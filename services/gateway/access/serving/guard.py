"""The door of the gRPC edge: every method of every service is wrapped once, when it is registered.

A wrapped method lets the call in (`Gate`), names its caller for the handlers, turns what needs a
second person into a proposal, and notes the end of what is audited. Methods that need none of this
pay for one look at tables in memory.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import Message

from services.core.errors import KawaseError
from services.gateway.access.approvals.four_eyes import is_needed
from services.gateway.access.approvals.proposals import ApprovalRequired, Approvals, Executable
from services.gateway.access.book import Person, Proposal
from services.gateway.access.gate import OK, Allowed, Credentials, Gate
from services.gateway.access.keys import CALLER, authorization_of
from services.gateway.access.operations import OPERATIONS
from services.gateway.access.places import Places
from services.gateway.access.proof.tls import identities_of
from services.gateway.access.refusals import OperatorOtherwise
from services.kit.rpc import Register, abort, hear_out

Context = grpc.aio.ServicerContext[Any, Any]


class Guard:
    """Wraps services. `with_tls` says whether connections may carry client certificates, `places`
    how many streams a participant may have."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        with_tls: bool = False,
        places: Places | None = None,
    ) -> None:
        self._gate = gate
        self._approvals = approvals
        self._with_tls = with_tls
        self._places = places or Places()

    def guarded(self, register: Register) -> Register:
        """`register`, for a server that sees only wrapped methods."""

        def registering(servicer: Any, server: grpc.aio.Server) -> None:
            wrapping: Any = _Wrapping(server, self)
            register(servicer, wrapping)

        return registering

    def wrap(self, method: str, handler: Any) -> Any:
        """The handler of `method`, behind the door."""
        make = grpc.unary_unary_rpc_method_handler
        behaviour = self._unary(method, handler.unary_unary)
        if handler.request_streaming and handler.response_streaming:
            make = grpc.stream_stream_rpc_method_handler
            behaviour = self._session(method, handler.stream_stream)
        elif handler.request_streaming:
            make = grpc.stream_unary_rpc_method_handler
            behaviour = self._upload(method, handler.stream_unary)
        elif handler.response_streaming:
            make = grpc.unary_stream_rpc_method_handler
            behaviour = self._stream(method, handler.unary_stream)
        elif method in OPERATIONS and OPERATIONS[method].four_eyes:
            run = None if OPERATIONS[method].told_once else handler.unary_unary
            self._approvals.enlist(method, Executable(handler.request_deserializer, run))
        return make(
            behaviour,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _let_in(self, method: str, context: Context) -> Allowed:
        credentials = Credentials(authorization_of(context), context.peer())
        if self._with_tls:
            credentials.tls_identities = identities_of(context.auth_context())
        allowed = self._gate.authorize(method, credentials)
        CALLER.set(allowed.caller)
        return allowed

    def _unary(self, method: str, behaviour: Any) -> Any:
        async def unary(request: Any, context: Context) -> Any:
            try:
                allowed = self._let_in(method, context)
                approved = await self._prepare(allowed, request) if allowed.is_audited else None
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                return await abort(context, error)
            if not allowed.is_audited:
                return await behaviour(request, context)
            if approved is None:
                return await self._audited(allowed, behaviour, request, context)
            with self._approvals.claiming(approved, allowed.caller):
                return await self._audited(allowed, behaviour, request, context)

        return unary

    async def _prepare(self, allowed: Allowed, request: Any) -> Proposal | None:
        """What is asked of operators beyond what the table says; the proposal that was approved,
        where this call makes use of one."""
        person = allowed.caller.person
        if person is None:
            return None
        try:
            return await self._prepared(allowed, person, request)
        except ApprovalRequired:
            raise
        except KawaseError as refusal:
            self._gate.note(allowed, object_of(request), refusal.reason)
            raise

    async def _prepared(self, allowed: Allowed, person: Person, request: Any) -> Proposal | None:
        if "operator" in request.DESCRIPTOR.fields_by_name:
            if not request.operator:
                request.operator = person.person_id
            elif request.operator != person.person_id and not allowed.caller.is_bootstrap:
                raise OperatorOtherwise(request.operator, person.person_id)
        if not allowed.operation.four_eyes or allowed.caller.is_bootstrap:
            return None
        if is_needed(allowed.operation.method, request, self._gate.board.current):
            return await self._approved(allowed, request)
        return None

    async def _approved(self, allowed: Allowed, request: Any) -> Proposal:
        """The proposal by which the call may be made. Raises `ApprovalRequired`."""
        text = request.SerializeToString(deterministic=True)
        told_once = allowed.operation.told_once
        if told_once and (known := await self._approvals.approved(allowed, text)) is not None:
            return known
        object_id = object_of(request)
        proposal = await self._approvals.propose(allowed, object_id, text)
        self._gate.note(allowed, object_id, "PROPOSED")
        raise ApprovalRequired(proposal, told_once=told_once)

    async def _audited(
        self, allowed: Allowed, behaviour: Any, request: Any, context: Context
    ) -> Any:
        with self._noted(allowed, context, lambda: object_of(request)):
            return await behaviour(request, context)

    @contextmanager
    def _noted(
        self, allowed: Allowed, context: Context, object_id: Callable[[], str]
    ) -> Iterator[None]:
        """Notes how a call ended, and what it was about by then."""
        outcome = "FAILED"
        try:
            yield
            outcome = OK
        except grpc.aio.AbortError:
            outcome = _code_of(context) or outcome
            raise
        finally:
            self._gate.note(allowed, object_id(), outcome)

    def _upload(self, method: str, behaviour: Any) -> Any:
        async def upload(requests: AsyncIterator[Any], context: Context) -> Any:
            try:
                allowed = self._let_in(method, context)
                participant_id = allowed.participant.participant_id
                self._places.take(participant_id)
            except Exception as error:
                await hear_out(requests)
                return await abort(context, error)
            first: list[str] = []
            with self._noted(allowed, context, lambda: "".join(first)):
                try:
                    return await behaviour(_noting(requests, first), context)
                finally:
                    self._places.give_back(participant_id)

        return upload

    def _stream(self, method: str, behaviour: Any) -> Any:
        async def stream(request: Any, context: Context) -> AsyncIterator[Any]:
            try:
                allowed = self._let_in(method, context)
                participant_id = allowed.participant.participant_id
                self._places.take(participant_id)
            except Exception as error:
                await abort(context, error)
            outcome = "FAILED"
            try:
                async for answer in behaviour(request, context):
                    outcome = OK
                    yield answer
            finally:
                self._places.give_back(participant_id)
                self._gate.note(allowed, object_of(request), outcome)

        return stream

    def _session(self, method: str, behaviour: Any) -> Any:
        async def session(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
            try:
                allowed = self._let_in(method, context)
                participant_id = allowed.participant.participant_id
                self._places.take(participant_id)
            except Exception as error:
                await abort(context, error)
            try:
                counted = self._gate.counted(allowed, requests)
                async for answer in behaviour(counted, context):
                    yield answer
            finally:
                self._places.give_back(participant_id)

        return session


_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def _code_of(context: Context) -> str:
    """The name of the status that a call was ended with."""
    code: Any = context.code()
    return getattr(code, "name", "") or _CODES.get(code, "")


async def _noting(requests: AsyncIterator[Any], first: list[str]) -> AsyncIterator[Any]:
    """The messages, as they come; `first` takes what the first of them is about."""
    async for request in requests:
        if not first:
            first.append(object_of(request))
        yield request


class _Wrapping:
    """Stands where generated code expects a server, and hands wrapped handlers on."""

    def __init__(self, server: grpc.aio.Server, guard: Guard) -> None:
        self._server = server
        self._guard = guard

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Nothing: the same handlers come by name, wrapped."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        wrapped = {
            name: self._guard.wrap(f"{service}/{name}", handler)
            for name, handler in handlers.items()
        }
        generic = grpc.method_handlers_generic_handler(service, wrapped)
        self._server.add_generic_rpc_handlers((generic,))
        self._server.add_registered_method_handlers(service, wrapped)


def object_of(request: Message) -> str:
    """The id of what a request is about: its first `…_id` that is not the participant's, at the
    top or one message down; else the participant's."""
    found = [value for name, value in _ids(request) if name != "participant_id"]
    found += [value for name, value in _ids(request) if name == "participant_id"]
    return found[0][:100] if found else ""


def _ids(message: Message, depth: int = 1) -> list[tuple[str, str]]:
    ids = []
    for field, value in message.ListFields():
        if isinstance(value, str) and field.name.endswith("_id"):
            ids.append((field.name, value))
        elif depth and isinstance(value, Message):
            ids += _ids(value, depth - 1)
    return ids
