"""The world a stranger finds after `kawase up`: the demo's, put once, and its participants' keys.

While every key in the folder is still good, the world is taken to be there and is left as it is by
then; otherwise it is put again, which changes it back to the demo's.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from services.core.errors import Forbidden, Unauthenticated
from services.core.money import Money
from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.endpoints import KEYS, Endpoints
from services.sandbox.errors import ServerFailed
from services.sandbox.finance import Finance
from services.sandbox.operator import Operator, prices_known
from services.sandbox.world import PANDA, PARTICIPANTS, put_world
from services.sandbox.world_acquiring import PEOPLE, put_acquiring
from services.sandbox.world_finance import put_finance

CALL_SECONDS = 20.0
_SERVICES = ("settlement", "bridge", "reconciliation")


async def open_world(endpoints: Endpoints) -> Path:
    """The folder with a file for each API key, once the world is there.

    Raises a KawaseError where a service refuses a part of it, or has not taken it in in time.
    """
    folder = endpoints.directory / KEYS
    kept = _read_keys(folder)
    if kept is None or not await _are_good(endpoints.processes["gateway"], kept):
        try:
            _write_keys(folder, await _put(endpoints))
        except TimeoutError as error:
            raise ServerFailed(
                "the demo's world could not be put in time; see the logs, or start with --empty"
            ) from error
    return folder


async def _put(endpoints: Endpoints) -> dict[str, str]:
    operator = Operator.of(endpoints)
    keys = await put_world(operator)
    people = await put_acquiring(operator, keys)
    await _put_finance(endpoints)
    await prices_known(operator, keys[PANDA], SEOUL_SHOP, Money(1_000, "KRW"))
    return keys | people


async def _put_finance(endpoints: Endpoints) -> None:
    async with AsyncExitStack() as closing:
        channels = [
            await closing.enter_async_context(open_channel(endpoints.processes[name]))
            for name in _SERVICES
        ]
        finance = Finance.of(*channels)
        await put_finance(finance.settlement, finance.payouts)


async def _are_good(gateway: str, keys: Mapping[str, str]) -> bool:
    """Whether the gateway lets every key in."""
    request = pb.ListPaymentsRequest(page_size=1)
    async with open_channel(gateway) as channel:
        stub = stubs.GatewayServiceStub(channel)
        for key in keys.values():
            metadata = (("authorization", f"Bearer {key}"),)
            try:
                await call(stub.ListPayments(request, metadata=metadata, timeout=CALL_SECONDS))
            except Forbidden:
                continue  # known: people at the operator make no payments
            except Unauthenticated:
                return False
    return True


def _read_keys(folder: Path) -> dict[str, str] | None:
    """The keys by participant, and by person; None where one is missing."""
    names = [one.participant_id for one in PARTICIPANTS] + [one.person_id for one in PEOPLE]
    paths = [folder / name for name in names]
    if not all(path.exists() for path in paths):
        return None
    return {path.name: path.read_text() for path in paths}


def _write_keys(folder: Path, keys: Mapping[str, str]) -> None:
    """Only their owner reads them; none is ever seen half written."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for participant_id, key in keys.items():
        fresh = folder / f"{participant_id}.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(key)
        fresh.replace(folder / participant_id)
