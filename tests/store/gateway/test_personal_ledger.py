"""Payments to persons on the real ledger: what was paid is the person's, and theirs to give."""

import pytest

from services.core.accounts import customer
from services.core.money import Money
from services.gateway import opening
from services.gateway.payments.model import Payment
from services.gateway.payments.refusals import PaymentUnknown
from services.gateway.personal.model import PersonalCode
from services.gateway.personal.refusals import RefundIsTheReceivers
from services.gateway.reference import Participant
from services.kit.ledger import open_accounts
from services.pb.kawase.gateway.v1 import gateway_service_pb2 as pb
from services.pb.kawase.gateway.v1 import payment_pb2
from tests.store.gateway.ledger_world import PREFUND, Ledger
from tests.store.gateway.payments_world import EDO, KAKAO, PANDA, SAKURA, accepted
from tests.store.gateway.personal_world import HANAKO, WAYS, Persons, open_persons
from tests.store.gateway.resources_world import opened

TARO = "customer:sakura/taro:JPY"
TARO_HAS = 5_000


@pytest.fixture
async def persons(ledger: Ledger) -> Persons:
    made = await open_persons(ledger.world.gateway)
    specs = [spec for way in WAYS for spec in opening.accounts_of_corridor(way)]
    specs.append(customer("sakura", "taro", "JPY"))
    await ledger.carry_out(open_accounts(list(dict.fromkeys(specs))))
    await ledger.move("taro", "bank:JPY", TARO, Money(TARO_HAS, "JPY"))
    return made


async def pay(
    ledger: Ledger, persons: Persons, code: PersonalCode, by: Participant, payer: str = "li-na"
) -> Payment:
    """A thousand yen, completed and posted."""
    gateway = persons.gateway
    payment = await persons.quote("p1", code, 1_000, by, payer)
    await gateway.confirm("p1", by)
    await ledger.settle()
    if by is KAKAO:
        await gateway.hear(accepted(payment, "collect"))
        await ledger.settle()
    return payment


async def give_back(
    ledger: Ledger, by: Participant, payment_id: str, refund_id: str = "r1"
) -> payment_pb2.Refund:
    request = pb.CreateRefundRequest(refund_id=refund_id, payment_id=payment_id, reason="a mistake")
    await ledger.world.refunds.create(by, request)
    await ledger.settle()
    return await ledger.world.refunds.get(by, pb.GetRefundRequest(refund_id=refund_id))


@pytest.mark.parametrize("by", [PANDA, KAKAO])
async def test_what_another_wallet_s_payer_gives_is_in_the_person_s_account(
    ledger: Ledger, persons: Persons, by: Participant
) -> None:
    before = await ledger.balances()
    payment = await pay(ledger, persons, await persons.code(), by)
    after = await ledger.balances()

    assert await persons.gateway.state("p1", by) == ("completed", "done")
    assert after[HANAKO] == 1_000
    assert "fee-income:JPY" not in after
    assert not [account for account in after if account.startswith("merchant-payable")]
    funding = payment.terms.funding_account_id
    assert before.get(funding, 0) - after[funding] == payment.terms.home_minor
    await ledger.assert_balanced()

    # Of a wallet that charges its users itself, the partner is still to be asked.
    given = await give_back(ledger, SAKURA, payment.terms.reference)
    ends = {PANDA: payment_pb2.REFUND_STATE_COMPLETED, KAKAO: payment_pb2.REFUND_STATE_PENDING}
    assert given.state == ends[by]
    assert HANAKO not in await free(ledger)


async def free(ledger: Ledger) -> dict[str, int]:
    """Credits less debits, what is pending as a debit included."""
    rows = await ledger.pool.fetch("SELECT * FROM balances")
    found = {
        row["account_id"]: int(row["credits_posted"] - row["debits_posted"] - row["debits_pending"])
        for row in rows
    }
    return {account_id: balance for account_id, balance in found.items() if balance}


async def test_two_payers_of_one_wallet_pay_each_other_without_any_other_account(
    ledger: Ledger, persons: Persons
) -> None:
    before = await ledger.balances()
    await pay(ledger, persons, await persons.code(), SAKURA, "taro")
    after = await ledger.balances()

    assert after == before | {TARO: TARO_HAS - 1_000, HANAKO: 1_000}
    given = await give_back(ledger, SAKURA, "p1")
    assert given.state == payment_pb2.REFUND_STATE_COMPLETED
    assert await ledger.balances() == before
    await ledger.assert_balanced()


async def test_who_has_too_little_pays_nobody(ledger: Ledger, persons: Persons) -> None:
    before = await ledger.balances()
    await persons.quote("p1", await persons.code(), TARO_HAS + 1, SAKURA, "taro")
    await persons.gateway.confirm("p1", SAKURA)
    await ledger.settle()

    snapshot, _ = await persons.gateway.reading.get("sakura", "p1")
    assert snapshot.reason == "INSUFFICIENT_FUNDS"
    assert await ledger.balances() == before


async def test_only_the_person_s_wallet_gives_back_and_only_what_the_person_has(
    ledger: Ledger, persons: Persons
) -> None:
    payment = await pay(ledger, persons, await persons.code(), PANDA)
    reference = payment.terms.reference
    with pytest.raises(RefundIsTheReceivers):
        await give_back(ledger, PANDA, "p1")
    for stranger in (KAKAO, EDO):
        with pytest.raises(PaymentUnknown):
            await give_back(ledger, stranger, reference)

    await ledger.move("spent", HANAKO, TARO, Money(1, "JPY"))
    declined = await give_back(ledger, SAKURA, reference)
    assert declined.state == payment_pb2.REFUND_STATE_DECLINED
    assert declined.reason == "PERSON_LACKS_FUNDS"
    await ledger.move("earned", TARO, HANAKO, Money(1, "JPY"))
    given = await give_back(ledger, SAKURA, reference, "r2")
    assert given.state == payment_pb2.REFUND_STATE_COMPLETED
    balances = await ledger.balances()
    assert HANAKO not in balances
    assert balances[PREFUND] == 100_000
    (receipt,) = await persons.codes.receipts(SAKURA, "hanako", "", 10)
    assert receipt.refunded == Money(1_000, "JPY")


async def test_what_a_partner_charges_back_is_not_taken_from_the_person(
    ledger: Ledger, persons: Persons
) -> None:
    payment = await pay(ledger, persons, await persons.code(), KAKAO)
    await ledger.hear(opened(payment, payment.terms.home_minor))

    assert (await free(ledger))[HANAKO] == 1_000
