"""Codes as they are scanned: decoded once, and asked about at their partner once in a while."""

import asyncio
import functools

import structlog

from services.codes import Code, decode
from services.core.errors import Malformed
from services.core.money import Money
from services.gateway.payments.pricing import Place
from services.gateway.payments.refusals import CurrencyMissing, ResolverBusy
from services.gateway.reference import Scheme
from services.kit.rpc import call
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge
from services.pb.kawase.bridge.v1 import bridge_service_pb2_grpc

log = structlog.get_logger()

CODES_REMEMBERED = 4096
LONGEST_CODE = 4096

PLACES_REMEMBERED = 10_000
PLACE_SECONDS = 300.0
ASKED_LIMIT = 256
# So that the codes of a partner that answers late leave places to those of others.
ASKED_OF_A_SCHEME = 64
ASK_SECONDS = 4.0


class CodeUnreadable(Malformed):
    """Not the text of any code."""

    def __init__(self) -> None:
        super().__init__(
            f"code must be the scanned text: 1 to {LONGEST_CODE} characters, none of them NUL."
        )


def scan(text: str) -> Code:
    """Decode by the rules of the scheme that the code names. Raises `CodeUnreadable`."""
    if not 0 < len(text) <= LONGEST_CODE or "\x00" in text:
        raise CodeUnreadable
    return _decode(text)


@functools.lru_cache(CODES_REMEMBERED)
def _decode(text: str) -> Code:
    return decode(text, "auto")


class Resolver:
    """Asks bridge which merchant a partner's code names; remembers answers for some minutes."""

    def __init__(self, stub: "bridge_service_pb2_grpc.BridgeServiceAsyncStub") -> None:
        self._stub = stub
        self._places: dict[tuple[str, str], tuple[Place, float]] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[Place]] = {}

    def known(self, scheme: Scheme, payload: str) -> Place | None:
        """The place, where it was asked for not long ago."""
        remembered = self._places.get((scheme.scheme, payload))
        if remembered is None or remembered[1] < asyncio.get_running_loop().time():
            return None
        return remembered[0]

    async def ask(self, scheme: Scheme, payload: str) -> Place:
        """Ask, once for all who want to know at this moment.

        Raises what the partner refused with, `Unavailable`, `ResolverBusy`.
        """
        key = (scheme.scheme, payload)
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) >= ASKED_LIMIT or self._asked_of(scheme) >= ASKED_OF_A_SCHEME:
                raise ResolverBusy
            task = self._asked[key] = asyncio.create_task(self._ask(scheme, payload))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    def _asked_of(self, scheme: Scheme) -> int:
        return sum(name == scheme.scheme for name, _ in self._asked)

    async def _ask(self, scheme: Scheme, payload: str) -> Place:
        request = bridge.ResolveCodeRequest(
            payload=payload, partner_id=scheme.acceptance_partner_id
        )
        answer = await call(self._stub.ResolveCode(request, timeout=ASK_SECONDS))
        currency = answer.currency_code or scheme.currency
        if not currency:
            raise CurrencyMissing
        amount = answer.amount
        place = Place(
            scheme,
            answer.merchant_reference,
            answer.merchant_name,
            answer.merchant_city,
            answer.country_code or scheme.country_code,
            currency,
            Money(amount.minor_units, amount.currency_code) if answer.HasField("amount") else None,
        )
        if len(self._places) >= PLACES_REMEMBERED:
            del self._places[next(iter(self._places))]
        now = asyncio.get_running_loop().time()
        self._places[scheme.scheme, payload] = (place, now + PLACE_SECONDS)
        return place
