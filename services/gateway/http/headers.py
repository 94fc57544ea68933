"""What headers say, in and out: idempotency keys, preferences, ETags, links. Pure."""

import hashlib
import re
from urllib.parse import urlencode

from services.core.errors import Malformed

WAIT_MAXIMUM = 120
"""The longest wait, in seconds, that `Prefer: wait=N` is granted."""
WAIT_DEFAULT = 25

_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)


def chosen_id(field: str, in_body: str | None, key: str | None) -> str:
    """The id of what is to be made. The id is the idempotency key, so header and body agree.

    Raises `IdempotencyKeyMissing`, `IdempotencyKeyDiffers`.
    """
    header = key.strip('"') if key is not None else None
    if in_body is None:
        if header is None:
            raise IdempotencyKeyMissing(field)
        return header
    if header is not None and header != in_body:
        raise IdempotencyKeyDiffers(field)
    return in_body


class IdempotencyKeyMissing(Malformed):
    """Neither the body nor the header names what is to be made."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"Send {field} in the body, or an Idempotency-Key header in its place: without one a "
            "repeat could not be told from a second request.",
            field=field,
        )


class IdempotencyKeyDiffers(Malformed):
    """Header and body name different things."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The Idempotency-Key header is not the body's {field}, which is the idempotency key "
            "here: send the same in both, or leave the header out.",
            field=field,
        )


def wait_seconds(prefer: str | None) -> int:
    """How long a call may wait (RFC 7240), 0 to `WAIT_MAXIMUM`; unknown preferences are passed."""
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), WAIT_MAXIMUM) if found else WAIT_DEFAULT


def etag_of(body: bytes) -> str:
    """A strong validator of `body`."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def none_match(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has what `etag` stands for (RFC 9110 13.1.2, weak comparison)."""
    if not if_none_match:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def next_link(path: str, query: dict[str, str], page_token: str) -> str:
    """The Link header (RFC 8288) to the page after this one."""
    following = urlencode({**query, "page_token": page_token})
    return f'<{path}?{following}>; rel="next"'
