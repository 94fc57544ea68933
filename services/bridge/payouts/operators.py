"""An operator's word on a payout no bank speaks of: journaled, and said like a bank's."""

from services.bridge.payouts.life import PayoutResolutionMalformed, resolve_payout
from services.bridge.payouts.messages import payout_outgoing
from services.bridge.payouts.model import Payout, PayoutState
from services.bridge.payouts.store import (
    PayoutAttempt,
    add_payout_attempts,
    lock_payouts,
    update_payouts,
)
from services.bridge.payouts.worker import PayoutWorker
from services.core.errors import NotFound
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

OPERATION = "operator"


class PayoutNotFound(NotFound):
    """No payout has this id."""

    def __init__(self, payout_id: str) -> None:
        super().__init__(f"There is no payout {payout_id[:64]!r}.", payout_id=payout_id[:64])


class PayoutOperators:
    """Resolves payouts by hand."""

    def __init__(self, units: Units, worker: PayoutWorker, lane: int) -> None:
        self._units = units
        self._worker = worker
        self._lane = lane

    async def resolve(self, payout_id: str, state: int, operator: str, reason: str) -> Payout:
        """Raises `PayoutNotFound`, `PayoutResolutionMalformed`, `PayoutDecided`,
        `PayoutBeingSubmitted`."""
        if state not in PayoutState.__members__.values():
            raise PayoutResolutionMalformed("A payout is resolved as executed or as rejected.")

        async def store(connection: Connection) -> Decided[Payout]:
            found = (await lock_payouts(connection, [payout_id])).get(payout_id)
            if found is None:
                raise PayoutNotFound(payout_id)
            moment = self._worker.moment()
            rules = self._worker.rules_of(found)
            payout, said = resolve_payout(
                found, PayoutState(state), operator, reason, moment, rules
            )
            await update_payouts(connection, [payout])
            word = PayoutAttempt(
                payout_id,
                payout.turn,
                OPERATION,
                moment.today,
                payout.state.name.lower(),
                f"{operator}: {reason}",
            )
            await add_payout_attempts(connection, [word])
            messages = [payout_outgoing(payout, each, moment.today, self._lane) for each in said]
            return Decided(payout, messages)

        return (await self._units.write(store)).answer
