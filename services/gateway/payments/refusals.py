"""Why a payment is refused: each leaf is a clause, its reason the same words in UPPER_SNAKE."""

from services.codes import Finding, Severity
from services.core.errors import (
    Conflict,
    Forbidden,
    LimitReached,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from services.core.money import Money
from services.gateway.reference import LimitPeriod, LimitRule


class WalletRequired(Forbidden):
    """Only the payers' wallets make payments."""

    def __init__(self, participant_id: str) -> None:
        super().__init__(
            "This call needs the key of a wallet: payments are made by the payers' wallets.",
            participant_id=participant_id,
        )


class PaymentUnknown(NotFound):
    """No such payment of this participant. Another participant's payment is not told apart."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"There is no payment {payment_id[:64]!r} of yours: check the id, or create it first.",
            payment_id=payment_id[:64],
        )


class PaymentExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} exists with another payer, code or amount: "
            "use a fresh id for a new payment.",
            payment_id=payment_id,
        )


class CodeRefused(Malformed):
    """The code breaks the rules of its scheme; the findings say where."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        sentences = " ".join(finding.message for finding in errors[:5])
        super().__init__(
            f"The code cannot be paid. {sentences}",
            findings=",".join(finding.code for finding in errors[:20]),
            paths=",".join(finding.path for finding in errors[:20]),
        )


class CodeShownByPayer(Malformed):
    """A consumer's code names a payer, not a merchant."""

    def __init__(self) -> None:
        super().__init__(
            "This is a code that a payer shows to a shop; scan the code that the shop shows."
        )


class CurrencyMissing(Malformed):
    """Neither the code nor its scheme tells the currency."""

    def __init__(self) -> None:
        super().__init__("The code names no currency that is known here: ask for another code.")


class CurrencyUnfit(Refused):
    """The code's currency is not the merchant's."""

    def __init__(self, stated: str, expected: str) -> None:
        super().__init__(
            f"The code asks for {stated}, but its merchant is paid in {expected}: "
            "ask the merchant for a new code.",
            currency_code=stated,
            expected_currency_code=expected,
        )


class SchemeUnknown(NotFound):
    """No acceptance partner or acquirer takes codes of this scheme."""

    def __init__(self, scheme: str) -> None:
        super().__init__(
            f"Codes of the scheme {scheme[:40]!r} cannot be paid here.", scheme=scheme[:40]
        )


class MerchantUnknown(NotFound):
    """The code names a merchant none of our acquirers has."""

    def __init__(self, scheme: str, account_id: str) -> None:
        super().__init__(
            f"No merchant here has the {scheme} account {account_id[:64]!r}: "
            "the merchant's acquirer has to register it.",
            scheme=scheme,
            scheme_account_id=account_id[:64],
        )


class CorridorUnknown(NotFound):
    """This wallet's payers cannot pay there."""

    def __init__(self, wallet_id: str, partner_id: str, currency: str) -> None:
        where = partner_id or "merchants of our own acquirers"
        super().__init__(
            f"There is no corridor from {wallet_id} to {where} in {currency}: "
            "the operator can open one.",
            wallet_id=wallet_id,
            acceptance_partner_id=partner_id,
            currency_code=currency,
        )


class CorridorClosed(Unavailable):
    """The corridor exists, but takes no payments for now."""

    def __init__(self, corridor_id: str) -> None:
        super().__init__(
            f"The corridor {corridor_id} is closed for now; try again later.",
            corridor_id=corridor_id,
        )


class ResolverBusy(Unavailable):
    """Too many codes are being asked about at partners."""

    def __init__(self) -> None:
        super().__init__("Too many codes are being looked up at partners; try again in a moment.")


class AmountRequired(Malformed):
    """Neither the code nor the caller states an amount."""

    def __init__(self) -> None:
        super().__init__(
            "The code states no amount: send the amount that the payer typed, in the merchant's "
            "currency."
        )


class AmountDisagrees(Malformed):
    """The code states another amount than the caller."""

    def __init__(self, stated: Money, typed: Money) -> None:
        super().__init__(
            f"The code asks for {stated}, but the amount sent is {typed.minor} minor units: "
            "leave the amount out, or send that of the code.",
            code_minor_units=str(stated.minor),
            minor_units=str(typed.minor),
        )


class AmountCurrencyDiffers(Malformed):
    """The typed amount is not in the merchant's currency."""

    def __init__(self, typed: str, expected: str) -> None:
        super().__init__(
            f"The amount is in {typed[:10]!r}; this merchant is paid in {expected}.",
            currency_code=typed[:10],
            expected_currency_code=expected,
        )


class AmountNotPositive(Malformed):
    """An amount of zero or less."""

    def __init__(self, minor: int) -> None:
        super().__init__(
            f"The amount is {minor}: it must be at least 1 minor unit.", minor_units=str(minor)
        )


class AmountTooLarge(Malformed):
    """More digits than any account holds."""

    def __init__(self) -> None:
        super().__init__("The amount has too many digits: at most 15 digits of minor units.")


class AmountBelowFee(Refused):
    """The merchant's fee would take more than the amount."""

    def __init__(self, fee: Money) -> None:
        super().__init__(
            f"The amount is less than the merchant's fee of {fee}.", minor_units=str(fee.minor)
        )


class FeePlanUnfit(Unavailable):
    """The fee plan is missing or in another currency: the operator's to put right."""

    def __init__(self, fee_plan_id: str) -> None:
        super().__init__(
            f"The fee plan {fee_plan_id!r} does not fit this payment; the operator has to put it "
            "right.",
            fee_plan_id=fee_plan_id,
        )


class AmountBelowMinimum(Refused):
    """Less than the corridor takes per payment."""

    def __init__(self, home: Money, minimum: Money) -> None:
        super().__init__(
            f"This payment is worth {home}; the corridor takes {minimum} or more.",
            minor_units=str(home.minor),
            minimum_minor_units=str(minimum.minor),
        )


class AmountOverLimit(Refused):
    """More than the corridor takes per payment."""

    def __init__(self, home: Money, limit: Money) -> None:
        super().__init__(
            f"This payment is worth {home}; the corridor takes at most {limit} per payment.",
            minor_units=str(home.minor),
            limit_minor_units=str(limit.minor),
        )


class PayerDayLimitReached(LimitReached):
    """The payer has used up the day's limit."""

    def __init__(self, left: Money) -> None:
        super().__init__(
            f"The payer's limit for today leaves {left}: pay less, or tomorrow.",
            left_minor_units=str(left.minor),
        )


class CorridorDayLimitReached(LimitReached):
    """The corridor has used up the day's limit."""

    def __init__(self, left: Money) -> None:
        super().__init__(
            f"The corridor's limit for today leaves {left}: pay less, or tomorrow.",
            left_minor_units=str(left.minor),
        )


def _rule_metadata(rule: LimitRule) -> dict[str, str]:
    return {"limit_rule_id": rule.limit_rule_id, "source": rule.source}


class AmountBelowLimitRule(Refused):
    """Less than a law or a partner's contract allows per payment."""

    def __init__(self, rule: LimitRule, amount: Money) -> None:
        minimum = Money(rule.minimum, rule.maximum.currency)
        super().__init__(
            f"This payment is {amount}; the least is {minimum} (rule {rule.limit_rule_id}: "
            f"{rule.source}).",
            minor_units=str(amount.minor),
            minimum_minor_units=str(minimum.minor),
            currency_code=minimum.currency,
            **_rule_metadata(rule),
        )


PERIODS = {
    LimitPeriod.PAYMENT: "per payment",
    LimitPeriod.DAY: "per day",
    LimitPeriod.MONTH: "per month",
    LimitPeriod.YEAR: "per year",
}


class AmountOverLimitRule(Refused):
    """More in one payment than a law or a partner's contract allows."""

    def __init__(self, rule: LimitRule, amount: Money) -> None:
        super().__init__(
            f"This payment is {amount}; the most is {rule.maximum} {PERIODS[rule.period]} "
            f"(rule {rule.limit_rule_id}: {rule.source}).",
            minor_units=str(amount.minor),
            limit_minor_units=str(rule.maximum.minor),
            currency_code=rule.maximum.currency,
            **_rule_metadata(rule),
        )


class PayerLimitRuleReached(LimitReached):
    """The payer has used up what a law or a partner's contract allows in a day or a year."""

    def __init__(self, rule: LimitRule, left: Money) -> None:
        super().__init__(
            f"Of {rule.maximum} {PERIODS[rule.period]} the payer has {left} left "
            f"(rule {rule.limit_rule_id}: {rule.source}): pay less, or in the next period.",
            left_minor_units=str(left.minor),
            currency_code=left.currency,
            period=rule.period.value,
            **_rule_metadata(rule),
        )


class MaximumRequired(Malformed):
    """A payment in one call, without what the payer agrees to pay."""

    def __init__(self) -> None:
        super().__init__(
            "Send the most that the payer agrees to pay as maximum, in home currency; to show the "
            "price first, create the payment and confirm it."
        )


class MaximumCurrencyDiffers(Malformed):
    """The maximum is not in the payer's currency."""

    def __init__(self, currency: str, expected: str) -> None:
        super().__init__(
            f"The maximum is in {currency[:10]!r}; this payer pays in {expected}.",
            currency_code=currency[:10],
            expected_currency_code=expected,
        )


class PriceAboveMaximum(Refused):
    """The price is more than the payer agreed to; nothing was taken, and the quote stands."""

    def __init__(self, payment_id: str, price: Money, maximum: Money) -> None:
        super().__init__(
            f"The price is {price}, the maximum {maximum}; nothing was taken. Where the payer "
            f"agrees to the price, confirm payment {payment_id} before its quote expires.",
            payment_id=payment_id,
            minor_units=str(price.minor),
            maximum_minor_units=str(maximum.minor),
            currency_code=price.currency,
        )


class QuoteExpired(Refused):
    """The price was not confirmed in time."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The quote of payment {payment_id} has expired: create a new payment.",
            payment_id=payment_id,
        )


class PaymentCancelled(Refused):
    """The wallet has cancelled the payment before."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} was cancelled: create a new payment.", payment_id=payment_id
        )


class PaymentConfirmed(Refused):
    """A confirmed payment cannot be cancelled; a completed one can be refunded."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            f"The payment {payment_id} was confirmed and can no longer be cancelled: "
            "wait for its final state, and refund it if it completes.",
            payment_id=payment_id,
        )


class PageTokenMalformed(Malformed):
    """A page token that no answer of ours carried."""

    def __init__(self) -> None:
        super().__init__("page_token must be the next_page_token of the page before.")


class TooManyWatchers(Unavailable):
    """This process watches as many payments as it can."""

    def __init__(self) -> None:
        super().__init__("Too many payments are being watched; try again in a moment.")
