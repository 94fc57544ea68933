"""Settlement files in the manner of AMS: a folder per day, whose list says what there is.

The real ones lie on SFTP (facts.md §3); here the same folders are read over HTTP. The summary comes
also for a day without payments, so a day without a list is one that has not been written yet.
"""

from collections.abc import Callable
from datetime import date

from services.bridge.domain.statement import PartnerFile
from services.bridge.partner import PartnerFileNotFound, PartnerUnavailable
from services.bridge.partners.http import NoAnswer, NotSent, PartnerHttp

PREFIXES = {"settlement": "settlementItems_"}
"""How the names of the files begin, by kind."""
_OK = 200
_NOT_FOUND = 404

Headers = Callable[[str], dict[str, str]]
"""The headers of a GET of this path, as the partner sees it."""


class AmsFiles:
    """The files of one partner below `root`."""

    def __init__(self, partner_id: str, http: PartnerHttp, root: str, headers: Headers) -> None:
        self.partner_id = partner_id
        self._http = http
        self._root = root
        self._headers = headers

    async def fetch(self, kind: str, day: date) -> PartnerFile:
        """Raises `PartnerFileNotFound`, `PartnerUnavailable`."""
        folder = f"{self._root}/{day:%Y%m%d}/"
        try:
            name = await self._find(folder, PREFIXES[kind])
            if name is None:
                raise PartnerFileNotFound(self.partner_id, kind, day)
            path = folder + name
            headers = self._headers(self._http.path_of(path))
            status, chunks = await self._http.download(path, {}, headers)
        except (NotSent, NoAnswer, KeyError, TypeError) as error:
            raise PartnerUnavailable(self.partner_id) from error
        if status != _OK:
            raise PartnerUnavailable(self.partner_id)
        return PartnerFile(name, chunks)

    async def _find(self, folder: str, prefix: str) -> str | None:
        reply = await self._http.get(folder, {}, self._headers(self._http.path_of(folder)))
        if reply.status == _NOT_FOUND:
            return None
        names = (str(name) for name in reply.json()["files"])
        return next((name for name in names if name.startswith(prefix) and "/" not in name), None)
