"""Limits get back what payments had taken that take nothing in the end."""

from collections.abc import Iterable

from services.gateway.payments.limits import taken_by
from services.gateway.payments.model import Payment
from services.gateway.payments.store.limits import give_back
from services.kit.postgres import Connection


async def give_back_limits(connection: Connection, payments: Iterable[Payment]) -> None:
    """Give back what payments, as they were before, had taken from limits."""
    given = taken_by(payments)
    if given:
        await give_back(connection, given)
