"""The address a payer's browser comes back to after the partner's page, with a token per charge.

The token proves that whoever opens the address was sent there; it is derived from the partner's
secret, so nothing has to be kept.
"""

import base64
import hmac
from dataclasses import dataclass

_TOKEN_BYTES = 18


@dataclass(frozen=True, slots=True)
class WayBack:
    """`callback_url` is our public URL for payers; `secret` is shared with nobody but the
    partner."""

    partner_id: str
    callback_url: str
    secret: str

    def url(self, charge_id: str) -> str:
        """Without the last word, which says how it went: approve, cancel or fail."""
        base = self.callback_url.rstrip("/")
        return f"{base}/callback/{self.partner_id}/{charge_id}/{self._token(charge_id)}"

    def takes(self, charge_id: str, token: str) -> bool:
        """Whether `token` is this charge's."""
        return hmac.compare_digest(self._token(charge_id).encode(), token.encode())

    def _token(self, charge_id: str) -> str:
        digest = hmac.digest(self.secret.encode(), f"callback:{charge_id}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()
