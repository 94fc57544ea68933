"""Kafka's files: fetched once from their Maven coordinates into the user's own Maven cache.

One process fetches at a time, under a lock whose file names what is being fetched. A name found
there is of a fetch that was cut off: that file is half, and is fetched again.
"""

import asyncio
import contextlib
import fcntl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import ParseError

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Artifact, MavenContext, PythonResolver

from services.sandbox.errors import FetchFailed

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Kafka logs through SLF4J 1.7 and brings log4j without what joins the two.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
REQUEST_SECONDS = 30
RUNNING_SCOPES = (None, "compile", "runtime")

Fetching = Callable[[str, int], None]
"""Told the name and size in bytes of each file as its fetch begins."""


class WholeFiles(PythonResolver):
    """A resolver that notes what it fetches, since it writes straight to the file's place."""

    def __init__(self, note: IO[str], fetching: Fetching) -> None:
        @contextlib.contextmanager
        def progress(name: str, size: int) -> Iterator[Callable[[int], None]]:
            fetching(name, size)
            yield lambda _count: None

        super().__init__(progress_callback=progress)
        self._note = note

    def download(self, artifact: Artifact) -> Path | None:
        """Fetch it. Raises requests.RequestException or RuntimeError."""
        write_note(self._note, str(artifact.cached_path))
        path: Path | None = super().download(artifact)
        write_note(self._note, "")
        return path


def write_note(note: IO[str], text: str) -> None:
    """Let the lock's file say `text` and nothing else."""
    note.seek(0)
    note.truncate()
    note.write(text)
    note.flush()


def remove_half(note: IO[str]) -> None:
    """Remove the file whose fetch was cut off, if there is one."""
    note.seek(0)
    if half := note.read():
        Path(half).unlink(missing_ok=True)
        write_note(note, "")


def kafka_jars(fetching: Fetching) -> list[Path]:
    """The files of Kafka's class path, fetched where they are missing.

    Raises FetchFailed where they are neither here nor to be had.
    """
    settings = GlobalSettings.load()
    settings.repo_cache.mkdir(parents=True, exist_ok=True)
    with (settings.repo_cache / ".kawase.lock").open("a+") as note:
        fcntl.flock(note, fcntl.LOCK_EX)
        remove_half(note)
        try:
            return _resolve(settings, WholeFiles(note, fetching))
        except (requests.RequestException, RuntimeError, OSError, ParseError) as error:
            raise FetchFailed(
                f"cannot fetch {KAFKA}: {error}. Check the network, or set KAWASE_KAFKA to the "
                f"address of a Kafka that runs; what was fetched lies in {settings.repo_cache}"
            ) from error


async def fetch_aside(fetching: Fetching) -> list[Path]:
    """`kafka_jars` beside the event loop, in a thread that a Ctrl-C need not wait for."""
    answer: Future[list[Path]] = Future()

    def fetch() -> None:
        try:
            answer.set_result(kafka_jars(fetching))
        except BaseException as error:
            answer.set_exception(error)

    # Running already, so that a cancelled wait does not take the answer's place.
    answer.set_running_or_notify_cancel()
    threading.Thread(target=fetch, daemon=True, name="fetch").start()
    return await asyncio.wrap_future(answer)


def _resolve(settings: GlobalSettings, resolver: PythonResolver) -> list[Path]:
    context = MavenContext(
        resolver=resolver,
        repo_cache=settings.repo_cache,
        remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
        timeout=REQUEST_SECONDS,
    )
    inputs, transitive = resolver.resolve([context.create_dependency(KAFKA)])
    needed = [part for part in (*inputs, *transitive) if part.scope in RUNNING_SCOPES]
    # By itself: resolved together, the versions that log4j manages would replace Kafka's own.
    return [part.artifact.resolve() for part in (*needed, context.create_dependency(LOGGING))]
