"""Why a withdrawal is refused at the door: one leaf per clause."""

from services.core.errors import Conflict, LimitReached, NotFound, Refused
from services.core.money import Money
from services.gateway.reference import LimitPeriod, LimitRule


class WithdrawalUnknown(NotFound):
    """No such withdrawal of this participant."""

    def __init__(self, withdrawal_id: str) -> None:
        super().__init__(
            f"There is no withdrawal {withdrawal_id[:64]!r} of yours: check the id, or create it "
            "first.",
            withdrawal_id=withdrawal_id[:64],
        )


class WithdrawalExistsWithDifferentContent(Conflict):
    """The id was used before, for something else."""

    def __init__(self, withdrawal_id: str) -> None:
        super().__init__(
            f"The withdrawal {withdrawal_id} exists with another bank link or amount: "
            "use a fresh id for a new withdrawal.",
            withdrawal_id=withdrawal_id,
        )


class BankLinkNotPayable(Refused):
    """The link was made without what is needed to pay to its account."""

    def __init__(self, bank_link_id: str) -> None:
        super().__init__(
            f"The bank link {bank_link_id} is good for top-ups only: link the account once more, "
            "with the same id and content.",
            bank_link_id=bank_link_id,
        )


class WithdrawalBelowLimit(Refused):
    """Less than the least of one withdrawal."""

    def __init__(self, rule: LimitRule, amount: Money) -> None:
        minimum = Money(rule.minimum, rule.maximum.currency)
        super().__init__(
            f"This withdrawal is {amount}; the least is {minimum} (rule {rule.limit_rule_id}: "
            f"{rule.source}).",
            minimum_minor_units=str(minimum.minor),
            currency_code=minimum.currency,
            limit_rule_id=rule.limit_rule_id,
        )


class WithdrawalOverLimit(Refused):
    """More than may be drawn at once."""

    def __init__(self, rule: LimitRule, amount: Money) -> None:
        super().__init__(
            f"This withdrawal is {amount}; the most is {rule.maximum} (rule {rule.limit_rule_id}: "
            f"{rule.source}).",
            limit_minor_units=str(rule.maximum.minor),
            currency_code=rule.maximum.currency,
            limit_rule_id=rule.limit_rule_id,
        )


_LATER = {
    LimitPeriod.DAY: "today leaves",
    LimitPeriod.MONTH: "this month leaves",
    LimitPeriod.YEAR: "this year leaves",
}


class WithdrawalLimitReached(LimitReached):
    """The payer has used up what may be drawn in a day or a year."""

    def __init__(self, rule: LimitRule, left: Money) -> None:
        super().__init__(
            f"The payer's limit for {_LATER[rule.period]} {left} to draw: draw less, or later "
            f"(rule {rule.limit_rule_id}: {rule.source}).",
            left_minor_units=str(left.minor),
            currency_code=left.currency,
            limit_rule_id=rule.limit_rule_id,
        )
