"""The reconciliation process: settings, parts, run."""

from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import build_parts
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc
from services.reconciliation.server import NAME, ReconciliationServer
from services.reconciliation.settings import ReconciliationSettings


async def build(life: Life) -> None:
    """Put the process together."""
    settings = ReconciliationSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "reconciliation", settings)
    run_copy(life, "reconciliation", parts, settings)
    register = reconciliation_service_pb2_grpc.add_ReconciliationServiceServicer_to_server
    parts.server.add(register, ReconciliationServer(parts.pool), NAME)
    await parts.server.start()


def main() -> None:
    configure_logs("reconciliation")
    run_process(build)


if __name__ == "__main__":
    main()
