"""Where a person's code leads. Pure."""

from services.core.accounts import customer
from services.gateway.payments.pricing import AskPerson, Place
from services.gateway.payments.refusals import CurrencyUnfit
from services.gateway.personal.model import PersonalCode
from services.gateway.personal.refusals import (
    PaymentToOneself,
    PersonalCodeRevoked,
    PersonalCodesNotOpen,
    PersonUnknown,
)
from services.gateway.personal.rules import is_open
from services.gateway.reference import Reference


def place_of_person(
    code: PersonalCode | None, asked: AskPerson, payer: tuple[str, str], reference: Reference
) -> Place:
    """The place of a person whose code was scanned; `payer` by wallet and payer id.

    Raises `PersonUnknown`, `PersonalCodeRevoked`, `PaymentToOneself`, `PersonalCodesNotOpen`,
    `CurrencyUnfit`.
    """
    if code is None:
        raise PersonUnknown
    if code.revoke_time is not None:
        raise PersonalCodeRevoked
    if payer == (code.participant_id, code.payer_id):
        raise PaymentToOneself
    wallet = reference.participants[code.participant_id]
    if not is_open(wallet, reference):
        raise PersonalCodesNotOpen(wallet.participant_id)
    if asked.currency not in (None, code.currency):
        raise CurrencyUnfit(str(asked.currency), code.currency)
    account = customer(code.participant_id, code.payer_id, code.currency)
    return Place(
        asked.scheme,
        code.token,
        code.shown_name,
        "",
        wallet.country_code,
        code.currency,
        asked.stated,
        payable_account_id=account.account_id,
        payee_wallet_id=code.participant_id,
    )
