"""Accounts that shops are paid to: sealed where they are kept, told to settlement when approved.

An account that takes another's place is paid only after a while, in which its shop's acquirer, who
is told, can object; settlement pays the one before until then. An account that follows none is paid
at once. What is sealed names its shop and version, so that nobody can put one in another's place.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.gateway.acquiring.merchants.model import Content, Version
from services.gateway.lanes import FACT_STRIPE
from services.gateway.payments.messages import timestamp
from services.kit.outbox import Outgoing
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable
from services.pb.kawase.bridge.v1.bridge_message_pb2 import Payee
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payout_account_pb2 as pb

SHOWN_DIGITS = 3
MASKED = re.compile(r"\*{3}[0-9]{3}")
_FIELDS = ("bank_code", "branch_code", "account_type", "account_number", "holder_name")


def masked(content: Content) -> Content:
    """Of the account's number the last digits alone."""
    if not content.has_account:
        return content
    return replace(content, account_number=f"***{content.account_number[-SHOWN_DIGITS:]}")


def stored(content: Content) -> Content:
    """What is kept beside a sealed account: no holder's name either."""
    return replace(masked(content), holder_name="")


def same_account(one: Content, other: Content) -> bool:
    """Whether both are paid to the same account, or neither to one."""
    return all(getattr(one, field) == getattr(other, field) for field in _FIELDS)


def with_number(wanted: Content, versions: Sequence[Version]) -> Content:
    """`wanted` with the number that it masks: who reads a shop and sends it back changes nothing.

    `versions` are `known`. A number that is not among them stays as it came.
    """
    if MASKED.fullmatch(wanted.account_number):
        for version in versions:
            if same_account(masked(version.content), wanted):
                return replace(wanted, account_number=version.content.account_number)
    return wanted


@dataclass(frozen=True, slots=True)
class Accounts:
    """How accounts are kept. `cooling`: how long an account that takes another's place waits."""

    box: SecretBox
    cooling: timedelta

    def sealed(self, version: Version) -> Version:
        """To be stored. Raises `SecretsKeyMissing`."""
        content = version.content
        if not content.has_account:
            return version
        payee = Payee(**{field: getattr(content, field) for field in _FIELDS})
        told = pb.SealedPayee(merchant_id=content.merchant_id, version=version.version, payee=payee)
        return replace(version, sealed_payee=self.box.seal_bytes(told.SerializeToString()))

    def opened(self, version: Version) -> Version:
        """With its account; one that was stored before accounts were sealed is sealed.

        Raises `SecretsKeyMissing`, `SecretUnreadable`.
        """
        if not version.sealed_payee:
            return self.sealed(version)
        told = pb.SealedPayee.FromString(self.box.open_bytes(version.sealed_payee))
        content = version.content
        if (told.merchant_id, told.version) != (content.merchant_id, version.version):
            raise SecretUnreadable
        payee = told.payee
        whole = replace(content, account_number=payee.account_number, holder_name=payee.holder_name)
        return replace(version, content=whole)

    def known(self, version: Version) -> Version:
        """`opened`; masked where its key is gone, so that its shop can be given another account.

        Raises `SecretsKeyMissing`.
        """
        try:
            return self.opened(version)
        except SecretUnreadable:
            return version

    def readable(self, version: Version) -> Version:
        """To be shown: with its account, or what is kept beside it where it cannot be opened."""
        try:
            return self.opened(version)
        except (SecretUnreadable, SecretsKeyMissing):
            return version

    def taken(self, version: Version, before: Version | None, *, is_first: bool) -> Version:
        """An approved version, whose account is in effect from when on. Both are `known`.

        `is_first`: no account of the shop was ever approved.
        """
        if not version.content.has_account:
            return replace(version, account_effective_time=None)
        if before is not None and same_account(before.content, version.content):
            return replace(version, account_effective_time=before.account_effective_time)
        assert version.decide_time is not None
        wait = timedelta(0) if is_first else self.cooling
        return replace(version, account_effective_time=version.decide_time + wait)


def account_changed(version: Version, before: Version | None) -> list[Outgoing]:
    """The fact that an approved version brings another account than was in force; both are `known`
    and sealed."""
    unchanged = before is not None and same_account(before.content, version.content)
    if unchanged or (before is None and not version.content.has_account):
        return []
    content = version.content
    assert version.decide_time is not None
    account = pb.ShopAccount(
        merchant_id=content.merchant_id,
        version=version.version,
        account=text_of(content),
        approve_time=timestamp(version.decide_time),
        effective_time=timestamp(_effective(version, version.decide_time)),
    )
    changed = pb.PayoutAccountChanged(shop_account=account, sealed_payee=version.sealed_payee)
    event = facts.PaymentEvent(
        participant_id=version.acquirer_id,
        event_time=timestamp(version.decide_time),
        payout_account_changed=changed,
    )
    key = f"merchant-{content.merchant_id}"
    payload = event.SerializeToString()
    return [Outgoing("payment.event", key, FACT_STRIPE, "PayoutAccountChanged", payload)]


def text_of(content: Content) -> str:
    """For people: the bank and the last digits; empty without an account."""
    if not content.has_account:
        return ""
    return f"{content.bank_code}-{content.branch_code} {masked(content).account_number}"


def _effective(version: Version, decide_time: datetime) -> datetime:
    return version.account_effective_time or decide_time
