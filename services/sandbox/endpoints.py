"""Where the parts of a running stack are found, and the file that tells other commands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.sandbox.errors import StackError
from services.sandbox.lock import is_taken

FILE_NAME = "stack.json"
# A file in it for each participant's API key.
KEYS = "keys"
# The file of the person at the operator who approves what acquirers propose.
CHECKER = "checker"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Of a stack that runs."""

    directory: Path
    postgres: str
    """The owner's DSN: the login that may create databases, schemas and roles."""
    kafka: str
    """Bootstrap servers, host:port."""
    clock: Path
    processes: Mapping[str, str] = field(default_factory=dict)
    """host:port of the processes that use the stack, by name."""

    def to_json(self) -> str:
        return json.dumps(
            {
                "directory": str(self.directory),
                "postgres": self.postgres,
                "kafka": self.kafka,
                "clock": str(self.clock),
                "processes": dict(self.processes),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Endpoints":
        """Raises ValueError or KeyError where `text` is not of this form."""
        fields = json.loads(text)
        return cls(
            Path(fields["directory"]),
            fields["postgres"],
            fields["kafka"],
            Path(fields["clock"]),
            fields["processes"],
        )


def publish_endpoints(endpoints: Endpoints) -> None:
    """Write the file. It holds the owner's password, and is never seen half written."""
    fresh = endpoints.directory / f"{FILE_NAME}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(endpoints.to_json())
    fresh.replace(endpoints.directory / FILE_NAME)


def withdraw_endpoints(directory: Path) -> None:
    """The stack of `directory` is no more."""
    (directory / FILE_NAME).unlink(missing_ok=True)


def read_endpoints(directory: Path) -> Endpoints:
    """Of the stack that runs in `directory`.

    Raises StackError where none runs, or one that is not ready yet.
    """
    path = directory.absolute() / FILE_NAME
    if is_taken(directory) and path.exists():
        return Endpoints.from_json(path.read_text())
    raise StackError(
        f"no stack runs in {directory}; start one with `kawase up`, or name another directory "
        "with --dir"
    )
