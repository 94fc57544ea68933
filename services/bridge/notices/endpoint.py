"""Where partners' servers tell us things: `POST /notice/<partner>`, verified before anything else.

The sender, the size and the pace are bounded; the adapter verifies; what is verified is durable
before it is answered as that partner expects. A repeat gets the same answer. Whoever is wrong gets
the answer of an address that is not there, whatever is wrong.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta

import structlog
from aiohttp import web

from services.bridge.domain.pace import Bucket, Pace
from services.bridge.notices.notice import NoticeRefused, NoticeRequest
from services.bridge.notices.taking import Arrived, NoticeBook
from services.bridge.partner import Partner
from services.core.clock import Clock
from services.kit.batch import AWAY

log = structlog.get_logger()

PATH = "/notice/{partner_id}"
BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
AT_A_TIME = 256
# Of one address to one partner: partners send about a notice per payment.
PACE = Pace(every=timedelta(milliseconds=5), burst=1_000)
ADDRESSES = 1_024


class Notices:
    """The notice endpoint. `address_header` is the header in which our own proxy names the caller's
    address last; empty where callers reach us directly. `prefix` is what the proxy cuts off the
    path, which partners sign."""

    def __init__(
        self,
        partners: Mapping[str, Partner],
        book: NoticeBook,
        clock: Clock,
        machine: Clock,
        *,
        address_header: str = "",
        prefix: str = "",
        pace: Pace = PACE,
    ) -> None:
        self._partners = partners
        self._book = book
        self._clock = clock
        self._machine = machine
        self._address_header = address_header
        self._prefix = prefix.rstrip("/")
        self._pace = pace
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self._under_way = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        partner = self._partners.get(request.match_info["partner_id"])
        if partner is None:
            return web.Response(status=404)
        address = self._address_of(request)
        if self._under_way >= AT_A_TIME or not self._is_paced(partner.partner_id, address):
            log.warning("notice_delayed", partner_id=partner.partner_id, address=address)
            return _later()
        self._under_way += 1
        try:
            return await self._answer(request, partner, address)
        except AWAY as error:
            log.warning("notice_waits", partner_id=partner.partner_id, problem=repr(error))
            return _later()
        finally:
            self._under_way -= 1

    async def _answer(self, request: web.Request, partner: Partner, address: str) -> web.Response:
        try:
            body = await _read(request)
            asked = self._asked(request, body, address)
            notice = partner.read_notice(asked)
        except NoticeRefused as refused:
            problem = refused.metadata["problem"]
            log.warning(
                "notice_refused", partner_id=partner.partner_id, address=address, problem=problem
            )
            return web.Response(status=404)
        except Exception as error:
            # What an adapter cannot read is nothing to it; the body itself may be anybody's.
            problem = type(error).__name__
            log.error("notice_not_understood", partner_id=partner.partner_id, problem=problem)
            return web.Response(status=404)
        try:
            is_new = await self._book.take(Arrived(partner.partner_id, notice, body))
        except AWAY:
            raise
        except Exception:  # told by the book; to the partner it is as if we were away
            return _later()
        log.info(
            "notice_taken",
            partner_id=partner.partner_id,
            kind=type(notice).__name__,
            is_new=is_new,
        )
        reply = partner.notice_reply(asked)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    def _asked(self, request: web.Request, body: bytes, address: str) -> NoticeRequest:
        return NoticeRequest(
            request.method,
            self._prefix + request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
            body,
            address,
            self._clock.now(),
        )

    def _address_of(self, request: web.Request) -> str:
        if self._address_header:
            named = request.headers.get(self._address_header, "")
            return named.rpartition(",")[2].strip()
        return request.remote or ""

    def _is_paced(self, partner_id: str, address: str) -> bool:
        """Take a token of the address's own bucket; the addresses heard of last are remembered."""
        now = self._machine.now()
        bucket = self._buckets.pop((partner_id, address), Bucket(now))
        if bucket.wait(self._pace, now):
            self._buckets[partner_id, address] = bucket
            return False
        self._buckets[partner_id, address] = bucket.take(self._pace, now)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return True


async def _read(request: web.Request) -> bytes:
    """The body. Raises `NoticeRefused` where it is too long or too slow."""
    if (request.content_length or 0) > BODY_BYTES:
        raise NoticeRefused("too long")
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise NoticeRefused("too long")
    except TimeoutError:
        raise NoticeRefused("too slow") from None
    return body


def _later() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "5"})
