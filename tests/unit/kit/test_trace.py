"""Trace parents: read as the recommendation says, made of references, kept apart in batches."""

import asyncio
import string

import hypothesis.strategies as st
import pytest
from hypothesis import given

from services.core.ids import new_reference
from services.kit import trace
from services.kit.gather import Gather
from services.kit.log import add_trace
from services.kit.outbox import Outgoing, seal
from tests.store.gateway.payments_world import NOW

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_what_a_call_brings_is_followed_by_its_messages_and_no_others() -> None:
    trace.follow_call([("authorization", "x"), (trace.HEADER, GIVEN)])
    mine = Outgoing("wallet.command", "account", 0, "T", b"")
    trace.follow_call([(b"accept", b"*/*")])
    other = Outgoing("wallet.command", "account", 0, "T", b"")

    assert [one.trace for one in seal("gateway", [mine, other], {0: 1})] == [GIVEN, ""]


@pytest.mark.parametrize(
    "header",
    [
        "",
        GIVEN.upper(),
        GIVEN + "-more",
        "ff" + GIVEN[2:],
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_what_is_no_trace_parent_is_not_followed(header: str) -> None:
    trace.follow_call([(trace.HEADER.encode(), header.encode())])
    assert trace.current() == ""


@given(st.text(max_size=80))
def test_nothing_that_is_read_can_break_a_header_or_the_form(text: str) -> None:
    found = trace.read(text)
    assert found in ("", text)
    assert set(found) <= set(string.hexdigits.lower() + "-")


def test_a_reference_makes_the_same_trace_wherever_it_stands() -> None:
    reference = new_reference(NOW)
    made = trace.made_of(reference)

    assert trace.read(made) == made
    assert trace.made_of(f"payment-{reference}-deliver") == made
    assert trace.made_of("customer:sakura/hanako:JPY") == ""
    (sealed,) = seal(
        "wallet", [Outgoing("wallet.event", f"payment-{reference}", 3, "T", b"")], {3: 1}
    )
    assert dict(sealed.headers)[trace.HEADER] == made.encode()


async def test_who_begins_a_batch_leaves_its_trace_to_itself() -> None:
    seen: list[str] = []

    async def work(items: list[int]) -> list[int]:
        seen.append(trace.current())
        return items

    gather: Gather[int, int] = Gather(work)  # type: ignore[arg-type]
    trace.follow(GIVEN)
    await asyncio.wait_for(gather.submit(1), 5)

    assert (seen, trace.current()) == ([""], GIVEN)


def test_a_log_line_says_which_trace_it_belongs_to() -> None:
    trace.follow(GIVEN)
    assert add_trace(None, "info", {"event": "x"}) == {
        "event": "x",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    trace.follow("")
    assert add_trace(None, "info", {"event": "x"}) == {"event": "x"}
