"""The wallet's gRPC methods: decode, ask the store or hand to the unit of work, encode."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from google.protobuf.timestamp_pb2 import Timestamp

from services.core.errors import Malformed, NotFound
from services.core.ids import STRIPE_COUNT
from services.kit.facts.serving import fill_facts
from services.kit.gather import Gather
from services.kit.postgres import Connection
from services.kit.rpc import RpcServer, answers
from services.kit.unit import Units
from services.pb.kawase.wallet.v1 import wallet_service_pb2 as pb
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as pb_grpc
from services.wallet.domain.model import Begin, CommandName, Link, Moved, Opened, Refused, begin
from services.wallet.domain.opening import Balance
from services.wallet.store.books import check_books
from services.wallet.store.queries import (
    find_balances,
    list_balances,
    list_transfers_of_account,
    list_transfers_of_link,
    posted_after_instant,
    posted_after_sequences,
    read_sequences,
)
from services.wallet.wire import (
    EVENTS,
    decode_account,
    decode_legs,
    decode_time,
    encode_balance,
    encode_books,
    encode_transfer,
    encode_transfers,
)
from services.wallet.work import WalletWork

NAME = "kawase.wallet.v1.WalletService"
PAGE_SIZE = 100
PAGE_LIMIT = 1000


class AccountNotFound(NotFound):
    """No account of this id is open."""


class PageTokenMalformed(Malformed):
    """The page token is none we have given out."""


class InstantAmbiguous(Malformed):
    """Balances were asked for as of a time and as of sequences at once."""


class InstantMalformed(Malformed):
    """A time that no calendar has."""


class FilterMalformed(Malformed):
    """A text to look for that cannot stand in the ledger, or too many of them."""


class FilterMissing(Malformed):
    """A list was asked for without saying of what."""


class WalletServer(pb_grpc.WalletServiceServicer):
    """Serves `kawase.wallet.v1.WalletService`. Concurrent transfers are worked as one batch."""

    def __init__(self, pool: asyncpg.Pool, units: Units, work: WalletWork) -> None:
        self._pool = pool
        self._units = units
        self._work = work
        self._transfers: Gather[Begin, Link] = Gather(self._transfer)

    def register(self, server: RpcServer) -> None:
        """Serve on `server`."""
        server.add(pb_grpc.add_WalletServiceServicer_to_server, self, NAME)

    @answers
    async def CreateAccounts(
        self, request: pb.CreateAccountsRequest, context: Any
    ) -> pb.CreateAccountsResponse:
        accounts = [decode_account(account) for account in request.accounts]
        committed = await self._units.write(lambda c: self._work.open_accounts(c, accounts))
        if isinstance(committed.answer, Refused):
            raise committed.answer.fault.error()
        async with self._snapshot() as connection:
            balances = await find_balances(connection, committed.answer.account_ids)
        return pb.CreateAccountsResponse(accounts=[encode_balance(entry) for entry in balances])

    @answers
    async def GetAccounts(
        self, request: pb.GetAccountsRequest, context: Any
    ) -> pb.GetAccountsResponse:
        if request.HasField("as_of_time") and request.HasField("as_of_sequences"):
            raise InstantAmbiguous("Give as_of_time or as_of_sequences, not both.")
        _require_text(request.owner_id, request.page_token, *request.account_ids)
        if len(request.account_ids) > PAGE_LIMIT:
            raise FilterMalformed(f"Ask for at most {PAGE_LIMIT} accounts at once.")
        size = _page_size(request.page_size)
        async with self._snapshot() as connection:
            if request.account_ids:
                balances = await find_balances(connection, list(request.account_ids))
                _require_all(request.account_ids, balances)
            else:
                balances = await list_balances(
                    connection, request.owner_id, request.page_token, size
                )
            sequences = await read_sequences(connection)
            if request.HasField("as_of_time") or request.HasField("as_of_sequences"):
                balances = await _as_of(connection, request, balances, sequences)
        full = not request.account_ids and len(balances) == size
        return pb.GetAccountsResponse(
            accounts=[encode_balance(entry) for entry in balances],
            next_page_token=balances[-1].account.account_id if full else "",
            sequences=pb.SequenceVector(sequences=sequences),
        )

    @answers
    async def ListTransfers(
        self, request: pb.ListTransfersRequest, context: Any
    ) -> pb.ListTransfersResponse:
        size, after = _page_size(request.page_size), _number_of(request.page_token)
        link_id, account_id = request.link_id, request.account_id
        _require_text(link_id, account_id)
        async with self._pool.acquire() as connection:
            if link_id:
                found = await list_transfers_of_link(connection, link_id, account_id, after, size)
            elif account_id:
                found = await list_transfers_of_account(connection, account_id, after, size)
            else:
                raise FilterMissing("Give a link_id, an account_id, or both.")
        return pb.ListTransfersResponse(
            transfers=[encode_transfer(entry) for entry in found],
            next_page_token=str(found[-1].number) if len(found) == size else "",
        )

    @answers
    async def Transfer(self, request: pb.TransferRequest, context: Any) -> pb.TransferResponse:
        link = await self._transfers.submit(
            begin(
                CommandName.TRANSFER,
                request.link_id,
                request.funding_account_id,
                decode_legs(request.legs),
            )
        )
        return pb.TransferResponse(transfers=encode_transfers(link))

    async def _transfer(self, commands: Sequence[Begin]) -> list[Link | BaseException]:
        committed = await self._units.write(lambda c: self._work.handle(c, commands))
        return [_link_or_error(answer) for answer in committed.answer]

    @answers
    async def ListFacts(self, request: pb.ListFactsRequest, context: Any) -> pb.ListFactsResponse:
        return await fill_facts(self._pool, EVENTS, request, pb.ListFactsResponse())

    @answers
    async def CheckBooks(
        self, request: pb.CheckBooksRequest, context: Any
    ) -> pb.CheckBooksResponse:
        async with self._snapshot() as connection:
            return encode_books(await check_books(connection))

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        """A connection that sees one state of everything."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


