"""What settlement asks the wallet: where the ledger stands, balances, and accounts to open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from services.core.accounts import AccountSpec
from services.kit.ledger import account_message
from services.kit.rpc import CALL_SECONDS, call
from services.pb.kawase.wallet.v1 import wallet_service_pb2 as pb
from services.pb.kawase.wallet.v1.transfer_pb2 import Account
from services.pb.kawase.wallet.v1.wallet_service_pb2_grpc import WalletServiceStub
from services.settlement.domain.windows import Totals

# Accounts in one question.
ACCOUNTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Deposit:
    """A partner wallet's deposit as it stands; minor units.

    `available_minor`: credits less debits, pending debits counted; less than zero where the cap
    is in use.
    """

    account_id: str
    owner_id: str
    currency: str
    available_minor: int
    net_debit_cap_minor: int


class Ledger:
    """The wallet, over an open channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = WalletServiceStub(channel)

    async def sequences(self) -> dict[int, int]:
        """Where the stripes stand now. Raises `Unavailable`."""
        request = pb.GetAccountsRequest(page_size=1)
        answer = await call(self._stub.GetAccounts(request, timeout=CALL_SECONDS))
        return dict(answer.sequences.sequences)

    async def open_accounts(self, specs: Sequence[AccountSpec]) -> None:
        """Open those that do not exist yet. Before a transfer needs them: a refusal would stand.

        Raises `Unavailable`, `Conflict` where one exists with other rules.
        """
        request = pb.CreateAccountsRequest(accounts=[account_message(spec) for spec in specs])
        await call(self._stub.CreateAccounts(request, timeout=CALL_SECONDS))

    async def deposits(self, account_ids: Sequence[str]) -> list[Deposit]:
        """Deposits as they stand now, in order of their accounts.

        Raises `Unavailable`, `NotFound` where an account does not exist.
        """
        found = []
        for first in range(0, len(account_ids), ACCOUNTS_AT_ONCE):
            request = pb.GetAccountsRequest(
                account_ids=account_ids[first : first + ACCOUNTS_AT_ONCE]
            )
            answer = await call(self._stub.GetAccounts(request, timeout=CALL_SECONDS))
            found += [_deposit_of(account) for account in answer.accounts]
        return sorted(found, key=lambda deposit: deposit.account_id)

    async def totals(
        self, account_ids: Sequence[str], sequences: Sequence[int]
    ) -> dict[str, Totals]:
        """Debits and credits posted to accounts through a cut, minor units.

        Raises `Unavailable`, `NotFound` where an account does not exist.
        """
        vector = pb.SequenceVector(sequences=dict(enumerate(sequences)))
        found: dict[str, Totals] = {}
        for first in range(0, len(account_ids), ACCOUNTS_AT_ONCE):
            request = pb.GetAccountsRequest(
                account_ids=account_ids[first : first + ACCOUNTS_AT_ONCE], as_of_sequences=vector
            )
            answer = await call(self._stub.GetAccounts(request, timeout=CALL_SECONDS))
            for account in answer.accounts:
                found[account.account_id] = (account.debits_posted, account.credits_posted)
        return found


def _deposit_of(account: Account) -> Deposit:
    debits = account.debits_posted + account.debits_pending
    return Deposit(
        account.account_id,
        account.owner_id,
        account.currency_code,
        account.credits_posted - debits,
        account.net_debit_limit,
    )
