"""The text of a shop's code, by the rules of the scheme it has an account of. Pure."""

from services.codes import Draft, compose, encode
from services.core.currencies import minor_units
from services.core.money import Money, major
from services.gateway.acquiring.merchants.model import Content


def payload_of(
    content: Content,
    amount: Money | None = None,
    *,
    reference_label: str = "",
    terminal_label: str = "",
) -> str:
    """EMVCo text: static, or with an amount dynamic.

    Raises `CodeInvalid` where the scheme cannot carry what is known of the shop.
    """
    draft = Draft(
        profile=content.scheme,
        account=content.scheme_account_id,
        name=content.name,
        city=content.city,
        country_code=content.country_code,
        category_code=content.category_code,
        postal_code=content.postal_code or None,
        currency_code=content.currency,
        amount=None if amount is None else amount_text(amount),
        local_name=content.local_name or content.name,
        reference=reference_label or None,
        terminal=terminal_label or None,
    )
    return encode(compose(draft), content.scheme)


def amount_text(amount: Money) -> str:
    """In major units, as code field 54 writes it: `1200`, `56.00`."""
    return f"{major(amount):.{minor_units(amount.currency)}f}"
