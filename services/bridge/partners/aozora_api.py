"""The HTTP of GMO Aozora's API, and what its statuses and refusals mean (facts.md §5.3).

Every value is a string. The refusals' codes were not found in public and are modelled.
"""

import json
from typing import Any

from services.bridge.domain.answer import Outcome
from services.bridge.masking import masked
from services.bridge.partners.http import NoAnswer, PartnerHttp, Reply
from services.bridge.payouts.model import Word

CURRENCY = "JPY"
API = "ganb/api"
PERSONAL, CORPORATE, WEBHOOK = f"{API}/personal/v1", f"{API}/corporation/v1", f"{API}/webhook/v1"
OK, CREATED, BAD_REQUEST, NOT_FOUND = 200, 201, 400, 404
REFUSED_AT_THE_DOOR = frozenset({401, 403, 429})
"""Without a valid token, or too many: nothing behind the door has seen the request."""
CLOSED_HOURS = "OUT_OF_SERVICE_HOURS"
LARGE_BYTES = 8 * 1024 * 1024
# Rounds of 500 lines that one search reads.
MOST_PAGES = 40

# Transfer status → what it tells of money we draw, and of money we pay out. 24 to 26 are recalls:
# while one is under way, or when it has failed, the payee has the money.
STATUSES: dict[str, tuple[Outcome, Word]] = {
    "2": (Outcome.UNKNOWN, Word.SUBMITTED),  # applying
    "3": (Outcome.REJECTED, Word.REJECTED),  # sent back
    "4": (Outcome.REJECTED, Word.REJECTED),  # withdrawn
    "5": (Outcome.REJECTED, Word.REJECTED),  # expired
    "8": (Outcome.REJECTED, Word.REJECTED),  # approval cancelled
    "11": (Outcome.UNKNOWN, Word.ACCEPTED),  # reserved
    "12": (Outcome.UNKNOWN, Word.ACCEPTED),  # in process
    "13": (Outcome.UNKNOWN, Word.ACCEPTED),  # retrying
    "20": (Outcome.ACCEPTED, Word.EXECUTED),  # done
    "22": (Outcome.REJECTED, Word.RETURNED),  # funds returned
    "24": (Outcome.UNKNOWN, Word.EXECUTED),
    "25": (Outcome.REJECTED, Word.RETURNED),
    "26": (Outcome.ACCEPTED, Word.EXECUTED),
    "30": (Outcome.REJECTED, Word.REJECTED),  # failed, or recalled after it had left (bulk)
    "40": (Outcome.REJECTED, Word.REJECTED),  # not executed
}
PAYER_REASONS = {
    "INSUFFICIENT_FUNDS": ("PAYER_FUNDS", "The balance of the bank account is too low."),
    "ACCOUNT_NOT_LINKED": ("PAYER_UNKNOWN", "The bank account is not linked."),
    CLOSED_HOURS: ("PARTNER_UNAVAILABLE", "The bank is closed now; try again when it opens."),
}
PAYOUT_REASONS = {
    "INSUFFICIENT_FUNDS": ("BANK_FUNDS", "Our account at the bank holds too little."),
    "BENEFICIARY_UNKNOWN": ("PAYEE_UNKNOWN", "The payee's bank has no such account."),
    "BENEFICIARY_NAME_MISMATCH": ("NAME_MISMATCH", "The account has another holder's name."),
}
STATUS_REASONS = {
    "3": ("NOT_APPROVED", "The order was sent back at the bank."),
    "4": ("NOT_APPROVED", "The order was withdrawn at the bank."),
    "5": ("NOT_APPROVED", "The order was not approved by its date."),
    "8": ("NOT_APPROVED", "The order's approval was cancelled at the bank."),
}
REFUSED = ("PARTNER_REFUSED", "The bank refused.")
Fields = dict[str, Any]


class AozoraApi:
    """Asks with our token. Raises `NotSent` and `NoAnswer` as `PartnerHttp` does."""

    def __init__(self, http: PartnerHttp, token: str) -> None:
        self.http = http
        self._headers = {"x-access-token": token, "Content-Type": "application/json"}

    async def post(self, path: str, request: Fields) -> Reply:
        body = json.dumps(request, ensure_ascii=False).encode()
        return await self.http.post(path, body, self._headers)

    async def get(self, path: str, query: dict[str, str]) -> Reply:
        return await self.http.get(path, query, self._headers)

    async def get_page(self, path: str, query: dict[str, str]) -> Fields:
        """A long list's page. Raises `NoAnswer` for anything but one."""
        status, chunks = await self.http.download(path, query, self._headers)
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > LARGE_BYTES:
                raise NoAnswer(f"a page of more than {LARGE_BYTES} bytes")
        if status != OK:
            raise NoAnswer(f"status {status} for a list")
        return Reply(status, content, {}).json()

    async def get_pages(self, path: str, query: dict[str, str], list_name: str) -> list[Fields]:
        """A list whole. Raises `NoAnswer` also where it does not end."""
        found: list[Fields] = []
        following: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self.get_page(path, query | following)
            found += page[list_name]
            if page.get("hasNext") != "true":
                return found
            following = {"nextItemKey": page["nextItemKey"]}
        raise NoAnswer(f"a list of more than {MOST_PAGES} pages")

    async def download(self, path: str, query: dict[str, str]) -> Any:
        """A file: its status and chunks."""
        return await self.http.download(path, query, self._headers)


def journal(fields: Fields) -> str:
    """A body for the journal, without personal data."""
    return masked(json.dumps(fields, ensure_ascii=False))
