"""The ledger against a model that adds up transfers instead of keeping totals."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.core.accounts import AccountKind
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
from services.wallet.domain.opening import Account
from tests.unit.wallet.builders import told
from tests.unit.wallet.memory import MemoryWallet

LIMITS = {"payer": 0, "capped": 300, "pool": None, "income": None}
ACCOUNTS = [
    Account(name, "CNY", AccountKind.SUSPENSE, "", limit is None, limit)
    for name, limit in LIMITS.items()
]
names = st.sampled_from(sorted(LIMITS))
legs = st.builds(
    lambda pair, amount: Leg(pair[0], pair[1], amount, "CNY", ""),
    st.lists(names, min_size=2, max_size=2, unique=True),
    st.integers(1, 400),
)
links = st.sampled_from([f"link-{number}" for number in range(6)])
commands = st.one_of(
    st.builds(
        lambda name, link, funding, some: begin(name, link, funding, tuple(some)),
        st.sampled_from([CommandName.RESERVE, CommandName.TRANSFER]),
        links,
        names,
        st.lists(legs, min_size=1, max_size=3),
    ),
    st.builds(
        resolve,
        st.sampled_from([CommandName.POST, CommandName.VOID, CommandName.EXPIRE]),
        links,
        names,
    ),
    st.builds(
        lambda link, funding, part, some: capture(link, funding, part, tuple(some)),
        links,
        names,
        st.sampled_from(["part-1", "part-2"]),
        st.lists(legs, min_size=1, max_size=3),
    ),
)
ENDS = {"post": "posted", "void": "voided", "expire": "expired"}


@dataclass
class ModelLink:
    """What the model knows of a link: who began it, with what, and where it stands."""

    funding: str
    content: tuple[str, tuple[Leg, ...]] | None
    state: str
    refusal: str | None = None


class Model:
    """Says what the ledger should answer, from a list of links alone."""

    def __init__(self) -> None:
        self.links: dict[str, ModelLink] = {}
        self.unfound: set[str] = set()
        self.uncaptured: set[str] = set()

    def sums(self, account: str) -> tuple[int, int, int, int]:
        """Debits pending and posted, credits pending and posted."""
        sums = {(side, state): 0 for side in "dc" for state in ("reserved", "posted")}
        for link in self.links.values():
            if link.content is None or link.refusal or link.state not in ("reserved", "posted"):
                continue
            for leg in link.content[1]:
                sums["d", link.state] += leg.amount * (leg.debit_account_id == account)
                sums["c", link.state] += leg.amount * (leg.credit_account_id == account)
        order = [("d", "reserved"), ("d", "posted"), ("c", "reserved"), ("c", "posted")]
        return tuple(sums[key] for key in order)  # type: ignore[return-value]

    def answer(self, command: Begin | Resolve | Capture) -> str:
        if isinstance(command, Begin):
            return self._begin(command)
        if isinstance(command, Capture):
            return self._capture(command)
        return self._resolve(command)

    def _begin(self, command: Begin) -> str:
        content = (str(command.name), command.legs)
        done = "reserved" if command.name == "reserve" else "posted"
        link = self.links.get(command.link_id)
        if link is None:
            refusal = self._short_of_funds(command)
            state = "refused" if refusal else done
            self.links[command.link_id] = ModelLink(
                command.funding_account_id, content, state, refusal
            )
            return refusal or done
        if link.funding != command.funding_account_id or link.content not in (None, content):
            return "LINK_EXISTS_WITH_DIFFERENT_CONTENT"
        if link.content is None:
            return f"ALREADY_{link.state.upper()}"
        return link.refusal or done

    def _short_of_funds(self, command: Begin) -> str | None:
        moved = dict.fromkeys(LIMITS, 0)
        for leg in command.legs:
            account, limit = leg.debit_account_id, LIMITS[leg.debit_account_id]
            moved[account] += leg.amount
            pending, posted, _, credits_posted = self.sums(account)
            if limit is not None and pending + posted - credits_posted + moved[account] > limit:
                return "EXCEEDS_NET_DEBIT_LIMIT" if limit else "EXCEEDS_CREDITS"
            if command.name == "transfer":
                moved[leg.credit_account_id] -= leg.amount
        return None

    def _capture(self, command: Capture) -> str:
        link = self.links.get(command.link_id)
        part = command.part
        if command.link_id in self.uncaptured:
            return "LINK_NOT_FOUND"
        if part.link_id in self.links:
            answer = self._begin(part)
            voided = link is not None and link.state == "voided"
            return answer if answer != "posted" or voided else "LINK_EXISTS_WITH_DIFFERENT_CONTENT"
        if link is None:
            self.uncaptured.add(command.link_id)
            return "LINK_NOT_FOUND"
        if link.funding != command.funding_account_id:
            return "LINK_EXISTS_WITH_DIFFERENT_CONTENT"
        if link.state in ENDS.values():
            return f"ALREADY_{link.state.upper()}"
        if link.refusal or link.content is None:
            return "LINK_REFUSED"
        for way in {(leg.debit_account_id, leg.credit_account_id) for leg in part.legs}:
            asked, held = (
                sum(x.amount for x in some if (x.debit_account_id, x.credit_account_id) == way)
                for some in (part.legs, link.content[1])
            )
            if asked > held:
                return "CAPTURE_EXCEEDS_RESERVED"
        link.state = "voided"
        content = ("transfer", part.legs)
        self.links[part.link_id] = ModelLink(link.funding, content, "posted")
        return "posted"

    def _resolve(self, command: Resolve) -> str:
        link = self.links.get(command.link_id)
        end = ENDS[command.name]
        if (command.link_id in self.unfound or link is None) and end == "posted":
            self.unfound.add(command.link_id)
            return "LINK_NOT_FOUND"
        if link is None:
            self.links[command.link_id] = ModelLink(command.funding_account_id, None, end)
            return end
        if link.funding != command.funding_account_id:
            return "LINK_EXISTS_WITH_DIFFERENT_CONTENT"
        if link.state in ENDS.values():
            return end if link.state == end else f"ALREADY_{link.state.upper()}"
        if link.refusal and end == "posted":
            return "LINK_REFUSED"
        link.state = end
        return end


class LedgerMachine(RuleBasedStateMachine):
    """Sends the same batches to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.wallet = MemoryWallet(ACCOUNTS)
        self.model = Model()
        self.sent: list[Begin | Resolve | Capture] = []

    @rule(batch=st.lists(commands, min_size=1, max_size=5))
    def send(self, batch: list[Begin | Resolve | Capture]) -> None:
        self.sent += batch
        self.check(batch)

    @precondition(lambda self: self.sent)
    @rule(picks=st.lists(st.integers(0, 1000), min_size=1, max_size=5))
    def send_again(self, picks: list[int]) -> None:
        self.check([self.sent[pick % len(self.sent)] for pick in picks])

    def check(self, batch: list[Begin | Resolve | Capture]) -> None:
        answers = [told(answer) for answer in self.wallet.send(*batch)]
        assert answers == [self.model.answer(command) for command in batch]

    @invariant()
    def totals_are_the_sums_of_transfers(self) -> None:
        for name in LIMITS:
            assert tuple(self.wallet.totals(name)) == self.model.sums(name)

    @invariant()
    def no_account_is_beyond_its_limit(self) -> None:
        for name, limit in LIMITS.items():
            pending, posted, _, credits_posted = self.wallet.totals(name)
            assert limit is None or pending + posted - credits_posted <= limit

    @invariant()
    def the_books_balance(self) -> None:
        dp, dd, cp, cc = map(sum, zip(*(self.wallet.totals(name) for name in LIMITS), strict=True))
        assert (dp, dd) == (cp, cc)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=150, stateful_step_count=20)
