"""Page tokens: where a list goes on, opaque to who asks. A token holds the last id of its page."""

import base64
import binascii
from collections.abc import Sequence

from services.core.ids import IdMalformed, checked_id
from services.gateway.payments.refusals import PageTokenMalformed


def token_of(last_id: str) -> str:
    """The token of a page that ends with this id."""
    return base64.urlsafe_b64encode(last_id.encode()).decode()


def next_token(ids: Sequence[str], size: int) -> str:
    """The token of a page of things with these ids; empty where it is shorter than was asked for,
    and so the last."""
    return token_of(ids[-1]) if len(ids) == size else ""


def last_id_of(token: str) -> str:
    """The id a token stands for; empty for the first page. Raises `PageTokenMalformed`."""
    if not token:
        return ""
    try:
        last = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
        return checked_id(last, "page_token")
    except (binascii.Error, UnicodeError, IdMalformed):
        raise PageTokenMalformed from None
