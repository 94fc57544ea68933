"""Windows that differ from the ledger: compared again, and closed where they agree or a person
accepts the difference. Until then nothing is paid out of them.
"""

from dataclasses import replace

import structlog

from services.core.errors import Malformed, NotFound, Refused
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.settlement.domain.windows import difference
from services.settlement.ledger import Ledger
from services.settlement.positions import after_close
from services.settlement.store import cuts, windows
from services.settlement.store.windows import Window

log = structlog.get_logger()


class WindowNotFound(NotFound):
    """There is no window of this id."""

    def __init__(self, window_id: str) -> None:
        shown = window_id[:80]
        super().__init__(f"There is no window {shown!r}: see ListWindows.", window_id=shown)


class WindowNotSummed(Refused):
    """The window has not been compared with the ledger yet."""


class RecheckMalformed(Malformed):
    """An operator's word about a window lacks a part."""


async def recheck_window(
    units: Units, ledger: Ledger, window_id: str, operator: str, accept_reason: str
) -> Window:
    """The window, closed where all its cuts agree now or `accept_reason` says why it is closed all
    the same; else it differs as before. One that is closed stays as it is.

    Raises `RecheckMalformed`, `WindowNotFound`, `WindowNotSummed`, `Unavailable`.
    """
    if not operator.strip():
        raise RecheckMalformed("Name the operator who looks at the window.", field="operator")
    async with units.pool.acquire() as connection:
        window = await windows.get_window(connection, window_id)
        if window is None:
            raise WindowNotFound(window_id)
        if window.state == "closed":
            return window
        if window.state != "differs" or window.to_cut_id is None:
            raise WindowNotSummed(
                f"The window is {window.state}: only one that differs is compared again.",
                window_id=window_id,
            )
        span = (window.from_cut_id, window.to_cut_id)
        differing = await cuts.differing_cuts(connection, *span)
    for cut in differing:
        async with units.pool.acquire() as connection:
            totals = await cuts.moved_totals(connection, cut.cut_id)
        differs = difference(totals, await ledger.totals(list(totals), cut.sequences))
        async with units.pool.acquire() as connection:
            await cuts.compare_again(connection, cut.cut_id, differs)

    async def close(connection: Connection) -> Decided[Window]:
        agrees = await cuts.all_agree(connection, *span)
        if not agrees and not accept_reason:
            return Decided(window)
        accepted = ("", "") if agrees else (operator, accept_reason)
        ended = replace(window, state="closed", accepted_by=accepted[0], accept_reason=accepted[1])
        if not await windows.accept_window(connection, window_id, *accepted):
            # Another call was first.
            now = await windows.get_window(connection, window_id)
            assert now is not None
            return Decided(now)
        sums, _, _ = await windows.sums_of(connection, window)
        log.warning(
            "window_rechecked",
            window_id=window_id,
            agrees=agrees,
            operator=operator,
            reason=accept_reason,
        )
        return Decided(ended, await after_close(connection, ended, sums))

    return (await units.write(close)).answer