def _link_or_error(answer: Moved | Refused | Opened) -> Link | BaseException:
    if isinstance(answer, Refused):
        return answer.fault.error(answer.link_id)
    assert isinstance(answer, Moved), "a transfer is never answered as an opening"
    return answer.link


def _require_all(account_ids: Sequence[str], balances: Sequence[Balance]) -> None:
    missing = set(account_ids) - {entry.account.account_id for entry in balances}
    if missing:
        name = min(missing)
        raise AccountNotFound(f"The account {name[:200]!r} is not open.", account_id=name[:200])


async def _as_of(
    connection: Connection,
    request: pb.GetAccountsRequest,
    balances: Sequence[Balance],
    now: Mapping[int, int],
) -> list[Balance]:
    """Balances as they were: today's without what was posted since, and nothing pending. `now` is
    where the stripes stand."""
    names = [entry.account.account_id for entry in balances]
    if request.HasField("as_of_time"):
        later = await posted_after_instant(connection, names, _instant(request.as_of_time))
    else:
        seen = request.as_of_sequences.sequences
        stripes = {stripe: seen.get(stripe, 0) for stripe in range(STRIPE_COUNT)}
        later = await posted_after_sequences(connection, names, stripes, now)
    return [entry.without(*later.get(entry.account.account_id, (0, 0))) for entry in balances]


def _require_text(*values: str) -> None:
    for value in values:
        if "\x00" in value:
            raise FilterMalformed("Leave out characters of code zero: nothing here has them.")


def _instant(stamp: Timestamp) -> datetime:
    try:
        return decode_time(stamp)
    except (ValueError, OverflowError):
        raise InstantMalformed("as_of_time must be between the years 1 and 9999.") from None


def _page_size(asked: int) -> int:
    return min(asked, PAGE_LIMIT) if asked > 0 else PAGE_SIZE


def _number_of(page_token: str) -> int:
    if not page_token:
        return 0
    if not (page_token.isascii() and page_token.isdigit() and len(page_token) < 19):
        raise PageTokenMalformed("Use next_page_token of the page before, as it is.")
    return int(page_token)
