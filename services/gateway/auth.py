"""Who calls, under its former name: it is in `access.keys` and `access.refusals`."""

from services.gateway.access.keys import SETTING_KEY_ID, Caller, Keys, digest_of, new_api_key
from services.gateway.access.refusals import (
    KeyExpired,
    KeyInvalid,
    KeyMissing,
    KeyRevoked,
    OperatorRequired,
)

__all__ = [
    "SETTING_KEY_ID",
    "Caller",
    "KeyExpired",
    "KeyInvalid",
    "KeyMissing",
    "KeyRevoked",
    "Keys",
    "OperatorRequired",
    "digest_of",
    "new_api_key",
]
