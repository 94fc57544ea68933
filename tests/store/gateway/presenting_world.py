"""Payers' codes and their charges over a gateway of payments."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from services.core.errors import KawaseError
from services.core.money import Money
from services.gateway.calls import Calls
from services.gateway.payments.messages import STATES
from services.gateway.presenting.charging import Charging
from services.gateway.presenting.codes import Codes
from services.gateway.presenting.model import OfflineKey, PaymentCode, Policy
from services.gateway.presenting.offline import number_at
from services.gateway.reference import Merchant, Participant, ParticipantKind
from services.kit.sealing import SecretBox
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import presented_service_pb2 as pb
from tests.parts import SEAL
from tests.store.gateway.payments_world import EDO, PANDA, SHOP, Gateway

KYO = Participant("kyo", ParticipantKind.ACQUIRER, "Kyo")
KYO_SHOP = Merchant(
    "kissaten", "kyo", "KISSATEN", "KYOTO", "JP", "5814", "JPY", "jpqr",
    "0000000000002.0001.000001.000001", "jp-shop",
)  # fmt: skip
# 1,000 yen are 47.71 yuan at this world's rate and spread.
EASY = Policy("panda", confirm_above=100_000, offline_maximum=100_000)


def calls_over(gateway: Gateway) -> Calls:
    """The calls of payments alone."""
    nothing: Any = None
    return Calls(
        gateway.creating, gateway.confirming, gateway.reading, gateway.waiters,
        nothing, nothing, nothing,
    )  # fmt: skip


def charging_over(gateway: Gateway, units: Units, calls: Calls | None = None) -> Charging:
    """What acquirers call."""
    board, clock, box = gateway.board, gateway.clock, SecretBox(SecretStr(SEAL))
    return Charging(units, board, clock, gateway.shelf, calls or calls_over(gateway), box)


def presenting_of(gateway: Gateway, calls: Calls | None = None) -> tuple[Codes, Charging]:
    """What wallets and acquirers call."""
    codes = Codes(gateway.units, gateway.board, gateway.clock, SecretBox(SecretStr(SEAL)))
    return codes, charging_over(gateway, gateway.units, calls)


@dataclass
class Presenting:
    """A gateway with two acquirers, whose wallet asks nobody to confirm."""

    gateway: Gateway
    codes: Codes = field(init=False)
    charging: Charging = field(init=False)

    def __post_init__(self) -> None:
        known = self.gateway.board.current
        self.gateway.board.current = replace(
            known,
            participants={**known.participants, "kyo": KYO},
            merchants={**known.merchants, KYO_SHOP.merchant_id: KYO_SHOP},
        )
        self.codes, self.charging = presenting_of(self.gateway)

    async def code(
        self, code_id: str = "c1", payer: str = "li-na", seconds: int = 0, by: Participant = PANDA
    ) -> PaymentCode:
        return await self.codes.create(by, code_id, payer, "JP", seconds)

    async def key(self, key_id: str = "phone", payer: str = "li-na") -> tuple[OfflineKey, str]:
        return await self.codes.provision(PANDA, key_id, payer, 10, 0)

    async def charge(
        self,
        code: str,
        payment_id: str = "t1",
        minor: int = 1_000,
        shop: Merchant = SHOP,
        by: Participant = EDO,
    ) -> pb.PresentedPayment:
        """Without waiting for the end."""
        amount = Money(minor, "JPY")
        return await self.charging.charge(
            by, payment_id, code, shop.merchant_id, amount, lambda: 0.0
        )

    async def tried(self, code: str, payment_id: str = "t1", **more: Any) -> str:
        """The state a charge answers with, or the reason of its refusal."""
        try:
            return STATES[(await self.charge(code, payment_id, **more)).state].value
        except KawaseError as refusal:
            return refusal.reason


def shown(key: OfflineKey, secret: bytes, counter: int, instant: datetime) -> str:
    """The number on the phone."""
    return number_at(secret, key.key_number, counter, instant)
