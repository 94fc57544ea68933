"""The text of a person's code: EMVCo merchant-presented, under a scheme of our own. Pure.

It carries a token, the currency, the wallet's country and the shown name where that is ASCII.
"""

from services.codes import Draft, compose, encode
from services.gateway.payments.pricing import PERSONAL_SCHEME
from services.gateway.personal.names import name_in_code
from services.gateway.personal.refusals import WalletCountryMissing
from services.gateway.reference import Participant


def payload_of(wallet: Participant, token: str, shown_name: str) -> str:
    """The static code of a payer of `wallet`. Raises `WalletCountryMissing`."""
    country = wallet.country_code
    if not country:
        raise WalletCountryMissing(wallet.participant_id)
    draft = Draft(
        profile=PERSONAL_SCHEME,
        account=token,
        name=name_in_code(shown_name),
        # Where a person is would tell too much, and the field may not be left out.
        city=country,
        country_code=country,
        # What payments between persons carry in the codes of national schemes.
        category_code="0000",
        currency_code=wallet.home_currency,
    )
    return encode(compose(draft), PERSONAL_SCHEME)
