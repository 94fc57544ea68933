"""A ledger that keeps what it decides in memory, as the store would, from batch to batch."""

from collections.abc import Iterable, Sequence

from services.wallet.domain.ledger import Ledger
from services.wallet.domain.model import AccountRow, Answer, Begin, Link, Refusal, Resolve
from services.wallet.domain.opening import Account
from tests.unit.wallet.builders import START


class MemoryWallet:
    """Runs batches through `Ledger` without a database."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.rows = [
            AccountRow(a.account_id, stripe, a.currency, a.striped, a.net_debit_limit)
            for a in accounts
            for stripe in a.stripes
        ]
        self.links: list[Link] = []
        self.refusals: list[Refusal] = []

    def send(self, *commands: Begin | Resolve) -> list[Answer]:
        """Decide the commands as one batch, and keep what it says is new."""
        for row in self.rows:
            row.before = row.totals
        ledger = Ledger(self.rows, self.links, self.refusals, START)
        answers = [ledger.decide(command) for command in commands]
        self.links += ledger.new_links
        self.refusals += ledger.new_refusals
        return answers

    def totals(self, account_id: str) -> Sequence[int]:
        """Debits pending and posted, credits pending and posted, over all rows."""
        rows = [row.totals for row in self.rows if row.account_id == account_id]
        return [sum(column) for column in zip(*rows, strict=True)]
