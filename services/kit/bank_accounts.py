"""Bank accounts as they are stored and sent: sealed whole, and of the number the last digits.

Every table and message with an account has it so: the bank and the branch for people and searches,
the number masked, no name, and beside them the whole, sealed with `KAWASE_PAYEE_KEY` for its place.
"""

import json
from collections.abc import Sequence

from services.kit.sealing import SecretBox

SHOWN_DIGITS = 3
MASK = "***"
_SEALED = "sealed:"

Parts = tuple[str, str, str, str, str]
"""Bank, branch, type and number of an account, and its holder's name."""


def payout_place(payout_id: str) -> str:
    """What the account of a payout is sealed for, wherever it is on its way to the bank."""
    return f"payout/{payout_id}"


def masked_number(number: str) -> str:
    """The last digits; one that is masked stays so, and none is none."""
    return f"{MASK}{number[-SHOWN_DIGITS:]}" if number else ""


def shown(parts: Sequence[str]) -> Parts:
    """What of an account is stored beside the sealed whole."""
    bank, branch, kind, number, _holder = parts
    return bank, branch, kind, masked_number(number), ""


def seal_account(box: SecretBox, place: str, parts: Sequence[str]) -> bytes:
    """Raises `SecretsKeyMissing`."""
    return box.seal_for(place, json.dumps(list(parts), ensure_ascii=False).encode())


def open_account(box: SecretBox, place: str, sealed: bytes) -> Parts:
    """Raises `SecretsKeyMissing`, `SecretUnreadable`."""
    bank, branch, kind, number, holder = json.loads(box.open_for(place, sealed))
    return bank, branch, kind, number, holder


def seal_reference(box: SecretBox, place: str, reference: str) -> str:
    """What a bank calls an account, perhaps its number, as text. Raises `SecretsKeyMissing`."""
    return _SEALED + box.seal_for(place, reference.encode()).decode()


def open_reference(box: SecretBox, place: str, text: str) -> str:
    """The reference again; one from before references were sealed is as it is.

    Raises `SecretsKeyMissing`, `SecretUnreadable`.
    """
    if not text.startswith(_SEALED):
        return text
    return box.open_for(place, text.removeprefix(_SEALED).encode()).decode()
