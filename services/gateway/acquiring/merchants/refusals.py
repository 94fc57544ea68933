"""Why a shop is not proposed, changed or approved: one leaf per clause."""

from collections.abc import Iterable

from services.core.errors import Conflict, Forbidden, LimitReached, Malformed, NotFound, Refused
from services.core.money import Money


class AcquiredMerchantUnknown(NotFound):
    """No such shop of this acquirer. Another's is not told apart."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"There is no merchant {merchant_id[:64]!r} of yours: check the id, or propose it.",
            merchant_id=merchant_id[:64],
        )


class MerchantNotInForce(Refused):
    """The shop waits for an operator, or was rejected."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"The merchant {merchant_id} is not in force: wait for its approval.",
            merchant_id=merchant_id,
        )


class MerchantIdTaken(Conflict):
    """The id is somebody's already."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"The merchant id {merchant_id[:64]!r} is taken: choose another.",
            merchant_id=merchant_id[:64],
        )


class MerchantExistsWithDifferentContent(Conflict):
    """The shop was proposed before, otherwise."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"The merchant {merchant_id} exists with other content: update it, or choose another "
            "id.",
            merchant_id=merchant_id,
        )


class SchemeAccountTaken(Conflict):
    """A code leads to one shop."""

    def __init__(self, scheme: str, account_id: str) -> None:
        super().__init__(
            f"The {scheme[:40]} account {account_id[:64]!r} is another merchant's: check it with "
            "the scheme.",
            scheme_account_id=account_id[:64],
        )


class NameNotPrintable(Malformed):
    """A text that no code or form has room for."""

    def __init__(self, field: str, longest: int, *, ascii_only: bool = False) -> None:
        letters = "ASCII characters" if ascii_only else "characters"
        super().__init__(
            f"{field} has to be at most {longest} {letters}, none of them a control character.",
            field=field,
        )


class ParentUnfit(Refused):
    """A parent that cannot be one."""

    def __init__(self, merchant_id: str, why: str) -> None:
        super().__init__(
            f"The merchant {merchant_id[:64]!r} cannot be the parent: {why}.",
            parent_merchant_id=merchant_id[:64],
        )


class AccountMissing(Malformed):
    """Nowhere to pay out to."""

    def __init__(self) -> None:
        super().__init__(
            "payout_account is empty: give one, or a parent that is paid out for this merchant.",
            field="payout_account",
        )


class AccountNumberMalformed(Malformed):
    """Not numbers that a Japanese bank gives."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} is not one of a Japanese bank: 4 digits for the bank, 3 for the branch, 7 "
            "for the account; the type is 1, 2 or 4.",
            field=field,
        )


class VersionDecided(Conflict):
    """Somebody has decided it already, or a later version has taken its place."""

    def __init__(self, merchant_id: str, version: int) -> None:
        super().__init__(
            f"Version {version} of merchant {merchant_id} does not wait for a decision: read it "
            "anew.",
            merchant_id=merchant_id,
        )


class OwnProposal(Forbidden):
    """The four eyes have to be of two people."""

    def __init__(self, merchant_id: str) -> None:
        super().__init__(
            f"The merchant {merchant_id} was proposed with a key that you, or who made your key, "
            "have made: somebody else has to decide.",
            merchant_id=merchant_id,
        )


class FindingsNotAccepted(Refused):
    """The checks found something, and the approval does not say that it was looked at."""

    def __init__(self, findings: Iterable[str]) -> None:
        told = ", ".join(findings)
        super().__init__(
            f"The checks found {told}: look at it, then approve with accepts_findings, or reject.",
            findings=told,
        )


class PlanWithoutFees(Refused):
    """Only small merchants pay nothing."""

    def __init__(self, fee_plan_id: str) -> None:
        super().__init__(
            f"The fee plan {fee_plan_id[:64]!r} takes no fee, or is in another currency: give one "
            "that fits, or for a small merchant is_small with fee_plan_expire_time and the plan "
            "that follows.",
            fee_plan_id=fee_plan_id[:64],
        )


class FeePlanNotFree(Refused):
    """What is said of small merchants is about plans without fees."""

    def __init__(self, fee_plan_id: str) -> None:
        super().__init__(
            f"The fee plan {fee_plan_id} takes fees: leave is_small out, or give a plan of none.",
            fee_plan_id=fee_plan_id,
        )


class PlanTimeUnfit(Malformed):
    """A plan without fees is looked at anew."""

    def __init__(self, days: int) -> None:
        super().__init__(
            f"fee_plan_expire_time has to be within {days} days from now.",
            field="fee_plan_expire_time",
        )


class RefundDayLimitReached(LimitReached):
    """The acquirer has given back what it may for this shop today."""

    def __init__(self, merchant_id: str, left: Money) -> None:
        super().__init__(
            f"The refund limit of merchant {merchant_id} for today leaves {left}: refund less, "
            "tomorrow, or have the limit raised.",
            merchant_id=merchant_id,
            left_minor_units=str(left.minor),
        )
