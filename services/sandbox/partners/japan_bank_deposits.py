"""Virtual accounts of the simulated Japanese bank: money comes in, and somebody is told.

A deposit is told to the webhook, if there is one; as long as it is not taken there it stands in the
unsent list. The signature (HMAC-SHA256 over time, dot and body) is modelled.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.sandbox.partners.books import Books
from services.sandbox.partners.japan_bank_account import TRANSFER_IN, Account
from services.sandbox.partners.notices import Notice, Notices

MOST_ISSUED = 1000

Fields = dict[str, Any]


class KeySettings(BaseSettings):
    """Where it tells of deposits, and the access token that keys the notices' signature."""

    model_config = SettingsConfigDict(env_prefix="KAWASE_", extra="ignore")

    sandbox_secret: str = "token"  # noqa: S105
    notice_url: str = ""


class Deposits:
    """Issues virtual accounts and takes deposits to them."""

    def __init__(self, books: Books, account: Account, notices: Notices, keys: KeySettings) -> None:
        self._url, self._token = keys.notice_url, keys.sandbox_secret
        self._books = books
        self._account = account
        self._notices = notices

    def issue(self, count: int) -> Fields:
        """Raises ValueError for more than a call may ask for."""
        if not 1 <= count <= MOST_ISSUED:
            raise ValueError(f"1 to {MOST_ISSUED} virtual accounts a call")
        made = []
        for _ in range(count):
            number = self._books.count("va") + 1
            va = {
                "vaId": f"{number:010d}",
                "vaBranchCode": "502",
                "vaAccountNumber": f"{number:07d}",
            }
            self._books.put("va", va["vaId"], va)
            made.append(va)
        return {"vaTypeCode": "1", "vaList": made}

    def set_webhook(self, fields: Fields) -> Fields:
        """`{"url", "token"}`: where notices go and the key they are signed with."""
        self._url = str(fields["url"])
        self._token = str(fields.get("token", self._token))
        return {"url": self._url}

    def take(self, fields: Fields, now: datetime) -> Fields:
        """Money comes in to a virtual account, and is told."""
        payer, text = fields.get("payer", ""), fields.get("text", "")
        booking = self._account.book(TRANSFER_IN, int(fields["yen"]), payer, text, now)
        entry = {
            "vaId": fields.get("va_id", "0000000001"),
            "transactionDate": booking.day,
            "valueDate": booking.day,
            "depositAmount": str(booking.yen),
            "remitterNameKana": payer,
            "remarks": text,
            "itemKey": booking.number,
        }
        self._books.put("deposit", booking.number, {"entry": entry, "sent": False})
        self._tell(entry, now)
        return {"itemKey": booking.number}

    def unsent(self) -> list[Fields]:
        """What no webhook has taken, oldest first."""
        return [kept["entry"] for _, kept in self._books.all("deposit") if not kept["sent"]]

    def _tell(self, entry: Fields, now: datetime) -> None:
        if not self._url:
            return
        url, token = self._url, self._token
        key = entry["itemKey"]
        fields = {"messageId": f"va-{key}", "timestamp": now.isoformat(), "vaTransaction": entry}
        body = json.dumps(fields, ensure_ascii=False).encode()
        time = str(int(now.timestamp()))

        def headers(is_forged: bool) -> Mapping[str, str]:
            secret = token + ("?" if is_forged else "")
            text = time.encode() + b"." + body
            signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
            return {
                "Content-Type": "application/json",
                "X-Webhook-Timestamp": time,
                "X-Webhook-Signature": signature,
            }

        def taken() -> None:
            self._books.put("deposit", key, {"entry": entry, "sent": True})

        call = {"id": key, "amount": int(entry["depositAmount"])}
        self._notices.send(call, Notice(url, body, headers, taken=taken))
