"""Amounts as codes write them: digits with at most one point, in major units, without a sign.

Read with text and integers only, so that nothing is rounded: a yen amount with decimals is refused.
"""

import re

from services.codes.findings import Finding, error, quoted
from services.core.currencies import minor_units

LONGEST_AMOUNT = 13
# A trailing point is allowed by EMVCo MPM v1.1 (section 4.4.3), a point alone is not.
_AMOUNT = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


def check_amount(value: str, path: str, currency: str | None) -> list[Finding]:
    """What is wrong with `value`; the decimals are judged where the currency is known."""
    if len(value) > LONGEST_AMOUNT:
        said = f"The amount ({path}) has {len(value)} characters: write at most 13."
        return [error("LENGTH", path, said)]
    if _AMOUNT.fullmatch(value) is None:
        said = (
            f"The amount ({path}) {quoted(value)} is not a number: write digits with at most one "
            "point, without spaces, commas or signs."
        )
        return [error("AMOUNT_FORMAT", path, said)]
    findings = []
    if not value.strip("0."):
        said = f"The amount ({path}) is zero: write the price, or leave it out to be typed."
        findings.append(error("AMOUNT_ZERO", path, said))
    if currency is not None and len(value.partition(".")[2]) > minor_units(currency):
        said = (
            f"The amount ({path}) {quoted(value)} has more decimals than {currency} allows "
            f"({minor_units(currency)}): a code with the exact amount is needed."
        )
        findings.append(error("AMOUNT_DECIMALS_WARN", path, said))
    return findings


def exact_amount(value: str) -> str | None:
    """`value` without superfluous zeros before, or point after: exact; None if malformed."""
    if _AMOUNT.fullmatch(value) is None:
        return None
    whole, _, fraction = value.partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def amount_in_minor_units(exact: str, currency: str) -> int | None:
    """`exact` in minor units of `currency`; None where it has more decimals than that."""
    places = minor_units(currency)
    whole, _, fraction = exact.partition(".")
    if len(fraction) > places:
        return None
    return int(whole + fraction.ljust(places, "0"))
