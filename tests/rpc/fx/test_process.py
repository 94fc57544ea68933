"""The fx process as it is started in production: a sheet soon after the start, a clean end."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from services.core.clock import ClockSetting, SystemClock, write_shared_clock
from services.kit.kafka import Topics
from tests.conftest import Database
from tests.store.fx.parts import following
from tests.unit.fx.builders import NOON


@pytest.mark.slow
async def test_the_process_publishes_the_ecbs_rates_and_stops_when_asked(
    database: Database, topics: Topics, tmp_path: Path
) -> None:
    clock = tmp_path / "clock.json"
    write_shared_clock(clock, ClockSetting(SystemClock().now(), NOON))
    settings = {
        "KAWASE_POSTGRES": database.dsn("fx"),
        "KAWASE_KAFKA": topics.bootstrap,
        "KAWASE_TOPIC_PREFIX": topics.prefix,
        "KAWASE_CLOCK": str(clock),
        "KAWASE_FX_CURRENCIES": '["CNY", "JPY", "KRW"]',
    }
    async with following(topics) as board, asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "services.fx"), env={**os.environ, **settings}
        )
        await board.ready.wait()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    sheet = board.newest
    assert sheet is not None
    assert sheet.source == "ecb"
    assert f"{sheet.mid('JPY', 'KRW'):f}" == "8.491347905282"
