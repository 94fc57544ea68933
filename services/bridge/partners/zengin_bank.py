"""A Japanese bank by file: payouts and debits gathered into files, results and notices read back.

Payouts are bulk transfers (Zengin 21, or pain.001 as ZEDI takes it), top-ups direct debits (91)
with their result file, deposits come by notices (01), the account by statements (03): facts.md
§5.1, §5.2. How the files travel, the receipts and the result of a 21 are modelled; see
zengin_bank_exchange and zengin_bank_files. So are the days: what banks ask for (mostly the business
day before for a 21, several for a 91) differs from bank to bank and is configuration.

A start, a payout or a refund puts a record under its id into our table, once, and that is all it
does; files are closed and moved by `run`. Until a result says more, a charge is unknown: the bank
has said "not yet". A mandate is taken as the holder gave it; a wrong one shows in its first result.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from services.bridge.domain.answer import Answer, Outcome, Rules
from services.bridge.domain.charge import Charge
from services.bridge.domain.refund import Refund
from services.bridge.domain.statement import PartnerFile, StatementPage
from services.bridge.notices.notice import DepositNotice
from services.bridge.partner import (
    AccountRefused,
    BankAccount,
    LinkedAccount,
    Partner,
    PartnerUnavailable,
    Surroundings,
)
from services.bridge.partners.bounds import bounds_from, refuse
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp
from services.bridge.partners.zengin_bank_box import Box
from services.bridge.partners.zengin_bank_clerk import Clerk, Desk
from services.bridge.partners.zengin_bank_exchange import FileExchange
from services.bridge.partners.zengin_bank_files import CURRENCY, FORMATS, Originator
from services.bridge.partners.zengin_bank_rules import (
    LARGEST_YEN,
    MOST_RECORDS,
    ZONE,
    BankRecord,
    FileKind,
    Timetable,
    number_of,
)
from services.bridge.partners.zengin_bank_seals import Seals
from services.bridge.partners.zengin_bank_words import charge_word, payout_word
from services.bridge.payouts.model import Payout, PayoutAnswer, Word, payout_answer
from services.bridge.settings import PartnerConfig
from services.bridge.store.bank_files import (
    Mandate,
    get_mandate,
    get_record,
    put_mandate,
    put_record,
    withdraw_record,
)
from services.core.money import Money
from services.formats.kana import NameNotWritable, bank_name
from services.kit.batch import AWAY
from services.kit.sealing import SecretUnreadable

log = structlog.get_logger()

RULES = Rules(
    repeatable=True,
    # What a file has taken along cannot be called back; its result is waited for.
    cancels=False,
    inquire_every=timedelta(seconds=10),
    inquiries=6,
    slowest=timedelta(minutes=30),
    call=timedelta(seconds=10),
    lease=timedelta(seconds=30),
    # A result comes days after: over the holidays of May or the new year it takes ten.
    operator_after=timedelta(days=12),
    zone=ZoneInfo(ZONE),
)
DIGITS_SHOWN = 3
_UNREACHED = (NotSent, NoAnswer, TimeoutError)


class ZenginBank(Partner):
    """`desk` is what its files go over; `pool` the bridge's tables."""

    def __init__(self, config: PartnerConfig, rules: Rules, desk: Desk) -> None:
        self.partner_id = config.partner_id
        self.rules = rules
        self._bounds = bounds_from(config.options, CURRENCY, maximum=LARGEST_YEN)
        self._desk = desk
        self._pool: asyncpg.Pool = desk.pool
        self._clerk = Clerk(desk)
        self._box = Box(desk)

    async def run(self) -> None:
        """Move files, a pass after the other."""
        every = self.rules.inquire_every.total_seconds()
        while True:
            try:
                await self._clerk.make_pass()
            except (*_UNREACHED, *AWAY) as error:
                log.warning("bank_files_wait", partner_id=self.partner_id, problem=repr(error))
            except Exception as error:
                # What is not understood stays as it is; the next pass looks again.
                log.error("bank_pass_failed", partner_id=self.partner_id, exc_info=error)
            await asyncio.sleep(every)

    async def make_pass(self) -> None:
        """One pass of `run`, now. Raises what `Clerk.make_pass` does."""
        await self._clerk.make_pass()

    async def link_account(self, account: BankAccount) -> LinkedAccount:
        try:
            name = bank_name(account.holder_name)
        except NameNotWritable as error:
            raise AccountRefused(f"The holder's name is not right: {error.message}") from error
        mandate = (
            account.bank_code,
            account.branch_code,
            account.account_type,
            account.account_number,
            name,
        )
        try:
            async with self._pool.acquire() as connection:
                await put_mandate(
                    connection,
                    self.partner_id,
                    account.link_id,
                    *self._desk.seals.mandate(account.link_id, mandate),
                )
        except AWAY as error:
            raise PartnerUnavailable(self.partner_id) from error
        shown = account.account_number[-DIGITS_SHOWN:]
        place = f"{account.bank_code}-{account.branch_code}"
        return LinkedAccount(account.link_id, f"{place} ***{shown}")

    async def start(self, charge: Charge) -> Answer:
        refusal = refuse(charge.order, self._bounds)
        if refusal is not None:
            return refusal
        async with self._pool.acquire() as connection:
            known = await get_record(connection, self.partner_id, charge.charge_id)
            if known is not None:
                return charge_word(known)
            mandate_id = charge.order.payer_reference
            kept = await get_mandate(connection, self.partner_id, mandate_id)
            if kept is None:
                return _payer_unknown("The bank account is not linked.")
            try:
                mandate = self._desk.seals.opened_mandate(mandate_id, *kept)
            except SecretUnreadable as error:
                log.error("bank_mandate_unreadable", link_id=mandate_id, problem=error.message)
                return _payer_unknown("The bank account cannot be read: link it again.")
            record = self._record(FileKind.DEBIT, charge.charge_id, mandate, charge.order.amount)
            return charge_word(await put_record(connection, record))

    async def inquire(self, charge: Charge) -> Answer:
        """What our table knows; a start that never came so far is done now, once."""
        return await self.start(charge)

    async def cancel(self, charge: Charge) -> Answer:
        """Take it out of the next file; where it has gone along, wait for its result, and give
        back what was collected."""
        await self.start(charge)
        async with self._pool.acquire() as connection:
            await withdraw_record(connection, self.partner_id, charge.charge_id)
            found = await get_record(connection, self.partner_id, charge.charge_id)
        answer = Answer(Outcome.CANCELLED, detail="nothing to undo")
        if found is not None:
            answer = charge_word(found)
        if answer.outcome is Outcome.REJECTED:
            return replace(answer, outcome=Outcome.CANCELLED)
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        back = await self._give_back(charge, f"{charge.charge_id}-void", charge.order.amount)
        if back.outcome is Outcome.ACCEPTED:
            back = replace(back, outcome=Outcome.CANCELLED, amount=None)
            return replace(back, given_back=True, detail="given back")
        return replace(back, outcome=Outcome.UNKNOWN)

    async def refund(self, charge: Charge, refund: Refund) -> Answer:
        return await self._give_back(charge, refund.refund_id, refund.order.amount)

    async def _give_back(self, charge: Charge, item_id: str, amount: Money) -> Answer:
        """A transfer to the account that was debited."""
        async with self._pool.acquire() as connection:
            debit = await get_record(connection, self.partner_id, charge.charge_id)
            if debit is None:
                return Answer(Outcome.UNKNOWN, detail="no debit is recorded here")
            try:
                payer = self._desk.seals.opened(debit).account
            except SecretUnreadable as error:
                log.error("bank_record_unreadable", item_id=debit.item_id, problem=error.message)
                return Answer(Outcome.UNKNOWN, detail="the debit's account cannot be read")
            record = self._record(FileKind.TRANSFER, item_id, payer, amount)
            return charge_word(await put_record(connection, record))

    def _record(
        self,
        kind: FileKind,
        item_id: str,
        account: Mandate,
        amount: Money,
        wanted: date | None = None,
        reference: str = "",
    ) -> BankRecord:
        """As it is stored."""
        now = self._desk.clock.now()
        send, value = self._desk.timetable.days(kind, wanted, now)
        record = BankRecord(
            self.partner_id,
            item_id,
            kind,
            reference or number_of(item_id),
            *account,
            yen=amount.minor,
            create_time=now,
            send_date=send,
            value_date=value,
        )
        return self._desk.seals.record(record)

    async def submit_payout(self, payout: Payout) -> PayoutAnswer:
        order = payout.order
        if order.amount.currency != CURRENCY:
            return payout_answer(
                Word.REJECTED, reason="CURRENCY_NOT_TAKEN", message="The bank transfers yen."
            )
        if order.amount.minor > LARGEST_YEN:
            most = Money(LARGEST_YEN, CURRENCY)
            return payout_answer(
                Word.REJECTED, reason="PARTNER_LIMIT", message=f"A transfer is at most {most}."
            )
        try:
            name = bank_name(order.payee.holder_name)
        except NameNotWritable as error:
            return payout_answer(Word.REJECTED, reason="NAME_MISMATCH", message=error.message)
        payee = order.payee
        account = (
            payee.bank_code,
            payee.branch_code,
            payee.account_type,
            payee.account_number,
            name,
        )
        record = self._record(
            FileKind.TRANSFER,
            payout.payout_id,
            account,
            order.amount,
            order.value_date,
            order.short_reference,
        )
        async with self._pool.acquire() as connection:
            return payout_word(await put_record(connection, record))

    async def inquire_payout(self, payout: Payout) -> PayoutAnswer:
        async with self._pool.acquire() as connection:
            known = await get_record(connection, self.partner_id, payout.payout_id)
        return payout_word(known) if known else await self.submit_payout(payout)

    async def search_payout(self, payout: Payout) -> PayoutAnswer:
        """Our table knows what the bank said of it. The record of a lost attempt is put now: it is
        sent by its file alone, so an attempt that left no record has sent nothing."""
        return await self.inquire_payout(payout)

    async def list_deposits(self) -> Sequence[DepositNotice]:
        try:
            return await self._box.deposits()
        except _UNREACHED as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def list_statement(
        self, account_id: str, first: date, last: date, page: str, size: int
    ) -> StatementPage:
        """Days whose statement the bank has made; a day under way has none yet."""
        if account_id not in ("", self._desk.originator.account_id):
            raise self.not_offered(f"show statements of {account_id[:40]}")
        try:
            return await self._box.list_page(first, last, page, size)
        except _UNREACHED as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def fetch_file(self, kind: str, day: date) -> PartnerFile:
        if kind != "statement":
            raise self.not_offered(f"hand out a {kind} file")
        try:
            return await self._box.fetch(kind, day)
        except _UNREACHED as error:
            raise PartnerUnavailable(self.partner_id) from error

    async def close(self) -> None:
        await self._desk.exchange.http.close()


