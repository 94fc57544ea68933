"""What the bridge wants of a partner; every adapter is one.

An adapter asks and translates the answer; it decides nothing and, but for the one that goes by
file, keeps nothing. It raises nothing for silence or an unclear answer to an operation on a charge:
that is `Outcome.UNKNOWN`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import asyncpg

from services.bridge.disputes.domain import Dispute, DisputeStanding
from services.bridge.domain.answer import Answer, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile, StatementPage
from services.bridge.notices.notice import (
    DepositNotice,
    Notice,
    NoticeRefused,
    NoticeReply,
    NoticeRequest,
)
from services.bridge.payouts.model import Payout, PayoutAnswer, Word, payout_answer
from services.core.clock import Clock
from services.core.errors import NotFound, Refused, Unavailable
from services.core.money import Money
from services.kit.sealing import PAYEE_SETTING, SecretBox

NO_BOX = SecretBox(None, PAYEE_SETTING)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What adapters get besides their configuration. `callback_url`: where payers come back to."""

    callback_url: str
    clock: Clock
    pool: asyncpg.Pool | None = None
    """The bridge's tables, for an adapter that has to keep what it sends; most keep nothing."""
    box: SecretBox = NO_BOX
    """Seals bank accounts, for an adapter that keeps them or has payers who are known by them."""


@dataclass(frozen=True, slots=True)
class ResolvedMerchant:
    """A merchant as the partner knows it. `amount` where the code states one."""

    merchant_reference: str
    name: str
    city: str
    country_code: str
    currency_code: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A payer's bank account to be linked: bank code 4, branch code 3, type 1, number 7 digits;
    the holder's name in kana."""

    link_id: str
    partner_id: str
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """What the partner calls a linked account, and what people may be shown."""

    payer_reference: str
    display_name: str


class CodeUnknown(NotFound):
    """The partner knows no merchant behind this code."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(
            "No merchant is known behind this code: scan it again, or ask the merchant.",
            partner_id=partner_id,
        )


class PartnerUnavailable(Unavailable):
    """The partner does not answer now."""

    def __init__(self, partner_id: str) -> None:
        super().__init__(
            f"Partner {partner_id} does not answer now; try again in a minute.",
            partner_id=partner_id,
        )


class OperationNotOffered(Refused):
    """The partner has no such service."""


class AccountRefused(Refused):
    """The bank does not link this account."""


class PartnerFileNotFound(NotFound):
    """The partner has no such file of this day (yet)."""

    def __init__(self, partner_id: str, kind: str, day: date) -> None:
        super().__init__(
            f"Partner {partner_id} has no {kind} file of {day}; ask again when its day has closed.",
            partner_id=partner_id,
        )


class Partner(Protocol):
    """One partner. All operations end within `rules.call`, and may be called concurrently."""

    partner_id: str
    rules: Rules

    async def start(self, charge: Charge) -> Answer:
        """Ask for the charge: collect, deliver or top up."""
        ...

    async def approve(self, charge: Charge, token: str) -> Answer:
        """Complete a charge that the payer has approved."""
        raise self.not_offered("approve")

    async def inquire(self, charge: Charge) -> Answer:
        """Ask what has become of the charge."""
        ...

    async def cancel(self, charge: Charge) -> Answer:
        """Undo it whole; may be asked again. `CANCELLED` also where there was nothing to undo."""
        ...

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        """Give part back. Where `rules.refund_repeatable`, may be asked again and is done once."""
        ...

    async def inquire_refund(self, charge: Charge, refund: Refund) -> Answer | None:
        """What has become of a refund that may have been asked for; None where the partner says
        that it has none and will have none. Asked before each repeat of a refund that is not
        repeatable."""
        raise RuntimeError(f"{self.partner_id} cannot inquire about refunds")

    async def resolve_code(self, payload: str) -> ResolvedMerchant:
        """The merchant behind a code. Raises `CodeUnknown`, `PartnerUnavailable`."""
        raise self.not_offered("resolve a code")

    async def link_account(self, account: BankAccount) -> LinkedAccount:
        """Link a bank account; may be asked again. Raises `AccountRefused`,
        `PartnerUnavailable`."""
        raise self.not_offered("link an account")

    def takes_callback(self, charge_id: str, token: str) -> bool:
        """Whether `token` proves that a callback is about this charge."""
        return False

    def read_notice(self, request: NoticeRequest) -> Notice:
        """What the partner tells us at `/notice/<partner id>`, verified first (see `notices`).
        Raises `NoticeRefused`."""
        raise NoticeRefused(f"partner {self.partner_id} sends no notices")

    def notice_reply(self, request: NoticeRequest) -> NoticeReply:
        """The answer the partner expects to a notice that is durable here, or was before."""
        return NoticeReply()

    async def answer_dispute(self, dispute: Dispute) -> Answer:
        """Send `dispute.accept` and `dispute.evidence`; may be sent again and is done once.
        `ACCEPTED`: the partner has it; `REJECTED`: it takes none (any more)."""
        raise self.not_offered("take answers to disputes")

    async def inquire_dispute(self, dispute: Dispute) -> DisputeStanding:
        """Ask where a dispute stands, by `case_reference`; `stage` None where the partner knows of
        no such case about this charge. Raises `PartnerUnavailable`."""
        raise self.not_offered("tell of disputes")

    async def submit_payout(self, payout: Payout) -> PayoutAnswer:
        """Send the order to the bank; nothing sends it twice. `NOT_TAKEN` only where the bank
        cannot have it. Raises nothing once it may have been sent."""
        return payout_answer(
            Word.REJECTED,
            reason="PAYOUT_NOT_OFFERED",
            message=f"Partner {self.partner_id} does not pay out.",
        )

    async def inquire_payout(self, payout: Payout) -> PayoutAnswer:
        """Ask what has become of it, by `partner_reference`."""
        raise self.not_offered("tell of payouts")

    async def search_payout(self, payout: Payout) -> PayoutAnswer:
        """Look for it in the bank's lists and statements by what was sent; `NOT_FOUND` only where
        all of them were read. A bank that knows our own id is asked by that."""
        raise self.not_offered("search for payouts")

    async def list_deposits(self) -> Sequence[DepositNotice]:
        """Deposits that the partner could not tell us of. Raises `PartnerUnavailable`."""
        return ()

    async def list_statement(
        self, account_id: str, first: date, last: date, page: str, size: int
    ) -> StatementPage:
        """A page of an account's statement, both days inclusive; `page` empty: the first one,
        `account_id` empty: our account of the configuration. Raises `PartnerUnavailable`."""
        raise self.not_offered("show statements")

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        """The file `kind` (settlement, statement) of a day of the partner's. Raises
        `PartnerFileNotFound`, `PartnerUnavailable`."""
        raise self.not_offered(f"hand out a {kind} file")

    async def run(self) -> None:
        """What it does by itself, for ever, such as moving files; most do nothing."""
        return

    async def close(self) -> None:
        """Close its connections."""
        ...

    def not_offered(self, what: str) -> OperationNotOffered:
        return OperationNotOffered(
            f"Partner {self.partner_id} does not {what}.", partner_id=self.partner_id
        )
