"""Why a day is not closed, or a report not given: one leaf per clause."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.core.errors import Conflict, Forbidden, Malformed, NotFound, Refused


class OperatorMissing(Malformed):
    """Who closes a day has to be named."""

    def __init__(self) -> None:
        super().__init__("Name the operator who closes the day.", field="operator")


class DayNotRun(NotFound):
    """There is nothing to close or to report."""

    def __init__(self, partner_id: str, day: date) -> None:
        super().__init__(
            f"The day {day} of {partner_id[:80]!r} has not been run: run it first, with "
            "`kawase recon run`.",
            partner_id=partner_id[:80],
            day=day.isoformat(),
        )


class FileReplaced(Refused):
    """A file has been replaced, or the day opened again, after its last run."""

    def __init__(self, partner_id: str, day: date) -> None:
        super().__init__(
            f"A file of {partner_id} for {day} was replaced, or the day opened again, after its "
            "last run: run it again.",
            partner_id=partner_id,
            day=day.isoformat(),
        )


class RowsCameLater(Refused):
    """Rows of the day have come after its last run."""

    def __init__(self, partner_id: str, day: date, rows: int) -> None:
        super().__init__(
            f"{rows} rows of {partner_id} for {day} have come after its last run: run it again.",
            partner_id=partner_id,
            day=day.isoformat(),
            rows=str(rows),
        )


class BreaksOpen(Refused):
    """Not everything is matched or explained."""

    def __init__(self, partner_id: str, day: date, counts: Mapping[str, int]) -> None:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        super().__init__(
            f"The day {day} of {partner_id} has unresolved breaks: {told}. Resolve them first; see "
            "`kawase recon breaks`.",
            partner_id=partner_id,
            day=day.isoformat(),
            **{kind: str(count) for kind, count in sorted(counts.items())},
        )


class FilesMissing(Refused):
    """The partner has not given what it owes for the day."""

    def __init__(self, partner_id: str, day: date, formats: Sequence[str]) -> None:
        told = ", ".join(formats) or "any file"
        super().__init__(
            f"For {day} of {partner_id} there is not yet: {told}. Import it first, with "
            "`kawase recon import`.",
            partner_id=partner_id,
            day=day.isoformat(),
            formats=",".join(formats),
        )


class CopyBehind(Refused):
    """Facts of the day are missing from our own copy, or not read yet."""

    def __init__(self, gaps: int, unread: int) -> None:
        super().__init__(
            f"Our copy of the facts has {gaps} gaps and {unread} facts of the day are not read "
            "yet: wait until it has caught up, run the day again, then close it.",
            gaps=str(gaps),
            unread=str(unread),
        )


class FormatUnknown(Malformed):
    """A report is asked for in a format that there is not."""

    def __init__(self, format_: str, known: Sequence[str]) -> None:
        super().__init__(
            f"{format_[:40]!r} is no format of a report: use one of {', '.join(known)}.",
            field="format",
        )


class FigureUnknown(Malformed):
    """A number is asked for that no report has."""

    def __init__(self, figure: str) -> None:
        super().__init__(
            f"{figure[:80]!r} is no figure of a report: take one that stands beside a number, such "
            "as breaks.AMOUNT or matched.exact.",
            field="figure",
        )


class PageTokenMalformed(Malformed):
    """A page is asked for that was not offered."""

    def __init__(self, token: str) -> None:
        super().__init__(
            f"{token[:40]!r} is no page of this list: start without one.", field="page_token"
        )


class VersionUnknown(NotFound):
    """A report is asked for of a close that there was not."""

    def __init__(self, partner_id: str, day: date, version: int, closes: int) -> None:
        super().__init__(
            f"The day {day} of {partner_id} was closed {closes} times: there is no version "
            f"{version} of its report.",
            version=str(version),
            closes=str(closes),
        )


class ReopeningMalformed(Malformed):
    """Who opens a day again, and why, has to be said."""

    def __init__(self, field: str, limit: int) -> None:
        super().__init__(
            f"{field} is empty or longer than {limit} characters: say who opens the day and why.",
            field=field,
        )


class DayNotClosed(Refused):
    """A day that is open needs no opening."""

    def __init__(self, partner_id: str, day: date) -> None:
        super().__init__(
            f"The day {day} of {partner_id[:80]!r} is not closed: run it as it is.",
            partner_id=partner_id[:80],
            day=day.isoformat(),
        )


class NothingProposed(Refused):
    """Nobody has asked for the day to be opened again."""

    def __init__(self, partner_id: str, day: date) -> None:
        super().__init__(
            f"Nobody has proposed to open {day} of {partner_id} again: one person proposes it with "
            "`kawase recon reopen --reason`, another one approves.",
            partner_id=partner_id,
            day=day.isoformat(),
        )


class ProposerApproves(Forbidden):
    """Who proposes to open a day again does not approve it."""

    def __init__(self, partner_id: str, day: date, person: str) -> None:
        super().__init__(
            f"{person} has proposed to open {day} of {partner_id} again: another person approves.",
            partner_id=partner_id,
            day=day.isoformat(),
        )


class ReopeningProposed(Conflict):
    """Another person has asked for it."""

    def __init__(self, partner_id: str, day: date, person: str) -> None:
        super().__init__(
            f"{person} has proposed to open {day} of {partner_id} again: approve that.",
            partner_id=partner_id,
            day=day.isoformat(),
        )
