"""What acquirers do: charge a code, and look at the merchant's side of the payment.

One unit uses the code up and makes the payment, priced, or does neither: a refusal leaves the code
as it was. Then the payment is confirmed as a wallet confirms it. A process that dies in between
leaves a quote: the acquirer's repeat confirms it, or it expires and nothing is taken.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from services.core.clock import Clock
from services.core.errors import Contended, KawaseError, Unavailable
from services.core.ids import checked_id
from services.core.money import Money
from services.gateway.calls import Calls
from services.gateway.payments.messages import STATES, payment_message
from services.gateway.payments.model import Payment, State, Terms, first_life
from services.gateway.payments.pricing import Wish, place_of_merchant
from services.gateway.payments.refusals import PaymentConfirmed, QuoteExpired
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import add_payments
from services.gateway.payments.waiters import Snapshot
from services.gateway.presenting import rules
from services.gateway.presenting.messages import (
    NEVER_CONFIRMED,
    confirmation_fact,
    presented_message,
)
from services.gateway.presenting.model import Charge, Policy
from services.gateway.presenting.numbers import OfflineNumber, OnlineNumber
from services.gateway.presenting.refusals import (
    AcquiredMerchantUnknown,
    AcquirerRequired,
    ChargeRefused,
    ChargeUnavailable,
    CodeUnknown,
    PresentedPaymentConfirmed,
    PresentedPaymentExistsWithDifferentContent,
    PresentedPaymentUnknown,
)
from services.gateway.presenting.store import charges, codes, keys
from services.gateway.presenting.texts import read_code
from services.gateway.reference import Merchant, Participant, ParticipantKind
from services.gateway.reference.board import ReferenceBoard
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb

log = structlog.get_logger()

_UNDER_WAY = frozenset({State.QUOTED, State.CONFIRMED})
_UNPAID = frozenset({State.DECLINED, State.CANCELLED, State.EXPIRED})


def require_acquirer(caller: Participant) -> Participant:
    """The caller, who has to be an acquirer. Raises `AcquirerRequired`."""
    if caller.kind is not ParticipantKind.ACQUIRER:
        raise AcquirerRequired(caller.participant_id)
    return caller


@dataclass(frozen=True, slots=True)
class Ask:
    """An acquirer's call to charge what `number` names."""

    acquirer_id: str
    payment_id: str
    digest: bytes
    merchant: Merchant
    number: OnlineNumber | OfflineNumber
    amount: Money


