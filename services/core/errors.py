"""The tree of errors that may reach a caller. Anything else is ours, and its text stays inside.

    KawaseError
    ├── Malformed      the request can never be right as it stands     INVALID_ARGUMENT     400
    ├── Unauthenticated no key, or not a valid one                     UNAUTHENTICATED      401
    ├── Forbidden      known, but not allowed                          PERMISSION_DENIED    403
    ├── NotFound       no such thing, or not the caller's              NOT_FOUND            404
    ├── Conflict       the id is taken by other content                ALREADY_EXISTS       409
    ├── Refused        a rule or the state of things says no           FAILED_PRECONDITION  422
    ├── LimitReached   a limit says no; later may be different         RESOURCE_EXHAUSTED   429
    ├── Contended      somebody else changes it now: ask again         ABORTED              409
    └── Unavailable    a part is away for the moment: ask again        UNAVAILABLE          503

Leaves are clauses (`QuoteExpired`); the reason on the wire is the leaf's name in UPPER_SNAKE.
`message` says what is wrong and what to do; `metadata` holds its variable parts. "Don't know" is
not an error: it is a state.
"""

import re

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")


def reason_of(leaf: type) -> str:
    """`QuoteExpired` → `QUOTE_EXPIRED`."""
    return _HUMP.sub("_", leaf.__name__).upper()


class KawaseError(Exception):
    """A refusal: a typed reason, a sentence for people, and that sentence's variable parts."""

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata

    @property
    def reason(self) -> str:
        return reason_of(type(self))


class Malformed(KawaseError):
    """The request can never be right as it stands."""


class Unauthenticated(KawaseError):
    """No key, or not a valid one."""


class Forbidden(KawaseError):
    """Known, but not allowed."""


class NotFound(KawaseError):
    """No such thing, or not the caller's."""


class Conflict(KawaseError):
    """The id is taken by other content."""


class Refused(KawaseError):
    """A rule or the state of things says no."""


class LimitReached(KawaseError):
    """A limit says no; at another time the answer may be different."""


class Contended(KawaseError):
    """Somebody else changes it at this moment: ask again."""


class Unavailable(KawaseError):
    """A part is away for the moment: ask again."""
