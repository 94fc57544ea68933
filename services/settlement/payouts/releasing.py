"""Has what the ledger refused of a stuck payout asked for anew: one proposes it, another agrees."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.core.clock import Clock
from services.core.errors import Forbidden, Malformed, Refused
from services.core.people import is_same_person
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.settlement.payouts import store
from services.settlement.payouts.hearing import follows
from services.settlement.payouts.model import Payout, released
from services.settlement.payouts.operators import PayoutNotFound

TEXT_LIMIT = 500

Decide = Callable[[Payout, datetime], Payout]


class ReleaseMalformed(Malformed):
    """Who releases a payout, and what was put right, has to be said."""


class PayoutNotStuck(Refused):
    """The ledger has refused nothing of it that is still to be asked for."""


class ReleaseNotProposed(Refused):
    """Nobody has proposed to ask for it anew."""


class ProposerReleases(Forbidden):
    """Who proposes a release does not approve it."""


def propose(payout: Payout, person: str, now: datetime) -> Payout:
    """The payout whose release is proposed; unchanged where it is already.

    Raises `PayoutNotStuck`.
    """
    _check_stuck(payout)
    if payout.release_proposed_by:
        return payout
    return replace(payout, release_proposed_by=person, update_time=now)


def approve(payout: Payout, person: str, now: datetime) -> Payout:
    """The payout whose refused transfers are asked for anew.

    Raises `PayoutNotStuck`, `ReleaseNotProposed`, `ProposerReleases`.
    """
    _check_stuck(payout)
    proposer = payout.release_proposed_by
    if not proposer:
        raise ReleaseNotProposed(
            "Nobody has proposed to release the payout: one person proposes, another approves.",
            payout_id=payout.payout_id,
        )
    if is_same_person(proposer, person):
        raise ProposerReleases(
            f"{proposer} has proposed the release: another person approves it.",
            payout_id=payout.payout_id,
        )
    return released(payout, now)


class PayoutReleases:
    """Carries out what operators ask for. Calls raise `ReleaseMalformed`, `PayoutNotFound`, and
    what the rules above do."""

    def __init__(self, units: Units, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def propose(self, payout_id: str, person: str, reason: str) -> Payout:
        """Ask for it; again changes nothing."""
        _check_words(operator=person, reason=reason)
        word = "release_proposed"
        return await self._do(
            payout_id, lambda old, now: propose(old, person, now), word, person, reason
        )

    async def approve(self, payout_id: str, person: str) -> Payout:
        """Let the ledger be asked anew."""
        _check_words(operator=person)
        return await self._do(
            payout_id, lambda old, now: approve(old, person, now), "released", person, ""
        )

    async def _do(
        self, payout_id: str, decide: Decide, word: str, person: str, reason: str
    ) -> Payout:
        now = self._clock.now()

        async def work(connection: Connection) -> Decided[Payout]:
            old = (await store.lock_payouts(connection, [payout_id])).get(payout_id)
            if old is None:
                raise PayoutNotFound(payout_id)
            after = decide(old, now)
            if after is old:
                return Decided(old)
            await store.update_payouts(connection, [after])
            entry = store.JournalEntry(payout_id, word, after.state, person, reason, now)
            await store.add_moves(connection, [entry])
            return Decided(after, follows(old, after))

        return (await self._units.write(work)).answer


def _check_stuck(payout: Payout) -> None:
    if not payout.is_stuck:
        raise PayoutNotStuck(
            f"The payout is {payout.state}, and the ledger has refused nothing of it.",
            payout_id=payout.payout_id,
        )


def _check_words(**words: str) -> None:
    for field, word in words.items():
        if not word.strip() or len(word) > TEXT_LIMIT:
            raise ReleaseMalformed(
                f"{field} is empty or longer than {TEXT_LIMIT} characters: say who, and what was "
                "put right.",
                field=field,
            )
