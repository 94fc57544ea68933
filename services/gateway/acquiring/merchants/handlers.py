"""Shops through their life: proposed, changed, approved, rejected, looked at.

Every change is one unit under the lock of reference data, so a version and the shop that payments
know are never of different minds.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from services.core.clock import Clock
from services.core.ids import checked_id
from services.formats.banks import Banks
from services.gateway.access.approvals.voices import Hand
from services.gateway.access.keys import Caller
from services.gateway.access.refusals import PersonRequired
from services.gateway.acquiring.merchants import checks, store
from services.gateway.acquiring.merchants.accounts import Accounts, account_changed, with_number
from services.gateway.acquiring.merchants.model import (
    Content,
    State,
    Version,
    content_of,
    in_force,
    reference_of,
)
from services.gateway.acquiring.merchants.refusals import (
    AcquiredMerchantUnknown,
    MerchantExistsWithDifferentContent,
    MerchantIdTaken,
    VersionDecided,
)
from services.gateway.admin.errors import FieldMissing, TextTooLong
from services.gateway.admin.putting import MERCHANT, Putting
from services.gateway.reference import Merchant
from services.gateway.reference.board import ReferenceBoard
from services.gateway.reference.store import lock_changes
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

REASON_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Approval:
    """An operator's yes to `version`, with what they lay down. `small_until` is for a plan without
    fees: until when it holds, before `plan_after_id` follows."""

    merchant_id: str
    version: int
    fee_plan_id: str = ""
    accepts_findings: bool = False
    small_until: datetime | None = None
    plan_after_id: str = ""


class MerchantHandlers:
    """The calls about shops, for a caller who is known and may."""

    def __init__(
        self,
        units: Units,
        board: ReferenceBoard,
        clock: Clock,
        banks: Banks,
        accounts: Accounts,
    ) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._banks = banks
        self._accounts = accounts
        self._putting = Putting(board, units, clock)

    async def propose(self, caller: Caller, content: Content) -> Version:
        """A fresh shop, which waits. The same content again is the same proposal.

        Raises `MerchantIdTaken`, `MerchantExistsWithDifferentContent`, and what
        `checks.check_content` raises.
        """
        checked_id(content.merchant_id, "merchant_id")
        wanted = checks.cleaned(content)
        owner = caller.participant.participant_id

        async def work(connection: Connection) -> Decided[Version]:
            await lock_changes(connection)
            versions = await self._read(connection, wanted.merchant_id)
            if versions and versions[0].acquirer_id != owner:
                raise MerchantIdTaken(wanted.merchant_id)
            if versions and _is_same(versions[0].content, with_number(wanted, versions)):
                return Decided(versions[0])
            if versions or self._known(owner, wanted.merchant_id):
                raise MerchantExistsWithDifferentContent(wanted.merchant_id)
            return Decided(await self._add(connection, caller, wanted, 1))

        version = (await self._units.write(work)).answer
        log.info("merchant_proposed", merchant_id=wanted.merchant_id, acquirer_id=owner)
        return version

    async def update(self, caller: Caller, content: Content) -> Version:
        """The whole content anew: in force at once, or a version that waits.

        Raises `AcquiredMerchantUnknown`, and what `checks.check_content` raises.
        """
        checked_id(content.merchant_id, "merchant_id")
        asked = checks.cleaned(content)
        owner = caller.participant.participant_id

        async def work(connection: Connection) -> Decided[Version]:
            await lock_changes(connection)
            versions = await self._read(connection, asked.merchant_id)
            if versions and versions[0].acquirer_id != owner:
                raise AcquiredMerchantUnknown(asked.merchant_id)
            if not versions and self._known(owner, asked.merchant_id) is None:
                raise AcquiredMerchantUnknown(asked.merchant_id)
            wanted, number = with_number(asked, versions), 1
            if versions:
                number = versions[0].version + 1
                if versions[0].state is not State.REJECTED and versions[0].content == wanted:
                    return Decided(versions[0])
            before = in_force(versions)
            if before is None or checks.needs_checker(before.content, wanted):
                return Decided(await self._add(connection, caller, wanted, number))
            return await self._renamed(connection, caller, wanted, before, number)

        version = (await self._units.write(work)).answer
        if version.state is State.APPROVED:
            await self._board.load()
        log.info("merchant_updated", merchant_id=asked.merchant_id, state=version.state.value)
        return version

    async def approve(self, caller: Caller, approval: Approval) -> Version:
        """Open the shop, or change it, as this version says.

        Raises `AcquiredMerchantUnknown`, `VersionDecided`, `OwnProposal`, `FindingsNotAccepted`,
        leaves about the fee plan, `SecretUnreadable`, and what `PutMerchant` refuses with.
        """
        now = self._clock.now()

        async def work(connection: Connection) -> Decided[Version]:
            version, before = await self._deciding(connection, caller, approval)
            # What settlement could not read either is not approved.
            self._accounts.opened(version)
            checks.check_findings(version, accepted=approval.accepts_findings)
            known = self._board.current
            version = checks.approved_plan(
                known,
                version,
                approval.fee_plan_id,
                approval.small_until,
                approval.plan_after_id,
                now,
            )
            checks.check_content(known, version.acquirer_id, version.content)
            is_first = not await store.had_account(connection, approval.merchant_id)
            version = self._decided(version, caller, State.APPROVED)
            version = self._accounts.taken(version, before, is_first=is_first)
            changed = account_changed(version, before)
            opened = await self._bring(connection, version, caller.key_id)
            return Decided(version, [*opened, *changed])

        version = (await self._units.write(work)).answer
        await self._board.load()
        log.info("merchant_approved", merchant_id=approval.merchant_id, version=version.version)
        return version

    async def reject(self, caller: Caller, merchant_id: str, number: int, reason: str) -> Version:
        """Say no, with a reason that the acquirer reads. Raises as `approve`, `FieldMissing`."""
        if not reason.strip():
            raise FieldMissing("reason")
        if len(reason) > REASON_CHARACTERS:
            raise TextTooLong("reason")

        async def work(connection: Connection) -> Decided[Version]:
            version, _ = await self._deciding(connection, caller, Approval(merchant_id, number))
            version = replace(self._decided(version, caller, State.REJECTED), reason=reason)
            await store.put_version(connection, version)
            return Decided(version)

        version = (await self._units.write(work)).answer
        log.info("merchant_rejected", merchant_id=merchant_id, version=number)
        return version

    async def get(self, owner: str, merchant_id: str) -> tuple[Version, Version | None]:
        """The latest version, and the one in force where it is another; of any acquirer's shop
        where `owner` is empty. Raises `AcquiredMerchantUnknown`."""
        checked_id(merchant_id, "merchant_id")
        async with self._units.pool.acquire() as connection:
            versions = await store.read_versions(connection, merchant_id)
        versions = [self._accounts.readable(version) for version in versions]
        if versions and owner in ("", versions[0].acquirer_id):
            return versions[0], in_force(versions[1:])
        merchant = self._known(owner, merchant_id)
        if versions or merchant is None:
            raise AcquiredMerchantUnknown(merchant_id)
        return _put_by_operator(merchant), None

    async def page(
        self, owner: str, after: str, limit: int, *, pending_only: bool
    ) -> list[Version]:
        """A page of latest versions by id; of all acquirers where `owner` is empty."""
        async with self._units.pool.acquire() as connection:
            ids = await store.list_ids(connection, owner, after, limit, pending_only=pending_only)
            latest = await store.read_latest(connection, ids)
        # A shop put this moment may not have reached the board yet: it is on a later page's read.
        merchants = self._board.current.merchants
        return [
            self._accounts.readable(latest[name])
            if name in latest
            else _put_by_operator(merchants[name])
            for name in ids
            if name in latest or name in merchants
        ]

    def _known(self, owner: str, merchant_id: str) -> Merchant | None:
        merchant = self._board.current.merchants.get(merchant_id)
        if merchant is None or owner not in ("", merchant.acquirer_id):
            return None
        return merchant

    def _fresh(self, caller: Caller, content: Content, number: int) -> Version:
        key = self._board.current.api_keys.get(caller.key_id)
        fresh = Version(
            content,
            caller.participant.participant_id,
            number,
            State.PENDING,
            checks.findings_of(content, self._banks),
            caller.key_id,
            key.maker_id if key is not None else "",
            self._clock.now(),
        )
        return self._accounts.sealed(fresh)

    async def _read(self, connection: Connection, merchant_id: str) -> list[Version]:
        """`store.read_versions`, each with its account's number."""
        versions = await store.read_versions(connection, merchant_id)
        return [self._accounts.known(version) for version in versions]

    async def _renamed(
        self,
        connection: Connection,
        caller: Caller,
        wanted: Content,
        before: Version,
        number: int,
    ) -> Decided[Version]:
        """What nobody has to look at is in force at once."""
        checks.check_content(self._board.current, before.acquirer_id, wanted)
        fresh = self._fresh(caller, wanted, number)
        fresh = replace(
            fresh,
            state=State.APPROVED,
            findings=before.findings,
            plan_until=before.plan_until,
            plan_after_id=before.plan_after_id,
            decide_time=fresh.propose_time,
            account_effective_time=before.account_effective_time,
        )
        return Decided(fresh, await self._bring(connection, fresh, caller.key_id))

    async def _add(
        self, connection: Connection, caller: Caller, content: Content, number: int
    ) -> Version:
        owner = caller.participant.participant_id
        checks.check_content(self._board.current, owner, content)
        version = self._fresh(caller, content, number)
        await store.put_version(connection, version)
        return version

    async def _bring(self, connection: Connection, version: Version, key_id: str) -> list[Outgoing]:
        """Into force: the version, the shop that payments know, and its account in the ledger."""
        await store.put_version(connection, version)
        merchant = reference_of(version.acquirer_id, version.content)
        return await self._putting.put_within(connection, key_id, MERCHANT, merchant)

    async def _deciding(
        self, connection: Connection, caller: Caller, approval: Approval
    ) -> tuple[Version, Version | None]:
        """What is decided about, and what is in force."""
        checked_id(approval.merchant_id, "merchant_id")
        await lock_changes(connection)
        versions = await self._read(connection, approval.merchant_id)
        if not versions:
            raise AcquiredMerchantUnknown(approval.merchant_id)
        version = versions[0]
        if version.state is not State.PENDING or version.version != approval.version:
            raise VersionDecided(approval.merchant_id, approval.version)
        if caller.person is None:
            raise PersonRequired(caller.key_id)
        deciding = Hand(caller.key_id, caller.person.person_id)
        checks.check_checker(version, self._board.current.api_keys, deciding)
        return version, in_force(versions)

    def _decided(self, version: Version, caller: Caller, state: State) -> Version:
        assert caller.person is not None
        return replace(
            version,
            state=state,
            decider_id=caller.person.person_id,
            decide_time=self._clock.now(),
        )


def _is_same(known: Content, wanted: Content) -> bool:
    """Whether it is what was proposed; an operator may have given another fee plan."""
    return replace(known, fee_plan_id="") == replace(wanted, fee_plan_id="")


def _put_by_operator(merchant: Merchant) -> Version:
    time = datetime.fromtimestamp(0).astimezone()
    content = content_of(merchant)
    return Version(content, merchant.acquirer_id, 0, State.APPROVED, (), "", "", time)
