"""Asks banks for the deposits they could not tell us of, and takes them like notices."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from services.bridge.notices.taking import BATCH_LIMIT, Arrived, NoticeBook
from services.bridge.partner import Partner, PartnerUnavailable
from services.kit.batch import AWAY

log = structlog.get_logger()

EVERY = timedelta(seconds=30)


class UnsentDeposits:
    """Looks at the lists of all partners that have one, `every` so often (machine time)."""

    def __init__(
        self, partners: Mapping[str, Partner], book: NoticeBook, every: timedelta = EVERY
    ) -> None:
        self._partners = [
            partner
            for partner in partners.values()
            if type(partner).list_deposits is not Partner.list_deposits
        ]
        self._book = book
        self._every = every.total_seconds()

    async def run(self) -> None:
        """Look for ever, a partner at a time: a list that is late is late for deposits only."""
        while True:
            for partner in self._partners:
                await self.look(partner)
            await asyncio.sleep(self._every)

    async def look(self, partner: Partner) -> int:
        """Take what the partner lists; how many deposits were new."""
        try:
            async with asyncio.timeout(partner.rules.call.total_seconds()):
                deposits = await partner.list_deposits()
            arrived = [Arrived(partner.partner_id, deposit, b"") for deposit in deposits]
            return await self._take(arrived)
        except (PartnerUnavailable, TimeoutError, *AWAY) as error:
            log.warning("deposits_not_listed", partner_id=partner.partner_id, problem=repr(error))
        except Exception as error:
            # An adapter that fails on a list has not understood it; the others go on.
            log.error("deposits_not_understood", partner_id=partner.partner_id, exc_info=error)
        return 0

    async def _take(self, arrived: Sequence[Arrived]) -> int:
        news = 0
        for start in range(0, len(arrived), BATCH_LIMIT):
            batch = arrived[start : start + BATCH_LIMIT]
            news += sum(await asyncio.gather(*(self._book.take(one) for one in batch)))
        return news
