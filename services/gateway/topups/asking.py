"""Whether a bank account may be linked and a top-up made, as far as the request tells. Pure."""

import hashlib
from dataclasses import astuple, dataclass

from services.core.ids import checked_id
from services.core.money import LARGEST_UNITS, Money
from services.gateway.payments.refusals import (
    AmountCurrencyDiffers,
    AmountNotPositive,
    AmountTooLarge,
)
from services.gateway.reference import Funding, Participant
from services.gateway.topups.refusals import (
    BankFieldMalformed,
    HolderNameMalformed,
    HostedWalletRequired,
)

HOLDER_NAME_MAXIMUM = 48  # characters, as in Zengin's transfers


@dataclass(frozen=True, slots=True)
class LinkWish:
    """A request to link a bank account, as it came."""

    participant_id: str
    bank_link_id: str
    payer_id: str
    partner_id: str
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    holder_name: str

    @property
    def content(self) -> bytes:
        """What a repeat is equal in."""
        return _content(*astuple(self))

    @property
    def digest(self) -> bytes:
        """Of the content; whoever has it can find the account by trying."""
        return _digest(*astuple(self))

    @property
    def partner_link_id(self) -> str:
        """The link's id at the bridge: the same for every try of this participant's id."""
        return f"link-{_digest(self.participant_id, self.bank_link_id).hex()[:40]}"


@dataclass(frozen=True, slots=True)
class TopUpWish:
    """A request to top up, as it came."""

    participant_id: str
    top_up_id: str
    bank_link_id: str
    amount: Money

    @property
    def digest(self) -> bytes:
        """Equal for requests of equal content."""
        return _digest(self.bank_link_id, str(self.amount.minor), self.amount.currency)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256(_content(*parts)).digest()


def _content(*parts: str) -> bytes:
    return "\n".join(parts).encode()


def check_hosted(caller: Participant) -> None:
    """Raises `HostedWalletRequired`."""
    if caller.funding is not Funding.HOSTED:
        raise HostedWalletRequired(caller.participant_id)


def check_link(wish: LinkWish) -> None:
    """A Japanese bank account: bank 4, branch 3, type 1 and number 7 digits, holder in kana."""
    checked_id(wish.bank_link_id, "bank_link_id")
    checked_id(wish.payer_id, "payer_id")
    checked_id(wish.partner_id, "partner_id")
    for value, field, digits in (
        (wish.bank_code, "bank_code", 4),
        (wish.branch_code, "branch_code", 3),
        (wish.account_type, "account_type", 1),
        (wish.account_number, "account_number", 7),
    ):
        if not (value.isascii() and value.isdigit() and len(value) == digits):
            raise BankFieldMalformed(field, digits)
    name = wish.holder_name
    if not 1 <= len(name.strip()) <= len(name) <= HOLDER_NAME_MAXIMUM or "\x00" in name:
        raise HolderNameMalformed(HOLDER_NAME_MAXIMUM)


def check_top_up(wish: TopUpWish, caller: Participant) -> None:
    """A positive amount in the wallet's home currency."""
    checked_id(wish.top_up_id, "top_up_id")
    checked_id(wish.bank_link_id, "bank_link_id")
    if wish.amount.currency != caller.home_currency:
        raise AmountCurrencyDiffers(wish.amount.currency, caller.home_currency)
    if wish.amount.minor <= 0:
        raise AmountNotPositive(wish.amount.minor)
    if wish.amount.minor > LARGEST_UNITS // 1000:
        raise AmountTooLarge
