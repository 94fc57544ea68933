"""What may be proposed of a shop, and what its checker is to look at. Pure.

A name is compared as banks compare it (`formats.kana`): spaces do not count, kinds of companies are
abbreviated. A holder of another name is not refused, because many owners are paid under their own
name: it is a finding that the approval has to accept.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.formats.banks import Banks, is_test_bank
from services.formats.kana import bank_name, comparable, same_name
from services.gateway.access.approvals.voices import Hand, are_apart
from services.gateway.acquiring.codes.payload import payload_of
from services.gateway.acquiring.merchants.model import Content, Finding, Version, reference_of
from services.gateway.acquiring.merchants.refusals import (
    AccountMissing,
    AccountNumberMalformed,
    FeePlanNotFree,
    FindingsNotAccepted,
    MerchantIdTaken,
    NameNotPrintable,
    OwnProposal,
    ParentUnfit,
    PlanTimeUnfit,
    PlanWithoutFees,
    SchemeAccountTaken,
)
from services.gateway.admin.errors import (
    AMOUNT_MAXIMUM,
    FeePlanUnknown,
    FieldMissing,
    LimitOutOfRange,
)
from services.gateway.admin.rules import check_merchant
from services.gateway.reference import ApiKey, FeePayer, FeePlan, Reference

SMALL_PLAN_MAXIMUM = timedelta(days=366)
"""A plan without fees is looked at anew every year."""

_ASCII = re.compile(r"[\x20-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ACCOUNT_FIELDS = ("bank_code", "branch_code", "account_type", "account_number", "holder_name")
_ACCOUNT_FORMS = {
    "bank_code": re.compile(r"[0-9]{4}"),
    "branch_code": re.compile(r"[0-9]{3}"),
    "account_type": re.compile(r"[124]"),
    "account_number": re.compile(r"[0-9]{7}"),
}
_LENGTHS = {"name": 25, "local_name": 25, "city": 15, "postal_code": 10, "kana_name": 100,
            "holder_name": 100, "scheme_account_id": 100}  # fmt: skip


def cleaned(content: Content) -> Content:
    """Kana as banks write them. Raises `NameNotWritable`."""
    kana = bank_name(content.kana_name) if content.kana_name else ""
    holder = bank_name(content.holder_name) if content.holder_name else ""
    return replace(content, kana_name=kana, holder_name=holder)


def check_content(known: Reference, acquirer_id: str, content: Content) -> None:
    """Whether the shop could be opened as described, given what is known.

    Raises leaves of `Malformed`, `Refused`, `NotFound` and `Conflict`, `CodeInvalid` where its code
    would not be one; none of them tells what another acquirer has.
    """
    _check_texts(content)
    _check_owner(known, acquirer_id, content)
    check_merchant(known, reference_of(acquirer_id, content))
    payload_of(content)
    if not 0 <= content.refund_day_limit <= AMOUNT_MAXIMUM:
        raise LimitOutOfRange("refund_day_limit", content.refund_day_limit)
    _check_parent(known, acquirer_id, content)
    _check_account(content)


def _check_texts(content: Content) -> None:
    for field in ("name", "city", "kana_name"):
        if not getattr(content, field).strip():
            raise FieldMissing(field)
    for field, longest in _LENGTHS.items():
        value = getattr(content, field)
        if len(value) > longest or _CONTROL.search(value):
            raise NameNotPrintable(field, longest)
    for field in ("name", "city", "postal_code"):
        value = getattr(content, field)
        if value and not _ASCII.fullmatch(value):
            raise NameNotPrintable(field, _LENGTHS[field], ascii_only=True)


def _check_owner(known: Reference, acquirer_id: str, content: Content) -> None:
    other = known.merchants.get(content.merchant_id)
    if other is not None and other.acquirer_id != acquirer_id:
        raise MerchantIdTaken(content.merchant_id)
    other = known.merchants_by_account.get((content.scheme, content.scheme_account_id))
    if other is not None and other.merchant_id != content.merchant_id:
        raise SchemeAccountTaken(content.scheme, content.scheme_account_id)


def _check_parent(known: Reference, acquirer_id: str, content: Content) -> None:
    name = content.parent_merchant_id
    if not name:
        return
    parent = known.merchants.get(name)
    if parent is None or parent.acquirer_id != acquirer_id or name == content.merchant_id:
        raise ParentUnfit(name, "it is no other shop of yours that is in force")
    if parent.currency != content.currency:
        raise ParentUnfit(name, f"it is paid in {parent.currency}")


def _check_account(content: Content) -> None:
    given = [field for field in _ACCOUNT_FIELDS if getattr(content, field)]
    if not given:
        if not content.parent_merchant_id:
            raise AccountMissing
        return
    for field in _ACCOUNT_FIELDS:
        if field not in given:
            raise FieldMissing(f"payout_account.{field}")
    for field, form in _ACCOUNT_FORMS.items():
        if not form.fullmatch(getattr(content, field)):
            raise AccountNumberMalformed(f"payout_account.{field}")


def findings_of(content: Content, banks: Banks) -> tuple[Finding, ...]:
    """What the checker is to look at; an account that is the parent's has been looked at."""
    if not content.has_account:
        return ()
    return (*_bank_findings(content, banks), *_name_findings(content))


