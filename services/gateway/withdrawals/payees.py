"""Accounts that withdrawals are paid to: kept sealed with a link, sealed anew for the bridge."""

from dataclasses import astuple, dataclass, replace

import structlog

from services.gateway.withdrawals.model import Payee, Step, Withdrawal
from services.kit.bank_accounts import payout_place, seal_account
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable

log = structlog.get_logger()

_NEED_PAYEE = frozenset({Step.RESERVE, Step.ORDER})


@dataclass(frozen=True, slots=True)
class PayeeBoxes:
    """`links` opens what the gateway keeps, with a key of its own; `orders` seals what the bridge
    opens, with the key that both have."""

    links: SecretBox
    orders: SecretBox

    def with_payee(self, withdrawal: Withdrawal, kept: bytes | None) -> Withdrawal:
        """The withdrawal with the payee of its link, where one is needed and can be read."""
        if kept is None or withdrawal.life.step not in _NEED_PAYEE:
            return withdrawal
        try:
            payee = Payee.read(self.links.open(kept))
            place = payout_place(withdrawal.resource_id)
            sealed = seal_account(self.orders, place, astuple(payee))
        except (SecretUnreadable, SecretsKeyMissing) as error:
            log.error("payee_unreadable", reference=withdrawal.reference, problem=error.message)
            return withdrawal
        return replace(withdrawal, sealed_payee=sealed)
