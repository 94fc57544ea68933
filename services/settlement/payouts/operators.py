"""What an operator does to agreements and payouts: put an agreement, have a payout paid again, say
what became of one."""

from datetime import datetime

from services.core.clock import Clock
from services.core.errors import Malformed, NotFound, Refused
from services.core.ids import STRIPE_COUNT, Resource, new_reference, resource_id
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.settlement.domain.agreements import Agreement
from services.settlement.ledger import Ledger
from services.settlement.payouts import store
from services.settlement.payouts.hearing import follows
from services.settlement.payouts.model import (
    AGAIN,
    Outcome,
    Payout,
    hear,
    is_contradicted,
    seen,
)
from services.settlement.payouts.payees import Payees
from services.settlement.payouts.paying import begin
from services.settlement.payouts.transfers import accounts_of
from services.settlement.store.agreements import get_agreement, put_agreement


class PayoutNotFound(NotFound):
    """There is no payout of this id."""

    def __init__(self, payout_id: str) -> None:
        shown = payout_id[:80]
        super().__init__(f"There is no payout {shown!r}: see ListPayouts.", payout_id=shown)


class PayoutNotOver(Refused):
    """Only what was rejected or returned is paid again."""


class PayoutLeft(Refused):
    """The bank has refused it, and yet its statement shows that the money has left."""


class AgreementNotActive(Refused):
    """Nothing is paid by an agreement that is not active."""


class PayoutNotResolvable(Refused):
    """An operator says of a payout what cannot have become of it, or what a bank has to say."""


class RetryMalformed(Malformed):
    """An operator's word lacks a part."""


class OutcomeMalformed(Malformed):
    """An operator says what became of a payout, and lacks a part."""


class PayoutOperators:
    """Carries out what operators ask for."""

    def __init__(self, units: Units, ledger: Ledger, clock: Clock, payees: Payees) -> None:
        self._units = units
        self._ledger = ledger
        self._clock = clock
        self._payees = payees

    async def put(self, agreement: Agreement) -> Agreement:
        """Store an agreement, and open the accounts of the house that its payouts need; as stored.

        Raises `AgreementMalformed`, `AccountTaken`, `AgreementFixed`, `EveryShopTaken`, `NotFound`
        where one of its accounts is not in the ledger, `Unavailable`.
        """
        agreement.check()
        agreement = self._payees.sealed_agreement(agreement)
        await self._ledger.totals(agreement.account_ids, [0] * STRIPE_COUNT)
        await self._ledger.open_accounts(accounts_of(agreement))

        async def put(connection: Connection) -> Decided[Agreement]:
            await put_agreement(connection, agreement)
            stored = await get_agreement(connection, agreement.agreement_id)
            assert stored is not None
            return Decided(stored)

        return (await self._units.write(put)).answer

    async def retry(self, payout_id: str, operator: str, reason: str) -> Payout:
        """Pay again, once; a repeat of the call gets the same payout.

        Raises `RetryMalformed`, `PayoutNotFound`, `PayoutNotOver`, `PayoutLeft`,
        `AgreementNotActive`, `PayeeMissing`, `PayeeUnreadable`, `PayeeReturned`.
        """
        if not operator.strip() or not reason.strip():
            raise RetryMalformed("Say who has the payout paid again, and why.", field="operator")
        now = self._clock.now()

        async def retry(connection: Connection) -> Decided[Payout]:
            old = (await store.lock_payouts(connection, [payout_id])).get(payout_id)
            if old is None:
                raise PayoutNotFound(payout_id)
            if (again := await store.retry_of(connection, payout_id)) is not None:
                return Decided(again)
            if old.state not in AGAIN:
                raise PayoutNotOver(
                    f"The payout is {old.state}; only one that is rejected or returned, with its "
                    "money back on its accounts, is paid again.",
                    payout_id=payout_id,
                )
            if is_contradicted(old):
                raise PayoutLeft(
                    "The bank has refused the payout, and its statement shows that the money has "
                    "left: ask the bank, and pay again once a statement shows it back.",
                    payout_id=payout_id,
                )
            agreement = await get_agreement(connection, old.agreement_id)
            assert agreement is not None
            if not agreement.active:
                raise AgreementNotActive(
                    f"The agreement {agreement.agreement_id} is not active: put it again first.",
                    agreement_id=agreement.agreement_id,
                )
            agreement = await self._payees.of_retry(connection, agreement, old, now)
            fresh_id = resource_id(Resource.PAYOUT, new_reference(now))
            fresh = self._payees.sealed(_again(old, fresh_id, agreement, now))
            await store.add_payout(connection, fresh, operator, reason)
            await store.hand_positions_on(connection, payout_id, fresh_id)
            return Decided(fresh, begin(fresh))

        return (await self._units.write(retry)).answer

    async def resolve(
        self, payout_id: str, outcome: Outcome | None, operator: str, reason: str
    ) -> Payout:
        """Have the payout hear what an operator has seen at the bank; once.

        Raises `OutcomeMalformed`, `PayoutNotFound`, `PayoutNotResolvable`.
        """
        if outcome is None or not operator.strip() or not reason.strip():
            raise OutcomeMalformed(
                "Say what became of the payout, who has seen it, and where.", field="outcome"
            )
        now = self._clock.now()

        async def resolve(connection: Connection) -> Decided[Payout]:
            old = (await store.lock_payouts(connection, [payout_id])).get(payout_id)
            if old is None:
                raise PayoutNotFound(payout_id)
            word = seen(old, outcome, reason)
            if word is None:
                raise PayoutNotResolvable(_unfit(old, outcome), payout_id=payout_id)
            after = hear(old, word, now)
            if after is old:
                return Decided(old)
            await store.update_payouts(connection, [after])
            entry = store.JournalEntry(payout_id, outcome, after.state, operator, reason, now)
            await store.add_moves(connection, [entry])
            return Decided(after, follows(old, after))

        return (await self._units.write(resolve)).answer


def _again(old: Payout, payout_id: str, agreement: Agreement, now: datetime) -> Payout:
    """A payout of the same money, of which nothing has been heard."""
    return Payout(
        payout_id=payout_id,
        agreement_id=old.agreement_id,
        participant_id=old.participant_id,
        amount=old.amount,
        owed=old.owed,
        rate=old.rate,
        shares=old.shares,
        settle_date=old.settle_date,
        window_ids=old.window_ids,
        bank_partner=agreement.bank_partner,
        payee=agreement.payee,
        create_time=now,
        update_time=now,
        retry_of=old.payout_id,
    )


def _unfit(payout: Payout, outcome: Outcome) -> str:
    how = f"paid by {payout.bank_partner}" if payout.bank_partner else "paid by hand"
    needs = {
        Outcome.LEFT: "money leaves by a payout that its bank has executed, or that is paid by "
        "hand and not taken back",
        Outcome.NOT_PAID: "only a payout by hand that has not left is taken back; of others the "
        "bank has to say it",
        Outcome.CAME_BACK: "only money that has left comes back",
    }
    return f"The payout is {payout.state}, {how}: {needs[outcome]}."
