"""Where webhooks may go: pure rules over URLs and addresses.

A participant chooses the URL, and the gateway stands inside a network. So nothing but a global
unicast address is called, whatever name stands for it; forms of IPv6 that carry an IPv4 address are
refused whole, because they lead elsewhere than they read.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from services.core.errors import Malformed

URL_LIMIT = 2048
HTTPS_PORTS = frozenset({443, 8443})
_DEFAULT_PORTS = {"https": 443, "http": 80}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
# Within it, what is special (RFC 6890, RFC 9637) or carries IPv4 addresses: 6to4 (RFC 3056); Teredo
# (RFC 4380) is in 2001::/23.
_SPECIAL_6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Beside those that Python's own table names: protocol assignments, where Oracle's cloud answers its
# guests; what 6to4 relays listened at (RFC 7526); benchmarks (RFC 2544); Azure's wire server.
_SPECIAL_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "168.63.129.16/32")
)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """`inside` is for the sandbox: plain http, any address, any port."""

    inside: bool = False
    ports: frozenset[int] = HTTPS_PORTS


def check_url(text: str, rules: AddressRules) -> SplitResult:
    """The parts of a URL that may be called, as far as can be seen without asking DNS.

    Raises `WebhookUrlRefused`.
    """
    if len(text) > URL_LIMIT or not text.isascii() or not text.isprintable() or " " in text:
        raise WebhookUrlRefused(f"it must be at most {URL_LIMIT} ASCII characters without spaces")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise WebhookUrlRefused("it cannot be read as a URL") from None
    if parts.scheme != "https" and not (rules.inside and parts.scheme == "http"):
        raise WebhookUrlRefused("it must begin with https://")
    if not parts.hostname or "%" in parts.hostname or "\\" in text:
        raise WebhookUrlRefused("it must name a host")
    if "@" in parts.netloc or parts.fragment:
        raise WebhookUrlRefused("it must carry neither a login nor a fragment")
    if not rules.inside and (port or _DEFAULT_PORTS[parts.scheme]) not in rules.ports:
        allowed = ", ".join(str(number) for number in sorted(rules.ports))
        raise WebhookUrlRefused(f"its port must be one of {allowed}")
    if (literal := literal_of(parts.hostname)) is not None:
        check_address(literal, rules)
    return parts


def literal_of(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_address(address: Address, rules: AddressRules) -> None:
    """Raises `WebhookAddressRefused` for an address that is not out in the open."""
    if not rules.inside and not is_open(address):
        raise WebhookAddressRefused(address)


def is_open(address: Address) -> bool:
    """Whether it is a global unicast address, of a host that is not the network's own."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    return address in _UNICAST_6 and not any(address in network for network in _SPECIAL_6)


class WebhookUrlRefused(Malformed):
    """A URL that is not called, by its shape."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The URL of a webhook cannot be this one: {why}.", field="url")


class WebhookAddressRefused(Malformed):
    """A host that leads to an address which is not called."""

    def __init__(self, address: Address) -> None:
        super().__init__(
            f"The URL of a webhook leads to {address}, which is no public address: "
            "give a host that can be reached from the internet.",
            field="url",
        )
