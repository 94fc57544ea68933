"""What was proposed, as it is kept and shown: bank accounts sealed, and by their last digits."""

from typing import Any

from google.protobuf.message import Message

from services.gateway.access.book import Proposal
from services.gateway.access.operations import operation_of
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable

SHOWN_DIGITS = 3
NUMBER, HOLDER = "account_number", "holder_name"


class Requests:
    """Requests on their way into the table and out of it."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def kept(self, method: str, request: bytes) -> bytes:
        """What is stored. Raises `SecretsKeyMissing`."""
        return self._box.seal_for(method, request) if operation_of(method).sealed else request

    def open(self, proposal: Proposal) -> bytes:
        """The request as it was. Raises `SecretsKeyMissing`, `SecretUnreadable`."""
        if not operation_of(proposal.method).sealed:
            return proposal.request
        return self._box.open_for(proposal.method, proposal.request)

    def opened(self, proposal: Proposal) -> bytes | None:
        """The same; None where the keys of today do not open it."""
        try:
            return self.open(proposal)
        except (SecretsKeyMissing, SecretUnreadable):
            return None


def shown(request: Message) -> Message:
    """A copy of `request` with the last digits of accounts, and no holder's name."""
    copy = type(request)()
    copy.CopyFrom(request)
    _mask(copy)
    return copy


def _mask(message: Message) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None:
            values: Any = value if field.is_repeated else (value,)
            for each in values:
                _mask(each)
        elif field.name == NUMBER:
            setattr(message, NUMBER, f"***{value[-SHOWN_DIGITS:]}")
        elif field.name == HOLDER:
            message.ClearField(HOLDER)
