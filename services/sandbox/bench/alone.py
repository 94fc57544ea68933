"""gRPC alone and the partner's HTTP alone: what a payment's calls cost before any work is done.

python -P -m services.sandbox.bench.alone grpc-server PORT
python -P -m services.sandbox.bench.alone grpc-client HOST:PORT IN_FLIGHT SECONDS
python -P -m services.sandbox.bench.alone http-client URL IN_FLIGHT SECONDS
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from services.core.money import Money
from services.kit.rpc import RpcServer, open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1 import money_pb2

CALL_SECONDS = 30.0
SAMPLE = Money(18_900, "KRW")


class Echo(stubs.GatewayServiceServicer):
    """Answers with a payment of the usual size and does nothing."""

    def __init__(self) -> None:
        money = money_pb2.Money(minor_units=SAMPLE.minor, currency_code=SAMPLE.currency)
        self._payment = payment_pb2.Payment(
            payment_id="bench-000000000",
            reference="01ARZ3NDEKTSV4RRFFQ69G5FAV",
            merchant=payment_pb2.Merchant(merchant_id="shop-1", name="Bukchon Kalguksu"),
            target=money,
            home=money,
            spread=money,
            mid="0.004982436853",
        )

    async def CreatePayment(
        self, request: pb.CreatePaymentRequest, context: Any
    ) -> pb.CreatePaymentResponse:
        return pb.CreatePaymentResponse(payment=self._payment)

    async def ConfirmPayment(
        self, request: pb.ConfirmPaymentRequest, context: Any
    ) -> pb.ConfirmPaymentResponse:
        return pb.ConfirmPaymentResponse(payment=self._payment)


async def serve_grpc(port: str) -> None:
    """Serve until killed."""
    server = RpcServer(f"127.0.0.1:{port}")
    name = "kawase.gateway.v1.GatewayService"
    server.add(stubs.add_GatewayServiceServicer_to_server, Echo(), name)  # type: ignore[abstract]
    await server.start()
    await asyncio.Event().wait()


async def repeat(work: Callable[[], Awaitable[None]], in_flight: int, seconds: float) -> int:
    """Do `work` over and over in `in_flight` lanes; how often it was done in the time."""
    end = time.perf_counter() + seconds
    done = 0

    async def lane() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await work()
            done += 1

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return done


async def load_grpc(address: str, in_flight: str, seconds: str) -> int:
    """Payments of two empty unary calls each."""
    async with open_channel(address) as channel:
        stub = stubs.GatewayServiceStub(channel)

        async def pay() -> None:
            await stub.CreatePayment(pb.CreatePaymentRequest(payment_id="p"), timeout=CALL_SECONDS)
            await stub.ConfirmPayment(
                pb.ConfirmPaymentRequest(payment_id="p"), timeout=CALL_SECONDS
            )

        return await repeat(pay, int(in_flight), float(seconds))


async def load_http(url: str, in_flight: str, seconds: str) -> int:
    """Posts of a small body to the light partner."""
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    connector = aiohttp.TCPConnector(limit=int(in_flight))
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

        async def post() -> None:
            async with session.post(url, json={"alone": True}) as answer:
                await answer.read()

        return await repeat(post, int(in_flight), float(seconds))


def main() -> None:
    mode, *arguments = sys.argv[1:]
    work: Any = {"grpc-server": serve_grpc, "grpc-client": load_grpc, "http-client": load_http}
    sys.stdout.write(json.dumps({"done": asyncio.run(work[mode](*arguments))}) + "\n")


if __name__ == "__main__":
    main()
