"""Whom an agreement pays: the bank data it holds, or the account that its shop has at the gateway.

Both are kept sealed; they are opened here, at the moment of a payout, sealed again for it, and
opened nowhere else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from google.protobuf.message import DecodeError

from services.core.errors import Unavailable
from services.kit.facts.projection import KeptFact
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.gateway.v1.payout_account_pb2 import SealedPayee
from services.settlement.domain.agreements import Agreement, Payee
from services.settlement.domain.payees import (
    PayeeAccount,
    PayeeMissing,
    PayeeReturned,
    PayeeUnreadable,
)
from services.settlement.payouts.model import Payout
from services.settlement.payouts.sealing import (
    opened_agreement,
    sealed_agreement,
    sealed_payout,
    was_paid_to,
)
from services.settlement.payouts.store import returned_payout
from services.settlement.store.payees import accounts_of, add_accounts


class Payees:
    """Finds them by the accounts that are kept, and seals what is stored."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def sealed_agreement(self, agreement: Agreement) -> Agreement:
        """As it is stored. Raises `SecretsKeyMissing`."""
        return sealed_agreement(agreement, self._box)

    def sealed(self, payout: Payout) -> Payout:
        """As it is stored. Raises `SecretsKeyMissing`."""
        return sealed_payout(payout, self._box)

    async def of_dues(
        self, connection: Connection, agreement: Agreement, now: datetime
    ) -> Agreement:
        """The agreement with its payee of now.

        Raises `PayeeMissing`, `PayeeUnreadable`; `PayeeReturned` while the last payout has come
        back from this account: no other is sent after it.
        """
        if not agreement.payee_merchant_id:
            return self._own(agreement)
        payee, coming = await self._payee(connection, agreement, now)
        returned = await returned_payout(connection, agreement)
        if returned is not None and was_paid_to(returned, payee, self._box):
            raise PayeeReturned(agreement.payee_merchant_id, coming)
        return replace(agreement, payee=payee)

    async def of_retry(
        self, connection: Connection, agreement: Agreement, tried: Payout, now: datetime
    ) -> Agreement:
        """The same for what was `tried` and is paid again: an operator may try an account anew, but
        not while another is to take its place.

        Raises `PayeeMissing`, `PayeeUnreadable`, `PayeeReturned`.
        """
        if not agreement.payee_merchant_id:
            return self._own(agreement)
        payee, coming = await self._payee(connection, agreement, now)
        if coming is not None and was_paid_to(tried, payee, self._box):
            raise PayeeReturned(agreement.payee_merchant_id, coming)
        return replace(agreement, payee=payee)

    def _own(self, agreement: Agreement) -> Agreement:
        try:
            return opened_agreement(agreement, self._box)
        except (SecretsKeyMissing, SecretUnreadable):
            raise PayeeUnreadable("agreement", agreement.agreement_id) from None

    async def _payee(
        self, connection: Connection, agreement: Agreement, now: datetime
    ) -> tuple[Payee, PayeeAccount | None]:
        merchant_id = agreement.payee_merchant_id
        account, coming = await accounts_of(connection, merchant_id, now)
        if account is None or not account.sealed_payee:
            raise PayeeMissing(merchant_id, coming)
        return self._opened(account), coming

    def _opened(self, account: PayeeAccount) -> Payee:
        try:
            told = SealedPayee.FromString(self._box.open_bytes(account.sealed_payee))
        except (Unavailable, DecodeError):
            raise PayeeUnreadable("merchant", account.merchant_id) from None
        if (told.merchant_id, told.version) != (account.merchant_id, account.version):
            raise PayeeUnreadable("merchant", account.merchant_id)
        payee = told.payee
        return Payee(
            payee.bank_code,
            payee.branch_code,
            payee.account_type,
            payee.account_number,
            payee.holder_name,
        )


async def keep_accounts(connection: Connection, facts: Sequence[KeptFact]) -> None:
    """Keep the accounts that facts tell of. Raises DecodeError."""
    await add_accounts(connection, list(_accounts(facts)))


def _accounts(facts: Sequence[KeptFact]) -> Iterable[PayeeAccount]:
    for fact in facts:
        event = PaymentEvent.FromString(fact.payload)
        if event.WhichOneof("body") != "payout_account_changed":
            continue
        changed = event.payout_account_changed
        told = changed.shop_account
        yield PayeeAccount(
            told.merchant_id,
            told.version,
            changed.sealed_payee,
            told.account,
            told.approve_time.ToDatetime(UTC),
            told.effective_time.ToDatetime(UTC),
        )
