"""What follows from a closed window: positions of its agreements, and the fact that says so."""

from collections.abc import Sequence

import structlog

from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.settlement.domain.agreements import positions_of
from services.settlement.domain.postings import Sums, nets_of
from services.settlement.messages import window_closed
from services.settlement.store.agreements import add_positions, agreements_moved
from services.settlement.store.shops import join_shops
from services.settlement.store.windows import Window

log = structlog.get_logger()


async def after_close(
    connection: Connection, window: Window, sums: Sequence[Sums]
) -> list[Outgoing]:
    """Store the positions of a window that is the ledger's, and tell of any; nothing is ever paid
    out of one that differs."""
    if window.state == "closed":
        assert window.settle_date is not None
        nets = nets_of(sums)
        if joined := await join_shops(connection, window.window_id):
            log.info("shops_joined", window_id=window.window_id, count=joined)
        positions = [
            position
            for agreement in await agreements_moved(connection, window.window_id)
            for position in positions_of(agreement, window.window_id, nets, window.settle_date)
        ]
        if positions:
            await add_positions(connection, positions)
    return [window_closed(window)]
