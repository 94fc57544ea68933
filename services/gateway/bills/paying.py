"""CheckBill and PayBill: a biller and a reference stand in for a scanned code.

From its price on the payment is like any other: it is confirmed, driven, refunded and settled so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from services.core.clock import Clock
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.bills import store
from services.gateway.bills.claims import paid_refusal
from services.gateway.bills.model import BILL_SCHEME, Biller, Finding, Read
from services.gateway.bills.reading import amount_findings, read_reference
from services.gateway.bills.refusals import BillerClosed, BillerUnknown, BillRefused
from services.gateway.calls import Calls, require_wallet
from services.gateway.payments.asking import price_refusal
from services.gateway.payments.creating import Draft, content_digest
from services.gateway.payments.messages import payment_message
from services.gateway.payments.model import Payment, Terms, first_life
from services.gateway.payments.owning import find_same
from services.gateway.payments.pricing import Place, Wish, place_of_merchant
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import add_payments
from services.gateway.payments.waiters import Snapshot
from services.gateway.reference import Participant, Scheme
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

_SCHEME = Scheme(BILL_SCHEME, "", "", "")


@dataclass(frozen=True, slots=True)
class Slip:
    """A bill as a payer has it in hand. Without an amount: the one that all the biller's have."""

    payer_id: str
    biller_id: str
    reference: str
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a bill and, where nothing is and its amount is known, its terms."""

    read: Read
    findings: tuple[Finding, ...]
    terms: Terms | None


class BillPaying:
    """Prices and pays bills, for wallets that are known."""

    def __init__(self, units: Units, calls: Calls, shelf: Shelf, clock: Clock) -> None:
        self._units = units
        self._calls = calls
        self._shelf = shelf
        self._clock = clock

    async def check(self, caller: Participant, slip: Slip) -> Checked:
        """Look at a bill. Raises `BillerUnknown`, `BillerClosed`, and what pricing raises."""
        wallet = require_wallet(caller)
        async with self._units.pool.acquire() as connection:
            biller = await self._biller(connection, slip.biller_id)
            if not biller.open:
                raise BillerClosed(biller.biller_id)
            read = read_reference(biller.form, slip.reference, self._today(biller))
            findings = read.findings
            if slip.amount is not None:
                findings += amount_findings(biller, slip.amount)
            if not findings:
                now = self._clock.now()
                refusal = await paid_refusal(connection, biller, read.reference, now)
                if refusal is not None:
                    findings = (Finding(refusal.reason, 0, refusal.message),)
        if findings or (slip.amount is None and not biller.amounts.fixed):
            return Checked(read, findings, None)
        draft = self._calls.creating.draft(_wish(wallet, "", slip, read), _place(biller))
        if draft.terms is None:
            assert draft.refusal is not None
            raise draft.refusal
        return Checked(read, (), draft.terms)

    async def pay(
        self,
        caller: Participant,
        payment_id: str,
        slip: Slip,
        *,
        again: bool,
        maximum: Money | None,
        wait_seconds: Callable[[], float],
    ) -> tuple[Snapshot, str]:
        """Price a bill; with a maximum pay it at once. The payment, and the reference as it is
        kept.

        Raises `BillerUnknown`, `BillerClosed`, `BillRefused`, `BillPaid`, `BillBeingPaid`, and
        what pricing, `Calls.pay` and `Calls.confirm_payment` raise.
        """
        wallet = require_wallet(caller)
        checked_id(payment_id, "payment_id")
        checked_id(slip.payer_id, "payer_id")
        payment = await self._priced(wallet, payment_id, slip, again=again)
        reference = payment.terms.merchant_code
        if maximum is None:
            return payment_message(payment), reference
        refusal = price_refusal(payment, maximum)
        if refusal is not None:
            raise refusal
        return await self._calls.confirm_payment(caller, payment_id, wait_seconds), reference

    async def _priced(
        self, wallet: Participant, payment_id: str, slip: Slip, *, again: bool
    ) -> Payment:
        async with self._units.pool.acquire() as connection:
            biller = await self._biller(connection, slip.biller_id)
        read = read_reference(biller.form, slip.reference, self._today(biller))
        draft = self._draft(_wish(wallet, payment_id, slip, read), biller, read)
        made = await self._units.write(
            lambda connection: self._make(connection, draft, biller, read.reference, again=again)
        )
        self._shelf.put(made.answer.terms)
        return made.answer

    def _draft(self, wish: Wish, biller: Biller, read: Read) -> Draft:
        if not biller.open:
            return Draft(wish, None, BillerClosed(biller.biller_id))
        findings = (*read.findings, *amount_findings(biller, wish.typed))
        if findings:
            return Draft(wish, None, BillRefused(findings))
        draft = self._calls.creating.draft(wish, _place(biller))
        if draft.terms is None:
            return draft
        return replace(draft, terms=replace(draft.terms, merchant_code=read.reference))

    async def _make(
        self, connection: Connection, draft: Draft, biller: Biller, reference: str, *, again: bool
    ) -> Decided[Payment]:
        """The id decides first, as in `Creating`: a repeat gets its payment as it is now."""
        known = await find_same(connection, self._shelf, draft.wish)
        if known is not None:
            return Decided(known)
        terms = draft.terms
        if terms is None:
            assert draft.refusal is not None
            raise draft.refusal
        await store.lock_bill(connection, biller.biller_id, reference)
        if not again:
            refusal = await paid_refusal(connection, biller, reference, terms.create_time)
            if refusal is not None:
                # Somebody may have asked the same, and paid, while this one waited for the bill.
                known = await find_same(connection, self._shelf, draft.wish)
                if known is not None:
                    return Decided(known)
                raise refusal
        if not await add_payments(connection, [terms]):
            known = await find_same(connection, self._shelf, draft.wish)
            assert known is not None
            return Decided(known)
        await store.set_last_payment(connection, biller.biller_id, reference, terms.reference)
        return Decided(Payment(terms, first_life(terms.create_time)))

    async def _biller(self, connection: Connection, biller_id: str) -> Biller:
        """One that was opened at some time. Raises `BillerUnknown`."""
        checked_id(biller_id, "biller_id")
        biller = await store.find_biller(connection, biller_id)
        if biller is None or not biller.fee_plan_id:
            raise BillerUnknown(biller_id)
        return biller

    def _today(self, biller: Biller) -> date:
        return self._clock.now().astimezone(ZoneInfo(biller.time_zone)).date()


def _wish(wallet: Participant, payment_id: str, slip: Slip, read: Read) -> Wish:
    digest = content_digest(slip.payer_id, f"{slip.biller_id} {read.reference}", slip.amount)
    return Wish(wallet, payment_id, digest, slip.payer_id, "", slip.amount)


def _place(biller: Biller) -> Place:
    fixed = biller.amounts.fixed
    stated = Money(fixed, biller.currency) if fixed else None
    return place_of_merchant(biller.merchant, _SCHEME, stated)
