"""Free loopback ports, so that two clones run side by side; the same ones at the next start."""

import contextlib
import json
import random
import socket
from pathlib import Path

from services.sandbox.errors import StackError

HOST = "127.0.0.1"
# Below Linux's range for outgoing connections, so that no client takes one in between.
FIRST_PORT, LAST_PORT = 15_000, 32_000
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket() as probe:
        # Connections that linger from the last run are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class PortBook:
    """The port of each server of a directory, by name, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._ports = json.loads(path.read_text())

    def take(self, name: str, wanted: int | None = None) -> int:
        """The `wanted` port if it is free, else the one `name` had before, else another, which
        nobody else here has.

        Raises StackError where none of many tries was free.
        """
        port = self._ports.get(name)
        if wanted is not None and is_free(wanted):
            return self._keep(name, wanted)
        if port is None or not is_free(port):
            return self._keep(name, self._another())
        return port

    def _keep(self, name: str, port: int) -> int:
        self._ports[name] = port
        self._path.write_text(json.dumps(self._ports, indent=1))
        return port

    def _another(self) -> int:
        for _ in range(TRIES):
            port = random.randint(FIRST_PORT, LAST_PORT)  # noqa: S311 - not a secret
            if port not in self._ports.values() and is_free(port):
                return port
        raise StackError(
            f"no free port found on {HOST} between {FIRST_PORT} and {LAST_PORT}; stop something "
            "that listens there"
        )
