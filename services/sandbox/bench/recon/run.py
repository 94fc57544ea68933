"""Plants, matches in a child process, and sums up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.sandbox.bench.child import run_json
from services.sandbox.bench.recon.planting import plant

LIMIT_SECONDS = 3600.0


async def bench_recon(
    rows: int, seed: int, engine: str, directory: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Figures of one matching of `rows` against as many. Raises StackError."""
    say(f"planting breaks into {rows:,} rows")
    planted = plant(directory, rows, seed)
    say(f"{planted.count:,} breaks planted; matching with {engine}")
    arguments = ["-m", "services.sandbox.bench.recon.matching", str(directory), engine]
    figures, cpu = await run_json(arguments, "", LIMIT_SECONDS)
    return {
        "engine": engine,
        "rows": rows,
        "planted": planted.count,
        **figures,
        "cpu_seconds": round(cpu, 2),
    }
