"""What an operator does to open a world: puts reference data, sets spreads, books deposits.

Everything goes through the public APIs with the operator's key; putting it again changes nothing.
"""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.core.accounts import AccountKind, house, prefund
from services.core.errors import KawaseError, NotFound, Refused
from services.core.money import Money
from services.gateway.admin.codec import corridor_from
from services.gateway.opening import accounts_of_corridor
from services.kit.ledger import account_message
from services.kit.rpc import call, open_channel
from services.pb.kawase.fx.v1 import fx_service_pb2
from services.pb.kawase.fx.v1 import fx_service_pb2_grpc as fx_stubs
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.pb.kawase.gateway.v1 import admin_service_pb2_grpc as admin_stubs
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as gateway_pb
from services.pb.kawase.gateway.v1 import gateway_service_pb2_grpc as gateway_stubs
from services.pb.kawase.money.v1 import money_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_stubs
from services.sandbox.endpoints import Endpoints
from services.sandbox.processes import operator_key

CALL_SECONDS = 20.0
OPEN_SECONDS = 30.0
POLL_SECONDS = 0.05
SPREAD_BASIS_POINTS = 150


@dataclass(frozen=True, slots=True)
class Operator:
    """Where the operator's calls go, and their key."""

    gateway: str
    wallet: str
    fx: str
    key: str

    @classmethod
    def of(cls, endpoints: Endpoints) -> "Operator":
        """The operator of a running house."""
        addresses = endpoints.processes
        key = operator_key(endpoints.directory)
        return cls(addresses["gateway"], addresses["wallet"], addresses["fx"], key)

    async def ask(self, method: Any, request: Any) -> Any:
        """Call `method` with the operator's key. Raises what the service refuses with."""
        metadata = (("authorization", f"Bearer {self.key}"),)
        return await call(method(request, metadata=metadata, timeout=CALL_SECONDS))


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """What is put on record, in the order in which it refers to each other."""

    participants: Sequence[admin_pb.Participant]
    fee_plans: Sequence[admin_pb.FeePlan]
    schemes: Sequence[admin_pb.Scheme]
    corridors: Sequence[admin_pb.Corridor]
    merchants: Sequence[admin_pb.AcquiredMerchant] = ()
    limit_rules: Sequence[admin_pb.LimitRule] = ()


async def put_reference(operator: Operator, data: ReferenceData) -> dict[str, str]:
    """Put reference data; returns a fresh API key of each participant."""
    async with open_channel(operator.gateway) as channel:
        stub = admin_stubs.AdminServiceStub(channel)
        for participant in data.participants:
            request = admin_pb.PutParticipantRequest(participant=participant)
            await operator.ask(stub.PutParticipant, request)
        for plan in data.fee_plans:
            await operator.ask(stub.PutFeePlan, admin_pb.PutFeePlanRequest(fee_plan=plan))
        for scheme in data.schemes:
            await operator.ask(stub.PutScheme, admin_pb.PutSchemeRequest(scheme=scheme))
        for one in data.corridors:
            await operator.ask(stub.PutCorridor, admin_pb.PutCorridorRequest(corridor=one))
        for merchant in data.merchants:
            await operator.ask(stub.PutMerchant, admin_pb.PutMerchantRequest(merchant=merchant))
        for rule in data.limit_rules:
            await operator.ask(stub.PutLimitRule, admin_pb.PutLimitRuleRequest(limit_rule=rule))
        keys = {
            p.participant_id: await fresh_key(operator, stub, p.participant_id)
            for p in data.participants
        }
    await set_spreads(operator, data.corridors)
    await accounts_open(operator, data)
    return keys


