"""Links payers' bank accounts, once per link id."""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import astuple

from services.bridge.codes import partner_of
from services.bridge.partner import BankAccount, LinkedAccount, Partner, PartnerUnavailable
from services.bridge.store.links import Link, add_link, get_link
from services.core.clock import Clock
from services.core.errors import Conflict, Malformed
from services.core.ids import checked_id
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units

HOLDER_LIMIT = 48
_DIGITS = {"bank_code": 4, "branch_code": 3, "account_type": 1, "account_number": 7}


class AccountMalformed(Malformed):
    """A part of the bank account has a wrong shape."""


class LinkExistsWithDifferentContent(Conflict):
    """The link's id is taken by another account."""


class AccountBook:
    """Asks the bank and keeps its answer, so that a repeat gets the same."""

    def __init__(
        self, units: Units, partners: Mapping[str, Partner], clock: Clock, box: SecretBox
    ) -> None:
        self._units = units
        self._box = box
        self._partners = partners
        self._clock = clock

    async def link(self, account: BankAccount) -> LinkedAccount:
        """Raises `AccountMalformed`, `LinkExistsWithDifferentContent`, `PartnerUnknown`,
        `AccountRefused`, `PartnerUnavailable`."""
        _check(account)
        partner = partner_of(self._partners, account.partner_id)
        content = "\0".join(astuple(account)).encode()
        async with self._units.pool.acquire() as connection:
            kept = await get_link(connection, account.link_id)
        if kept is not None:
            return self._same(kept, content)
        try:
            async with asyncio.timeout(partner.rules.call.total_seconds()):
                linked = await partner.link_account(account)
        except TimeoutError:
            raise PartnerUnavailable(account.partner_id) from None
        link = Link(
            account.link_id,
            account.partner_id,
            self._box.fingerprint(content),
            linked.payer_reference,
            linked.display_name,
            self._clock.now(),
        )

        async def keep(connection: Connection) -> Decided[LinkedAccount]:
            earlier = await get_link(connection, link.link_id)
            if earlier is not None:
                return Decided(self._same(earlier, content))
            await add_link(connection, link)
            return Decided(linked)

        return (await self._units.write(keep)).answer

    def _same(self, link: Link, content: bytes) -> LinkedAccount:
        # One from before there was a key is a plain digest.
        known = link.content_digest == hashlib.sha256(content).digest()
        if not known and not self._box.is_fingerprint(link.content_digest, content):
            raise LinkExistsWithDifferentContent(
                f"Link {link.link_id} is of another account; use a new id.", link_id=link.link_id
            )
        return LinkedAccount(link.payer_reference, link.display_name)


def _check(account: BankAccount) -> None:
    checked_id(account.link_id, "link_id")
    for field, length in _DIGITS.items():
        if not re.fullmatch(rf"[0-9]{{{length}}}", getattr(account, field)):
            raise AccountMalformed(f"{field} has {length} digits.", field=field)
    if not 0 < len(account.holder_name) <= HOLDER_LIMIT:
        raise AccountMalformed(
            f"holder_name has 1 to {HOLDER_LIMIT} characters, in kana as the bank knows it.",
            field="holder_name",
        )
