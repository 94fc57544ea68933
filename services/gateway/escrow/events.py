"""How releases are driven: their rules, messages and store as one kind of resource.

    transfer → done                released, booked
            ╲→ operator → transfer

The ledger has no reason to refuse one; where it does, an operator has it asked once more.
"""

from dataclasses import replace
from datetime import datetime

from services.core.ids import Resource
from services.gateway.escrow import store
from services.gateway.escrow.messages import command_of
from services.gateway.escrow.model import Decision, Life, Release, ReleaseState, Step
from services.gateway.incoming import Incoming, What
from services.gateway.resources.events import CaseFile, Kind
from services.gateway.resources.model import Resolution, once_more, stuck
from services.kit.outbox import Outgoing

STAY = Decision()


def first_life(now: datetime) -> Life:
    """The life of a release that has just been decided."""
    return Life(ReleaseState.RELEASED, Step.TRANSFER, now)


def decide(release: Release, heard: Incoming, now: datetime) -> Decision:
    """The consequence of the ledger's answer. What does not fit changes nothing."""
    life = release.life
    if life.step is not Step.TRANSFER or heard.link_id != release.link_id:
        return STAY
    if heard.what is What.FUNDS_POSTED:
        booked = replace(life, state=ReleaseState.BOOKED, step=Step.DONE, update_time=now)
        return Decision(replace(booked, reason="", message="", repeat_count=0))
    if heard.what is What.FUNDS_REFUSED:
        return Decision(stuck(life, Step.OPERATOR, heard.reason, heard.message, now))
    return STAY


def resolve(release: Release, resolution: Resolution, now: datetime) -> Decision:
    """What an operator's word does to a case: nothing but asking again fits."""
    if release.life.step is not Step.OPERATOR or resolution is not Resolution.RETRY:
        return STAY
    return Decision(once_more(release.life, now), Step.TRANSFER)


def _untold(_release: Release) -> Outgoing | None:
    """It was told when it was decided."""
    return None


def _case(release: Release) -> CaseFile:
    part = release.part
    return CaseFile(part.payment_reference, release.participant_id, "", part.amount)


ESCROW_RELEASES = Kind[Release](
    Resource.ESCROW, store.TABLE, store.read_releases, decide, command_of, _untold, _case, resolve
)
