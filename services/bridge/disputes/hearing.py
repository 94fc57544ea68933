"""What partners' notices make of disputes, inside a unit."""

from collections.abc import Mapping, Sequence

import structlog

from services.bridge.disputes.domain import (
    Dispute,
    DisputeSaid,
    dispute_id_of,
    hear_notice,
    is_disputable,
    open_dispute,
)
from services.bridge.disputes.messages import dispute_outgoing
from services.bridge.disputes.store import lock_disputes, put_disputes
from services.bridge.domain.answer import Moment
from services.bridge.domain.charge import Charge
from services.bridge.notices.notice import DisputeNotice
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection

log = structlog.get_logger()


async def hear_of_disputes(
    connection: Connection,
    notices: Sequence[tuple[str, DisputeNotice]],
    charges: Mapping[str, Charge],
    moment: Moment,
    lane: int,
) -> list[Outgoing]:
    """Store what `notices`, given with their partners' ids, make of disputes of the locked
    `charges`; returns the events."""
    if not notices:
        return []
    ids = {dispute_id_of(partner_id, notice.case_reference) for partner_id, notice in notices}
    now = await lock_disputes(connection, sorted(ids))
    before = dict(now)
    messages = []
    for partner_id, notice in notices:
        found = now.get(dispute_id_of(partner_id, notice.case_reference))
        heard = _hear(partner_id, notice, found, charges.get(notice.charge_id), moment)
        if heard is None:
            log.error(
                "dispute_strange",
                partner_id=partner_id,
                case=notice.case_reference[:64],
                charge_id=notice.charge_id[:64],
            )
            continue
        dispute, said = heard
        now[dispute.dispute_id] = dispute
        messages += [dispute_outgoing(dispute, word, moment.today, lane) for word in said]
    changed = [dispute for key, dispute in now.items() if dispute is not before.get(key)]
    await put_disputes(connection, changed)
    return messages


def _hear(
    partner_id: str,
    notice: DisputeNotice,
    found: Dispute | None,
    charge: Charge | None,
    moment: Moment,
) -> tuple[Dispute, tuple[DisputeSaid, ...]] | None:
    """None where the notice is about no charge that could be contested at this partner."""
    if found is not None:
        if found.charge_id != notice.charge_id:
            return None
        return hear_notice(found, notice, moment)
    if charge is None or charge.order.partner_id != partner_id or not is_disputable(notice, charge):
        return None
    return open_dispute(partner_id, notice, charge, moment)
