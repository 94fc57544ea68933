"""The settlement process: settings, parts, run."""

from services.kit.facts.owners import FactsSettings
from services.kit.facts.process import run_copy
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import build_parts
from services.pb.kawase.settlement.v1 import settlement_service_pb2_grpc
from services.settlement.server import NAME, SettlementServer


async def build(life: Life) -> None:
    """Put the process together."""
    settings = FactsSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "settlement", settings)
    run_copy(life, "settlement", parts, settings)
    register = settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server
    parts.server.add(register, SettlementServer(parts.pool), NAME)
    await parts.server.start()


def main() -> None:
    configure_logs("settlement")
    run_process(build)


if __name__ == "__main__":
    main()
