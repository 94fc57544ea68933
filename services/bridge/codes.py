"""Which merchant is behind a code: the partner is asked once, its answer kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from services.bridge.partner import Partner, PartnerUnavailable, ResolvedMerchant
from services.core.clock import Clock
from services.core.errors import Malformed, NotFound

KEPT = 10_000
KEPT_FOR = timedelta(minutes=10)
PAYLOAD_LIMIT = 4096


class PartnerUnknown(NotFound):
    """No such partner is configured."""


class PayloadMalformed(Malformed):
    """The code is empty or too long."""


def partner_of(partners: Mapping[str, Partner], partner_id: str) -> Partner:
    """Raises `PartnerUnknown`."""
    partner = partners.get(partner_id)
    if partner is None:
        raise PartnerUnknown(
            f"No partner {partner_id[:64]!r} is configured here.", partner_id=partner_id[:64]
        )
    return partner


class CodeBook:
    """Resolves codes, and remembers merchants by code. A code with an amount is asked again."""

    def __init__(
        self, partners: Mapping[str, Partner], clock: Clock, answers: Callable[[str], bool]
    ) -> None:
        """`answers`: whether a partner is worth asking now, by its id."""
        self._partners = partners
        self._answers = answers
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, ResolvedMerchant]] = OrderedDict()

    async def resolve(self, partner_id: str, payload: str) -> ResolvedMerchant:
        """Raises `PayloadMalformed`, `PartnerUnknown`, `CodeUnknown`, `PartnerUnavailable`."""
        if not 0 < len(payload) <= PAYLOAD_LIMIT:
            raise PayloadMalformed(f"A code has 1 to {PAYLOAD_LIMIT} characters.", field="payload")
        partner = partner_of(self._partners, partner_id)
        key = partner_id, payload
        now = self._clock.now()
        if (kept := self._kept.get(key)) and timedelta() <= now - kept[0] < KEPT_FOR:
            return kept[1]
        if not self._answers(partner_id):
            raise PartnerUnavailable(partner_id)
        try:
            async with asyncio.timeout(partner.rules.call.total_seconds()):
                merchant = await partner.resolve_code(payload)
        except TimeoutError:
            raise PartnerUnavailable(partner_id) from None
        if merchant.amount is None:
            self._kept[key] = now, merchant
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return merchant
