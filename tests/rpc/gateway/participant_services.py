"""The services that participants call, all of them, and one of each thing they keep of bills and
prepaid orders."""

from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from services.gateway.access.keys import Keys
from services.gateway.acquiring.serving.process import acquirer_calls
from services.gateway.acquiring.serving.server import AcquirerServer
from services.gateway.bills.serving.server import BillServer
from services.gateway.calls import Calls
from services.gateway.escrow.handlers import EscrowHandlers
from services.gateway.escrow.serving.server import EscrowServer
from services.gateway.holding.handlers import HoldingHandlers
from services.gateway.holding.server import HoldingServer
from services.gateway.personal.serving.process import personal_calls
from services.gateway.personal.serving.server import PersonalServer
from services.gateway.prepaid.serving.server import PrepaidServer
from services.gateway.presenting.lifetimes import Lifetimes
from services.gateway.presenting.server import PresentedServer
from services.gateway.server import GatewayServer
from services.gateway.waking import Wakers
from services.gateway.webhooks.addresses import AddressRules
from services.gateway.webhooks.handlers import Webhooks
from services.gateway.webhooks.owners import Owners
from services.gateway.webhooks.sending import Names
from services.gateway.webhooks.server import WebhookServer
from services.gateway.withdrawals.server import WithdrawalServer
from services.kit.rpc import RpcServer
from services.pb.kawase.gateway.v1 import (
    acquirer_service_pb2_grpc,
    admin_service_pb2,
    bill_service_pb2,
    bill_service_pb2_grpc,
    escrow_service_pb2_grpc,
    gateway_service_pb2_grpc,
    holding_service_pb2_grpc,
    personal_service_pb2,
    personal_service_pb2_grpc,
    prepaid_service_pb2,
    prepaid_service_pb2_grpc,
    presented_service_pb2_grpc,
    webhook_service_pb2_grpc,
    withdrawal_service_pb2_grpc,
)
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.rpc.gateway.payments_served import withdrawals_of
from tests.store.gateway.bills_world import BILL, Bills
from tests.store.gateway.payments_world import ACCOUNTS, BOX, NOW, Gateway
from tests.store.gateway.prepaid_world import Counter
from tests.store.gateway.presenting_world import presenting_of

PACKAGE = "kawase.gateway.v1"


def add_services(server: RpcServer, keys: Keys, gateway: Gateway, calls: Calls) -> None:
    """All but those of the operator and of access."""
    add = server.add
    gateways = gateway_service_pb2_grpc.add_GatewayServiceServicer_to_server
    add(gateways, GatewayServer(keys, calls), f"{PACKAGE}.GatewayService")
    holding = HoldingHandlers(gateway.units, gateway.board, gateway.clock, gateway.waiters)
    holdings = holding_service_pb2_grpc.add_HoldingServiceServicer_to_server
    add(holdings, HoldingServer(keys, calls, holding), f"{PACKAGE}.HoldingService")
    escrows = EscrowHandlers(
        gateway.units, gateway.board, Wakers(), gateway.clock, wait_seconds=0.0
    )
    escrowing = escrow_service_pb2_grpc.add_EscrowServiceServicer_to_server
    add(escrowing, EscrowServer(keys, calls, escrows), f"{PACKAGE}.EscrowService")
    hooks = Webhooks(gateway.units, gateway.clock, BOX, Names(AddressRules(inside=True)))
    webhooks = webhook_service_pb2_grpc.add_WebhookServiceServicer_to_server
    owners = Owners(gateway.board)
    add(webhooks, WebhookServer(keys, owners, hooks), f"{PACKAGE}.WebhookService")
    shops = acquirer_calls(gateway.units, gateway.board, gateway.clock, ACCOUNTS)
    acquirers = acquirer_service_pb2_grpc.add_AcquirerServiceServicer_to_server
    add(acquirers, AcquirerServer(keys, shops), f"{PACKAGE}.AcquirerService")
    codes, charging = presenting_of(gateway, calls)
    lifetimes = Lifetimes(gateway.units, gateway.clock)
    presented = presented_service_pb2_grpc.add_PresentedServiceServicer_to_server
    presenting = PresentedServer(keys, codes, charging, lifetimes, gateway.clock)
    add(presented, presenting, f"{PACKAGE}.PresentedService")
    withdrawals = withdrawal_service_pb2_grpc.add_WithdrawalServiceServicer_to_server
    drawing = WithdrawalServer(keys, withdrawals_of(gateway, wait_seconds=0.0))
    add(withdrawals, drawing, f"{PACKAGE}.WithdrawalService")
    bills = Bills(gateway)
    billing = bill_service_pb2_grpc.add_BillServiceServicer_to_server
    add(billing, BillServer(keys, bills.billers, bills.paying), f"{PACKAGE}.BillService")
    prepaid = prepaid_service_pb2_grpc.add_PrepaidServiceServicer_to_server
    add(prepaid, PrepaidServer(keys, Counter(gateway).orders), f"{PACKAGE}.PrepaidService")
    personal = personal_service_pb2_grpc.add_PersonalServiceServicer_to_server
    persons = personal_calls(gateway.units, gateway.board, gateway.clock)
    add(personal, PersonalServer(keys, persons), f"{PACKAGE}.PersonalService")