def _bank_findings(content: Content, banks: Banks) -> tuple[Finding, ...]:
    # Neither is refused: the list is a month's, and a branch may have opened since.
    if is_test_bank(content.bank_code):
        return ()
    if banks.bank(content.bank_code) is None:
        return (Finding.BANK_UNKNOWN,)
    if banks.branch(content.bank_code, content.branch_code) is None:
        return (Finding.BRANCH_UNKNOWN,)
    return ()


def _name_findings(content: Content) -> tuple[Finding, ...]:
    if same_name(content.kana_name, content.holder_name):
        return ()
    one, other = comparable(content.kana_name), comparable(content.holder_name)
    if one in other or other in one:
        return (Finding.HOLDER_NAME_CLOSE,)
    return (Finding.HOLDER_NAME_DIFFERS,)


def needs_checker(before: Content, new: Content) -> bool:
    """Whether a change waits for an operator: all but how the shop is called and where it is."""
    return _fixed_part(before) != _fixed_part(new)


def _fixed_part(content: Content) -> Content:
    return replace(content, name="", local_name="", postal_code="", city="")


def check_checker(version: Version, api_keys: Mapping[str, ApiKey], deciding: Hand) -> None:
    """Four eyes, by the one rule for them. Raises `OwnProposal`."""
    proposing = Hand(version.key_id, version.maker_id)
    if not are_apart(api_keys, deciding, proposing):
        raise OwnProposal(version.content.merchant_id)


def is_free(plan: FeePlan) -> bool:
    """Whether the merchant's side pays nothing by it."""
    nothing = plan.rate_basis_points == 0 and plan.fixed.minor == 0 and plan.minimum.minor == 0
    return nothing or plan.payer is FeePayer.HOUSE


def approved_plan(
    known: Reference,
    version: Version,
    fee_plan_id: str,
    small_until: datetime | None,
    after_id: str,
    now: datetime,
) -> Version:
    """The version with the plan that was given; one without fees is for small merchants, for a
    time, and is followed by one with fees.

    `small_until` says that the merchant is small, and until when. Raises `FeePlanUnknown`,
    `PlanWithoutFees`, `FeePlanNotFree`, `PlanTimeUnfit`.
    """
    content = replace(version.content, fee_plan_id=fee_plan_id or version.content.fee_plan_id)
    plan = _plan(known, content.fee_plan_id)
    if small_until is None:
        if is_free(plan):
            raise PlanWithoutFees(plan.fee_plan_id)
        return replace(version, content=content)
    if not is_free(plan):
        raise FeePlanNotFree(plan.fee_plan_id)
    if is_free(after := _plan(known, after_id)) or after.fixed.currency != content.currency:
        raise PlanWithoutFees(after_id)
    if not now < small_until <= now + SMALL_PLAN_MAXIMUM:
        raise PlanTimeUnfit(SMALL_PLAN_MAXIMUM.days)
    return replace(version, content=content, plan_until=small_until, plan_after_id=after_id)


def _plan(known: Reference, fee_plan_id: str) -> FeePlan:
    plan = known.fee_plans.get(fee_plan_id)
    if plan is None:
        raise FeePlanUnknown(fee_plan_id)
    return plan


def check_findings(version: Version, *, accepted: bool) -> None:
    """Raises `FindingsNotAccepted`."""
    if version.findings and not accepted:
        raise FindingsNotAccepted(version.findings)
