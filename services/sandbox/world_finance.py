"""The demo's world for finance: when windows are cut, and who is paid how, as data."""

from collections.abc import Sequence
from typing import Any

from services.core.accounts import partner_payable
from services.kit.rpc import call
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as bridge_pb
from services.pb.kawase.settlement.v1 import payout_service_pb2 as payout_pb
from services.pb.kawase.settlement.v1 import settlement_service_pb2 as settlement_pb
from services.sandbox.world import BANK, CORRIDORS, EDO, KAKAOPAY, SHANGHAI

CALL_SECONDS = 20.0
# The shop's acquirer banks where its kana name is known.
EDO_PAYEE = bridge_pb.Payee(
    bank_code="0001",
    branch_code="001",
    account_type="1",
    account_number="7654321",
    holder_name="エドアクワイアリング",
)


def _schedule(corridor_id: str, currency: str) -> settlement_pb.Schedule:
    """Cut at six in the evening, paid on the next business day, both in Tokyo."""
    return settlement_pb.Schedule(
        schedule_id=f"{corridor_id or 'house'}-{currency.lower()}",
        corridor_id=corridor_id,
        currency_code=currency,
        cut_off_time="18:00",
        time_zone="Asia/Tokyo",
        country_code="JP",
        settle_days=1,
        active=True,
    )


AGREEMENTS: Sequence[payout_pb.Agreement] = (
    payout_pb.Agreement(
        agreement_id="edo",
        participant_id=EDO,
        # Shops that it opens by itself, too: none is added by hand.
        every_shop=True,
        currency_code="JPY",
        minimum_payout=1_000,
        reserve_basis_points=500,
        reserve_days=30,
        bank_partner_id=BANK,
        payee=EDO_PAYEE,
        active=True,
    ),
    *(
        payout_pb.Agreement(
            agreement_id=partner,
            participant_id=partner,
            account_ids=[partner_payable(partner, currency).account_id],
            currency_code=currency,
            # No bank of ours pays abroad here: finance does, and the statement says when.
            active=True,
        )
        for partner, currency in ((KAKAOPAY, "KRW"), (SHANGHAI, "CNY"))
    ),
)
# What is of no corridor is netted too: disputes, and what people have booked.
SCHEDULES: Sequence[settlement_pb.Schedule] = (
    *(_schedule(one.corridor_id, one.target_currency_code) for one in CORRIDORS),
    *(_schedule("", currency) for currency in sorted({a.currency_code for a in AGREEMENTS})),
)


async def put_finance(settlement: Any, payouts: Any) -> None:
    """Put schedules and agreements through stubs of settlement's services; again: no change."""
    for schedule in SCHEDULES:
        request = settlement_pb.PutScheduleRequest(schedule=schedule)
        await call(settlement.PutSchedule(request, timeout=CALL_SECONDS))
    for agreement in AGREEMENTS:
        await call(
            payouts.PutAgreement(
                payout_pb.PutAgreementRequest(agreement=agreement), timeout=CALL_SECONDS
            )
        )
