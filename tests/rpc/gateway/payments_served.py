"""A gateway served over gRPC in this process, with wallet and bridge answering its outbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from services.gateway.access.keys import Keys, new_api_key
from services.gateway.calls import Calls
from services.gateway.reference import Participant
from services.gateway.refunds.handlers import RefundHandlers
from services.gateway.server import GatewayServer
from services.gateway.topups.handlers import BankLinkHandlers, TopUpHandlers
from services.gateway.waking import WAIT_SECONDS, Wakers
from services.gateway.withdrawals.handlers import WithdrawalHandlers
from services.kit.kafka import Record
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.wallet.v1 import wallet_message_pb2 as wallet
from tests.store.gateway.payments_world import (
    BOX,
    EDO,
    PANDA,
    SAKURA,
    Gateway,
    bridge_says,
    wallet_says,
)

CALL_SECONDS = 20.0
POLL_SECONDS = 0.01


class Wallets:
    """Calls with the keys of participants."""

    def __init__(self, stub: Any, keys: dict[str, str], address: str) -> None:
        self.stub = stub
        self.address = address
        self._keys = keys

    def key_of(self, participant: Participant) -> str:
        return self._keys[participant.participant_id]

    def credentials(self, participant: Participant) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.key_of(participant)}"),)

    async def call(
        self,
        method: str,
        request: object,
        by: Participant = PANDA,
        seconds: float = CALL_SECONDS,
    ) -> Any:
        answer = getattr(self.stub, method)(request, metadata=self.credentials(by), timeout=seconds)
        return await call(answer)


def calls_of(gateway: Gateway, bridge: Any = None, wait_seconds: float = WAIT_SECONDS) -> Calls:
    """What both edges call; `bridge` links accounts, refunds and top-ups wait so long."""
    wakers = Wakers()
    return Calls(
        gateway.creating,
        gateway.confirming,
        gateway.reading,
        gateway.waiters,
        RefundHandlers(
            gateway.units, gateway.board, gateway.sheets, wakers, gateway.clock, wait_seconds
        ),
        BankLinkHandlers(gateway.units, bridge, gateway.clock, BOX),
        TopUpHandlers(gateway.units, wakers, gateway.clock, wait_seconds),
    )


def withdrawals_of(gateway: Gateway, wait_seconds: float = WAIT_SECONDS) -> WithdrawalHandlers:
    """What both edges call to draw money."""
    return WithdrawalHandlers(gateway.units, gateway.board, Wakers(), gateway.clock, wait_seconds)


def keys_known(gateway: Gateway) -> dict[str, str]:
    """A fresh key of each participant, which the gateway's board knows."""
    keys = {}
    known = {}
    for participant in (PANDA, SAKURA, EDO):
        key, text = new_api_key(participant.participant_id, None)
        known[key.key_id] = key
        keys[participant.participant_id] = text
    gateway.board.current = replace(gateway.board.current, api_keys=known)
    return keys


@asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[Wallets]:
    """The gateway behind a port of its own."""
    keys = keys_known(gateway)
    server = RpcServer("127.0.0.1:0")
    servicer = GatewayServer(Keys(gateway.board, gateway.clock), calls_of(gateway))
    server.add(
        stubs.add_GatewayServiceServicer_to_server, servicer, "kawase.gateway.v1.GatewayService"
    )
    await server.start()
    try:
        async with open_channel(server.address) as channel:
            yield Wallets(stubs.GatewayServiceStub(channel), keys, server.address)
    finally:
        await server.stop()


@asynccontextmanager
async def answered(gateway: Gateway) -> AsyncIterator[None]:
    """Wallet and bridge say yes to whatever the gateway's outbox asks."""

    async def answer() -> None:
        while True:
            rows = await gateway.rows()
            records = [_yes(row["type"], row["payload"]) for row in rows]
            if heard := [record for record in records if record is not None]:
                await gateway.hear(*heard)
            else:
                await asyncio.sleep(POLL_SECONDS)

    answering = asyncio.create_task(answer())
    try:
        yield
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering


def _yes(kind: str, payload: bytes) -> Record | None:
    if kind == "ReserveFunds":
        link_id = wallet.WalletCommand.FromString(payload).reserve_funds.link_id
        return wallet_says(link_id, funds_reserved=wallet.FundsReserved())
    if kind == "PostFunds":
        link_id = wallet.WalletCommand.FromString(payload).post_funds.link_id
        return wallet_says(link_id, funds_posted=wallet.FundsPosted())
    if kind == "StartCharge":
        charge = bridge.BridgeCommand.FromString(payload).start_charge
        accepted = bridge.ChargeAccepted(partner_reference="T1", partner_id=charge.partner_id)
        return bridge_says(charge.resource_id, charge.charge_id, charge_accepted=accepted)
    return None
