"""Two gateways, two wallets, four partitions: whoever comes first, each payment has one life."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.core.errors import Conflict, KawaseError, Refused
from services.core.money import Money
from services.kit.kafka import Topics
from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import gateway_service_pb2, payment_pb2
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as gateway_stubs
from services.pb.kawase.wallet.v1 import wallet_service_pb2
from services.sandbox.demo.codes import SEOUL_SHOP
from services.sandbox.demo.wallet_app import WalletApp
from tests.e2e.houses import Lived, living, twice, until
from tests.parts import watching

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]
COMPLETED = payment_pb2.PAYMENT_STATE_COMPLETED
CANCELLED = payment_pb2.PAYMENT_STATE_CANCELLED
AMOUNT = Money(3_000, "KRW")
TOLD = ("wallet.command", "wallet.event", "bridge.command", "bridge.event", "payment.event")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    directory = tmp_path_factory.mktemp("house")
    async with living(directory, twice("gateway", "wallet"), partitions=4) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apps(lived: Lived) -> AsyncIterator[tuple[WalletApp, WalletApp]]:
    """The same wallet at two gateways."""
    first = lived.stage.panda
    async with open_channel(lived.house.endpoints.processes["gateway-2"]) as channel:
        second = WalletApp(first.name, gateway_stubs.GatewayServiceStub(channel), first.api_key)
        # A key travels to the other gateway by notification.
        await until(lambda: is_known(second))
        yield first, second


async def is_known(app: WalletApp) -> bool:
    try:
        await app.decode(SEOUL_SHOP)
    except KawaseError:
        return False
    return True


async def test_the_same_create_at_two_gateways_makes_one_payment(
    apps: tuple[WalletApp, WalletApp],
) -> None:
    for number in range(10):
        made = await asyncio.gather(
            *(app.create(f"twice-{number}", "li-na", SEOUL_SHOP, AMOUNT) for app in apps * 3)
        )

        assert len({payment.reference for payment in made}) == 1


async def test_a_trace_is_followed_from_the_call_through_every_service(
    apps: tuple[WalletApp, WalletApp], lived: Lived
) -> None:
    app, trace = apps[0], "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    made = await app.create("traced", "li-na", SEOUL_SHOP, AMOUNT)
    topics = Topics(lived.house.endpoints.kafka, "kawase", 4)
    found: dict[str, str] = {}
    async with watching(topics, *TOLD) as tail:
        await app.stub.ConfirmPayment(
            gateway_service_pb2.ConfirmPaymentRequest(payment_id="traced"),
            metadata=(("authorization", f"Bearer {app.api_key}"), ("traceparent", trace)),
            timeout=30.0,
        )

        async def is_posted() -> bool:
            found.update(
                (record.type, record.trace)
                for record in await tail.take(1000, wait_ms=100)
                if made.reference.encode() in record.value
            )
            return "FundsPosted" in found

        await until(is_posted)

    assert found == dict.fromkeys(
        (
            *("ReserveFunds", "FundsReserved", "StartCharge", "ChargeAccepted"),
            *("PostFunds", "PaymentCompleted", "FundsPosted"),
        ),
        trace,
    )


async def test_other_content_under_the_same_id_is_refused_by_name(
    apps: tuple[WalletApp, WalletApp],
) -> None:
    first, second = apps
    await first.create("other", "li-na", SEOUL_SHOP, AMOUNT)
    with pytest.raises(Conflict) as refusal:
        await second.create("other", "li-na", SEOUL_SHOP, Money(1, "KRW"))

    assert refusal.value.reason == "PAYMENT_EXISTS_WITH_DIFFERENT_CONTENT"


async def test_confirms_that_race_at_two_gateways_pay_once(
    apps: tuple[WalletApp, WalletApp], lived: Lived
) -> None:
    payments = []
    for number in range(10):
        payments.append(await apps[0].create(f"race-{number}", "li-na", SEOUL_SHOP, AMOUNT))
    answers = await asyncio.gather(
        *(app.confirm(f"race-{number}") for number in range(10) for app in apps * 2)
    )
    accepted = await lived.stage.kakaopay.accepted()

    assert {answer.state for answer in answers} == {COMPLETED}
    for payment in payments:
        assert sum(payment.reference in charge for charge in accepted) == 1


async def test_a_confirm_that_races_with_a_cancel_ends_in_one_of_the_two(
    apps: tuple[WalletApp, WalletApp], lived: Lived
) -> None:
    first, second = apps
    for number in range(10):
        payment_id = f"cancel-{number}"
        await first.create(payment_id, "li-na", SEOUL_SHOP, AMOUNT)
        await asyncio.gather(
            first.confirm(payment_id), second.cancel(payment_id), return_exceptions=True
        )
        await until(lambda payment_id=payment_id: is_done(first, payment_id))  # type: ignore[misc]
        found = await first.get(payment_id)
        accepted = await lived.stage.kakaopay.accepted()
        charges = sum(found.payment.reference in charge for charge in accepted)

        assert (found.payment.state, charges) in ((COMPLETED, 1), (CANCELLED, 0))


async def is_done(app: WalletApp, payment_id: str) -> bool:
    return (await app.get(payment_id)).moves[-1].step == "done"


async def test_a_cancelled_payment_cannot_be_confirmed_at_the_other_gateway(
    apps: tuple[WalletApp, WalletApp],
) -> None:
    first, second = apps
    await first.create("given-up", "li-na", SEOUL_SHOP, AMOUNT)
    await first.cancel("given-up")
    with pytest.raises(Refused):
        await second.confirm("given-up")


async def test_after_all_races_the_books_balance(lived: Lived) -> None:
    async def is_quiet() -> bool:
        books = await call(
            lived.stage.ledger.CheckBooks(wallet_service_pb2.CheckBooksRequest(), timeout=30)
        )
        return bool(books.balanced and books.pending_count == 0)

    await until(is_quiet)
