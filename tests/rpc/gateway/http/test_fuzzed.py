"""The OpenAPI document is played by schemathesis, all checks on: no 5xx, nothing undocumented.

Every operation is played with the key of somebody who may call it, so that what is answered comes
from behind the gate; a run fails that did not get there.
"""

import asyncio
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.access.operations import OPERATIONS, method_named
from services.gateway.http.operations import operation_id
from services.gateway.reference import Participant
from services.gateway.reference.store import put_participant
from services.kit.http import HttpServer
from tests.rpc.gateway.http.acquirer_things import put_acquirers
from tests.rpc.gateway.http.asking import Http, app_of, bought_ahead, most_routers
from tests.rpc.gateway.payments_served import answered, keys_known
from tests.store.gateway.payments_world import EDO, SAKURA, SHOP, Gateway

SECONDS = 240.0
EXAMPLES = 5
HERE = Path(__file__).parent
PROGRAM = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"
# What is answered before anybody looks for what is asked for.
BEFORE_ANYTHING = {400, 401, 403, 405}
# What the operator's people and the keys of participants are kept by, and a stream of both ways.
GRPC_ALONE = {"AccessService", "AdminService"}
WITHOUT_ROUTE = {"PaySession"}


class Heard:
    """The app, and which statuses each of its operations has answered with."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.statuses: dict[str, set[int]] = defaultdict(set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard(message: Message) -> None:
            route = scope.get("route")
            if message["type"] == "http.response.start" and route is not None:
                self.statuses[route.name].add(message["status"])
            await send(message)

        await self._app(scope, receive, heard)


def names_of(gateway: Gateway) -> set[str]:
    """The RPCs that have routes."""
    routers = [*most_routers(gateway), *bought_ahead(gateway)]
    return {getattr(route, "name", "") for router in routers for route in router.routes}


def operations_of(by: Participant, names: set[str]) -> set[str]:
    """Those of these operations that are played with this participant's key: what wallets may call
    with a wallet's, all else with an acquirer's."""
    kinds = {name: OPERATIONS[method_named(name)].kinds for name in names}
    return {name for name in names if (SAKURA.kind in kinds[name]) == (by is SAKURA)}


@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("by", [SAKURA, EDO], ids=["wallet", "acquirer"])
async def test_every_answer_to_generated_calls_is_one_the_document_names(
    gateway: Gateway, tmp_path: Path, by: Participant
) -> None:
    await put_acquirers(gateway, SHOP)
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, SAKURA)
    keys, closing = keys_known(gateway), asyncio.Event()
    # Streams end after their first event: a payment that nobody confirms has no end.
    closing.set()
    app = app_of(gateway, closing, bought_ahead(gateway))
    wanted = operations_of(by, names_of(gateway))
    heard = Heard(app)
    server = HttpServer(heard, "127.0.0.1:0", closing)
    await server.start()
    authorization = Http(None, keys).credentials(by)["authorization"]  # type: ignore[arg-type]
    try:
        async with answered(gateway):
            address = f"http://{server.address}"
            status, told = await played(address, authorization, wanted, tmp_path)
    finally:
        await server.stop()
    assert status == 0, told
    assert [name for name in wanted if heard.statuses[name] <= BEFORE_ANYTHING] == []


async def test_what_participants_may_call_has_a_route(gateway: Gateway) -> None:
    routed = set(map(method_named, names_of(gateway)))
    services = {method.partition("/")[0] for method in routed}
    wanted = {
        method
        for method, operation in OPERATIONS.items()
        if operation.kinds & {SAKURA.kind, EDO.kind} and operation.method not in WITHOUT_ROUTE
    }
    left_out = {
        method
        for method in wanted - routed
        if (service := method.partition("/")[0]) in services
        or service.rpartition(".")[2] not in GRPC_ALONE
    }
    assert left_out == set()
    assert routed <= wanted


async def played(
    address: str, authorization: str, operations: set[str], directory: Path
) -> tuple[int, str]:
    """Exit status and output of a bounded run against `address`."""
    command = (
        "--config-file", str(HERE / "schemathesis.toml"), "run", f"{address}/openapi.json",
        "--header", f"Authorization: {authorization}", "--max-examples", str(EXAMPLES),
        "--seed", "7", "--no-color",
        *(f"--include-operation-id={operation_id(name)}" for name in sorted(operations)),
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
