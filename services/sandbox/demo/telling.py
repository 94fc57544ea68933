"""What a person reads of the demo: a payment's price, its life, its money, and the books."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from sys import stdout
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.core.errors import KawaseError
from services.core.money import Money
from services.pb.kawase.gateway.v1 import gateway_service_pb2, payment_pb2
from services.pb.kawase.settlement.v1 import settlement_service_pb2
from services.pb.kawase.wallet.v1 import transfer_pb2, wallet_service_pb2
from services.sandbox.demo.wallet_app import to_money

WIDTH = 118
TOKYO = ZoneInfo("Asia/Tokyo")


def clock_time(stamp: Timestamp) -> str:
    """To the millisecond, in Tokyo, where the demo's operator sits."""
    instant: datetime = stamp.ToDatetime(ZoneInfo("UTC"))
    return instant.astimezone(TOKYO).strftime("%H:%M:%S.%f")[:-3]


class Telling:
    """Writes to a terminal, or in the same form to a file."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or (Console() if stdout.isatty() else Console(width=WIDTH))

    def chapter(self, mark: str, title: str, sentence: str) -> None:
        """What comes now, and why it is worth looking at."""
        self._console.print()
        self._console.rule(f"[bold]{mark}  {escape(title)}", align="left")
        self._console.print(sentence, style="italic", highlight=False)

    def line(self, text: str) -> None:
        """A sentence."""
        self._console.print(f"  {escape(text)}", highlight=False)

    def progress(self, text: str) -> None:
        """A line of the stack's own progress."""
        self._console.print(escape(text), style="dim", highlight=False)

    def scanned(self, code: str, decoded: gateway_service_pb2.DecodeCodeResponse) -> None:
        """The code as the gateway understands it."""
        shown = code if len(code) <= 84 else f"{code[:81]}…"
        where = ", ".join(part for part in (decoded.merchant.name, decoded.merchant.city) if part)
        amount = str(to_money(decoded.amount)) if decoded.HasField("amount") else "no amount"
        self.line(f"scanned   {shown}")
        shop = where or "a link, whose owner knows the shop"
        self.line(f"says      {decoded.scheme or decoded.kind} · {shop} · {amount}")

    def quoted(self, payment: payment_pb2.Payment) -> None:
        """The price, as the payer sees it."""
        target, home = to_money(payment.target), to_money(payment.home)
        price = f"{target} to {payment.merchant.name} costs {home}"
        if target.currency != home.currency:
            price += f" (mid {payment.mid}, of it {to_money(payment.spread)} spread)"
        self.line(f"price     {price}")
        self.line(f"          good until {clock_time(payment.quote_expire_time)}")

    def life(self, payment: payment_pb2.Payment, moves: Iterable[payment_pb2.PaymentMove]) -> None:
        """Each step the payment took, as its journal has it."""
        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        for column in ("when", "state", "step", "what happened"):
            table.add_column(column)
        for move in moves:
            state = payment_pb2.PaymentState.Name(move.state).removeprefix("PAYMENT_STATE_")
            table.add_row(clock_time(move.move_time), state.lower(), move.step, escape(move.detail))
        self._console.print(table, highlight=False)
        state = payment_pb2.PaymentState.Name(payment.state).removeprefix("PAYMENT_STATE_")
        end = state.lower().replace("_", " ")
        why = f": {payment.message or payment.reason}" if payment.reason else ""
        self.line(f"→ {end}{why}   [{payment.reference}]")

    def legs(self, transfers: Sequence[transfer_pb2.Transfer]) -> None:
        """Where the money went."""
        if not transfers:
            self.line("no money moved")
            return
        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        for column in ("purpose", "from (debit)", "to (credit)"):
            table.add_column(column)
        table.add_column("amount", justify="right")
        table.add_column("")
        for transfer in transfers:
            leg = transfer.leg
            state = transfer_pb2.TransferState.Name(transfer.state).rpartition("_")[2].lower()
            table.add_row(
                leg.purpose,
                leg.debit_account_id,
                leg.credit_account_id,
                str(to_money(leg.amount)),
                state,
            )
        self._console.print(table, highlight=False)

    def window(self, found: settlement_service_pb2.GetWindowResponse) -> None:
        """A closed window: its accounts, and what it brings to whom."""
        window = found.window
        self.line(
            f"window    {window.corridor_id or 'no corridor'} in {window.currency_code}: "
            f"{window.payment_count} payments, {window.refund_count} refunds, "
            f"paid on {window.settle_date}"
        )
        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        table.add_column("account")
        for column in ("opening", "payments", "refunds", "fees", "closing"):
            table.add_column(column, justify="right")
        for moved in window.movements:
            sums = (
                moved.opening_minor,
                moved.payments_minor,
                moved.refunds_minor,
                moved.fees_minor,
                moved.closing_minor,
            )
            amounts = (str(Money(minor, window.currency_code)) if minor else "" for minor in sums)
            table.add_row(moved.account_id, *amounts)
        self._console.print(table, highlight=False)
        for position in found.positions:
            net = Money(position.net_minor, window.currency_code)
            reserve = Money(position.reserve_minor, window.currency_code)
            held = f", of it {reserve} kept in reserve" if reserve.minor else ""
            self.line(f"owed      {net} to {position.participant_id}{held}")

    def refused(self, error: KawaseError) -> None:
        """A typed refusal, as its caller gets it."""
        self.line(f"→ refused  {error.reason}")
        self.line(f"           {error.message}")

    def books(
        self,
        accounts: Sequence[transfer_pb2.Account],
        check: wallet_service_pb2.CheckBooksResponse,
    ) -> None:
        """Every account, and each currency's sum."""
        table = Table(padding=(0, 1), header_style="bold")
        table.add_column("account")
        for column in ("debits", "credits", "balance", "pending"):
            table.add_column(column, justify="right")
        for account in sorted(accounts, key=lambda a: (a.currency_code, a.account_id)):
            table.add_row(*_account_row(account))
        self._console.print(table, highlight=False)
        for total in check.totals:
            debits = Money(total.debits_posted, total.currency_code)
            credits_ = Money(total.credits_posted, total.currency_code)
            same = "=" if debits == credits_ else "≠"
            self.line(f"{total.currency_code}   debits {debits}  {same}  credits {credits_}")
        verdict = "balanced" if check.balanced else "NOT BALANCED"
        self.line(
            f"{check.transfer_count} transfers, {check.pending_count} pending; "
            f"every account equals its transfers: {verdict}"
        )


def _account_row(account: transfer_pb2.Account) -> tuple[str, ...]:
    currency = account.currency_code
    pending = account.debits_pending + account.credits_pending
    return (
        account.account_id,
        str(Money(account.debits_posted, currency)),
        str(Money(account.credits_posted, currency)),
        str(Money(account.credits_posted - account.debits_posted, currency)),
        str(Money(pending, currency)) if pending else "",
    )
