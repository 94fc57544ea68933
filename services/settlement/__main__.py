"""The settlement process: settings, parts, run."""

from datetime import date

from services.core.business_days import BankCalendar
from services.kit.facts.owners import reconciliation_owner
from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.rpc import open_channel
from services.kit.service import build_parts
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from services.settlement.closing import Closing
from services.settlement.ledger import Ledger
from services.settlement.reading import make_projection
from services.settlement.server import NAME, SettlementServer
from services.settlement.settings import SettlementSettings


def add_business_days(country: str, day: date, count: int) -> date:
    """The `count`-th business day of a country's banks after `day`. Raises `CountryUnknown`."""
    return BankCalendar((country,)).add(day, count)


async def build(life: Life) -> None:
    """Put the process together."""
    settings = SettlementSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "settlement", settings)
    reconciliation = open_channel(settings.reconciliation_address)
    life.on_close(reconciliation.close)
    run_copy(life, "settlement", parts, settings, [reconciliation_owner(reconciliation)])
    wallet = open_channel(settings.wallet_address)
    life.on_close(wallet.close)
    closing = Closing(parts.units, Ledger(wallet), parts.clock, add_business_days)
    life.run_part("projection", make_projection(parts.units).run())
    life.run_part("closing", closing.run())
    register = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
    parts.server.add(register, SettlementServer(parts.pool, closing), NAME)
    await parts.server.start()


def main() -> None:
    configure_logs("settlement")
    run_process(build)


if __name__ == "__main__":
    main()
