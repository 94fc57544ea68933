"""PaySession: many operations in a message, each answered by itself, packed as they finish.

Operations go into the same gathers as unary calls, without a task of their own: what finishes is
put on a pile, and whoever sends takes the whole pile at once. The session reads on only while
fewer than `OUTSTANDING_LIMIT` operations are unanswered; gRPC's flow control holds the caller.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, TypeAlias

import structlog

from services.core.errors import KawaseError, Malformed
from services.core.money import Money
from services.gateway.payments.confirming import Ask, Asked, Confirming
from services.gateway.payments.creating import Creating
from services.gateway.payments.messages import payment_message
from services.gateway.payments.model import Payment
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.reference import Participant
from services.kit.rpc import status_code
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as gateway

log = structlog.get_logger()

OUTSTANDING_LIMIT = 2000
OPERATIONS_LIMIT = 1000
RESULTS_LIMIT = 1000
CONFIRM_SECONDS = 25.0

CREATE = gateway.PAY_OPERATION_KIND_CREATE
CONFIRM = gateway.PAY_OPERATION_KIND_CONFIRM
Kind: TypeAlias = gateway.PayOperationKind.ValueType


class OperationMissing(Malformed):
    """An operation that says neither create nor confirm."""

    def __init__(self) -> None:
        super().__init__("An operation of PaySession must be `create` or `confirm`.")


class TooManyOperations(Malformed):
    """More operations than a message may carry."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"A message of PaySession carries at most {OPERATIONS_LIMIT} operations, not {count}: "
            "send several.",
            operation_count=str(count),
        )


def operation_error(error: BaseException) -> gateway.OperationError:
    """An error as a unary call's status would carry it."""
    if isinstance(error, KawaseError):
        code = int(status_code(error).value[0])
        return gateway.OperationError(
            code=code, reason=error.reason, message=error.message, metadata=error.metadata
        )
    log.error("operation_failed", exc_info=error)
    return gateway.OperationError(
        code=13,
        reason="INTERNAL",
        message="Something is wrong on our side; try again or ask the operator.",
    )


class Session:
    """One stream of one wallet."""

    def __init__(
        self, wallet: Participant, creating: Creating, confirming: Confirming, waiters: Waiters
    ) -> None:
        self._wallet = wallet
        self._creating = creating
        self._confirming = confirming
        self._waiters = waiters
        self._loop = asyncio.get_running_loop()
        self._results: list[gateway.PayResult] = []
        self._outstanding = 0
        self._finished = asyncio.Event()
        self._room = asyncio.Event()
        self._waiting: dict[asyncio.Future[Snapshot], tuple[float, Payment]] = {}
        self._deadlines: deque[asyncio.Future[Snapshot]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(
        self, requests: AsyncIterator[gateway.PaySessionRequest]
    ) -> AsyncIterator[gateway.PaySessionResponse]:
        """Answers to `requests`; ends when they have ended and all are answered."""
        reader = asyncio.create_task(self._read_all(requests))
        reader.add_done_callback(lambda _: self._finished.set())
        try:
            while True:
                await self._finished.wait()
                self._finished.clear()
                while self._results:
                    results = self._results[:RESULTS_LIMIT]
                    del self._results[:RESULTS_LIMIT]
                    self._outstanding -= len(results)
                    self._room.set()
                    yield gateway.PaySessionResponse(results=results)
                if reader.done():
                    reader.result()
                    if not self._outstanding:
                        return
        finally:
            self._close()
            reader.cancel()
            await asyncio.wait([reader])

    def _close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for future, (_, payment) in self._waiting.items():
            self._waiters.forget(payment.terms.reference, future)
        self._waiting.clear()

    async def _read_all(self, requests: AsyncIterator[gateway.PaySessionRequest]) -> None:
        async for request in requests:
            count = len(request.operations)
            if count > OPERATIONS_LIMIT:
                raise TooManyOperations(count)
            while self._outstanding and self._outstanding + count > OUTSTANDING_LIMIT:
                self._room.clear()
                await self._room.wait()
            self._outstanding += count
            for operation in request.operations:
                self._start(operation)

    def _start(self, operation: gateway.PayOperation) -> None:
        member = operation.WhichOneof("operation")
        if member == "create":
            self._create(operation.create)
        elif member == "confirm":
            payment_id = operation.confirm.payment_id
            try:
                asked = self._confirming.submit(Ask(self._wallet, payment_id))
            except KawaseError as error:
                self._fail(payment_id, CONFIRM, error)
                return
            asked.add_done_callback(partial(self._confirmed, payment_id))
        else:
            self._fail("", gateway.PAY_OPERATION_KIND_UNSPECIFIED, OperationMissing())

    def _create(self, request: gateway.CreatePaymentRequest) -> None:
        typed = None
        if request.HasField("amount"):
            typed = Money(request.amount.minor_units, request.amount.currency_code)
        payment_id = request.payment_id
        try:
            made = self._creating.submit(
                self._wallet, payment_id, request.payer_id, request.code, typed
            )
        except KawaseError as error:
            self._fail(payment_id, CREATE, error)
            return
        made.add_done_callback(partial(self._created, payment_id))

    def _created(self, payment_id: str, made: "asyncio.Future[Payment]") -> None:
        error = _error_of(made)
        if error is not None:
            self._fail(payment_id, CREATE, error)
        else:
            self._answer(payment_id, CREATE, payment_message(made.result()))

    def _confirmed(self, payment_id: str, asked: "asyncio.Future[Asked]") -> None:
        error = _error_of(asked)
        if error is not None:
            self._fail(payment_id, CONFIRM, error)
            return
        answer = asked.result()
        waiting = answer.waiting
        if waiting is None:
            self._answer(payment_id, CONFIRM, payment_message(answer.payment))
            return
        if self._closed:
            self._waiters.forget(answer.payment.terms.reference, waiting)
            return
        self._waiting[waiting] = (self._loop.time() + CONFIRM_SECONDS, answer.payment)
        self._deadlines.append(waiting)
        waiting.add_done_callback(partial(self._ended, payment_id))
        if self._timer is None:
            self._timer = self._loop.call_later(CONFIRM_SECONDS, self._expire)

    def _ended(self, payment_id: str, waiting: "asyncio.Future[Snapshot]") -> None:
        if self._waiting.pop(waiting, None) is not None and not waiting.cancelled():
            self._answer(payment_id, CONFIRM, waiting.result())
        while self._deadlines and self._deadlines[0].done():
            self._deadlines.popleft()

    def _expire(self) -> None:
        """Answer with the state so far what has waited too long; deadlines are in order."""
        now = self._loop.time()
        self._timer = None
        while self._deadlines:
            waiting = self._deadlines[0]
            deadline, payment = self._waiting.get(waiting, (now, None))
            if deadline > now:
                self._timer = self._loop.call_at(deadline, self._expire)
                return
            self._deadlines.popleft()
            if payment is not None and not waiting.done():
                self._waiters.forget(payment.terms.reference, waiting)
                waiting.set_result(payment_message(payment))

    def _answer(self, payment_id: str, kind: Kind, snapshot: Snapshot) -> None:
        self._results.append(gateway.PayResult(payment_id=payment_id, kind=kind, payment=snapshot))
        self._finished.set()

    def _fail(self, payment_id: str, kind: Kind, error: BaseException) -> None:
        self._results.append(
            gateway.PayResult(payment_id=payment_id, kind=kind, error=operation_error(error))
        )
        self._finished.set()


def _error_of(future: "asyncio.Future[Any]") -> BaseException | None:
    return asyncio.CancelledError() if future.cancelled() else future.exception()
