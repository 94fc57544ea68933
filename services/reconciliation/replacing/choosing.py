"""Which file of the same day a file replaces, and why it may not: pure."""

from datetime import date

from services.core.errors import Conflict, NotFound, Refused
from services.reconciliation.files.model import StoredFile


class DocumentKnown(Conflict):
    """The same document of the same day was imported before, with other bytes."""

    def __init__(self, file: StoredFile, known: StoredFile) -> None:
        super().__init__(
            f"{file.document_id} of {file.day} was imported as {known.file_name!r} with other "
            f"bytes ({known.file_id}): ask {file.partner_id} which of the two holds. If it is this "
            f"one, import it with `--replaces {known.file_id}`.",
            file_id=known.file_id,
        )


class ReplacedUnknown(NotFound):
    """There is no file that could be replaced under this name."""

    def __init__(self, file: StoredFile, named: str) -> None:
        super().__init__(
            f"{file.partner_id} has given no file {named[:80]!r} for {file.day}: see "
            f"`kawase recon files --partner {file.partner_id} --day {file.day}`.",
            replaces=named[:80],
        )


class ReplacedAlready(Conflict):
    """The file was replaced by another one before."""

    def __init__(self, known: StoredFile) -> None:
        super().__init__(
            f"{known.file_id} was replaced by {known.replaced_by}: replace that one.",
            file_id=known.replaced_by,
        )


class ReplacedUnlike(Refused):
    """A file does not correct one of another kind or day."""

    def __init__(self, file: StoredFile, known: StoredFile) -> None:
        super().__init__(
            f"{file.file_name!r} is {file.document_id} of {file.day}, and {known.file_id} is "
            f"{known.document_id} of {known.day}: one does not correct the other.",
            file_id=known.file_id,
        )


class OlderVersion(Conflict):
    """What has come is older than what holds."""

    def __init__(self, file: StoredFile, known: StoredFile) -> None:
        super().__init__(
            f"{file.file_name!r} is number {file.series_number} of its statement, and number "
            f"{known.series_number} is imported ({known.file_id}): the later one holds.",
            file_id=known.file_id,
        )


class DaysClosed(Refused):
    """What a file says stands in the reports of days that are closed."""

    def __init__(self, known: StoredFile, days: list[tuple[str, date]]) -> None:
        told = ", ".join(f"{day} of {partner_id}" for partner_id, day in days)
        partner_id, day = days[0]
        super().__init__(
            f"{known.file_id} stands in the report of a closed day ({told}): let two people open "
            f"it again first, with `kawase recon reopen {day} --partner {partner_id}`.",
            file_id=known.file_id,
            days=",".join(f"{partner_id}/{day}" for partner_id, day in days),
        )


def choose(
    file: StoredFile, asked: str, named: StoredFile | None, known: StoredFile | None
) -> StoredFile | None:
    """The file that `file` replaces; None: it is the first of its document.

    `asked` is whatever name it was asked to replace, and `named` what goes by it; `known` holds for
    the same document. Raises the refusals above, but for `DaysClosed`.
    """
    if asked:
        if named is None:
            raise ReplacedUnknown(file, asked)
        if named.replaced_by:
            raise ReplacedAlready(named)
        if named.day != file.day or _family(named) != _family(file):
            raise ReplacedUnlike(file, named)
        if known is not None and known.file_id != named.file_id:
            raise DocumentKnown(file, known)
    former = named if asked else known
    if former is None:
        return None
    counted = bool(file.series) and file.series == former.series
    if counted and file.series_number < former.series_number:
        raise OlderVersion(file, former)
    if not asked and (not counted or file.series_number == former.series_number):
        raise DocumentKnown(file, former)
    return former


def _family(file: StoredFile) -> str:
    return file.document_id.partition(":")[0]
