"""Bodies of partner calls as they are kept for the day of a dispute: bounded, persons masked.

Names are masked wherever they stand in a JSON body, so that a truncated or unusual body is masked
too. A partner's fields about persons, accounts and tokens belong into `PERSONAL`.
"""

import re

KEPT_LIMIT = 2000
MASK = "***"

PERSONAL = (
    # Kakao Pay: its user, and the token that approves for them.
    "partner_user_id",
    "pg_token",
    # Alipay+: buyers and users.
    "userId",
    "userName",
    "userLoginId",
    "referenceBuyerId",
    "buyerName",
    "buyerEmail",
    "buyerPhoneNo",
    "customerId",
    "paymentMethodDetail",
    # PayPay.
    "userAuthorizationId",
    "phoneNumber",
    # Banks: whose account, and which.
    "accountNumber",
    "accountId",
    "accountName",
    "accountHolder",
    "holderName",
    "beneficiaryName",
    "remitterName",
    "remitterNameKana",
    "applicantName",
    "payeeName",
    "payerName",
    "remarks",
    # Anywhere.
    "name",
    "firstName",
    "lastName",
    "email",
    "address",
    "birthDate",
)
_PERSONAL = frozenset(name.lower() for name in PERSONAL)
# A field with a string (whole, or cut off at the end) or a number.
_FIELD = re.compile(
    r'"([A-Za-z_]+)"(\s*:\s*)("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?[0-9][0-9.]*)', re.DOTALL
)
_NAME = re.compile(r'"([A-Za-z_]+)"\s*:')


def masked(body: str) -> str:
    """The body with every personal value replaced by `***`."""
    # Most bodies hold none, and this is done twice a call.
    if _PERSONAL.isdisjoint(_NAME.findall(body.lower())):
        return body
    return _FIELD.sub(_mask, body)


def _mask(field: re.Match[str]) -> str:
    if field[1].lower() not in _PERSONAL:
        return field[0]
    return f'"{field[1]}"{field[2]}"{MASK}"'


def kept(body: str) -> str:
    """What of a body goes into a journal: masked, at most `KEPT_LIMIT` characters."""
    return masked(body)[:KEPT_LIMIT] if body else ""
