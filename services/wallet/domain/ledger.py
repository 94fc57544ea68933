"""Decides commands on links, one after the other, over the rows a batch has locked.

Each decision sees those before it. Nothing is read and nothing written here: the caller loads
`Ledger` with what stands in the store and stores what the ledger says has changed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.wallet.domain.clauses import Clause, Fault, first_fault
from services.wallet.domain.model import (
    TOTAL_LIMIT,
    AccountRow,
    Answer,
    Begin,
    Capture,
    CommandName,
    Leg,
    Link,
    Moved,
    Outcome,
    PlacedLeg,
    Refusal,
    Refused,
    Resolve,
)

_ALREADY = {
    Outcome.POSTED: Clause.ALREADY_POSTED,
    Outcome.VOIDED: Clause.ALREADY_VOIDED,
    Outcome.EXPIRED: Clause.ALREADY_EXPIRED,
}


class RowsNotLocked(Exception):
    """A link's legs move rows the ledger was not given: the link came after they were locked."""


_Place = tuple[AccountRow, AccountRow, Leg]


class Ledger:
    """The accounts, links and refusals a batch touches, and what the batch makes of them.

    `rows` are those of unstriped accounts; `striped` gives the currency of each striped one. These
    have no limit, so their totals are not looked at: their rows here begin with zeros, and only
    what is added to them counts.
    """

    def __init__(
        self,
        rows: Iterable[AccountRow],
        striped: Mapping[str, str],
        links: Iterable[Link],
        refusals: Iterable[Refusal],
        now: datetime,
    ) -> None:
        self._single = {row.account_id: row for row in rows}
        self._striped_currencies = striped
        self._striped: dict[tuple[str, int], AccountRow] = {}
        self._links = {link.link_id: link for link in links}
        self._refusals = {(entry.link_id, entry.command): entry for entry in refusals}
        self.now = now
        self.new_links: list[Link] = []
        self.new_legs: list[tuple[str, list[PlacedLeg]]] = []
        self.resolved: list[Link] = []
        self.new_refusals: list[Refusal] = []

    @property
    def changed_rows(self) -> list[AccountRow]:
        """Rows whose totals the batch has moved."""
        rows = [*self._single.values(), *self._striped.values()]
        return [row for row in rows if row.totals != row.before]

    @property
    def has_news(self) -> bool:
        """Whether anything has to be stored."""
        return bool(self.new_links or self.resolved or self.new_refusals)

    def decide(self, command: Begin | Resolve | Capture) -> Answer:
        """The answer to `command`.

        A command that comes again gets its first answer: a reserve is answered as reserved even
        when its link was posted or voided since, which tells the sender nothing false, for its
        own next step is refused or repeated in turn. Raises `RowsNotLocked`; then the ledger is of
        no more use.
        """
        if isinstance(command, Begin):
            return self._begin(command)
        if isinstance(command, Capture):
            return self._capture(command)
        return self._resolve(command)

    def _row(self, account_id: str, stripe: int) -> AccountRow | None:
        return (
            self._single.get(account_id)
            or self._striped.get((account_id, stripe))
            or self._begin_striped(account_id, stripe)
        )

    def _begin_striped(self, account_id: str, stripe: int) -> AccountRow | None:
        currency = self._striped_currencies.get(account_id)
        if currency is None:
            return None
        row = self._striped[account_id, stripe] = AccountRow(account_id, stripe, currency)
        return row

    def _refuse(self, command: Begin | Resolve | Capture, fault: Fault) -> Refused:
        return Refused(command.link_id, command.name, fault, command.stripe)

    def _remember(self, command: Begin | Resolve | Capture, fault: Fault) -> None:
        refusal = Refusal(command.link_id, command.name, fault)
        self._refusals[command.link_id, command.name] = refusal
        self.new_refusals.append(refusal)

    def _new_link(self, command: Begin | Resolve, digest: bytes) -> Link:
        link = Link(
            command.link_id,
            command.name,
            command.funding_account_id,
            command.stripe,
            digest,
            self.now,
        )
        self._links[link.link_id] = link
        self.new_links.append(link)
        return link

    def _end(self, link: Link, outcome: Outcome) -> None:
        link.outcome = outcome
        link.resolve_time = self.now
        self.resolved.append(link)

    def _begin(self, command: Begin) -> Answer:
        link = self._links.get(command.link_id)
        if link is not None:
            return self._begin_again(command, link)
        if command.fault is not None:
            return self._refuse(command, command.fault)
        places, fault = self._look_up(command)
        at_once = command.name is CommandName.TRANSFER
        if fault is None:
            fault = _rule_fault(places, at_once)
        if fault is not None and not fault.clause.transient:
            return self._refuse(command, fault)
        # From here on the link id is taken.
        link = self._new_link(command, command.digest)
        if fault is not None:
            self._remember(command, fault)
            return self._refuse(command, fault)
        link.legs = list(command.legs)
        self.new_legs.append(
            (link.link_id, [PlacedLeg(leg, d.stripe, c.stripe) for d, c, leg in places])
        )
        if not at_once:
            for debit, credit, leg in places:
                debit.debits_pending += leg.amount
                credit.credits_pending += leg.amount
            return Moved(link, None)
        self._book(places)
        self._end(link, Outcome.POSTED)
        return Moved(link, Outcome.POSTED)

    def _begin_again(self, command: Begin, link: Link) -> Answer:
        if link.funding_account_id != command.funding_account_id or (
            link.digest and link.digest != command.digest
        ):
            return self._refuse(command, Fault(Clause.LINK_EXISTS_WITH_DIFFERENT_CONTENT))
        if not link.digest:
            assert link.outcome is not None, "a tombstone is resolved"
            return self._refuse(command, Fault(_ALREADY[link.outcome]))
        refusal = self._refusals.get((command.link_id, command.name))
        if refusal is not None:
            return self._refuse(command, refusal.fault)
        link.legs = link.legs or list(command.legs)
        return Moved(link, Outcome.POSTED if command.name is CommandName.TRANSFER else None)

    def _look_up(self, command: Begin) -> tuple[list[_Place], Fault | None]:
        """The rows of each leg, or the lookup clause that takes precedence."""
        places: list[_Place] = []
        stripe = command.stripe
        if self._row(command.funding_account_id, stripe) is None:
            return [], Fault(Clause.FUNDING_ACCOUNT_NOT_FOUND, command.funding_account_id)
        row_of = self._row
        for leg in command.legs:
            debit_id, credit_id, _amount, currency, _purpose = leg
            debit, credit = row_of(debit_id, stripe), row_of(credit_id, stripe)
            if debit is None or credit is None:
                return [], self._lookup_fault(command)
            if debit.currency != currency or credit.currency != currency:
                return [], self._lookup_fault(command)
            places.append((debit, credit, leg))
        return places, None

    def _lookup_fault(self, command: Begin) -> Fault | None:
        faults = []
        for leg in command.legs:
            debit = self._row(leg.debit_account_id, command.stripe)
            credit = self._row(leg.credit_account_id, command.stripe)
            if debit is None:
                faults.append(Fault(Clause.DEBIT_ACCOUNT_NOT_FOUND, leg.debit_account_id))
            elif debit.currency != leg.currency:
                faults.append(Fault(Clause.CURRENCY_DIFFERS, leg.debit_account_id))
            if credit is None:
                faults.append(Fault(Clause.CREDIT_ACCOUNT_NOT_FOUND, leg.credit_account_id))
            elif credit.currency != leg.currency:
                faults.append(Fault(Clause.CURRENCY_DIFFERS, leg.credit_account_id))
        return first_fault(faults)

    def _resolve(self, command: Resolve) -> Answer:
        refusal = self._refusals.get((command.link_id, command.name))
        if refusal is not None:
            return self._refuse(command, refusal.fault)
        link = self._links.get(command.link_id)
        if link is None:
            return self._resolve_nothing(command)
        if link.funding_account_id != command.funding_account_id:
            return self._refuse(command, Fault(Clause.LINK_EXISTS_WITH_DIFFERENT_CONTENT))
        outcome = command.outcome
        if link.outcome is not None:
            if link.outcome is outcome:
                return Moved(link, outcome)
            return self._refuse(command, Fault(_ALREADY[link.outcome]))
        if outcome is Outcome.POSTED and (link.link_id, link.command) in self._refusals:
            return self._refuse(command, Fault(Clause.LINK_REFUSED))
        places = self._places_of(link, link.legs)
        self._release(places)
        if outcome is Outcome.POSTED:
            self._book(places)
        self._end(link, outcome)
        return Moved(link, outcome)

    def _capture(self, command: Capture) -> Answer:
        """A part of what is reserved is never refused by funds or limits: they counted it whole."""
        refusal = self._refusals.get((command.link_id, command.name))
        if refusal is not None:
            return self._refuse(command, refusal.fault)
        part = command.part
        link = self._links.get(command.link_id)
        known = self._links.get(part.link_id)
        if known is not None:
            return self._capture_again(command, link, known)
        fault = self._capture_fault(command, link)
        if fault is not None:
            if fault.clause.transient:
                self._remember(command, fault)
            return self._refuse(command, fault)
        assert link is not None, "a capture of nothing is refused"
        self._release(self._places_of(link, link.legs))
        self._end(link, Outcome.VOIDED)
        posted = self._new_link(part, part.digest)
        posted.legs = list(part.legs)
        places = self._places_of(link, part.legs)
        placed = [PlacedLeg(leg, d.stripe, c.stripe) for d, c, leg in places]
        self.new_legs.append((posted.link_id, placed))
        self._book(places)
        self._end(posted, Outcome.POSTED)
        return Moved(posted, Outcome.POSTED, command.link_id)

    def _capture_again(self, command: Capture, link: Link | None, known: Link) -> Answer:
        answer = self._begin_again(command.part, known)
        if isinstance(answer, Refused):
            return self._refuse(command, answer.fault)
        if link is None or link.outcome is not Outcome.VOIDED:
            return self._refuse(command, Fault(Clause.LINK_EXISTS_WITH_DIFFERENT_CONTENT))
        return Moved(known, Outcome.POSTED, command.link_id)

    def _capture_fault(self, command: Capture, link: Link | None) -> Fault | None:
        if link is not None and link.funding_account_id != command.funding_account_id:
            return Fault(Clause.LINK_EXISTS_WITH_DIFFERENT_CONTENT)
        if link is not None and link.outcome is not None:
            return Fault(_ALREADY[link.outcome])
        if link is not None and (link.link_id, link.command) in self._refusals:
            return Fault(Clause.LINK_REFUSED)
        if command.fault is not None:
            return command.fault
        if link is None:
            return Fault(Clause.LINK_NOT_FOUND)
        return _excess(command.part.legs, link.legs)

    def _places_of(self, link: Link, legs: Iterable[Leg]) -> list[_Place]:
        """The rows of legs between accounts of the link's own legs."""
        return [(*self._locked(leg, link), leg) for leg in legs]

    @staticmethod
    def _release(places: list[_Place]) -> None:
        for debit, credit, leg in places:
            debit.debits_pending -= leg.amount
            credit.credits_pending -= leg.amount

    @staticmethod
    def _book(places: list[_Place]) -> None:
        for debit, credit, leg in places:
            debit.debits_posted += leg.amount
            credit.credits_posted += leg.amount

    def _locked(self, leg: Leg, link: Link) -> tuple[AccountRow, AccountRow]:
        debit = self._row(leg.debit_account_id, link.stripe)
        credit = self._row(leg.credit_account_id, link.stripe)
        if debit is None or credit is None:
            raise RowsNotLocked(link.link_id)
        return debit, credit

    def _resolve_nothing(self, command: Resolve) -> Answer:
        """A post finds nothing; a void or expiry leaves a tombstone that refuses the reserve."""
        if command.fault is not None:
            return self._refuse(command, command.fault)
        if command.outcome is Outcome.POSTED:
            fault = Fault(Clause.LINK_NOT_FOUND)
            self._remember(command, fault)
            return self._refuse(command, fault)
        link = self._new_link(command, b"")
        self._end(link, command.outcome)
        return Moved(link, command.outcome)


