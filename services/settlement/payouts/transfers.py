"""The transfers of a payout, and the accounts they need (design §6). Pure.

    book        payable                    → bank clearing out     the payout is made
    settle      bank clearing out          → bank                  the statement shows it
    back        the reverse of book                                rejected or returned
    backsettle  the reverse of settle                              the statement shows the return
    fee         bank fee expense           → bank clearing out     the bank has said its fee
    feesettle   bank clearing out          → bank                  with the payout on the statement

Each is the reverse of one that happened or none, so in whatever order bank and statement speak,
what is in clearing is what is under way. A converted payout crosses both positions.
"""

from collections.abc import Callable, Mapping

from services.core.accounts import AccountKind, AccountSpec, house
from services.core.money import Money
from services.kit.ledger import Move
from services.settlement.domain.agreements import Agreement
from services.settlement.payouts.model import Payout, Task

PURPOSE = "payout"
FEE_PURPOSE = "bank_fee"


def accounts_of(agreement: Agreement) -> list[AccountSpec]:
    """The accounts of the house that payouts of an agreement need."""
    paid = agreement.settlement_currency
    specs = [
        house(kind, paid)
        for kind in (AccountKind.BANK, AccountKind.BANK_CLEARING_OUT, AccountKind.BANK_FEE_EXPENSE)
    ]
    if paid != agreement.currency:
        specs += [house(AccountKind.POSITION, each) for each in (agreement.currency, paid)]
    return specs


def moves_of(payout: Payout, task: Task) -> list[Move]:
    """The legs of the transfer that `task` asks for; at least one."""
    return _MOVES[task](payout)


def _account(kind: AccountKind, currency: str) -> str:
    return house(kind, currency).account_id


def _book(payout: Payout) -> list[Move]:
    owed, paid = payout.owed.currency, payout.amount.currency
    clearing = _account(AccountKind.BANK_CLEARING_OUT, paid)
    converted = owed != paid
    against = _account(AccountKind.POSITION, owed) if converted else clearing
    moves = [
        Move(share.account_id, against, Money(share.amount_minor, owed), PURPOSE)
        if share.amount_minor > 0
        else Move(against, share.account_id, Money(-share.amount_minor, owed), PURPOSE)
        for share in payout.shares
    ]
    if converted:
        position = _account(AccountKind.POSITION, paid)
        moves.append(Move(position, clearing, payout.amount, PURPOSE))
    return moves


def _settle(payout: Payout) -> list[Move]:
    currency = payout.amount.currency
    clearing = _account(AccountKind.BANK_CLEARING_OUT, currency)
    return [Move(clearing, _account(AccountKind.BANK, currency), payout.amount, PURPOSE)]


def _book_fee(payout: Payout) -> list[Move]:
    currency = payout.amount.currency
    expense = _account(AccountKind.BANK_FEE_EXPENSE, currency)
    clearing = _account(AccountKind.BANK_CLEARING_OUT, currency)
    return [Move(expense, clearing, Money(payout.fee_minor, currency), FEE_PURPOSE)]


def _settle_fee(payout: Payout) -> list[Move]:
    currency = payout.amount.currency
    clearing = _account(AccountKind.BANK_CLEARING_OUT, currency)
    bank = _account(AccountKind.BANK, currency)
    return [Move(clearing, bank, Money(payout.fee_minor, currency), FEE_PURPOSE)]


_MOVES: Mapping[Task, Callable[[Payout], list[Move]]] = {
    Task.BOOK: _book,
    Task.SETTLE: _settle,
    Task.PUT_BACK: lambda payout: [move.reverse for move in _book(payout)],
    Task.SETTLE_BACK: lambda payout: [move.reverse for move in _settle(payout)],
    Task.BOOK_FEE: _book_fee,
    Task.SETTLE_FEE: _settle_fee,
}
