"""The demo, from start to end, in the hands of somebody who only reads its output."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from services.sandbox.demo.run import run_demo
from services.sandbox.demo.telling import WIDTH, Telling
from tests.e2e.at_rest import lying_in

# Of the accounts that are linked and paid to: the numbers, also behind the five digits with which
# a bank names an account, and the holders as they were given and as banks write them.
NUMBERS = ("1234567", "7654321")
HOLDERS = ("ヤマダ ハナコ", "ﾔﾏﾀﾞ ﾊﾅｺ", "エドアクワイアリング", "ｴﾄﾞｱｸﾜｲｱﾘﾝｸﾞ")
PLANTED = re.compile(
    "|".join([*HOLDERS, *(f"(?<![0-9])(?:[0-9]{{5}})?{each}(?![0-9])" for each in NUMBERS)])
)
# Rows of banks' statements name who was paid and who paid.
STATEMENTS = {"reconciliation.their_rows"}


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_demo_tells_its_story_and_the_books_balance(tmp_path: Path) -> None:
    written = io.StringIO()
    await run_demo(tmp_path / "demo", Telling(Console(file=written, width=WIDTH)))
    told = written.getvalue()

    for ending in ("completed", "declined", "INSUFFICIENT_FUNDS", "CODE_REFUSED", "QUOTE_EXPIRED"):
        assert ending in told
    assert "every account equals its transfers: balanced" in told
    assert "Planted in Kakao Pay's file: 3; found: 3." in told
    assert "paid      JPY 3,366 to 0001-001" in told
    assert "Traceback" not in told
    reports = {path.suffix for path in (tmp_path / "demo" / "reports").iterdir()}
    assert reports == {".csv", ".html", ".json", ".pdf", ".xlsx"}
    assert "order     JPY 2,400 at table 12: paid" in told
    assert told.count("its signature holds") == 2

    lying = await lying_in(tmp_path / "demo")
    assert {"bridge.payouts", "settlement.payouts", "topic bridge.command"} <= set(lying)
    found = {place: set(PLANTED.findall(text)) for place, text in lying.items()}
    named = {place for place, texts in found.items() if texts}
    assert named <= STATEMENTS, named
    assert set().union(*found.values()) <= set(HOLDERS)
