"""Every clause once, in the order of precedence: one line each, written in a small language.

    COMMAND LINK[/PART] FUNDING [DEBIT>CREDIT:AMOUNT[:CURRENCY[:PURPOSE]]]... = ANSWER

Each line also breaks rules that come after its clause, so that it is the first that is answered.
`_` is the empty text, `LONG` is longer than any id may be.
"""

from dataclasses import replace

import pytest

from services.core.accounts import AccountKind
from services.wallet.domain.clauses import Clause, Fault
from services.wallet.domain.model import (
    Begin,
    Capture,
    CommandName,
    Leg,
    Resolve,
    begin,
    capture,
    resolve,
)
from services.wallet.domain.opening import Account, decide_opening, opening_fault
from tests.unit.wallet.builders import told
from tests.unit.wallet.memory import MemoryWallet

ACCOUNTS = (
    Account("payer", "CNY", AccountKind.PREFUND, "panda", False, 0),
    Account("capped", "CNY", AccountKind.PREFUND, "other", False, 50),
    Account("position", "CNY", AccountKind.POSITION, "", True, None),
    Account("income", "CNY", AccountKind.FX_INCOME, "", True, None),
    Account("won", "KRW", AccountKind.POSITION, "", True, None),
)

BEFORE = """
transfer  funds    position position>payer:1000               = posted
reserve   held     payer    payer>position:100 payer>income:5 = reserved
reserve   done     payer    payer>position:10                 = reserved
post      done     payer                                      = posted
void      voided   payer                                      = voided
expire    expired  payer                                      = expired
reserve   refused  payer    payer>position:5000               = EXCEEDS_CREDITS
"""

CLAUSES = """
reserve   held     payer    payer>position:0                  = LINK_EXISTS_WITH_DIFFERENT_CONTENT
void      done     payer                                      = ALREADY_POSTED
reserve   voided   payer    payer>position:0                  = ALREADY_VOIDED
post      expired  payer                                      = ALREADY_EXPIRED
post      refused  payer                                      = LINK_REFUSED
reserve   LONG     _        payer>nobody:0                    = LINK_ID_MALFORMED
reserve   new      payer    _>position:0                      = ACCOUNT_ID_MALFORMED
reserve   new      nobody                                     = LEGS_MISSING
reserve   new      payer    MANY                              = TOO_MANY_LEGS
reserve   new      nobody   payer>nobody:0                    = AMOUNT_NOT_POSITIVE
reserve   new      nobody   payer>payer:1000000000000001      = AMOUNT_TOO_LARGE
reserve   new      nobody   payer>payer:1:KRW:LONG            = PURPOSE_MALFORMED
reserve   new      nobody   payer>payer:1                     = ACCOUNTS_MUST_DIFFER
post      unknown  nobody                                     = LINK_NOT_FOUND
reserve   new1     nobody   nobody>noone:1                    = FUNDING_ACCOUNT_NOT_FOUND
reserve   new2     payer    nobody>noone:1                    = DEBIT_ACCOUNT_NOT_FOUND
reserve   new3     payer    payer>won:5000 payer>noone:1      = CREDIT_ACCOUNT_NOT_FOUND
capture   held/c   payer    payer>position:100 payer>income:6 = CAPTURE_EXCEEDS_RESERVED
reserve   new4     payer    payer>won:5000                    = CURRENCY_DIFFERS
reserve   new5     payer    FULL payer>position:5000          = TOTAL_TOO_LARGE
reserve   new6     payer    payer>position:895 payer>income:1 = EXCEEDS_CREDITS
reserve   new7     capped   capped>position:51                = EXCEEDS_NET_DEBIT_LIMIT
"""

AGAIN = """
reserve   held     payer    payer>position:100 payer>income:5 = reserved
post      done     payer                                      = posted
reserve   done     payer    payer>position:10                 = reserved
transfer  done     payer    payer>position:10                 = LINK_EXISTS_WITH_DIFFERENT_CONTENT
post      done     capped                                     = LINK_EXISTS_WITH_DIFFERENT_CONTENT
void      voided   payer                                      = voided
expire    voided   payer                                      = ALREADY_VOIDED
void      refused  payer                                      = voided
transfer  more     position position>payer:9000               = posted
reserve   refused  payer    payer>position:5000               = EXCEEDS_CREDITS
reserve   anew     payer    payer>position:5000               = reserved
reserve   unknown  nobody   payer>position:1                  = FUNDING_ACCOUNT_NOT_FOUND
post      unknown  nobody                                     = LINK_NOT_FOUND
void      held     payer                                      = voided
reserve   held     payer    payer>position:100 payer>income:5 = reserved
post      held     payer                                      = ALREADY_VOIDED
capture   anew/c   payer    payer>position:5000:CNY:more      = CAPTURE_EXCEEDS_RESERVED
capture   anew/c   payer    payer>position:4000               = posted
capture   anew/c   payer    payer>position:4000               = posted
capture   anew/c   payer    payer>position:4001               = LINK_EXISTS_WITH_DIFFERENT_CONTENT
capture   anew/d   payer    payer>position:4000               = ALREADY_VOIDED
capture   done/d   payer    payer>position:1                  = ALREADY_POSTED
capture   refused/d payer   payer>position:1                  = ALREADY_VOIDED
capture   late/d   payer    payer>position:1                  = LINK_NOT_FOUND
reserve   late     payer    payer>position:1                  = reserved
capture   late/d   payer    payer>position:1                  = LINK_NOT_FOUND
capture   late/c   payer    payer>position:4000               = LINK_NOT_FOUND
capture   late/late payer   payer>position:1                  = LINK_NOT_FOUND
post      anew     payer                                      = ALREADY_VOIDED
void      anew     payer                                      = voided
"""


