"""What the code of an order carries to be known by: EMVCo's reference label (62.05)."""

import re

_LABEL = re.compile(r"KW[0-9A-HJKMNP-TV-Z]{23}")


def label_of(reference: str) -> str:
    """The label of a fresh order, of the 25 characters that 62.05 has; `reference` is a ULID, whose
    first three characters stay the same for years."""
    return f"KW{reference[3:]}"


def is_label(text: str) -> bool:
    """Whether a code's reference label is one of our orders'."""
    return _LABEL.fullmatch(text) is not None
