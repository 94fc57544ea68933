"""After a run: are all payments final, the books right, and ours the same as the partner's?"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import asyncpg

from services.kit.rpc import call, open_channel
from services.pb.kawase.wallet.v1 import wallet_service_pb2
from services.pb.kawase.wallet.v1 import wallet_service_pb2_grpc as wallet_stubs

DRAIN_SECONDS = 120.0
POLL_SECONDS = 0.2
CHECK_SECONDS = 300.0
FINAL_STATES = ("completed", "declined", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `final` and `balanced` are the bench's keys."""

    final: bool
    balanced: bool
    partner_agrees: bool
    completed: int
    problem: str = ""


async def drained(owner_dsn: str) -> bool:
    """Wait until no payment has work left. False when that takes too long."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            if not await connection.fetchval(_OPEN):
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False
    finally:
        await connection.close()


# Quoted payments that were never confirmed have nothing to do but to expire.
_OPEN = "SELECT count(*) FROM gateway.payments WHERE step <> 'done' AND state <> 'quoted'"
_COMPLETED = """
SELECT reference, target_minor FROM gateway.payments JOIN gateway.payment_terms USING (reference)
WHERE state = 'completed'
"""


Charges = set[tuple[str, int]]


async def check(
    owner_dsn: str, wallet: str, read_theirs: Callable[[], Awaitable[Charges]]
) -> Verdict:
    """Look at everything. `read_theirs`: what the partners have accepted, asked for at the end."""
    final = await drained(owner_dsn)
    async with open_channel(wallet) as channel:
        books = await call(
            wallet_stubs.WalletServiceStub(channel).CheckBooks(
                wallet_service_pb2.CheckBooksRequest(), timeout=CHECK_SECONDS
            )
        )
    connection = await asyncpg.connect(owner_dsn)
    try:
        ours = {(row[0], row[1]) for row in await connection.fetch(_COMPLETED)}
    finally:
        await connection.close()
    theirs = await read_theirs()
    balanced = books.balanced and books.pending_count == 0
    problem = "" if final else "payments have work left; "
    if not balanced:
        problem += (
            f"books: {books.pending_count} pending, {list(books.differing_account_ids)[:5]}; "
        )
    if ours != theirs:
        problem += f"{len(ours - theirs)} only with us, {len(theirs - ours)} only with the partner"
    return Verdict(final, balanced, ours == theirs, len(ours), problem)


async def partner_books(partner: str) -> Charges:
    """References and amounts that the light partner at this URL has accepted."""
    timeout = aiohttp.ClientTimeout(total=CHECK_SECONDS)
    accepted = set()
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{partner}/_control/books") as answer,
    ):
        async for line in answer.content:
            if line.strip():
                entry = json.loads(line)
                accepted.add((entry["reference"], int(entry["amount"])))
    return accepted
