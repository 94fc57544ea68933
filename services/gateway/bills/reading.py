"""What a reference number says, and what is wrong with it or with an amount. Pure.

Findings come in the order length, letters, check digit, due date; where letters are wrong the check
digit is not reckoned.
"""

import unicodedata
from datetime import date

from services.core.display import display
from services.core.money import Money
from services.gateway.bills.checkdigits import (
    CHECK_LENGTHS,
    DEFAULT_WEIGHTS,
    CheckMethod,
    CheckTen,
    check_of,
)
from services.gateway.bills.model import (
    Alphabet,
    Amounts,
    Biller,
    DueForm,
    Finding,
    Read,
    ReferenceFormat,
)

LONGEST_TYPED = 200
_LETTERS = {
    Alphabet.DIGITS: frozenset("0123456789"),
    Alphabet.ALPHANUMERIC: frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}
_DUE_LENGTHS = {DueForm.YYMMDD: 6, DueForm.YYYYMMDD: 8}
# Hyphens as phones and slips write them; U+30FC is what a Japanese keyboard gives.
_HYPHENS = str.maketrans("", "", "-\u2010\u2011\u2012\u2013\u2212\u30fc")


def plain(typed: str) -> str:
    """A reference as it is kept: narrow capitals, without spaces and hyphens."""
    narrow = unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).translate(_HYPHENS)
    # Capitals may fall apart into letters and marks, which are put together again.
    return unicodedata.normalize("NFKC", "".join(narrow.split()).upper())


def read_reference(form: ReferenceFormat, typed: str, today: date) -> Read:
    """Read what a payer typed; `today` is the biller's."""
    reference = plain(typed)
    findings = [*_length(form, reference), *_letters(form, reference)]
    if findings:
        return Read(reference, tuple(findings))
    findings += _check(form, reference)
    due, wrong = _due(form, reference, today)
    return Read(reference, (*findings, *wrong), due)


def _length(form: ReferenceFormat, reference: str) -> list[Finding]:
    if form.minimum_length <= len(reference) <= form.maximum_length:
        return []
    wanted = (
        f"{form.minimum_length}"
        if form.minimum_length == form.maximum_length
        else f"{form.minimum_length} to {form.maximum_length}"
    )
    return [
        Finding(
            "LENGTH_WRONG",
            0,
            f"The reference has {len(reference)} characters; this biller's have {wanted}.",
        )
    ]


def _letters(form: ReferenceFormat, reference: str) -> list[Finding]:
    allowed = _LETTERS[form.alphabet]
    with_x = form.check_method is CheckMethod.MOD11 and form.check_ten is CheckTen.LETTER_X
    last = len(reference)
    return [
        Finding(
            "LETTER_WRONG",
            place,
            f"{letter!r} at place {place} does not occur in references of this biller.",
        )
        for place, letter in enumerate(reference, 1)
        if letter not in allowed and not (with_x and place == last and letter == "X")
    ][:5]


def _check(form: ReferenceFormat, reference: str) -> list[Finding]:
    length = CHECK_LENGTHS[form.check_method]
    if not length:
        return []
    body, given = reference[:-length], reference[-length:]
    weights = form.weights or DEFAULT_WEIGHTS
    wanted = check_of(body, form.check_method, weights, form.check_ten or CheckTen.UNUSED)
    if given == wanted:
        return []
    return [
        Finding(
            "CHECK_DIGIT_WRONG",
            len(body) + 1,
            "The check digits do not fit the rest of the reference: one of its characters is "
            "mistyped.",
        )
    ]


def _due(
    form: ReferenceFormat, reference: str, today: date
) -> tuple[date | None, tuple[Finding, ...]]:
    if not form.due_position:
        return None, ()
    start = form.due_position - 1
    digits = reference[start : start + _DUE_LENGTHS[form.due_form]]
    if form.due_form is DueForm.YYMMDD:
        digits = f"20{digits}"
    try:
        due = date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        wrong = Finding("DUE_DATE_WRONG", form.due_position, "There is no such due date.")
        return None, (wrong,)
    if due < today and not form.accepts_overdue:
        message = f"The bill was to be paid by {due}; this biller takes no payment after that day."
        return due, (Finding("BILL_OVERDUE", form.due_position, message),)
    return due, ()


def due_length(form: DueForm) -> int:
    """How many digits a due date has."""
    return _DUE_LENGTHS.get(form, 0)


def amount_findings(biller: Biller, amount: Money | None) -> tuple[Finding, ...]:
    """What is wrong with an amount; none given is right where all bills are of one amount."""
    rule = biller.amounts
    if amount is None:
        if rule.fixed:
            return ()
        return (Finding("AMOUNT_REQUIRED", 0, "Say the amount that is printed on the bill."),)
    if amount.currency != biller.currency:
        text = f"Bills of {biller.name} are in {biller.currency}, not in {amount.currency}."
        return (Finding("AMOUNT_CURRENCY_DIFFERS", 0, text),)
    return _range(rule, amount)


def _range(rule: Amounts, amount: Money) -> tuple[Finding, ...]:
    def money(minor: int) -> str:
        return display(Money(minor, amount.currency))

    if amount.minor <= 0:
        return (Finding("AMOUNT_NOT_POSITIVE", 0, "The amount has to be above zero."),)
    if rule.fixed and amount.minor != rule.fixed:
        text = f"Every bill of this biller is of {money(rule.fixed)}."
        return (Finding("AMOUNT_DISAGREES", 0, text),)
    if rule.minimum and amount.minor < rule.minimum:
        text = f"This biller takes payments from {money(rule.minimum)} on."
        return (Finding("AMOUNT_TOO_SMALL", 0, text),)
    if rule.maximum and amount.minor > rule.maximum:
        text = f"This biller takes payments up to {money(rule.maximum)}."
        return (Finding("AMOUNT_TOO_LARGE", 0, text),)
    return ()
