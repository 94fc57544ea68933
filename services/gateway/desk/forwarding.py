"""One RPC of settlement or reconciliation at the gateway: the person is named, the call passed on.

What goes along is the caller's deadline, bounded, and the trace, never the caller's key. Refusals
come back as they are, with their reasons; that nobody answers is `Unavailable`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from services.core.errors import KawaseError, Unavailable
from services.gateway.access.keys import Keys
from services.gateway.access.refusals import PersonRequired
from services.gateway.desk.actors import check_others, name_actor
from services.gateway.desk.apart import (
    PROPOSED,
    Proposed,
    check_apart,
    proposer_in,
    reading_of,
)
from services.gateway.desk.refusals import BackendSilent, DeskClosed
from services.gateway.reference.board import ReferenceBoard
from services.gateway.server import DEADLINE_MARGIN_SECONDS
from services.kit import trace
from services.kit.rpc import answers, remote_error

Context = grpc.aio.ServicerContext[Any, Any]

# Closing a window waits for its sums, matching a day for millions of rows.
UNARY_SECONDS = 300.0
# A file of a million lines comes in, a report of as many goes out.
STREAM_SECONDS = 900.0
_SILENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


@dataclass(frozen=True, slots=True)
class Passing:
    """What every RPC of one service needs. `stub` is None where no address is set."""

    backend: str
    stub: Any
    keys: Keys
    board: ReferenceBoard


@dataclass(slots=True)
class Naming:
    """Names who acts in the messages of one call, and keeps what it has refused."""

    method: str
    person_id: str
    board: ReferenceBoard
    refused: list[KawaseError] = field(default_factory=list)

    def name(self, request: Message) -> Message:
        """Raises what `name_actor` and `check_others` raise."""
        try:
            name_actor(self.method, request, self.person_id)
            check_others(self.method, request, self.board.current)
        except KawaseError as refusal:
            self.refused.append(refusal)
            raise
        return request

    async def each(self, requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        """The messages of a stream; one that is refused ends the call that they go to."""
        async for request in requests:
            yield self.name(request)


class Forwarding:
    """One RPC, called by whoever the guard has let in."""

    def __init__(self, method: MethodDescriptor, passing: Passing) -> None:
        self._method = method
        self._name = f"{method.containing_service.full_name}/{method.name}"
        self._passing = passing

    @answers
    async def unary(self, request: Any, context: Context) -> Any:
        self._naming(context).name(request)
        with self._refusals():
            if self._name in PROPOSED:
                await self._compare(PROPOSED[self._name], request, context)
            return await self._call(request, context, UNARY_SECONDS)

    async def _compare(self, proposed: Proposed, request: Any, context: Context) -> None:
        """Raises `KeysNotApart`."""
        asked = reading_of(self._method, proposed, request)
        answer = await self._call(asked, context, UNARY_SECONDS, proposed.reading)
        caller = self._passing.keys.calling(context)
        check_apart(caller, proposer_in(answer, proposed), self._passing.board.current)

    @answers
    async def download(self, request: Any, context: Context) -> AsyncIterator[Any]:
        self._naming(context).name(request)
        with self._refusals():
            going = self._call(request, context, STREAM_SECONDS)
            try:
                async for answer in going:
                    yield answer
            finally:
                going.cancel()

    @answers
    async def upload(self, requests: Any, context: Context) -> Any:
        naming = self._naming(context)
        with self._refusals():
            going = self._call(naming.each(requests), context, STREAM_SECONDS)
            try:
                return await going
            except asyncio.CancelledError:
                if naming.refused:
                    raise naming.refused[0] from None
                raise
            finally:
                going.cancel()

    def _naming(self, context: Context) -> Naming:
        caller = self._passing.keys.calling(context)
        if caller.person is None:
            raise PersonRequired(caller.key_id)
        return Naming(self._name, caller.person.person_id, self._passing.board)

    def _call(self, given: Any, context: Context, limit: float, method: str = "") -> Any:
        if self._passing.stub is None:
            raise DeskClosed(self._passing.backend)
        ask = getattr(self._passing.stub, method or self._method.name)
        followed = trace.current()
        metadata = ((trace.HEADER, followed),) if followed else ()
        return ask(given, metadata=metadata, timeout=seconds_left(context, limit))

    @contextmanager
    def _refusals(self) -> Any:
        try:
            yield
        except grpc.aio.AioRpcError as error:
            raise passed_back(error, self._passing.backend) from error


def seconds_left(context: Context, limit: float) -> float:
    """The caller's deadline less the answer's way back, and never longer than `limit`."""
    left = context.time_remaining()
    return limit if left is None else min(left - DEADLINE_MARGIN_SECONDS, limit)


def passed_back(error: grpc.aio.AioRpcError, backend: str) -> Exception:
    """What the caller is told: the refusal itself, that nobody answers, or a fault of ours."""
    refusal = remote_error(error)
    if type(refusal) is not Unavailable:
        return refusal
    return BackendSilent(backend) if error.code() in _SILENT else error


class Forwarded:
    """The servicer of one service: its methods by name, as generated code looks for them."""

    def __init__(self, service: ServiceDescriptor, passing: Passing) -> None:
        methods: Any = service.methods
        for method in methods:
            forwarding = Forwarding(method, passing)
            behaviour: Any = forwarding.unary
            if method.client_streaming:
                behaviour = forwarding.upload
            elif method.server_streaming:
                behaviour = forwarding.download
            setattr(self, method.name, behaviour)
