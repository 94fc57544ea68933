"""A gateway where payers of Sakura's, a hosted wallet, are paid by codes of their own."""

from dataclasses import replace
from typing import Any

from services.core.money import Money
from services.gateway.payments.confirming import Ask, Asked
from services.gateway.payments.model import Payment
from services.gateway.personal.handlers import PersonalCodes
from services.gateway.personal.model import PersonalCode
from services.gateway.reference import (
    Corridor,
    LimitFlow,
    LimitPeriod,
    LimitRule,
    Participant,
    Reference,
    Scheme,
)
from services.gateway.reference.limits import rules_by_corridor
from services.gateway.reference.store import put_participant
from tests.store.gateway.payments_world import (
    CORRIDORS,
    KAKAO,
    PANDA,
    SAKURA,
    SHEET,
    Gateway,
    corridor,
    reference_of,
)

HOME = replace(SAKURA, country_code="JP")
DAY, MONTH, AT_ONCE = 10_000, 17_000, 8_000
HANAKO = "customer:sakura/hanako:JPY"


def to_persons(wallet: Participant, **limits: Any) -> Corridor:
    """From a wallet to Sakura's payers."""
    plain = corridor(wallet, SAKURA.participant_id, "JPY", **limits)
    return replace(plain, corridor_id=f"{wallet.participant_id}_persons", personal=True)


def rule(name: str, flow: LimitFlow, period: LimitPeriod, minor: int) -> LimitRule:
    """In yen, for all wallets."""
    most = Money(minor, "JPY")
    return LimitRule(name, period, "", "", "", "", most, 0, "the operator's own", True, flow)


RULES = (
    rule("busker-day", LimitFlow.RECEIPT, LimitPeriod.DAY, DAY),
    rule("busker-month", LimitFlow.RECEIPT, LimitPeriod.MONTH, MONTH),
    rule("busker-once", LimitFlow.RECEIPT, LimitPeriod.PAYMENT, AT_ONCE),
    rule("shop-payment", LimitFlow.PAYMENT, LimitPeriod.PAYMENT, 1),
)
WAYS = tuple(to_persons(wallet) for wallet in (PANDA, SAKURA, KAKAO))


def persons_known(*rules: LimitRule) -> Reference:
    """Corridors to Sakura's persons, beside those to shops."""
    known = reference_of(*CORRIDORS, *WAYS)
    participants = {**known.participants, HOME.participant_id: HOME}
    return replace(
        known,
        participants=participants,
        schemes={**known.schemes, "kawase-person": Scheme("kawase-person", "", "", "")},
        limit_rules={one.limit_rule_id: one for one in rules},
        rules_of=rules_by_corridor(participants, WAYS, rules),
    )


class Persons:
    """The calls about persons' codes of one gateway, and payments by them."""

    def __init__(self, gateway: Gateway, *rules: LimitRule) -> None:
        self.gateway = gateway
        known = gateway.board.current
        gateway.board.current = replace(persons_known(*(rules or RULES)), api_keys=known.api_keys)
        spreads = {one.corridor_id: 150 for one in (*CORRIDORS, *WAYS)}
        gateway.sheets.offer(replace(SHEET, spreads=spreads), 2)
        self.codes = PersonalCodes(gateway.units, gateway.board, gateway.clock)

    async def code(self, code_id: str = "case", payer: str = "hanako") -> PersonalCode:
        return await self.codes.create(HOME, code_id, payer, "Hanako")

    async def quote(
        self,
        payment_id: str,
        code: PersonalCode,
        minor: int = 1_000,
        wallet: Participant = PANDA,
        payer: str = "li-na",
    ) -> Payment:
        return await self.gateway.create(payment_id, wallet, code.code, Money(minor, "JPY"), payer)

    async def authorise(self, payment_id: str) -> Asked:
        ask = Ask(PANDA, payment_id, authorises=True)
        return await self.gateway.confirming.gather.submit(ask)


async def open_persons(gateway: Gateway, *rules: LimitRule) -> Persons:
    """Sakura is on record."""
    async with gateway.pool.acquire() as connection:
        await put_participant(connection, HOME)
    return Persons(gateway, *rules)
