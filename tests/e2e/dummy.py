"""A process for the supervisor's tests: it listens where it is told, and knows three bad habits.

`KAWASE_HABIT`: `stubborn` ignores SIGTERM, `brief` ends with status 3 as soon as it has been asked
once, `mute` never listens.
"""

import os
import signal
import socket
import sys
import time


def main() -> None:
    habit = os.environ.get("KAWASE_HABIT", "")
    if habit == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if habit == "mute":
        sys.stderr.write("not today\n")
        time.sleep(3600)
    host, _, port = os.environ["KAWASE_LISTEN"].rpartition(":")
    with socket.create_server((host, int(port))) as server:
        while True:
            connection, _ = server.accept()
            connection.close()
            if habit == "brief":
                sys.exit(3)


if __name__ == "__main__":
    main()
