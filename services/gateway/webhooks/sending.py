"""One attempt over HTTP: only to checked addresses, bounded in time and size, redirects unfollowed.

A name is resolved once per connection, and the connection goes to the addresses that were checked.
A name with one address inside is refused whole. Names are looked up in threads of their own, each
name in one of them at a time, and what participants only ask about in others: so one that is slow
to resolve keeps no other endpoint waiting.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.core.errors import Malformed
from services.gateway.webhooks.addresses import (
    AddressRules,
    WebhookAddressRefused,
    WebhookUrlRefused,
    check_address,
    check_url,
)
from services.gateway.webhooks.schedule import Ending, Outcome, ending_of

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
LOOKUP_SECONDS = 5.0
# Of an answer that has come: its status counts, its text is only shown.
ANSWER_SECONDS = 2.0
ANSWER_BYTES = 1024
KEEP_ALIVE_SECONDS = 15.0
# More than a participant may have endpoints, and so names.
_LOOKUP_THREADS = 64
_CHECK_THREADS = 8
_HEADER_BYTES = 8190
_RETRY_AFTER_DIGITS = 6


class AddressBarred(OSError):
    """A name leads inside: no connection is made."""


_Found = Sequence[tuple[Any, ...]]
_Wanted = tuple[str, int, socket.AddressFamily]
Lookup = Callable[..., _Found]
"""As `socket.getaddrinfo`."""


class Names(AbstractResolver):
    """Resolves names to addresses that may be called."""

    def __init__(self, rules: AddressRules, lookup: Lookup = socket.getaddrinfo) -> None:
        self._rules = rules
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="webhook-names")
        self._checking = ThreadPoolExecutor(_CHECK_THREADS, thread_name_prefix="webhook-checks")
        self._looking: dict[_Wanted, asyncio.Future[_Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`. Raises `AddressBarred` where one may not be called, and
        OSError where there is none."""
        wanted = host, port, family
        looking = self._looking.get(wanted)
        if looking is None:
            looking = self._looking[wanted] = self._look_up(self._threads, wanted)
            looking.add_done_callback(lambda _: self._looking.pop(wanted))
        async with asyncio.timeout(LOOKUP_SECONDS):
            # Who has waited long enough gives up; a thread that looks up cannot.
            found = await asyncio.shield(looking)
        return self._checked(host, port, found)

    def _look_up(self, threads: ThreadPoolExecutor, wanted: _Wanted) -> "asyncio.Future[_Found]":
        look_up = partial(self._lookup, *wanted, socket.SOCK_STREAM)
        return asyncio.get_running_loop().run_in_executor(threads, look_up)

    def _checked(self, host: str, port: int, found: _Found) -> list[ResolveResult]:
        results = []
        for kind, _, proto, _, place in found:
            text = str(place[0])
            try:
                check_address(ip_address(text), self._rules)
            except WebhookAddressRefused as refusal:
                raise AddressBarred(refusal.message) from None
            results.append(
                ResolveResult(
                    hostname=host,
                    host=text,
                    port=port,
                    family=kind,
                    proto=proto,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    async def check(self, url: str) -> None:
        """Whether a URL may be called now, its name resolved.

        Raises `WebhookUrlRefused`, `WebhookAddressRefused`.
        """
        parts = check_url(url, self._rules)
        wanted = str(parts.hostname), 0, socket.AF_UNSPEC
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await self._look_up(self._checking, wanted)
            self._checked(wanted[0], 0, found)
        except AddressBarred as error:
            raise WebhookUrlRefused(str(error).rstrip(".")) from None
        except (OSError, TimeoutError, UnicodeError):
            raise WebhookUrlRefused("its host is not known to DNS at this moment") from None

    async def close(self) -> None:
        for threads in (self._threads, self._checking):
            threads.shutdown(wait=False, cancel_futures=True)


class Sender:
    """Sends attempts."""

    def __init__(
        self,
        rules: AddressRules,
        names: Names,
        connections: int,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._rules = rules
        self._names = names
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(
            total=total_seconds,
            connect=min(CONNECT_SECONDS, total_seconds),
            sock_connect=min(CONNECT_SECONDS, total_seconds),
        )
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, body: str, headers: dict[str, str], now: datetime) -> Outcome:
        """Post `body`; whatever happens is an outcome. `now` is the machine's time."""
        try:
            target = self._target(url)
        except Malformed:
            return Outcome(Ending.ADDRESS_REFUSED)
        try:
            async with self._open().post(
                target, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                answer = await _beginning(response)
                return Outcome(
                    ending_of(response.status),
                    response.status,
                    answer,
                    retry_after(response.headers.get("Retry-After", ""), now),
                )
        except (aiohttp.ClientError, ssl.SSLError, OSError, TimeoutError, ValueError) as error:
            return Outcome(_ending_of_error(error))

    def _target(self, url: str) -> URL:
        parts = check_url(url, self._rules)
        target = URL(url)
        # The rules and the client have to read the same host.
        if (target.host or "").lower() != parts.hostname:
            raise WebhookUrlRefused("its host can be read in two ways")
        return target

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                resolver=self._names,
                use_dns_cache=False,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                auto_decompress=False,
                trust_env=False,
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
                headers={"Accept-Encoding": "identity"},
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first bytes of an answer's body; what comes late or broken is left."""
    content = b""
    with suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(content) < ANSWER_BYTES:
                chunk = await response.content.read(ANSWER_BYTES - len(content))
                if not chunk:
                    break
                content += chunk
    if not response.content.at_eof():
        # More is coming: the connection is of no further use.
        response.close()
    return content.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _ending_of_error(error: Exception) -> Ending:
    if isinstance(error, TimeoutError):
        return Ending.TIMED_OUT
    if isinstance(error, aiohttp.InvalidURL):
        return Ending.ADDRESS_REFUSED
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Ending.TLS_FAILED
    if isinstance(error, aiohttp.ClientConnectorError):
        barred = isinstance(error.os_error, AddressBarred)
        return Ending.ADDRESS_REFUSED if barred else Ending.NOT_CONNECTED
    return Ending.TLS_FAILED if isinstance(error, ssl.SSLError) else Ending.CONNECTION_LOST


def retry_after(header: str, now: datetime) -> timedelta | None:
    """How long a `Retry-After` (RFC 9110: seconds or a date) asks to wait; None for neither."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:_RETRY_AFTER_DIGITS]))
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now
