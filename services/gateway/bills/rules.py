"""What may be said of a biller. Pure."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.core.currencies import minor_units
from services.core.ids import checked_id
from services.gateway.bills.checkdigits import CHECK_LENGTHS, CheckMethod
from services.gateway.bills.model import Alphabet, Amounts, Biller, DueForm, ReferenceFormat
from services.gateway.bills.reading import due_length
from services.gateway.bills.refusals import BillerMalformed
from services.gateway.payments.pricing import LARGEST_PAYMENT
from services.gateway.screening.names import fold

LONGEST_REFERENCE = 64
LONGEST_TEXT = 100
MOST_WEIGHTS = 64
LONGEST_REPEAT_DAYS = 3_650

_TEXT = re.compile(r"[^\x00-\x1f\x7f\s]([^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s])?")
# Katakana with its marks, spaces and full stops, as banks write readings, wide or narrow.
_KANA = re.compile(r"[\u30a1-\u30fc\uff66-\uff9f A-Z0-9().\-/\u3000]+")


def check_biller(new: Biller) -> None:
    """Raises `BillerMalformed`, `IdMalformed`, `CurrencyUnknown`."""
    checked_id(new.biller_id, "biller_id")
    for value, field in ((new.name, "name"), (new.kana_name, "kana_name"), (new.city, "city")):
        if len(value) > LONGEST_TEXT or not _TEXT.fullmatch(value):
            text = f"{field} must be 1 to {LONGEST_TEXT} characters, with no space at its ends."
            raise BillerMalformed(text, field)
    if not _KANA.fullmatch(new.kana_name):
        raise BillerMalformed("kana_name must be the reading in katakana.", "kana_name")
    if not re.fullmatch("[0-9]{4}", new.category_code):
        raise BillerMalformed("category_code must be four digits (ISO 18245).", "category_code")
    if not re.fullmatch("[A-Z]{2}", new.country_code):
        raise BillerMalformed("country_code must be two capitals (ISO 3166).", "country_code")
    minor_units(new.currency)
    _check_zone(new.time_zone)
    _check_form(new.form)
    _check_amounts(new.amounts)
    if not 1 <= new.repeat_days <= LONGEST_REPEAT_DAYS:
        text = f"repeat_days must be from 0, which stands for 90, to {LONGEST_REPEAT_DAYS}."
        raise BillerMalformed(text, "repeat_days")


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = "time_zone must be a name of the IANA database, such as Asia/Tokyo."
        raise BillerMalformed(text, "time_zone") from None


def _check_form(form: ReferenceFormat) -> None:
    check = CHECK_LENGTHS[form.check_method]
    if not check < form.minimum_length <= form.maximum_length <= LONGEST_REFERENCE:
        text = (
            "minimum_length and maximum_length must be in order, above the number of check digits "
            f"and at most {LONGEST_REFERENCE}."
        )
        raise BillerMalformed(text, "reference_format.minimum_length")
    digits_only = form.check_method in (CheckMethod.LUHN, CheckMethod.MOD11)
    if digits_only and form.alphabet is not Alphabet.DIGITS:
        text = f"{form.check_method} is for references of digits: use mod97 for letters."
        raise BillerMalformed(text, "reference_format.alphabet")
    _check_mod11(form)
    _check_due(form, check)


def _check_mod11(form: ReferenceFormat) -> None:
    if form.check_method is not CheckMethod.MOD11:
        if form.weights or form.check_ten is not None:
            text = "weights and check_ten are for MOD11: leave them out."
            raise BillerMalformed(text, "reference_format.weights")
        return
    if form.check_ten is None:
        text = "check_ten must say what stands for a check digit of ten."
        raise BillerMalformed(text, "reference_format.check_ten")
    if len(form.weights) > MOST_WEIGHTS or not all(1 <= each <= 10 for each in form.weights):
        text = f"weights must be up to {MOST_WEIGHTS} numbers from 1 to 10."
        raise BillerMalformed(text, "reference_format.weights")


def _check_due(form: ReferenceFormat, check: int) -> None:
    if (form.due_position > 0) != (form.due_form is not DueForm.NONE) or form.due_position < 0:
        text = "due_date_position and due_date_form go together."
        raise BillerMalformed(text, "reference_format.due_date_form")
    if form.due_position and (
        form.due_position - 1 + due_length(form.due_form) > form.minimum_length - check
    ):
        text = "The due date must lie within every reference, before its check digits."
        raise BillerMalformed(text, "reference_format.due_date_position")


def _check_amounts(amounts: Amounts) -> None:
    values = (amounts.fixed, amounts.minimum, amounts.maximum)
    if not all(0 <= value <= LARGEST_PAYMENT for value in values):
        raise BillerMalformed(f"Amounts must be from 0 to {LARGEST_PAYMENT}.", "amounts")
    if amounts.fixed and (amounts.minimum or amounts.maximum):
        text = "A fixed amount has no minimum and no maximum."
        raise BillerMalformed(text, "amounts.fixed_minor_units")
    if amounts.maximum and amounts.minimum > amounts.maximum:
        text = "The minimum must not be above the maximum."
        raise BillerMalformed(text, "amounts.minimum_minor_units")


def searched(text: str) -> str:
    """Text as the directory compares it: without case, width, spaces and kind of kana."""
    return "".join(fold(text).split())


def search_text_of(biller: Biller) -> str:
    """What a biller is found by."""
    return f"{searched(biller.name)}\n{searched(biller.kana_name)}"
