"""One unit of work: a batch of commands is locked, read, decided, stored and told, in this order.

Consumer and server both come here. Why it holds under races stands in the store's docstring.
"""

from collections import Counter
from collections.abc import Sequence

from services.core.clock import Clock
from services.kit.outbox import take_sequences
from services.kit.postgres import Connection
from services.kit.trace import follow
from services.kit.unit import Decided
from services.wallet.domain.clauses import Clause, Fault
from services.wallet.domain.ledger import Ledger, RowsNotLocked
from services.wallet.domain.model import (
    Answer,
    Begin,
    Capture,
    CommandName,
    Moved,
    Opened,
    Outcome,
    Refused,
    Resolve,
    is_link_id,
)
from services.wallet.domain.opening import Account, Opening, decide_opening, opening_fault
from services.wallet.store.accounts import (
    KnownAccounts,
    find_accounts,
    insert_accounts,
    lock_rows,
)
from services.wallet.store.links import read_links, store_batch
from services.wallet.wire import encode_event, encode_time

Command = Begin | Resolve | Capture | Opening

# A link can appear once between the lock and the read; a second time only if writers never pause.
LOCK_ROUNDS = 5


class WalletWork:
    """Handles batches within a caller's transaction; may be run again after a rollback."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known = KnownAccounts()

    async def handle(
        self, connection: Connection, commands: Sequence[Command], traces: Sequence[str] = ()
    ) -> Decided[list[Answer | Opened]]:
        """Carry out `commands` in order; an answer, and an event of the command's trace, for each.

        Accounts are opened before any command on links is decided.
        """
        opened = {
            number: await self._open_for_link(connection, command)
            for number, command in enumerate(commands)
            if isinstance(command, Opening)
        }
        # What is opened here may yet be rolled back: it is not remembered.
        known = KnownAccounts() if opened else self._known
        stripes = Counter(command.stripe for command in commands)
        on_links = [command for command in commands if not isinstance(command, Opening)]
        ledger, decided, firsts = await self._decide(connection, known, on_links, stripes)
        following = iter(decided)
        answers = [
            opened[number] if number in opened else next(following)
            for number in range(len(commands))
        ]
        number_postings(answers, firsts)
        if ledger.has_news:
            await store_batch(connection, ledger)
        stamp = encode_time(ledger.now)
        events = []
        for number, answer in enumerate(answers):
            if traces:
                follow(traces[number])
            events.append(encode_event(answer, stamp))
        return Decided(answers, events, firsts)

    async def open_accounts(
        self, connection: Connection, accounts: Sequence[Account]
    ) -> Decided[Refused | Opened]:
        """Open accounts on a call's behalf: answered to the caller alone."""
        return Decided(await self._open(connection, Opening("", tuple(accounts))))

    async def _open_for_link(self, connection: Connection, opening: Opening) -> Refused | Opened:
        if is_link_id(opening.link_id):
            return await self._open(connection, opening)
        fault = Fault(Clause.LINK_ID_MALFORMED)
        return Refused(opening.link_id, CommandName.OPEN, fault, opening.stripe)

    async def _open(self, connection: Connection, opening: Opening) -> Refused | Opened:
        fault = opening_fault(opening.accounts)
        if fault is None:
            names = [account.account_id for account in opening.accounts]
            there = await find_accounts(connection, names)
            fresh, fault = decide_opening(opening.accounts, there)
        if fault is not None:
            return Refused(opening.link_id, CommandName.OPEN, fault, opening.stripe)
        await insert_accounts(connection, fresh, self._clock.now())
        return Opened(opening.link_id, tuple(names), opening.stripe)

    async def _decide(
        self,
        connection: Connection,
        known: KnownAccounts,
        commands: Sequence[Begin | Resolve | Capture],
        stripes: dict[int, int],
    ) -> tuple[Ledger, list[Answer], dict[int, int]]:
        whole = [command for command in commands if not _is_nameless(command)]
        begins = [x for x in whole if isinstance(x, Begin) and x.fault is None]
        resolves = [x.link_id for x in whole if not isinstance(x, Begin)]
        named = {name for x in begins for name in x.account_ids}
        await known.learn(connection, named)
        single = known.single(named)
        asked = {_begun(x): False for x in whole} | dict.fromkeys(resolves, True)
        rows = await lock_rows(connection, single, resolves)
        firsts = await take_sequences(connection, stripes)
        for _ in range(LOCK_ROUNDS):
            links, refusals = await read_links(connection, list(asked), list(asked.values()))
            await known.learn(connection, {name for x in links for name in x.account_ids})
            ledger = Ledger(rows, known.striped, links, refusals, self._clock.now())
            try:
                return ledger, [ledger.decide(command) for command in commands], firsts
            except RowsNotLocked:
                rows = await lock_rows(connection, single, resolves)
        raise RowsNotLocked("links keep appearing between lock and read")


def _begun(command: Begin | Resolve | Capture) -> str:
    """The id of the link that the command may begin."""
    return command.part.link_id if isinstance(command, Capture) else command.link_id


def _is_nameless(command: Begin | Resolve | Capture) -> bool:
    """Whether the link id is nothing the store could hold."""
    return command.fault is not None and command.fault.clause is Clause.LINK_ID_MALFORMED


def number_postings(answers: Sequence[Answer | Opened], firsts: dict[int, int]) -> None:
    """Give each fresh posting the sequence its event will have: the same count as the outbox's."""
    following = dict(firsts)
    for answer in answers:
        stripe = answer.stripe
        sequence = following[stripe]
        following[stripe] = sequence + 1
        if isinstance(answer, Moved) and answer.outcome is Outcome.POSTED:
            link = answer.link
            link.sequence = link.sequence or sequence