async def fresh_key(operator: Operator, stub: Any, participant_id: str, person_id: str = "") -> str:
    """A key; of those of earlier runs one has to go where there are two."""
    request = admin_pb.CreateApiKeyRequest(participant_id=participant_id, person_id=person_id)
    try:
        return str((await operator.ask(stub.CreateApiKey, request)).api_key)
    except Refused as refusal:
        if refusal.reason != "KEYS_TOO_MANY":
            raise
        one = refusal.metadata["key_ids"].partition(",")[0]
    await operator.ask(stub.RevokeApiKey, admin_pb.RevokeApiKeyRequest(key_id=one))
    return str((await operator.ask(stub.CreateApiKey, request)).api_key)


async def set_spreads(operator: Operator, corridors: Sequence[admin_pb.Corridor]) -> None:
    """Set the house's margin of each corridor."""
    async with open_channel(operator.fx) as channel:
        stub = fx_stubs.FxServiceStub(channel)
        for one in corridors:
            request = fx_service_pb2.SetSpreadRequest(
                corridor_id=one.corridor_id,
                spread_basis_points=SPREAD_BASIS_POINTS,
                operator="sandbox",
                reason="opening of the corridor",
            )
            await operator.ask(stub.SetSpread, request)


async def accounts_open(operator: Operator, data: ReferenceData) -> None:
    """Wait until the ledger has opened what the gateway ordered. Raises TimeoutError."""
    specs = [spec for one in data.corridors for spec in accounts_of_corridor(corridor_from(one))]
    wanted = {spec.account_id for spec in specs}
    request = wallet_service_pb2.GetAccountsRequest(account_ids=sorted(wanted))
    async with open_channel(operator.wallet) as channel, asyncio.timeout(OPEN_SECONDS):
        stub = wallet_stubs.WalletServiceStub(channel)
        while True:
            with suppress(NotFound):
                await operator.ask(stub.GetAccounts, request)
                return
            await asyncio.sleep(POLL_SECONDS)


async def prices_known(operator: Operator, api_key: str, code: str, amount: Money) -> None:
    """Wait until the gateway prices with the new spreads: a payment is quoted, and given up."""
    metadata = (("authorization", f"Bearer {api_key}"),)
    probe = f"probe-{uuid.uuid4().hex[:12]}"
    create = gateway_pb.CreatePaymentRequest(payment_id=probe, payer_id="probe", code=code)
    create.amount.minor_units, create.amount.currency_code = amount.minor, amount.currency
    async with open_channel(operator.gateway) as channel, asyncio.timeout(OPEN_SECONDS):
        stub = gateway_stubs.GatewayServiceStub(channel)
        while True:
            with suppress(KawaseError):
                await call(stub.CreatePayment(create, metadata=metadata, timeout=CALL_SECONDS))
                break
            await asyncio.sleep(POLL_SECONDS)
        cancel = gateway_pb.CancelPaymentRequest(payment_id=probe)
        await call(stub.CancelPayment(cancel, metadata=metadata, timeout=CALL_SECONDS))


async def deposit(operator: Operator, wallet: str, currency: str, minor: int) -> None:
    """Book a partner wallet's deposit, once: our bank got it, we owe it."""
    bank = house(AccountKind.BANK, currency)
    fund = prefund(wallet, currency)
    async with open_channel(operator.wallet) as channel:
        stub = wallet_stubs.WalletServiceStub(channel)
        await call(
            stub.CreateAccounts(
                wallet_service_pb2.CreateAccountsRequest(
                    accounts=[account_message(bank), account_message(fund)]
                ),
                timeout=CALL_SECONDS,
            )
        )
        leg = transfer_pb2.Leg(
            debit_account_id=bank.account_id,
            credit_account_id=fund.account_id,
            amount=money_pb2.Money(minor_units=minor, currency_code=currency),
            purpose="deposit",
        )
        await call(
            stub.Transfer(
                wallet_service_pb2.TransferRequest(
                    link_id=f"deposit-{wallet}-{minor}",
                    funding_account_id=fund.account_id,
                    legs=[leg],
                ),
                timeout=CALL_SECONDS,
            )
        )