def open_partner(config: PartnerConfig, around: Surroundings) -> Partner:
    """The adapter `zengin_bank`; its secret is the token of the file exchange.

    Options: `account` (ours: bank-branch-type-number), `account_name` (kana), `originator_code` (10
    digits), `format` (zengin, zedi: of payouts), `gather_at` and `cutoff` (HH:MM in Japan),
    `transfer_lead_days` (1) and `debit_lead_days` (3) in business days before the value date,
    `gather_every_seconds` (none: once a day), `most_records` of a file. Raises ValueError.
    """
    if around.pool is None or not around.box.can_seal:
        raise ValueError("this adapter keeps its files, sealed, in the bridge's tables")
    options = config.options
    rules = config.limits.apply(RULES)
    form = options.get("format", FORMATS[0])
    if form not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}")
    http = PartnerHttp(config.base_url, rules.in_flight)
    timetable = _timetable(options)
    # The first day asked for loads the holidays, which takes longer than a call may.
    timetable.days(FileKind.TRANSFER, None, around.clock.now())
    desk = Desk(
        partner_id=config.partner_id,
        pool=around.pool,
        seals=Seals(around.box, config.partner_id),
        exchange=FileExchange(http, config.secret.get_secret_value()),
        originator=_originator(options),
        form=form,
        timetable=timetable,
        most_records=min(int(options.get("most_records", MOST_RECORDS)), MOST_RECORDS),
        rules=rules,
        clock=around.clock,
    )
    return ZenginBank(config, rules, desk)


