"""Topic wallet.command: every record of a batch becomes a command of one unit of work."""

from collections.abc import Sequence

from services.kit.batch import BatchConsumer
from services.kit.kafka import GroupConsumer, Record, Topics
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units
from services.wallet.wire import decode_command
from services.wallet.work import WalletWork

GROUP = "wallet"
COMMANDS = "wallet.command"


def build_consumer(
    topics: Topics, units: Units, work: WalletWork, instance: str = ""
) -> BatchConsumer[None]:
    """The wallet's consumer; run it as a part of the process."""

    async def handle(connection: Connection, records: Sequence[Record]) -> Decided[None]:
        commands = [decode_command(record.value) for record in records]
        traces = [record.trace for record in records]
        decided = await work.handle(connection, commands, traces)
        return Decided(None, decided.messages, decided.firsts)

    return BatchConsumer(GROUP, GroupConsumer(topics, GROUP, [COMMANDS], instance), units, handle)
