"""Why the wallet says no: one clause per reason, in the order in which they are looked for.

First what the id already stands for, then shape, then lookup, then rule; of several that hold, the
first is answered. A transient clause could be answered differently on another day, so its refusal
is stored under the id and given again. Any other follows from the command's content and from rows
that never change, so it comes out the same without being stored; such a command does not take its
id, except by what was stored before.
"""

from enum import Enum
from typing import NamedTuple

from services.core import errors


class Clause(Enum):
    """A reason to refuse; declared in order of precedence. Its name goes over the wire."""

    LINK_EXISTS_WITH_DIFFERENT_CONTENT = (
        "This link id already stands for other legs or another funding account; choose a new id.",
        errors.Conflict,
    )
    ALREADY_POSTED = "The link was posted; it cannot be given back. Reverse it by new transfers."
    ALREADY_VOIDED = "The link was voided; begin a new one."
    ALREADY_EXPIRED = "The link has expired; begin a new one."
    LINK_REFUSED = "The link was refused when it began, so there is nothing to post."

    LINK_ID_MALFORMED = (
        "A link id is 1 to 200 printable ASCII characters without spaces.",
        errors.Malformed,
    )
    ACCOUNT_ID_MALFORMED = (
        "An account id is 1 to 200 printable ASCII characters without spaces.",
        errors.Malformed,
    )
    LEGS_MISSING = ("At least one leg is needed.", errors.Malformed)
    TOO_MANY_LEGS = ("A link has at most 64 legs, a transfer at once 1,024.", errors.Malformed)
    AMOUNT_NOT_POSITIVE = ("An amount is at least 1 minor unit.", errors.Malformed)
    AMOUNT_TOO_LARGE = ("An amount is at most 10^15 minor units.", errors.Malformed)
    PURPOSE_MALFORMED = (
        "A purpose is at most 40 printable characters of ASCII.",
        errors.Malformed,
    )
    ACCOUNTS_MUST_DIFFER = ("A leg needs two different accounts.", errors.Malformed)
    ACCOUNTS_MISSING = ("At least one account is needed.", errors.Malformed)
    TOO_MANY_ACCOUNTS = ("At most 500 accounts are opened at once.", errors.Malformed)
    CURRENCY_UNKNOWN = ("The currency is not known; use ISO 4217 letters.", errors.Malformed)
    KIND_UNKNOWN = ("The account needs a kind that is known.", errors.Malformed)
    OWNER_MALFORMED = (
        "An owner id is at most 200 printable ASCII characters.",
        errors.Malformed,
    )
    LIMIT_NOT_ALLOWED = (
        "A net debit limit is between 0 and 10^15, and a striped account has none.",
        errors.Malformed,
    )

    LINK_NOT_FOUND = (
        "Nothing was reserved under this link id; reserve under a new id.",
        errors.NotFound,
        True,
    )
    FUNDING_ACCOUNT_NOT_FOUND = (
        "The funding account is not open; open it and use a new link id.",
        errors.NotFound,
        True,
    )
    DEBIT_ACCOUNT_NOT_FOUND = (
        "The account to debit is not open; open it and use a new link id.",
        errors.NotFound,
        True,
    )
    CREDIT_ACCOUNT_NOT_FOUND = (
        "The account to credit is not open; open it and use a new link id.",
        errors.NotFound,
        True,
    )
    CAPTURE_EXCEEDS_RESERVED = (
        "A leg of the capture takes more than the link has reserved between its accounts."
    )
    CURRENCY_DIFFERS = "The leg and both its accounts must be of one currency."
    ACCOUNT_EXISTS_WITH_DIFFERENT_CONTENT = (
        "An account of this id is open with other content; accounts do not change.",
        errors.Conflict,
    )

    TOTAL_TOO_LARGE = (
        "The account's totals have no room for this amount; ask the operator.",
        errors.LimitReached,
        True,
    )
    EXCEEDS_CREDITS = (
        "The account has not enough funds; fund it and use a new link id.",
        errors.Refused,
        True,
    )
    EXCEEDS_NET_DEBIT_LIMIT = (
        "The account's net debit limit does not allow this; settle it and use a new link id.",
        errors.LimitReached,
        True,
    )

    sentence: str
    kind: type[errors.KawaseError]
    transient: bool
    precedence: int

    def __new__(
        cls,
        sentence: str,
        kind: type[errors.KawaseError] = errors.Refused,
        transient: bool = False,
    ) -> "Clause":
        clause = object.__new__(cls)
        clause.precedence = len(cls.__members__)
        clause._value_ = clause.precedence
        clause.sentence = sentence
        clause.kind = kind
        clause.transient = transient
        return clause


class Fault(NamedTuple):
    """A clause, and the account it is about; empty where it is about none."""

    clause: Clause
    account_id: str = ""

    def error(self, link_id: str = "") -> errors.KawaseError:
        """The refusal as an error to be raised: of the clause's kind, named as the clause."""
        name = self.clause.name.title().replace("_", "")
        about = {"account_id": self.account_id, "link_id": link_id}
        leaf: errors.KawaseError = type(name, (self.clause.kind,), {})(
            self.clause.sentence, **{key: value for key, value in about.items() if value}
        )
        return leaf


def first_fault(faults: list[Fault]) -> Fault | None:
    """The fault whose clause takes precedence; of equals the one found first."""
    return min(faults, key=lambda fault: fault.clause.precedence, default=None)
