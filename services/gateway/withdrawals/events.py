"""How withdrawals are driven: their rules, messages and store as one kind of resource."""

from collections.abc import Sequence
from functools import partial

from services.core.ids import Resource
from services.gateway.payments.store.limits import give_back
from services.gateway.resources.events import CaseFile, Kind
from services.gateway.withdrawals import saga, store
from services.gateway.withdrawals.limits import taken_by_all
from services.gateway.withdrawals.messages import command_of, fact_of
from services.gateway.withdrawals.model import State, Step, Withdrawal
from services.gateway.withdrawals.payees import PayeeBoxes
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection


def withdrawals_with(boxes: PayeeBoxes) -> Kind[Withdrawal]:
    """The kind; `boxes` for the accounts that are paid."""
    return Kind[Withdrawal](
        Resource.WITHDRAWAL,
        store.TABLE,
        partial(_read, boxes),
        saga.decide,
        command_of,
        fact_of,
        _case,
        saga.resolve,
        _free_limits,
        saga.PATIENT,
    )


async def _read(
    boxes: PayeeBoxes, connection: Connection, references: Sequence[str]
) -> list[Withdrawal]:
    return [
        boxes.with_payee(withdrawal, kept)
        for withdrawal, kept in await store.read_withdrawals(connection, references)
    ]


async def _free_limits(connection: Connection, changed: Sequence[Withdrawal]) -> Sequence[Outgoing]:
    """What was not drawn in the end counts against no limit; what was taken after all counts again,
    before it may come back."""
    given = taken_by_all(
        one for one in changed if one.life.state in (State.DECLINED, State.RETURNED)
    )
    again = (one for one in changed if one.life.stuck_at is Step.TAKE)
    for usage, minor in taken_by_all(
        one for one in again if one.life.state is State.COMPLETED
    ).items():
        given[usage] = given.get(usage, 0) - minor
    if given:
        await give_back(connection, given)
    return ()


def _case(withdrawal: Withdrawal) -> CaseFile:
    ask = withdrawal.ask
    return CaseFile("", ask.participant_id, ask.partner_id, withdrawal.amount)
