"""Breaks in plain words, for people who work in finance."""

from collections.abc import Callable

from services.core.currencies import CurrencyUnknown
from services.core.money import Money
from services.reconciliation.matching.rows import BreakKind


def amount_text(minor: int, currency: str) -> str:
    """An amount for people, in a currency that a file may have made up."""
    try:
        return str(Money(minor, currency))
    except CurrencyUnknown:
        return f"{currency[:10]} {minor} minor units"


def explain(
    kind: BreakKind, size: int, currency: str, our_reference: str, their_reference: str
) -> str:
    """What is wrong and what to look at. `size` in minor units, ours less theirs."""
    ours, theirs = our_reference or "our entry", their_reference or "the partner's entry"
    return _SENTENCES[kind](ours, theirs, amount_text(abs(size), currency), size >= 0)


def _missing_at_partner(ours: str, _theirs: str, amount: str, _more: bool) -> str:
    return (
        f"We have booked {ours} with {amount}; no file of the partner holds it. It may come with "
        "the next file; if not, ask the partner whether it has taken place."
    )


def _missing_with_us(_ours: str, theirs: str, amount: str, _more: bool) -> str:
    return (
        f"The partner reports {theirs} with {amount}; we have booked nothing like it. Look whether "
        "it is a payment we have declined or never seen."
    )


def _amount(ours: str, theirs: str, amount: str, more: bool) -> str:
    side = "more" if more else "less"
    return (
        f"We have booked {amount} {side} for {ours} than the partner reports for {theirs}. One of "
        "the two amounts is wrong, or a part was refunded on one side only."
    )


def _fee(ours: str, theirs: str, amount: str, more: bool) -> str:
    side = "more" if more else "less"
    return (
        f"The amounts of {ours} agree, but we have counted {amount} {side} fee than the partner "
        f"reports for {theirs}. Compare the fee plan with the contract."
    )


def _currency(ours: str, theirs: str, amount: str, _more: bool) -> str:
    return f"We have booked {ours} with {amount}; the partner reports {theirs} in another currency."


def _state(ours: str, theirs: str, amount: str, _more: bool) -> str:
    return (
        f"For {ours}, {amount}, we and the partner say that different things have come of it "
        f"({theirs}): one side has completed what the other has taken back."
    )


def _duplicate(ours: str, theirs: str, amount: str, more: bool) -> str:
    which = ours if more else theirs
    return (
        f"{which} with {amount} comes a second time. Only the first is matched; if it is no "
        "mistake of the file, money has moved twice."
    )


def _late(ours: str, theirs: str, _amount: str, _more: bool) -> str:
    return (
        f"{ours} and {theirs} agree in all but the day, by more days than the rules allow. "
        "Explain it, or move the money to the day it belongs to."
    )


def _unidentified_credit(_ours: str, theirs: str, amount: str, _more: bool) -> str:
    return (
        f"{amount} has come to the account ({theirs}) without a reference we know. Find out whose "
        "it is; until then it belongs in suspense."
    )


def _unbooked(ours: str, _theirs: str, amount: str, _more: bool) -> str:
    return (
        f"The partner has moved {amount} for {ours}, and our ledger has posted nothing for it. It "
        "may be under way: run the day again; if it stays, look for the payment among the stuck. "
        "What a partner has settled is booked by a transfer from the bank to what it owed."
    )


_SENTENCES: dict[BreakKind, Callable[[str, str, str, bool], str]] = {
    BreakKind.MISSING_AT_PARTNER: _missing_at_partner,
    BreakKind.MISSING_WITH_US: _missing_with_us,
    BreakKind.AMOUNT: _amount,
    BreakKind.FEE: _fee,
    BreakKind.CURRENCY: _currency,
    BreakKind.STATE: _state,
    BreakKind.DUPLICATE: _duplicate,
    BreakKind.LATE: _late,
    BreakKind.UNIDENTIFIED_CREDIT: _unidentified_credit,
    BreakKind.UNBOOKED: _unbooked,
}
