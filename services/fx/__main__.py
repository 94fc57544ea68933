"""The fx process: settings, parts, run."""

from datetime import timedelta
from functools import partial

from services.fx.server import NAME, FxServer
from services.fx.settings import FxSettings
from services.fx.sources.chain import RateSource, SourceChain
from services.fx.sources.ecb import EcbSource
from services.fx.sources.fixed_file import FileSource
from services.fx.sources.forex import ForexSource
from services.fx.worker import RateDesk, SheetTerms
from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import build_parts
from services.pb.kawase.fx.v1 import fx_service_pb2_grpc


def make_sources(settings: FxSettings) -> list[RateSource]:
    """The configured sources, in their order."""
    sources: list[RateSource] = []
    for name in settings.fx_sources:
        if name == "ecb":
            limit = timedelta(days=settings.fx_ecb_limit_days)
            sources.append(EcbSource(limit, settings.fx_ecb_file))
        elif name == "forex-python":
            limit = timedelta(hours=settings.fx_forex_limit_hours)
            seconds = settings.fx_forex_call_seconds
            sources.append(ForexSource(settings.fx_forex_url, limit, seconds))
        elif settings.fx_file is not None:
            limit = timedelta(hours=settings.fx_file_limit_hours)
            sources.append(FileSource(settings.fx_file, limit))
    return sources


async def build(life: Life) -> None:
    """Put the process together."""
    settings = FxSettings()  # type: ignore[call-arg]  # from the environment
    parts = await build_parts(life, "fx", settings)
    terms = SheetTerms(settings.fx_currencies, settings.sheet_life, settings.republish_every)
    chain = SourceChain(make_sources(settings), settings.fx_currencies)
    desk = RateDesk(parts.clock, parts.units, chain, terms)
    parts.server.add(
        fx_service_pb2_grpc.add_FxServiceServicer_to_server, FxServer(desk, parts.clock), NAME
    )
    await parts.server.start()
    life.run_part("desk", desk.run(partial(parts.server.set_health, NAME)))


def main() -> None:
    configure_logs("fx")
    run_process(build)


if __name__ == "__main__":
    main()
