"""Shops between the wire and our own words."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.acquiring.merchants.accounts import masked
from services.gateway.acquiring.merchants.model import Content, State, Version
from services.gateway.payments.messages import timestamp
from services.pb.kawase.gateway.v1 import acquirer_service_pb2 as pb

_STATES = {
    State.PENDING: pb.MERCHANT_STATE_PENDING,
    State.APPROVED: pb.MERCHANT_STATE_APPROVED,
    State.REJECTED: pb.MERCHANT_STATE_REJECTED,
    State.REPLACED: pb.MERCHANT_STATE_REPLACED,
}
_SHARED = (
    "merchant_id", "name", "local_name", "kana_name", "category_code", "postal_code", "city",
    "country_code", "scheme", "scheme_account_id", "parent_merchant_id", "fee_plan_id",
    "net_debit_limit", "refund_day_limit",
)  # fmt: skip
_ACCOUNT = ("bank_code", "branch_code", "account_type", "account_number", "holder_name")


def content_from(message: pb.MerchantContent) -> Content:
    """Nothing is checked here."""
    account = message.payout_account
    return Content(
        **{field: getattr(message, field) for field in _SHARED},
        **{field: getattr(account, field) for field in _ACCOUNT},
        currency=message.currency_code,
    )


def version_message(version: Version) -> pb.MerchantVersion:
    """A version as its acquirer and operators see it: of its account's number the last digits."""
    content = masked(version.content)
    told = pb.MerchantContent(
        **{field: getattr(content, field) for field in _SHARED},
        currency_code=content.currency,
    )
    if content.has_account:
        account = {field: getattr(content, field) for field in _ACCOUNT}
        told.payout_account.CopyFrom(pb.PayoutAccount(**account))
    message = pb.MerchantVersion(
        acquirer_id=version.acquirer_id,
        version=version.version,
        state=_STATES[version.state],
        content=told,
        findings=version.findings,
        fee_plan_expire_time=_time(version.plan_until),
        fee_plan_after_id=version.plan_after_id,
        reason=version.reason,
        decide_time=_time(version.decide_time),
        account_effective_time=_time(version.account_effective_time),
    )
    if version.version:
        message.propose_time.CopyFrom(timestamp(version.propose_time))
    return message


def _time(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else timestamp(instant)
