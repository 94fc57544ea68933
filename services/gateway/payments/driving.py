"""Drives payments by what wallet and bridge say: lock, decide in order, store, send."""

from collections.abc import Callable, Sequence

from services.core.clock import Clock
from services.gateway.incoming import Incoming
from services.gateway.late.booking import book_late_charges
from services.gateway.payments.giving_back import give_back_limits
from services.gateway.payments.messages import fact_of, order_message, payment_message
from services.gateway.payments.model import Life, Payment
from services.gateway.payments.owning import acquirer_of
from services.gateway.payments.saga import LateCharge, decide
from services.gateway.payments.shelf import Shelf
from services.gateway.payments.store.payments import lock_lives, store_moves
from services.gateway.payments.waiters import Snapshot, Waiters
from services.gateway.reference.board import ReferenceBoard
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.trace import follow


class PaymentEvents:
    """The handler of events about payments. `reach` is a point where tests may crash."""

    def __init__(
        self,
        board: ReferenceBoard,
        shelf: Shelf,
        waiters: Waiters,
        clock: Clock,
        reach: Callable[[str], None],
    ) -> None:
        self._board = board
        self._shelf = shelf
        self._waiters = waiters
        self._clock = clock
        self._reach = reach
        self._news: list[Snapshot] = []
        self._steps: set[str] = set()

    async def handle(self, connection: Connection, batch: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Decide a batch, event by event in order; an event of no payment of ours is left."""
        lives = await lock_lives(connection, (heard.reference for heard in batch))
        payments = await self._shelf.payments(connection, lives)
        now = self._clock.now()
        moved: list[tuple[str, Life]] = []
        messages: list[Outgoing] = []
        late: list[tuple[Payment, LateCharge]] = []
        returned: list[Payment] = []
        self._news = []
        for heard in batch:
            payment = payments.get(heard.reference)
            if payment is None:
                continue
            follow(heard.trace)
            decision = decide(payment, heard, now)
            if decision.gives_back:
                returned.append(payment)
            if decision.life is not None:
                before = payment.life
                payment = payments[heard.reference] = Payment(payment.terms, decision.life)
                moved.append((heard.reference, decision.life))
                after = decision.life
                if (after.state, after.action_url) != (before.state, before.action_url):
                    messages += self._tell(payment)
            if decision.order is not None:
                messages.append(order_message(decision.order, payment))
            if decision.late is not None:
                late.append((payment, decision.late))
        await store_moves(connection, moved)
        await give_back_limits(connection, returned)
        messages += await book_late_charges(connection, late, now)
        self._steps = {life.step.value for _, life in moved}
        return messages

    def _tell(self, payment: Payment) -> list[Outgoing]:
        snapshot = payment_message(payment)
        self._news.append(snapshot)
        fact = fact_of(payment, snapshot, acquirer_of(payment.terms, self._board.current))
        return [] if fact is None else [fact]

    def committed(self) -> None:
        """Tell those who wait here."""
        for step in self._steps:
            self._reach(f"after_move_to_{step}")
        for snapshot in self._news:
            self._waiters.tell(snapshot)
