"""Loopback ports that are free, so that two clones run side by side."""

import random
import socket

HOST = "127.0.0.1"
# Below Linux's range for outgoing connections, so that no client takes one in between.
FIRST_PORT, LAST_PORT = 15_000, 32_000
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """`preferred` if it is free, else another free port.

    Raises OSError where none of many tries was free.
    """
    if preferred is not None and is_free(preferred):
        return preferred
    for _ in range(TRIES):
        port = random.randint(FIRST_PORT, LAST_PORT)  # noqa: S311 - not a secret
        if is_free(port):
            return port
    raise OSError(f"no free port found between {FIRST_PORT} and {LAST_PORT} on {HOST}")
