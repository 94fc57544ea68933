"""Shops and whose they are. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop of one of our own acquirers, who stays the same for its life."""

    merchant_id: str
    acquirer_id: str
