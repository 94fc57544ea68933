"""How withdrawals are driven: their rules, messages and store as one kind of resource."""

from collections.abc import Sequence
from functools import partial

import structlog

from services.core.ids import Resource
from services.gateway.payments.store.limits import give_back
from services.gateway.resources.events import CaseFile, Kind
from services.gateway.withdrawals import saga, store
from services.gateway.withdrawals.limits import taken_by_all
from services.gateway.withdrawals.messages import command_of, fact_of
from services.gateway.withdrawals.model import Payee, State, Step, Withdrawal
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable

log = structlog.get_logger()

_NEED_PAYEE = frozenset({Step.RESERVE, Step.ORDER})


def withdrawals_with(box: SecretBox) -> Kind[Withdrawal]:
    """The kind; `box` opens the accounts that are paid."""
    return Kind[Withdrawal](
        Resource.WITHDRAWAL,
        store.TABLE,
        partial(_read, box),
        saga.decide,
        command_of,
        fact_of,
        _case,
        saga.resolve,
        _free_limits,
        saga.PATIENT,
    )


async def _read(
    box: SecretBox, connection: Connection, references: Sequence[str]
) -> list[Withdrawal]:
    return [
        _with_payee(box, withdrawal, sealed)
        for withdrawal, sealed in await store.read_withdrawals(connection, references)
    ]


def _with_payee(box: SecretBox, withdrawal: Withdrawal, sealed: bytes | None) -> Withdrawal:
    if sealed is None or withdrawal.life.step not in _NEED_PAYEE:
        return withdrawal
    try:
        payee = Payee.read(box.open(sealed))
    except (SecretUnreadable, SecretsKeyMissing) as error:
        log.error("payee_unreadable", reference=withdrawal.reference, problem=error.reason)
        return withdrawal
    return Withdrawal(withdrawal.ask, withdrawal.life, payee)


async def _free_limits(connection: Connection, changed: Sequence[Withdrawal]) -> None:
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


def _case(withdrawal: Withdrawal) -> CaseFile:
    ask = withdrawal.ask
    return CaseFile("", ask.participant_id, ask.partner_id, withdrawal.amount)
