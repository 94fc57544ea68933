"""An operator's word on a charge no partner speaks of: journaled, and said like a partner's."""

from services.bridge.domain.charge import Charge, State
from services.bridge.domain.wishes import ResolutionMalformed, resolve
from services.bridge.messages import charge_outgoing
from services.bridge.store.attempts import Attempt, add_attempts
from services.bridge.store.charges import lock_charges, update_charges
from services.bridge.worker import Worker
from services.core.errors import NotFound
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

OPERATION = "operator"


class ChargeNotFound(NotFound):
    """No charge has this id."""

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"There is no charge {charge_id[:64]!r}.", charge_id=charge_id[:64])


class Operators:
    """Resolves charges by hand."""

    def __init__(self, units: Units, worker: Worker, lane: int) -> None:
        self._units = units
        self._worker = worker
        self._lane = lane

    async def resolve(self, charge_id: str, state: int, operator: str, reason: str) -> Charge:
        """Raises `ChargeNotFound`, `ResolutionMalformed`, `ChargeDecided`."""
        if state not in State.__members__.values():
            raise ResolutionMalformed("A charge is resolved as accepted or as rejected.")

        async def store(connection: Connection) -> Decided[Charge]:
            found = (await lock_charges(connection, [charge_id])).get(charge_id)
            if found is None:
                raise ChargeNotFound(charge_id)
            moment = self._worker.moment()
            charge, said = resolve(found, State(state), operator, reason, moment)
            await update_charges(connection, [charge], [found.version])
            word = Attempt(
                charge_id,
                "",
                charge.turn,
                OPERATION,
                moment.today,
                charge.state.name.lower(),
                f"{operator}: {reason}",
            )
            await add_attempts(connection, [word])
            messages = [charge_outgoing(charge, each, moment.today, self._lane) for each in said]
            return Decided(charge, messages)

        return (await self._units.write(store)).answer
