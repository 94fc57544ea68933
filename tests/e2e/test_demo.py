"""The demo, from start to end, in the hands of somebody who only reads its output."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from services.sandbox.demo.run import run_demo
from services.sandbox.demo.telling import WIDTH, Telling


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