@dataclass(frozen=True, slots=True)
class Shown:
    """The code that an ask is about."""

    wallet_id: str
    payer_id: str
    code_id: str | None = None
    offline_key_id: str | None = None
    counter: int | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A charge that stands; `terms` where this call has made it."""

    charge: Charge
    terms: Terms | None = None


class Charging:
    """The calls, each for an acquirer that is known."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        clock: Clock,
        shelf: Shelf,
        calls: Calls,
        box: SecretBox,
    ) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._shelf = shelf
        self._calls = calls
        self._box = box

    async def charge(
        self,
        acquirer: Participant,
        payment_id: str,
        code: str,
        merchant_id: str,
        amount: Money,
        wait_seconds: Callable[[], float],
    ) -> pb.PresentedPayment:
        """Charge a code; the payment's end, or the action it requires, or after the wait its state
        so far.

        Raises `IdMalformed`, `AcquiredMerchantUnknown`, `CodeUnknown`, `CodeUsed`, `CodeExpired`
        and what else `rules` refuse with, `ChargeRefused`, `ChargeUnavailable`,
        `PresentedPaymentExistsWithDifferentContent`.
        """
        checked_id(payment_id, "payment_id")
        merchant = self._merchant(acquirer, merchant_id)
        digest = rules.digest_of(code, merchant_id, amount.minor, amount.currency)
        number = read_code(code)
        ask = Ask(acquirer.participant_id, payment_id, digest, merchant, number, amount)
        answer = (await self._units.write(lambda c: self._claim(c, ask))).answer
        if isinstance(answer, KawaseError):
            log.info("code_refused", participant_id=ask.acquirer_id, reason=answer.reason)
            raise answer
        if answer.terms is not None:
            self._shelf.put(answer.terms)
        return await self._driven(answer, wait_seconds)

    def _merchant(self, acquirer: Participant, merchant_id: str) -> Merchant:
        merchant = self._board.current.merchants.get(merchant_id)
        if merchant is None or merchant.acquirer_id != acquirer.participant_id:
            raise AcquiredMerchantUnknown(merchant_id)
        return merchant

    async def _driven(
        self, claimed: Claimed, wait_seconds: Callable[[], float]
    ) -> pb.PresentedPayment:
        charge, terms = claimed.charge, claimed.terms
        wallet = self._board.current.participants[charge.wallet_id]
        if terms is None:
            snapshot, _ = await self._calls.get_payment(wallet, charge.wallet_payment_id)
        else:
            snapshot = payment_message(Payment(terms, first_life(terms.create_time)))
        if not charge.waits_for_payer:
            if STATES[snapshot.state] in NEVER_CONFIRMED:
                raise ChargeRefused
            if STATES[snapshot.state] in _UNDER_WAY:
                snapshot = await self._confirmed(wallet, charge, wait_seconds)
        return presented_message(charge, snapshot)

    async def _confirmed(
        self, wallet: Participant, charge: Charge, wait_seconds: Callable[[], float]
    ) -> Snapshot:
        payment_id = charge.wallet_payment_id
        try:
            return await self._calls.confirm_payment(wallet, payment_id, wait_seconds)
        except (Unavailable, Contended) as away:
            raise ChargeUnavailable from away
        except KawaseError as refusal:
            log.info("charge_refused", reference=charge.reference, reason=refusal.reason)
            await self._give_up(wallet, payment_id)
            raise ChargeRefused from refusal

    async def _give_up(self, wallet: Participant, payment_id: str) -> None:
        """End a quote that cannot be confirmed; one that has ended is left."""
        try:
            await self._calls.cancel_payment(wallet, payment_id)
        except KawaseError as ended:
            log.info("charge_left", payment_id=payment_id, reason=ended.reason)

    async def _claim(self, connection: Connection, ask: Ask) -> Decided[Claimed | KawaseError]:
        known = await _known(connection, ask)
        if known is not None:
            return Decided(known)
        shown = await self._shown(connection, ask)
        if isinstance(shown, KawaseError):
            # The same may have been asked for, and charged, while this one waited for the code.
            return Decided(await _known(connection, ask) or shown)
        wallet = self._board.current.participants.get(shown.wallet_id)
        scheme = self._board.current.schemes.get(ask.merchant.scheme)
        if wallet is None or scheme is None:
            return Decided(ChargeRefused())
        wish = Wish(wallet, _wallet_payment_id(ask), ask.digest, shown.payer_id, "", ask.amount)
        draft = self._calls.creating.draft(wish, place_of_merchant(ask.merchant, scheme))
        if draft.terms is None:
            return Decided(rules.masked(draft.refusal or ChargeRefused()))
        policy = await codes.read_policy(connection, wallet.participant_id)
        return await self._make(connection, ask, shown, draft.terms, policy)

    async def _make(
        self, connection: Connection, ask: Ask, shown: Shown, terms: Terms, policy: Policy
    ) -> Decided[Claimed | KawaseError]:
        if shown.offline_key_id is not None and terms.home_minor > policy.offline_maximum:
            return Decided(ChargeRefused())
        if not await add_payments(connection, [terms]):
            return Decided(ChargeRefused())
        charge = Charge(
            ask.acquirer_id,
            ask.payment_id,
            ask.digest,
            ask.merchant.merchant_id,
            shown.wallet_id,
            terms.payment_id,
            terms.reference,
            rules.waits_for_payer(policy, terms.home_minor),
            terms.create_time,
            shown.code_id,
            shown.offline_key_id,
            shown.counter,
        )
        await charges.add_charge(connection, charge)
        payment = Payment(terms, first_life(terms.create_time))
        facts = [confirmation_fact(payment)] if charge.waits_for_payer else []
        return Decided(Claimed(charge, terms), facts)

    async def _shown(self, connection: Connection, ask: Ask) -> Shown | KawaseError:
        """The code, locked until the unit ends; or why it cannot be charged."""
        now = self._clock.now()
        if isinstance(ask.number, OnlineNumber):
            code = await codes.lock_code_numbered(connection, ask.number.number)
            if code is None:
                return CodeUnknown()
            refusal = rules.online_refusal(code, ask.merchant.country_code, now)
            return refusal or Shown(code.wallet_id, code.payer_id, code_id=code.code_id)
        key = await keys.lock_key_numbered(connection, ask.number.key_number)
        if key is None:
            return CodeUnknown()
        counter = ask.number.counter
        used = await charges.is_counter_used(connection, key.wallet_id, key.offline_key_id, counter)
        secret = base64.b64decode(self._box.open(key.secret))
        refusal = rules.offline_refusal(key, secret, ask.number, now, used=used)
        if isinstance(refusal, CodeUnknown):
            await keys.count_failure(connection, key.key_number, forged=True)
        elif refusal is None and key.failed_count:
            await keys.count_failure(connection, key.key_number, forged=False)
        return refusal or Shown(
            key.wallet_id, key.payer_id, offline_key_id=key.offline_key_id, counter=counter
        )

    async def get(self, acquirer: Participant, payment_id: str) -> pb.PresentedPayment:
        """A payment of the acquirer's. Raises `IdMalformed`, `PresentedPaymentUnknown`."""
        charge, wallet = await self._found(acquirer, payment_id)
        snapshot, _ = await self._calls.get_payment(wallet, charge.wallet_payment_id)
        return presented_message(charge, snapshot)

    async def cancel(self, acquirer: Participant, payment_id: str) -> pb.PresentedPayment:
        """Do not wait for the payer any longer; what has ended unpaid is answered as it is.

        Raises `IdMalformed`, `PresentedPaymentUnknown`, `PresentedPaymentConfirmed`.
        """
        charge, wallet = await self._found(acquirer, payment_id)
        try:
            snapshot = await self._calls.cancel_by_shop(wallet, charge.wallet_payment_id)
        except (PaymentConfirmed, QuoteExpired) as late:
            snapshot, _ = await self._calls.get_payment(wallet, charge.wallet_payment_id)
            if STATES[snapshot.state] not in _UNPAID:
                raise PresentedPaymentConfirmed(payment_id) from late
        return presented_message(charge, snapshot)

    async def watch(
        self, acquirer: Participant, payment_id: str
    ) -> AsyncIterator[pb.PresentedPayment]:
        """The payment now and at every state until it is final.

        Raises `IdMalformed`, `PresentedPaymentUnknown`, `TooManyWatchers`.
        """
        charge, wallet = await self._found(acquirer, payment_id)
        async for snapshot in self._calls.watch_payment(wallet, charge.wallet_payment_id):
            yield presented_message(charge, snapshot)

    async def _found(self, acquirer: Participant, payment_id: str) -> tuple[Charge, Participant]:
        checked_id(payment_id, "payment_id")
        async with self._units.pool.acquire() as connection:
            charge = await charges.find_charge(connection, acquirer.participant_id, payment_id)
        if charge is None:
            raise PresentedPaymentUnknown(payment_id)
        return charge, self._board.current.participants[charge.wallet_id]


async def _known(connection: Connection, ask: Ask) -> Claimed | KawaseError | None:
    """What stands under the ask's id, or that it is of other content."""
    charge = await charges.find_charge(connection, ask.acquirer_id, ask.payment_id)
    if charge is None or charge.digest == ask.digest:
        return None if charge is None else Claimed(charge)
    return PresentedPaymentExistsWithDifferentContent(ask.payment_id)


def _wallet_payment_id(ask: Ask) -> str:
    """The payment's id among those of the wallet: nobody else chooses one like it."""
    named = f"{ask.acquirer_id}/{ask.payment_id}"
    return f"presented-{hashlib.sha256(named.encode()).hexdigest()[:32]}"
