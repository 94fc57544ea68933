"""The accounts and commands of the wallet's tests, and answers in one word."""

from datetime import UTC, datetime

from services.core.accounts import (
    AccountKind,
    AccountSpec,
    customer,
    house,
    partner_payable,
    prefund,
)
from services.wallet.domain.model import (
    Answer,
    Begin,
    Capture,
    CommandName,
    Leg,
    Moved,
    Opened,
    Refused,
    Resolve,
    begin,
    capture,
    resolve,
)
from services.wallet.domain.opening import Account

START = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)

PANDA = prefund("panda", "CNY")
CAPPED = prefund("capped", "CNY", 5_000)
BANK = house(AccountKind.BANK, "CNY")
POSITION = house(AccountKind.POSITION, "CNY")
INCOME = house(AccountKind.FX_INCOME, "CNY")
POSITION_KRW = house(AccountKind.POSITION, "KRW")
PAYABLE_KRW = partner_payable("kakaopay", "KRW")
FEES_KRW = house(AccountKind.FEE_INCOME, "KRW")
AOI = customer("hosted", "aoi", "CNY")
WORLD = (
    PANDA,
    CAPPED,
    BANK,
    POSITION,
    INCOME,
    POSITION_KRW,
    PAYABLE_KRW,
    FEES_KRW,
    AOI,
)


def account_of(spec: AccountSpec) -> Account:
    """The account a spec asks for."""
    return Account(
        spec.account_id, spec.currency, spec.kind, spec.owner, spec.striped, spec.net_debit_limit
    )


def leg(debit: AccountSpec, credit: AccountSpec, amount: int, purpose: str = "") -> Leg:
    return Leg(debit.account_id, credit.account_id, amount, debit.currency, purpose)


def payment_legs(mid: int = 9_800, spread: int = 200, payer: AccountSpec = PANDA) -> list[Leg]:
    """The four legs of a payment at a partner's shop in Seoul."""
    return [
        leg(payer, POSITION, mid, "mid"),
        leg(payer, INCOME, spread, "spread"),
        leg(POSITION_KRW, PAYABLE_KRW, 18_700, "payable"),
        leg(POSITION_KRW, FEES_KRW, 200, "fee"),
    ]


def reserve(link_id: str, *legs: Leg, funding: AccountSpec = PANDA) -> Begin:
    return begin(
        CommandName.RESERVE, link_id, funding.account_id, legs or tuple(payment_legs(payer=funding))
    )


def transfer(link_id: str, *legs: Leg, funding: AccountSpec = PANDA) -> Begin:
    return begin(CommandName.TRANSFER, link_id, funding.account_id, legs)


def post(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.POST, link_id, funding.account_id)


def capture_part(link_id: str, *legs: Leg, funding: AccountSpec = PANDA) -> Capture:
    return capture(link_id, funding.account_id, f"{link_id}-capture", legs)


def void(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.VOID, link_id, funding.account_id)


def expire(link_id: str, funding: AccountSpec = PANDA) -> Resolve:
    return resolve(CommandName.EXPIRE, link_id, funding.account_id)


def told(answer: Answer | Opened) -> str:
    """An answer in one word: `reserved`, `posted`, …, or the clause it was refused by."""
    if isinstance(answer, Refused):
        return answer.fault.clause.name
    if isinstance(answer, Moved):
        return answer.outcome or "reserved"
    return "opened"