def stubs_of(channel: grpc.aio.Channel) -> dict[str, Any]:
    """The stubs of `add_services`, by name."""
    return {
        "GatewayService": gateway_service_pb2_grpc.GatewayServiceStub(channel),
        "WebhookService": webhook_service_pb2_grpc.WebhookServiceStub(channel),
        "AcquirerService": acquirer_service_pb2_grpc.AcquirerServiceStub(channel),
        "HoldingService": holding_service_pb2_grpc.HoldingServiceStub(channel),
        "EscrowService": escrow_service_pb2_grpc.EscrowServiceStub(channel),
        "PresentedService": presented_service_pb2_grpc.PresentedServiceStub(channel),
        "WithdrawalService": withdrawal_service_pb2_grpc.WithdrawalServiceStub(channel),
        "BillService": bill_service_pb2_grpc.BillServiceStub(channel),
        "PrepaidService": prepaid_service_pb2_grpc.PrepaidServiceStub(channel),
        "PersonalService": personal_service_pb2_grpc.PersonalServiceStub(channel),
    }


async def make_bill_things(house: Any, payer_id: str) -> dict[str, str]:
    """A biller of Edo's and a payment of Sakura's to it; an order of hers at Edo's shop."""
    biller = bill_service_pb2.Biller(
        biller_id="light", name="Light", kana_name="デントウ", category_code="4900", city="TOKYO",
        country_code="JP", currency_code="JPY", time_zone="Asia/Tokyo",
        reference_format=bill_service_pb2.ReferenceFormat(
            minimum_length=11, maximum_length=11,
            alphabet=bill_service_pb2.REFERENCE_ALPHABET_DIGITS,
            check_method=bill_service_pb2.CHECK_METHOD_LUHN,
        ),
    )  # fmt: skip
    put = bill_service_pb2.PutBillerRequest(biller=biller)
    await house.call("BillService", "PutBiller", put, "edo")
    terms = bill_service_pb2.OpenBillerRequest(biller_id="light", open=True, fee_plan_id="jp-shop")
    await house.call("BillService", "OpenBiller", terms)
    most = Money(minor_units=9_000, currency_code="JPY")
    bill = bill_service_pb2.PayBillRequest(
        payment_id="bill-1", payer_id=payer_id, biller_id="light", reference=BILL, amount=most,
        maximum=most,
    )  # fmt: skip
    paid = await house.call("BillService", "PayBill", bill, "sakura")
    until = Timestamp()
    until.FromDatetime(NOW + timedelta(hours=3))
    basket = prepaid_service_pb2.PlaceOrderRequest(
        payment_id="basket-1", payer_id=payer_id, merchant_id="shokudo", amount=most,
        lines="two bowls of ramen", pick_up_until_time=until, maximum=most,
    )  # fmt: skip
    placed = (await house.call("PrepaidService", "PlaceOrder", basket, "sakura")).order
    return {
        "biller_id": "light",
        "bill_reference": paid.payment.reference,
        "payment_reference": placed.payment_reference,
        "pick_up_code": placed.pick_up_code,
        "redemption_id": "till-1",
    }


async def make_personal_things(house: Any, payer_id: str, code_id: str) -> dict[str, str]:
    """A code of a payer of Sakura's, who may be paid by it up to 100,000 yen a day."""
    rule = admin_service_pb2.LimitRule(
        limit_rule_id="persons-day", period=admin_service_pb2.LIMIT_PERIOD_DAY,
        flow=admin_service_pb2.LIMIT_FLOW_RECEIPT, source="a test", active=True,
        maximum=Money(minor_units=100_000, currency_code="JPY"),
    )  # fmt: skip
    put = admin_service_pb2.PutLimitRuleRequest(limit_rule=rule)
    await house.admin("PutLimitRule", put)
    create = personal_service_pb2.CreatePersonalCodeRequest(
        code_id=code_id, payer_id=payer_id, display_name="A busker"
    )
    made = await house.call("PersonalService", "CreatePersonalCode", create, "sakura")
    return {"personal_reference": made.personal_code.token}
