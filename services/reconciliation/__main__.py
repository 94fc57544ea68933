"""The reconciliation process: settings, parts, run."""

from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import Parts, build_parts
from services.pb.kawase.reconciliation.v1 import (
    break_service_pb2_grpc,
    reconciliation_service_pb2_grpc,
)
from services.reconciliation.breaks.desk import Desk
from services.reconciliation.breaks.resolving import Policy
from services.reconciliation.breaks.server import NAME as BREAKS
from services.reconciliation.breaks.server import BreakServer
from services.reconciliation.server import NAME, ReconciliationServer
from services.reconciliation.settings import ReconciliationSettings


async def build(life: Life) -> None:
    """Put the process together."""
    settings = ReconciliationSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "reconciliation", settings)
    run_copy(life, "reconciliation", parts, settings)
    register = reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server
    parts.server.add(register, ReconciliationServer(parts.pool), NAME)
    _serve_breaks(parts, settings)
    await parts.server.start()


def _serve_breaks(parts: Parts, settings: ReconciliationSettings) -> None:
    policy = Policy(settings.recon_write_off_limits, settings.recon_correction_days)
    servicer = BreakServer(parts.pool, parts.clock, Desk(parts.units, parts.clock, policy))
    register = break_service_pb2_grpc.add_BreakServiceServicer_to_server
    parts.server.add(register, servicer, BREAKS)


def main() -> None:
    configure_logs("reconciliation")
    run_process(build)


if __name__ == "__main__":
    main()
