"""The end of the demo's day: windows, payouts, files, breaks, reports."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from services.pb.kawase.reconciliation.v1 import break_service_pb2 as break_pb
from services.pb.kawase.settlement.v1 import payout_service_pb2 as payout_pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.sandbox.demo.story import Stage, expect
from services.sandbox.demo.wallet_app import to_money
from services.sandbox.world import BANK, EDO, KAKAOPAY, KAKAOPAY_ONLINE, SHANGHAI
from services.sandbox.world_finance import EDO_PAYEE

TOKYO = ZoneInfo("Asia/Tokyo")
FRIDAY, MONDAY = "2026-10-30", "2026-11-02"
CUT_OFF = datetime(2026, 10, 30, 18, 0, 5, tzinfo=TOKYO)
AFTER_FRIDAY = datetime(2026, 10, 31, 9, 0, tzinfo=TOKYO)
PAYDAY = datetime(2026, 11, 2, 9, 30, tzinfo=TOKYO)
AFTER_PAYDAY = datetime(2026, 11, 3, 9, 0, tzinfo=TOKYO)
FORMATS = ("html", "xlsx", "csv", "json", "settlement")
# What is put into Kakao Pay's file, which nobody but its simulator knows.
PLANTED = {"missing": 1, "extra": 1, "wrong_amount": 1}
KINDS = {"missing": "MISSING_AT_PARTNER", "extra": "MISSING_WITH_US", "wrong_amount": "AMOUNT"}

_CORRECTED = break_pb.RESOLUTION_KIND_PARTNER_CORRECTED


async def windows(stage: Stage) -> None:
    """(f) Six o'clock: windows are cut and checked against the ledger."""
    telling, finance = stage.telling, stage.finance
    telling.chapter(
        "f",
        "Six o'clock in Tokyo: the windows are cut",
        "By sequence, not by clock, so that payments may go on; each account is held against the "
        "ledger's.",
    )
    await stage.kakaopay.tell("discrepancies", {"seed": 7, "day": FRIDAY, "counts": PLANTED})
    await stage.set_time(CUT_OFF)

    async def are_closed() -> bool:
        found = await finance.windows()
        return bool(found) and all(
            window.state != settlement_pb.WINDOW_STATE_CLOSING for window in found
        )

    await stage.until(are_closed)
    for window in await finance.windows():
        expect(window.state == settlement_pb.WINDOW_STATE_CLOSED, "a window differs")
        if window.payment_count:
            telling.window(await finance.window(window.window_id))


async def reconciliation(stage: Stage) -> None:
    """(g) The partners' files of Friday, what is planted in one, and how it is put right."""
    telling, finance = stage.telling, stage.finance
    telling.chapter(
        "g",
        "Saturday morning: the partners' files of Friday come in",
        "Every row of ours meets a row of theirs, or is a break that somebody has to explain. In "
        "one file something was planted; only its writer knows where.",
    )
    await stage.set_time(AFTER_FRIDAY)
    await stage.until(finance.are_copies_even)
    for partner in (SHANGHAI, KAKAOPAY_ONLINE, KAKAOPAY):
        await _match(stage, partner, "settlement", FRIDAY)
    await _match(stage, BANK, "statement", FRIDAY)
    found = await finance.open_breaks(KAKAOPAY)
    planted = (await stage.kakaopay.planted())["planted"]
    wanted = sorted(KINDS[each["kind"]] for each in planted)
    kinds = sorted(each.kind for each in found)
    expect(kinds == wanted, f"planted was {wanted}, found {kinds}")
    telling.line("")
    telling.line(f"Planted in Kakao Pay's file: {len(planted)}; found: {len(found)}. One person")
    telling.line("proposes, another approves; nothing that was booked is changed.")
    for each in found:
        telling.line(f"  {each.kind:20}{each.explanation}")
        await finance.resolve(
            each,
            break_pb.Resolution(kind=_CORRECTED, reason="Kakao Pay will send a corrected file"),
        )
    for partner in (SHANGHAI, KAKAOPAY_ONLINE, KAKAOPAY, BANK):
        summary = await finance.close(partner, FRIDAY)
        expect(summary.state == "closed", f"the day of {partner} is not closed")
    await _write_reports(stage, (SHANGHAI, KAKAOPAY_ONLINE, KAKAOPAY, BANK), FRIDAY)


async def payday(stage: Stage) -> None:
    """(h) Monday: the shop's acquirer is paid; the bank's statement proves it."""
    telling, finance = stage.telling, stage.finance
    telling.chapter(
        "h",
        "Monday morning: the acquirer in Tokyo is paid",
        "T+1 over the weekend, less a reserve of 5 % for a month; through the bank, whose "
        "statement has the last word.",
    )
    account = "-".join(
        (
            EDO_PAYEE.bank_code,
            EDO_PAYEE.branch_code,
            EDO_PAYEE.account_type,
            EDO_PAYEE.account_number,
        )
    )
    await stage.japan_bank.tell("payee", {"account": account, "holder": EDO_PAYEE.holder_name})
    await stage.set_time(PAYDAY)
    await _until_payout(stage, payout_pb.PAYOUT_STATE_EXECUTED)
    await stage.set_time(AFTER_PAYDAY)
    await _match(stage, BANK, "statement", MONDAY)
    await _until_payout(stage, payout_pb.PAYOUT_STATE_SETTLED)
    (payout,) = await finance.paid(EDO)
    paid = to_money(payout.amount)
    telling.line(f"paid      {paid} to {payout.payee}, the bank's {payout.partner_reference}")
    telling.legs(await stage.legs(payout.payout_id))
    telling.legs(await stage.legs(f"{payout.payout_id}-settle"))
    await finance.close(BANK, MONDAY)
    await _write_reports(stage, (BANK,), MONDAY)
    telling.line("")
    telling.line(f"The reports are in {stage.reports}")


async def _until_payout(stage: Stage, state: int) -> None:
    async def is_there() -> bool:
        found = await stage.finance.paid(EDO)
        expect(len(found) <= 1, "the acquirer is paid twice")
        return bool(found) and found[0].state == state

    await stage.until(is_there)


async def _match(stage: Stage, partner: str, kind: str, day: str) -> None:
    """Fetch, import and match a partner's day."""
    files = await stage.finance.fetch(partner, kind, day)
    expect(bool(files), f"{partner} has given no file of {day}")
    for name, data in files.items():
        taken = (await stage.finance.take_in(partner, name, data)).file
        totals = ", ".join(str(to_money(total)) for total in taken.totals)
        stage.telling.line(f"{partner:16} {taken.format:18} {taken.row_count:3} rows  {totals}")
    summary = await stage.finance.run(partner, day)
    stage.telling.line(
        f"{'':16} {summary.matched_count} matched, {summary.open_break_count} breaks"
    )


async def _write_reports(stage: Stage, partners: Sequence[str], day: str) -> None:
    stage.reports.mkdir(parents=True, exist_ok=True)
    for partner in partners:
        for format_ in FORMATS:
            name, data = await stage.finance.report(partner, day, format_)
            (stage.reports / Path(name).name).write_bytes(data)


EVENING = (windows, reconciliation, payday)
