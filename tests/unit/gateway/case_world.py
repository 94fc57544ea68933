"""Drives one resource of any kind by its own commands, with a ledger and partners made of dice.

The ledger answers a link as it did before; what it was asked for once it never does twice.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.core.ids import Resource
from services.gateway.incoming import Incoming, What
from services.gateway.resources.events import Kind
from services.gateway.resources.model import OPERATOR, Decision, Resolution, with_life
from services.kit.outbox import Outgoing
from services.pb.kawase.bridge.v1.bridge_message_pb2 import BridgeCommand
from services.pb.kawase.wallet.v1.wallet_message_pb2 import WalletCommand

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)


@dataclass
class DiceWorld:
    """`roll` says yes or no to a question; `choose` gives an operator's word."""

    kind: Kind[Any]
    resource: Any
    roll: Callable[[str], bool]
    choose: Callable[[], Resolution]
    balances: Counter[str] = field(default_factory=Counter)
    answers: dict[str, What] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    refunds: dict[str, What] = field(default_factory=dict)
    words: list[tuple[str, Resolution]] = field(default_factory=list)

    def hear(self, heard: Incoming) -> None:
        """One event, and all that follows from it, with every event twice."""
        waiting = [heard]
        while waiting:
            event = waiting.pop(0)
            for _ in range(2):
                waiting += self._apply(self.kind.decide(self.resource, event, NOW))

    def resolve(self) -> bool:
        """An operator's word on a case; whether it fitted."""
        assert self.resource.life.step == OPERATOR
        word = self.choose()
        decision = self.kind.resolve(self.resource, word, NOW)
        if decision.life is None:
            return False
        self.words.append((self.resource.life.stuck_at, word))
        for event in self._apply(decision):
            self.hear(event)
        return True

    def order(self) -> None:
        """The command of the present step, as the sweeper repeats it."""
        for event in self._carry_out(self.kind.command(self.resource.life.step, self.resource)):
            self.hear(event)

    def _apply(self, decision: Decision[Any, Any]) -> list[Incoming]:
        if decision.life is not None:
            self.resource = with_life(self.resource, decision.life)
        if decision.order is None:
            return []
        return self._carry_out(self.kind.command(decision.order, self.resource))

    def _carry_out(self, sent: Outgoing) -> list[Incoming]:
        if sent.topic == "bridge.command":
            command = BridgeCommand.FromString(sent.payload)
            if command.WhichOneof("body") != "refund_charge":
                return []
            return [self._refund(command.refund_charge.refund_id)]
        ordered = WalletCommand.FromString(sent.payload)
        name = ordered.WhichOneof("body")
        body = getattr(ordered, str(name))
        return [self._book(str(name).removesuffix("_funds"), body)]

    def _refund(self, refund_id: str) -> Incoming:
        if refund_id not in self.refunds:
            yes = self.roll("refund")
            self.refunds[refund_id] = What.REFUND_ACCEPTED if yes else What.REFUND_REJECTED
        return self._said(self.refunds[refund_id], charge_id=refund_id)

    def _book(self, name: str, body: Any) -> Incoming:
        link = body.link_id
        if name in ("reserve", "transfer") and link not in self.answers:
            done = What.FUNDS_RESERVED if name == "reserve" else What.FUNDS_POSTED
            self.answers[link] = done if self.roll(name) else What.FUNDS_REFUSED
            if self.answers[link] is What.FUNDS_RESERVED:
                self.pending[link] = body.legs
            elif self.answers[link] is What.FUNDS_POSTED:
                self._move(body.legs)
        if name in ("post", "void"):
            legs = self.pending.pop(link, None)
            if legs is not None and name == "post":
                self._move(legs)
            return self._said(
                What.FUNDS_POSTED if name == "post" else What.FUNDS_VOIDED, link_id=link
            )
        return self._said(self.answers[link], link_id=link, command=name, reason="EXCEEDS_CREDITS")

    def _move(self, legs: Any) -> None:
        for leg in legs:
            assert leg.amount.minor_units > 0
            self.balances[leg.debit_account_id] -= leg.amount.minor_units
            self.balances[leg.credit_account_id] += leg.amount.minor_units

    def _said(self, what: What, **fields: Any) -> Incoming:
        return Incoming(Resource.PAYMENT, self.resource.reference, what, **fields)

    def of(self, kind: str) -> int:
        """The balance of all accounts of a kind."""
        return sum(abs(v) for name, v in self.balances.items() if name.startswith(f"{kind}:"))
