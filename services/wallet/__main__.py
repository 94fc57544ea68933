"""The wallet's process: settings, parts, run."""

from services.kit.life import Life, run_process
from services.kit.log import configure_logs
from services.kit.service import build_parts
from services.kit.settings import ServiceSettings
from services.wallet.consumer import build_consumer
from services.wallet.server import WalletServer
from services.wallet.work import WalletWork


async def build(life: Life) -> None:
    """Put the wallet together."""
    settings = ServiceSettings()  # type: ignore[call-arg]
    parts = await build_parts(life, "wallet", settings)
    work = WalletWork(parts.clock)
    consumer = build_consumer(parts.topics, parts.units, work, settings.instance)
    WalletServer(parts.pool, parts.units, work).register(parts.server)
    await parts.server.start()
    life.run_part("consumer", consumer.run())


if __name__ == "__main__":
    configure_logs("wallet")
    run_process(build)
