"""A ledger that keeps what it decides in memory, as the store would, from batch to batch."""

from collections.abc import Iterable, Sequence

from services.core.ids import stripe_of
from services.wallet.domain.ledger import Ledger
from services.wallet.domain.model import AccountRow, Answer, Begin, Capture, Link, Refusal, Resolve
from services.wallet.domain.opening import Account
from tests.unit.wallet.builders import START


class MemoryWallet:
    """Runs batches through `Ledger` without a database."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.single: dict[str, AccountRow] = {}
        self.striped: dict[str, str] = {}
        self.shared: dict[str, list[int]] = {}
        for account in accounts:
            name = account.account_id
            if account.striped:
                self.striped[name] = account.currency
                self.shared[name] = [0, 0, 0, 0]
            else:
                self.single[name] = AccountRow(
                    name, stripe_of(name), account.currency, account.net_debit_limit
                )
        self.links: list[Link] = []
        self.refusals: list[Refusal] = []

    def send(self, *commands: Begin | Resolve | Capture) -> list[Answer]:
        """Decide the commands as one batch, and keep what it says is new."""
        for row in self.single.values():
            row.before = row.totals
        ledger = Ledger(self.single.values(), self.striped, self.links, self.refusals, START)
        answers = [ledger.decide(command) for command in commands]
        self.links += ledger.new_links
        self.refusals += ledger.new_refusals
        for row in ledger.changed_rows:
            if row.account_id in self.shared:
                sums = zip(self.shared[row.account_id], row.change, strict=True)
                self.shared[row.account_id] = [total + change for total, change in sums]
        return answers

    def totals(self, account_id: str) -> Sequence[int]:
        """Debits pending and posted, credits pending and posted, over all rows."""
        if account_id in self.shared:
            return self.shared[account_id]
        return self.single[account_id].totals
