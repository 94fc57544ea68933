"""The settlement process: settings, parts, run."""

from datetime import date
from decimal import Decimal

from services.core.business_days import BankCalendar
from services.kit.facts.owners import reconciliation_owner
from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.repeating import Repeater
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.service import build_parts
from services.kit.sheets import SheetBoard
from services.kit.tls import channel_to
from services.pb.kawase.settlement.v1 import (
    arrival_service_pb2_grpc,
    fx_book_service_pb2_grpc,
    payout_service_pb2_grpc,
    prefunding_service_pb2_grpc,
    settlement_service_pb2_grpc,
)
from services.settlement import arrivals
from services.settlement.closing import Closing
from services.settlement.fx_book import events as deals
from services.settlement.fx_book.server import NAME as FX_BOOK_NAME
from services.settlement.fx_book.server import FxBookServer
from services.settlement.ledger import Ledger
from services.settlement.payouts.operators import PayoutOperators
from services.settlement.payouts.payees import Payees
from services.settlement.payouts.paying import Paying
from services.settlement.payouts.releasing import PayoutReleases
from services.settlement.payouts.server import NAME as PAYOUTS_NAME
from services.settlement.payouts.server import PayoutServer
from services.settlement.prefunding.server import NAME as PREFUNDING_NAME
from services.settlement.prefunding.server import PrefundingServer
from services.settlement.prefunding.watching import Prefundings
from services.settlement.reading import make_projection
from services.settlement.server import NAME, SettlementServer
from services.settlement.settings import SettlementSettings
from services.settlement.statements import Statements
from services.settlement.store.sealing import payees_sealer
from services.settlement.stuck_arrivals import NAME as ARRIVALS_NAME
from services.settlement.stuck_arrivals import ArrivalServer


def add_business_days(country: str, day: date, count: int) -> date:
    """The `count`-th business day of a country's banks after `day`. Raises `CountryUnknown`."""
    return BankCalendar((country,)).add(day, count)


async def build(life: Life) -> None:
    """Put the process together."""
    settings = SettlementSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "settlement", settings)
    reconciliation = channel_to(settings.reconciliation_address, settings)
    life.on_close(reconciliation.close)
    run_copy(life, "settlement", parts, settings, [reconciliation_owner(reconciliation)])
    wallet = channel_to(settings.wallet_address, settings)
    life.on_close(wallet.close)
    ledger = Ledger(wallet)
    closing = Closing(parts.units, ledger, parts.clock, add_business_days)
    life.run_part("projection", make_projection(parts.units, parts.clock).run())
    life.run_part("closing", closing.run())
    sheets = SheetBoard(parts.topics)
    life.run_part("sheets", sheets.run())

    def mid(base: str, quote: str) -> Decimal:
        return sheets.current(parts.clock.now()).mid(base, quote)

    box = SecretBox(settings.payee_key, PAYEE_SETTING)
    life.run_part("payees_sealer", payees_sealer(parts.pool, box).run())
    payees = Payees(box)
    life.run_part("paying", Paying(parts.units, parts.clock, mid, payees).run())
    operators = PayoutOperators(parts.units, ledger, parts.clock, payees)
    releases = PayoutReleases(parts.units, parts.clock)
    payouts = PayoutServer(parts.pool, operators, releases, Statements(parts.pool))
    parts.server.add(
        payout_service_pb2_grpc.add_PayoutServiceServicer_to_server, payouts, PAYOUTS_NAME
    )
    for name, take_silent in (("arrivals", arrivals.take_silent), ("deals", deals.take_silent)):
        life.run_part(name, Repeater(parts.units, parts.clock, name, take_silent).run())
    parts.server.add(
        arrival_service_pb2_grpc.add_ArrivalServiceServicer_to_server,
        ArrivalServer(parts.units, parts.clock),
        ARRIVALS_NAME,
    )
    prefundings = Prefundings(parts.units, ledger, parts.clock)
    life.run_part("prefundings", prefundings.run())
    parts.server.add(
        fx_book_service_pb2_grpc.add_FxBookServiceServicer_to_server,
        FxBookServer(parts.units, ledger, sheets, parts.clock),
        FX_BOOK_NAME,
    )
    parts.server.add(
        prefunding_service_pb2_grpc.add_PrefundingServiceServicer_to_server,
        PrefundingServer(parts.units, ledger, prefundings, parts.clock),
        PREFUNDING_NAME,
    )
    register = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
    parts.server.add(register, SettlementServer(parts.pool, closing), NAME)
    await parts.server.start()


def main() -> None:
    configure_logs("settlement")
    run_process(build)


if __name__ == "__main__":
    main()
