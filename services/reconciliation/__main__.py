"""The reconciliation process: settings, parts, run."""

from datetime import date

from services.kit.facts.owners import settlement_owner
from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.repeating import Repeater
from services.kit.sealing import PAYEE_SETTING, SecretBox
from services.kit.service import Parts, build_parts
from services.kit.tls import channel_to
from services.pb.kawase.reconciliation.v1 import (
    break_service_pb2_grpc,
    day_service_pb2_grpc,
    file_service_pb2_grpc,
    reconciliation_service_pb2_grpc,
)
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.resolving import Policy
from services.reconciliation.breaks.server import NAME as BREAKS
from services.reconciliation.breaks.server import BreakServer
from services.reconciliation.breaks.store.running import put_breaks
from services.reconciliation.breaks.store.silent import take_silent
from services.reconciliation.days.running import EngineChoice, Running
from services.reconciliation.days.server import NAME as DAYS
from services.reconciliation.days.server import DayServer
from services.reconciliation.files.server import NAME as FILES
from services.reconciliation.files.server import FileServer
from services.reconciliation.files.store import bytes_sealer
from services.reconciliation.matching.rules import rules_of
from services.reconciliation.ours.projecting import make_projection
from services.reconciliation.partners import Partners, partners_of
from services.reconciliation.reports.expecting import Expected
from services.reconciliation.reports.statements import statement_facts
from services.reconciliation.server import NAME, ReconciliationServer
from services.reconciliation.settings import ReconciliationSettings


async def build(life: Life) -> None:
    """Put the process together."""
    settings = ReconciliationSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "reconciliation", settings)
    settlement = channel_to(settings.settlement_address, settings)
    life.on_close(settlement.close)
    run_copy(life, "reconciliation", parts, settings, [settlement_owner(settlement)])
    register = reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server
    parts.server.add(register, ReconciliationServer(parts.pool), NAME)
    partners = partners_of(settings.recon_partners)
    life.run_part("projection", make_projection(parts.units, partners).run())
    box = SecretBox(settings.payee_key, PAYEE_SETTING)
    life.run_part("bytes_sealer", bytes_sealer(parts.pool, box).run())
    files = FileServer(
        parts.pool,
        parts.clock,
        partners,
        settings.recon_spool_bytes,
        box,
        settings.recon_work,
        settings.recon_expected_files,
    )
    life.run_part("watch", files.watch.run())
    parts.server.add(file_service_pb2_grpc.add_FileServiceServicer_to_server, files, FILES)
    _serve_breaks(life, parts, settings)
    _serve_days(parts, settings, partners)
    await parts.server.start()


def _serve_breaks(life: Life, parts: Parts, settings: ReconciliationSettings) -> None:
    repeater = Repeater(parts.units, parts.clock, "corrections", take_silent)
    life.run_part("corrections", repeater.run())
    policy = Policy(settings.recon_write_off_limits, settings.recon_correction_days)
    servicer = BreakServer(parts.pool, parts.clock, Desk(parts.units, parts.clock, policy))
    register = break_service_pb2_grpc.add_BreakServiceServicer_to_server
    parts.server.add(register, servicer, BREAKS)


def _serve_days(parts: Parts, settings: ReconciliationSettings, partners: Partners) -> None:
    async def after_run(connection: Connection, partner_id: str, day: date) -> list[Outgoing]:
        now = parts.clock.now()
        return [
            *await put_breaks(connection, partner_id, day, now),
            *await statement_facts(connection, partner_id, day, now),
        ]

    choice = EngineChoice(
        rules_of(settings.recon_rules),
        settings.recon_engine,
        settings.recon_spark_master,
        settings.recon_work,
    )
    expected = Expected(settings.recon_expected_files, partners)
    running = Running(parts.units, parts.clock, choice, after_run, expected.gives_file)
    servicer = DayServer(parts.units, parts.clock, running, expected)
    parts.server.add(day_service_pb2_grpc.add_DayServiceServicer_to_server, servicer, DAYS)


def main() -> None:
    configure_logs("reconciliation")
    run_process(build)


if __name__ == "__main__":
    main()
