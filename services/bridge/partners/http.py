"""HTTP to one partner: one session, bounded connections and bodies, kept-alive connections.

Time limits are the caller's: the worker ends a call that lasts too long.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from services.kit.trace import HEADER, current

BODY_BYTES = 256 * 1024
FILE_BYTES = 4 * 1024**3
CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS = 2.0
KEEP_ALIVE_SECONDS = 30.0
# Paths without an id in them are few, and asked for again.
URLS_KEPT = 64
_SERVER_ERROR = 500
_SKIPPED = ("Accept", "Accept-Encoding", "User-Agent")


class NotSent(Exception):
    """No connection to the partner: it cannot have seen the request."""


class NoAnswer(Exception):
    """The request may have reached the partner, but no clear answer came back."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status below 500. Header names are in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]

    def json(self) -> dict[str, Any]:
        """Raises `NoAnswer` where the body is no JSON object."""
        try:
            fields = json.loads(self.body)
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise NoAnswer(f"status {self.status} without a JSON object")
        return fields


def with_trace(headers: dict[str, str]) -> dict[str, str]:
    """The headers of a request, with the trace that is followed."""
    trace = current()
    return {**headers, HEADER: trace} if trace else headers


class PartnerHttp:
    """A partner's HTTP API."""

    def __init__(self, base_url: str, connections: int) -> None:
        self._base = URL(base_url)
        self._connections = connections
        self._urls: dict[str, URL] = {}
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=KEEP_ALIVE_SECONDS
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                skip_auto_headers=_SKIPPED,
            )
        return self._session

    def path_of(self, path: str) -> str:
        """`path` as the partner sees it, with the base's own."""
        return self._url(path).raw_path

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            url = self._base.joinpath(path.lstrip("/"))
            if len(self._urls) < URLS_KEPT:
                self._urls[path] = url
        return url

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """Raises `NotSent` and `NoAnswer`; an answer from 500 on is none."""
        return await self._ask("POST", self._url(path), body, headers)

    async def get(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Reply:
        """Raises `NotSent` and `NoAnswer`; an answer from 500 on is none."""
        return await self._ask("GET", self._url(path).with_query(query), None, headers)

    async def download(
        self, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, AsyncIterator[bytes]]:
        """A status below 500 and the body as it comes, up to `FILE_BYTES`, in chunks of at most
        64 KiB. Raises `NotSent` and `NoAnswer`, the latter also while it comes."""
        url = self._url(path).with_query(query)
        try:
            response = await self._open().get(url, headers=headers, allow_redirects=False)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        if response.status >= _SERVER_ERROR:
            response.close()
            raise NoAnswer(f"status {response.status}")
        return response.status, _chunks(response)

    async def delete(self, path: str, headers: dict[str, str]) -> Reply:
        """Raises `NotSent` and `NoAnswer`; an answer from 500 on is none."""
        return await self._ask("DELETE", self._url(path), None, headers)

    async def _ask(
        self, method: str, url: URL, body: bytes | None, headers: dict[str, str]
    ) -> Reply:
        headers = with_trace(headers)
        try:
            async with self._open().request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status >= _SERVER_ERROR:
                    raise NoAnswer(f"status {response.status}")
                content = await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, content, names)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            size += len(chunk)
            if size > FILE_BYTES:
                raise NoAnswer(f"a file of more than {FILE_BYTES} bytes")
            yield chunk
    except (aiohttp.ClientError, OSError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
    finally:
        response.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > BODY_BYTES:
        raise NoAnswer(f"an answer of {response.content_length} bytes")
    if response.content_length is not None:
        return await response.read()
    content = b""
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > BODY_BYTES:
            raise NoAnswer(f"an answer of more than {BODY_BYTES} bytes")
    return content
