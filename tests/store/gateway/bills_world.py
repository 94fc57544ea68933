"""A gateway with an acquirer's electricity works, whose bills a wallet pays."""

from services.core.money import Money
from services.gateway.access.keys import Caller
from services.gateway.bills.checkdigits import CheckMethod
from services.gateway.bills.handlers import Billers
from services.gateway.bills.model import Alphabet, Amounts, Biller, ReferenceFormat
from services.gateway.bills.paying import BillPaying, Slip
from services.gateway.payments.waiters import Snapshot
from services.gateway.reference import Participant, ParticipantKind
from services.gateway.reference.store import put_corridor, put_fee_plan, put_participant
from tests.rpc.gateway.payments_served import calls_of
from tests.store.gateway.payments_world import (
    CORRIDORS,
    EDO,
    PANDA,
    Gateway,
    fee_plan,
    posted,
    reserved,
)

LIGHT = Biller(
    "tokyo-light", "edo", "東京電灯", "トウキョウデントウ", "4900", "TOKYO", "JP",
    "JPY", "Asia/Tokyo", ReferenceFormat(11, 11, Alphabet.DIGITS, CheckMethod.LUHN),
    Amounts(maximum=300_000),
)  # fmt: skip
BILL = "79927398713"
YEN = Money(4_980, "JPY")
KYO = Participant("kyo", ParticipantKind.ACQUIRER, "Kyo")
CALLER = Caller(EDO, "key-1")
OPERATOR = Caller(Participant("boss", ParticipantKind.OPERATOR, "Boss"), "key-2")


class Bills:
    """The calls about bills of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.billers = Billers(gateway.board, gateway.units, gateway.clock)
        self.paying = BillPaying(gateway.units, calls_of(gateway), gateway.shelf, gateway.clock)

    async def open(self, biller: Biller = LIGHT) -> None:
        await self.billers.put(CALLER, biller)
        await self.billers.open(
            OPERATOR, biller.biller_id, is_open=True, fee_plan_id="jp-shop", debit_limit=0
        )

    async def pay(
        self,
        payment_id: str,
        reference: str = BILL,
        amount: Money | None = YEN,
        wallet: Participant = PANDA,
        *,
        again: bool = False,
        biller_id: str = "tokyo-light",
    ) -> Snapshot:
        slip = Slip("li-na", biller_id, reference, amount)
        payment, _ = await self.paying.pay(
            wallet, payment_id, slip, again=again, maximum=None, wait_seconds=lambda: 0.0
        )
        return payment

    async def complete(self, payment_id: str) -> None:
        """Confirm, and hear the ledger say yes."""
        payment = (await self.gateway.confirm(payment_id)).payment
        await self.gateway.hear(reserved(payment))
        await self.gateway.hear(posted(payment))
        assert await self.gateway.state(payment_id) == ("completed", "done")


async def open_bills(gateway: Gateway) -> Bills:
    """The works are open to Panda's payers."""
    async with gateway.pool.acquire() as connection:
        for one in (PANDA, EDO, KYO):
            await put_participant(connection, one)
        await put_fee_plan(connection, fee_plan("jp-shop", 160, "JPY"))
        await put_corridor(connection, CORRIDORS[0])
    made = Bills(gateway)
    await made.open()
    return made
