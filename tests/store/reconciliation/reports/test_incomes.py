"""What a day has earned by exchanging money is what the ledger's facts say, fact by fact."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from services.kit.facts.owners import WALLET
from services.kit.kafka import Topics
from services.pb.kawase.gateway.v1.payment_event_pb2 import PaymentEvent
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletEvent
from services.reconciliation.breaks.store.rows import SideRow
from services.reconciliation.ours.projecting import make_projection
from services.reconciliation.partners import Format, Partner
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.listing import list_rows
from services.reconciliation.reports.model import Asked
from services.reconciliation.reports.store.incomes import Income, read_incomes
from tests.conftest import Database
from tests.store.reconciliation.breaks.books import DAY, NOON, PARTNER, Books, bookkeeping
from tests.store.reconciliation.test_our_rows import copy

BANK = Partner(id=PARTNER, zone="Asia/Seoul", formats=(Format.CAMT053,))
Leg = tuple[str, str, int, str]
AT = NOON - timedelta(days=1)


class Ledger:
    """Facts of the wallet and the gateway, copied and read."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.sequence = self.completed = 0

    async def post(self, link_id: str, *legs: Leg, at: datetime = AT) -> None:
        event = WalletEvent(link_id=link_id)
        event.event_time.FromDatetime(at)
        for debit, credit, minor, currency in legs:
            leg = event.funds_posted.legs.add(debit_account_id=debit, credit_account_id=credit)
            leg.amount.minor_units, leg.amount.currency_code = minor, currency
        self.sequence += 1
        async with self.books.units.pool.acquire() as connection, connection.transaction():
            await copy(connection, WALLET, event.SerializeToString(), self.sequence)

    async def complete(self, reference: str, corridor_id: str) -> None:
        event = PaymentEvent()
        event.payment_completed.payment.corridor_id = corridor_id
        self.completed += 1
        await self.books.units.pool.execute(
            "INSERT INTO facts VALUES ('gateway', 1, $1, $2, 'PaymentCompleted', $3, $4)",
            *(self.completed, reference, event.SerializeToString(), AT),
        )

    async def earned(self, partner: Partner = BANK) -> Sequence[Income]:
        projection = make_projection(self.books.units, {})
        while await projection.step():
            pass
        about = Expected(partners={PARTNER: partner}).about(PARTNER, DAY)
        async with self.books.units.pool.acquire() as connection, connection.transaction():
            return [each async for each in read_incomes(connection, Asked(PARTNER, DAY, about))]


@pytest.fixture
async def ledger(database: Database, topics: Topics) -> AsyncIterator[Ledger]:
    async with bookkeeping(database, topics) as books:
        yield Ledger(books)


def told(incomes: Sequence[Income]) -> list[tuple[str, str, str, int]]:
    return [(each.resource_id, each.label, each.currency, each.minor) for each in incomes]


async def test_spreads_stand_under_their_corridor_and_a_deals_result_under_none(
    ledger: Ledger,
) -> None:
    await ledger.books.ours("c1", resource_id="payment-01A")
    await ledger.complete("01A", "panda-korea")
    legs = [("prefund:panda:CNY", "position:CNY", 5_000, "CNY")]
    await ledger.post("payment-01A", *legs, ("prefund:panda:CNY", "fx-income:CNY", 50, "CNY"))
    await ledger.post(
        "deal-01D",
        ("position:CNY", "fx-deal-clearing:CNY", 5_000, "CNY"),
        ("fx-deal-clearing:KRW", "position:KRW", 940_000, "KRW"),
        ("fx-deal-clearing:KRW", "fx-result:KRW", 1_500, "KRW"),
    )
    await ledger.post("deal-01E", ("fx-result:KRW", "position:KRW", 700, "KRW"))
    await ledger.post("deal-01D-settle", ("bank:KRW", "fx-deal-clearing:KRW", 941_500, "KRW"))
    found = await ledger.earned()
    assert told(found) == [
        ("payment-01A", "spread.panda-korea", "CNY", 50),
        ("deal-01D", "result.deals", "KRW", 1_500),
        ("deal-01E", "result.deals", "KRW", -700),
    ]
    assert [each.sequence for each in found] == [1, 2, 3]


async def test_a_deal_of_another_day_or_of_a_partner_that_is_no_bank_is_left_out(
    ledger: Ledger,
) -> None:
    late = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), BANK.time_zone)
    await ledger.post("deal-01D", ("x:KRW", "fx-result:KRW", 5, "KRW"), at=late)
    last = late - timedelta(seconds=1)
    await ledger.post("deal-01E", ("x:KRW", "fx-result:KRW", 7, "KRW"), at=last)
    assert told(await ledger.earned()) == [("deal-01E", "result.deals", "KRW", 7)]
    wallet = BANK.model_copy(update={"formats": (Format.KAKAOPAY,)})
    assert await ledger.earned(wallet) == []


async def test_a_payment_refunded_takes_its_share_of_the_spread_back(ledger: Ledger) -> None:
    await ledger.books.ours("c1", resource_id="payment-01A")
    await ledger.books.ours("r1", -4_000, kind="refund", resource_id="refund-01R")
    pool = ledger.books.units.pool
    await pool.execute("INSERT INTO charges (charge_id, resource_id) VALUES ('c1', 'payment-01A')")
    await pool.execute(
        "INSERT INTO charge_refunds VALUES ('r1', 'c1', 'refund-01R', 4000, '', $1)", AT
    )
    await ledger.complete("01A", "panda-korea")
    await ledger.post("payment-01A", ("p:CNY", "fx-income:CNY", 50, "CNY"))
    await ledger.post("refund-01R", ("fx-income:CNY", "p:CNY", 20, "CNY"))
    assert told(await ledger.earned()) == [
        ("payment-01A", "spread.panda-korea", "CNY", 50),
        ("refund-01R", "spread.panda-korea", "CNY", -20),
    ]


async def test_each_number_of_the_fx_section_is_the_sum_of_its_rows(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.books.ours(f"c{number}", resource_id=f"payment-0{number}")
        await ledger.complete(f"0{number}", "panda-korea")
        await ledger.post(f"payment-0{number}", ("p:CNY", "fx-income:CNY", 10 + number, "CNY"))
    await ledger.post("deal-01D", ("x:KRW", "fx-result:KRW", 5, "KRW"))
    await ledger.earned()
    await ledger.books.run([])
    expected = Expected(partners={PARTNER: BANK})
    pool, clock = ledger.books.units.pool, ledger.books.clock
    rows: list[SideRow] = []
    token = ""
    while True:
        page = await list_rows(
            pool, clock, PARTNER, DAY, "fx.spread.panda-korea.CNY", 2, token, expected
        )
        rows += page.rows
        if not (token := page.next_page_token):
            break
    assert [row.minor for row in rows] == [10, 11, 12, 13, 14]
    (deal,) = (
        await list_rows(pool, clock, PARTNER, DAY, "fx.result.deals.KRW", expected=expected)
    ).rows
    assert (deal.reference, deal.minor, deal.sequence) == ("deal-01D", 5, 6)
