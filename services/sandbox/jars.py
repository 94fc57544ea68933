"""Kafka's files: fetched once from their Maven coordinates into the user's own Maven cache.

One process fetches at a time. A fetch that was cut off leaves half a file, which is found (a jar is
a zip, whose directory is at its end) and fetched again.
"""

import contextlib
import fcntl
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import Dependency, MavenContext, PythonResolver

from services.sandbox.errors import FetchFailed

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Kafka logs through SLF4J 1.7 and brings log4j without what joins the two.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
REQUEST_SECONDS = 30
RUNNING_SCOPES = (None, "compile", "runtime")

Fetching = Callable[[str, int], None]
"""Told the name and size in bytes of each file as its fetch begins."""


def kafka_jars(fetching: Fetching) -> list[Path]:
    """The files of Kafka's class path, fetched where they are missing.

    Raises FetchFailed where they are neither here nor to be had.
    """
    settings = GlobalSettings.load()
    settings.repo_cache.mkdir(parents=True, exist_ok=True)
    with (settings.repo_cache / ".kawase.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _resolve(settings, fetching)
        except (requests.RequestException, RuntimeError, OSError, ValueError) as error:
            raise FetchFailed(
                f"cannot fetch {KAFKA}: {error}. Check the network, or set KAWASE_KAFKA to the "
                f"address of a Kafka that runs; what was fetched lies in {settings.repo_cache}"
            ) from error


def _resolve(settings: GlobalSettings, fetching: Fetching) -> list[Path]:
    @contextlib.contextmanager
    def progress(name: str, size: int) -> Iterator[Callable[[int], None]]:
        fetching(name, size)
        yield lambda _count: None

    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=settings.repo_cache,
        remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
        timeout=REQUEST_SECONDS,
    )
    inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA)])
    needed = [part for part in (*inputs, *transitive) if part.scope in RUNNING_SCOPES]
    # By itself: resolved together, the versions that log4j manages would replace Kafka's own.
    return [_whole(part) for part in (*needed, context.create_dependency(LOGGING))]


def _whole(part: Dependency) -> Path:
    path: Path = part.artifact.resolve()
    if not zipfile.is_zipfile(path):
        path.unlink()
        path = part.artifact.resolve()
    return path