def _word(text: str) -> str:
    return {"_": "", "LONG": "x" * 201}.get(text, text)


def _legs(text: str) -> list[Leg]:
    if text == "MANY":
        return [Leg("payer", "position", 1, "CNY", "")] * 65
    accounts, amount, *more = text.split(":")
    debit, credit = map(_word, accounts.split(">"))
    currency, purpose = [*map(_word, more), *["CNY", ""][len(more) :]]
    return [Leg(debit, credit, int(amount), currency, purpose)]


def _read(line: str) -> tuple[Begin | Resolve | Capture, str]:
    order, _, expected = line.partition(" = ")
    command, link_id, funding, *legs = order.replace("FULL", "won>full:1:KRW").split()
    name, funding = CommandName(command), _word(funding)
    link_id, _, part = _word(link_id).partition("/")
    every = tuple(one for text in legs for one in _legs(text))
    if name is CommandName.CAPTURE:
        return capture(link_id, funding, part, every), expected.strip()
    if name in (CommandName.RESERVE, CommandName.TRANSFER):
        return begin(name, link_id, funding, every), expected.strip()
    return resolve(name, link_id, funding), expected.strip()


def _run(wallet: MemoryWallet, lines: str) -> list[str]:
    """The lines with the answers that were given."""
    given = []
    for line in lines.strip().splitlines():
        command, _ = _read(line)
        answer = told(*wallet.send(command))
        given.append(f"{line.partition(' = ')[0]} = {answer}")
    return given


@pytest.fixture
def wallet() -> MemoryWallet:
    full = Account("full", "KRW", AccountKind.SUSPENSE, "", False, None)
    wallet = MemoryWallet([*ACCOUNTS, full])
    wallet.single[full.account_id].credits_posted = 9 * 10**18
    assert _run(wallet, BEFORE) == BEFORE.strip().splitlines()
    return wallet


def test_each_clause_is_answered_before_those_that_follow_it(wallet: MemoryWallet) -> None:
    assert _run(wallet, CLAUSES) == CLAUSES.strip().splitlines()


def test_a_repeat_gets_the_first_answer_whatever_has_happened_since(wallet: MemoryWallet) -> None:
    _run(wallet, CLAUSES)
    assert _run(wallet, AGAIN) == AGAIN.strip().splitlines()


GOOD = Account("bank:CNY", "CNY", AccountKind.BANK, "", True, None)
OPENINGS: list[tuple[list[Account], str]] = [
    ([], "ACCOUNTS_MISSING"),
    ([replace(GOOD, currency="XXX")] * 501, "TOO_MANY_ACCOUNTS"),
    ([replace(GOOD, currency="XXX", kind=None)], "CURRENCY_UNKNOWN"),
    ([replace(GOOD, kind=None, owner_id="\n")], "KIND_UNKNOWN"),
    ([replace(GOOD, owner_id="\n", net_debit_limit=5)], "OWNER_MALFORMED"),
    ([replace(GOOD, account_id="payer", net_debit_limit=5)], "LIMIT_NOT_ALLOWED"),
    ([GOOD, replace(GOOD, account_id="payer")], "ACCOUNT_EXISTS_WITH_DIFFERENT_CONTENT"),
]


@pytest.mark.parametrize(("accounts", "expected"), OPENINGS)
def test_an_opening_is_refused_for_its_first_clause(accounts: list[Account], expected: str) -> None:
    there = {account.account_id: account for account in ACCOUNTS}
    fault = opening_fault(accounts) or decide_opening(accounts, there)[1]
    assert fault is not None
    assert fault.clause.name == expected


def test_every_clause_has_its_line_in_the_order_of_precedence() -> None:
    lines = [line.rpartition(" = ")[2] for line in CLAUSES.strip().splitlines()]
    openings = [expected for _, expected in OPENINGS]
    every = [clause.name for clause in Clause]
    assert [name for name in every if name in lines] == lines
    assert [name for name in every if name in openings] == openings
    assert set(every) == {*lines, *openings}


def test_an_account_that_is_there_is_left_as_it_is() -> None:
    there = {GOOD.account_id: GOOD}
    other = replace(GOOD, account_id="bank:KRW", currency="KRW")
    assert decide_opening([GOOD, other, other], there) == ([other], None)


@pytest.mark.parametrize("clause", Clause)
def test_a_clause_becomes_an_error_named_like_it(clause: Clause) -> None:
    error = Fault(clause, "payer").error("link")
    assert error.reason == clause.name
    assert isinstance(error, clause.kind)
    assert error.metadata == {"account_id": "payer", "link_id": "link"}
