"""What a person is told while servers and processes come and go."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that happened to one part of the stack."""

    name: str
    state: str
    detail: str = ""
    seconds: float | None = None

    def line(self) -> str:
        """For a terminal: `postgres  ready  127.0.0.1:41234  1.3 s`."""
        took = "" if self.seconds is None else f"{self.seconds:.1f} s"
        parts = (f"{self.name:<15}", f"{self.state:<8}", self.detail, took)
        return "  ".join(part for part in parts if part).rstrip()


Tell = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """For callers that want no progress."""
    del progress
