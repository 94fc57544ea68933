"""What a call may raise: the kinds of `services.core.errors`, each with the gateway's reason.

except LimitReached as refusal:
    refusal.reason      "PAYER_DAY_LIMIT_REACHED", for programs
    refusal.message     what is wrong and what to do, for people
    refusal.metadata    the variable parts of the message
"""

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.core import errors


class AnswerOverdue(errors.KawaseError):
    """No answer within the call's time. What was asked may still happen: ask again, same id."""

    def __init__(self) -> None:
        super().__init__(
            "No answer came in time; what was asked may still happen: ask again with the same id."
        )


class GatewayFailed(errors.KawaseError):
    """Something is wrong at the gateway, or between it and you. Tell the operator."""


class SignatureInvalid(errors.KawaseError):
    """A webhook that none of your secrets has signed, or not at this time: do not believe it."""


class _Told(errors.KawaseError):
    """An error as the gateway told it, under its own reason."""

    def __init__(self, reason: str, message: str, metadata: dict[str, str]) -> None:
        super().__init__(message, **metadata)
        self._reason = reason

    @property
    def reason(self) -> str:
        return self._reason


def _told(kind: type[errors.KawaseError]) -> type[_Told]:
    return type(kind.__name__, (_Told, kind), {})


_STATUS = grpc.StatusCode
_KINDS: dict[grpc.StatusCode, type[_Told]] = {
    _STATUS.INVALID_ARGUMENT: _told(errors.Malformed),
    _STATUS.UNAUTHENTICATED: _told(errors.Unauthenticated),
    _STATUS.PERMISSION_DENIED: _told(errors.Forbidden),
    _STATUS.NOT_FOUND: _told(errors.NotFound),
    _STATUS.ALREADY_EXISTS: _told(errors.Conflict),
    _STATUS.FAILED_PRECONDITION: _told(errors.Refused),
    _STATUS.RESOURCE_EXHAUSTED: _told(errors.LimitReached),
    _STATUS.ABORTED: _told(errors.Contended),
    _STATUS.UNAVAILABLE: _told(errors.Unavailable),
}


def error_of(error: grpc.aio.AioRpcError) -> errors.KawaseError:
    """What a call that ended so raises; the reason is the status where the gateway gave none."""
    code = error.code()
    if code is _STATUS.DEADLINE_EXCEEDED:
        return AnswerOverdue()
    message = error.details() or ""
    kind = _KINDS.get(code)
    if kind is None:
        return GatewayFailed(f"The gateway could not answer: {code.name}: {message}")
    if code is _STATUS.UNAVAILABLE and rpc_status.from_call(error) is None:  # type: ignore[arg-type]
        message = f"The gateway does not answer: check its address, or ask again ({message})."
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
    return kind(info.reason or code.name, message, dict(info.metadata))