def _payer_unknown(message: str) -> Answer:
    return Answer(Outcome.REJECTED, reason="PAYER_UNKNOWN", message=message)


def _originator(options: Mapping[str, str]) -> Originator:
    parts = options["account"].split("-")
    if [len(part) for part in parts] != [4, 3, 1, 7] or not "".join(parts).isdigit():
        raise ValueError("account is bank-branch-type-number: 4, 3, 1 and 7 digits")
    code = options["originator_code"]
    if len(code) != 10 or not code.isdigit():
        raise ValueError("originator_code has 10 digits")
    bank, branch, account_type, number = parts
    name = bank_name(options["account_name"])
    return Originator(bank, branch, account_type, number, name, code)


def _timetable(options: Mapping[str, str]) -> Timetable:
    every = options.get("gather_every_seconds")
    table = Timetable(
        gather_at=time.fromisoformat(options.get("gather_at", "14:00")),
        cutoff=time.fromisoformat(options.get("cutoff", "15:00")),
        leads={
            FileKind.TRANSFER: int(options.get("transfer_lead_days", 1)),
            FileKind.DEBIT: int(options.get("debit_lead_days", 3)),
        },
        gather_every=None if every is None else timedelta(seconds=float(every)),
    )
    if table.cutoff < table.gather_at or min((table.leads or {}).values()) < 0:
        raise ValueError("gather_at is not after cutoff, and leads are not negative")
    return table
