"""The OpenAPI document is played by schemathesis, all checks on: no 5xx, nothing undocumented."""

import asyncio
import sys
from pathlib import Path

import pytest

from services.gateway.reference.store import put_participant
from services.kit.http import HttpServer
from tests.rpc.gateway.http.asking import Http, app_of
from tests.rpc.gateway.payments_served import answered, keys_known
from tests.store.gateway.payments_world import SAKURA, Gateway

SECONDS = 200.0
EXAMPLES = 5
HERE = Path(__file__).parent
PROGRAM = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"


@pytest.mark.timeout(SECONDS + 60)
async def test_every_answer_to_generated_calls_is_one_the_document_names(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    keys, closing = keys_known(gateway), asyncio.Event()
    # Streams end after their first event: a payment that nobody confirms has no end.
    closing.set()
    server = HttpServer(app_of(gateway, closing), "127.0.0.1:0", closing)
    await server.start()
    authorization = Http(None, keys).credentials(SAKURA)["authorization"]  # type: ignore[arg-type]
    try:
        async with answered(gateway):
            status, told = await played(f"http://{server.address}", authorization, tmp_path)
    finally:
        await server.stop()
    assert status == 0, told


async def played(address: str, authorization: str, directory: Path) -> tuple[int, str]:
    """Exit status and output of a bounded run against `address`."""
    command = (
        "--config-file", str(HERE / "schemathesis.toml"), "run", f"{address}/openapi.json",
        "--header", f"Authorization: {authorization}", "--max-examples", str(EXAMPLES),
        "--seed", "7", "--no-color",
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *command, cwd=directory,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, told.decode()
