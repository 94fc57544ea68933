"""How long the pages of the operator's lists are, and where they go on."""

from services.gateway.payments.refusals import PageTokenMalformed

PAGE_SIZE = 100
PAGE_SIZE_MAXIMUM = 1000
_TOKEN_DIGITS = 18  # what fits a BIGINT, whatever the digits


def page_size(asked: int) -> int:
    """What is given for what was asked; zero asks for the usual."""
    return min(asked, PAGE_SIZE_MAXIMUM) if asked > 0 else PAGE_SIZE


def number_of(token: str) -> int | None:
    """The number a token stands for; None for the first page. Raises `PageTokenMalformed`."""
    if not token:
        return None
    if not (token.isascii() and token.isdigit() and len(token) <= _TOKEN_DIGITS):
        raise PageTokenMalformed
    return int(token)