def _excess(part: Iterable[Leg], reserved: Iterable[Leg]) -> Fault | None:
    """Whether a capture takes anything that was not reserved as such."""
    left: dict[tuple[str, str, str, str], int] = {}
    for debit, credit, amount, currency, purpose in reserved:
        way = (debit, credit, currency, purpose)
        left[way] = left.get(way, 0) + amount
    for debit, credit, amount, currency, purpose in part:
        way = (debit, credit, currency, purpose)
        left[way] = left.get(way, 0) - amount
        if left[way] < 0:
            return Fault(Clause.CAPTURE_EXCEEDS_RESERVED, debit)
    return None


def _rule_fault(places: list[_Place], at_once: bool) -> Fault | None:
    """Whether the accounts' rules let the legs through, leg by leg, each seeing those before it.

    What is pending counts as spent and not yet as received.
    """
    for debit, credit, leg in places:
        if debit.debits_pending + debit.debits_posted + leg.amount > TOTAL_LIMIT:
            return Fault(Clause.TOTAL_TOO_LARGE, debit.account_id)
        if credit.credits_pending + credit.credits_posted + leg.amount > TOTAL_LIMIT:
            return Fault(Clause.TOTAL_TOO_LARGE, credit.account_id)
    spent: dict[AccountRow, int] = {}
    for debit, credit, leg in places:
        limit = debit.net_debit_limit
        if limit is not None:
            here = spent[debit] = spent.get(debit, 0) + leg.amount
            net = debit.debits_pending + debit.debits_posted - debit.credits_posted
            if net + here > limit:
                clause = Clause.EXCEEDS_NET_DEBIT_LIMIT if limit else Clause.EXCEEDS_CREDITS
                return Fault(clause, debit.account_id)
        if at_once and credit.net_debit_limit is not None:
            spent[credit] = spent.get(credit, 0) - leg.amount
    return None
