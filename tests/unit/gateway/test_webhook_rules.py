"""What follows from an attempt, and which addresses may be called."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core.errors import Malformed
from services.gateway.webhooks.addresses import (
    AddressRules,
    WebhookAddressRefused,
    WebhookUrlRefused,
    check_url,
    is_open,
)
from services.gateway.webhooks.model import Inactive, State
from services.gateway.webhooks.schedule import (
    FAILING_LIMIT,
    LONGEST_REST,
    WAITS,
    Ending,
    Outcome,
    decide,
    ending_of,
    wait_after,
)
from services.gateway.webhooks.sending import retry_after

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
OUTSIDE = AddressRules()
INSIDE = AddressRules(inside=True)
FAILURES = [
    Outcome(Ending.REFUSED_STATUS, 500),
    Outcome(Ending.REDIRECTED, 302),
    Outcome(Ending.TIMED_OUT),
    Outcome(Ending.NOT_CONNECTED),
    Outcome(Ending.ADDRESS_REFUSED),
]
jitters = st.floats(0, 1, exclude_max=True)


def test_retries_go_on_for_some_three_days() -> None:
    total = sum(WAITS, timedelta())

    assert timedelta(days=2, hours=12) < total < timedelta(days=3, hours=12)


@given(st.integers(1, len(WAITS)), jitters)
def test_a_wait_is_lengthened_by_a_tenth_at_most(attempt: int, jitter: float) -> None:
    wait = wait_after(attempt, jitter)

    assert wait is not None
    assert WAITS[attempt - 1] <= wait <= WAITS[attempt - 1] * 1.1


@given(st.sampled_from(FAILURES), st.integers(1, len(WAITS)), jitters)
def test_a_failure_is_tried_again_later(outcome: Outcome, attempt: int, jitter: float) -> None:
    decision = decide(outcome, attempt, None, NOW, jitter)

    assert decision.state is State.PENDING
    assert decision.next_attempt_time is not None
    assert decision.next_attempt_time > NOW


@given(st.sampled_from(FAILURES), jitters)
def test_the_last_failure_is_the_end(outcome: Outcome, jitter: float) -> None:
    decision = decide(outcome, len(WAITS) + 1, NOW, NOW, jitter)

    assert (decision.state, decision.next_attempt_time) == (State.DEAD, None)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    decision = decide(Outcome(ending_of(status), status), 3, NOW, NOW, 0)

    assert (decision.state, decision.inactive) == (State.DELIVERED, None)


def test_410_ends_the_endpoint() -> None:
    decision = decide(Outcome(ending_of(410), 410), 1, None, NOW, 0)

    assert (decision.state, decision.inactive) == (State.DEAD, Inactive.GONE)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_with_a_word_of_its_own(status: int) -> None:
    assert ending_of(status) is Ending.REDIRECTED


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    outcome = Outcome(Ending.REFUSED_STATUS, status, "", timedelta(minutes=20))

    decision = decide(outcome, 1, None, NOW, 0)

    assert decision.rest_until == decision.next_attempt_time == NOW + timedelta(minutes=20)


@given(st.timedeltas())
def test_retry_after_is_bounded(asked: timedelta) -> None:
    outcome = Outcome(Ending.REFUSED_STATUS, 429, "", asked)

    decision = decide(outcome, 1, None, NOW, 0)

    assert decision.next_attempt_time is not None
    assert NOW < decision.next_attempt_time <= NOW + LONGEST_REST
    assert decision.rest_until is None or NOW < decision.rest_until <= NOW + LONGEST_REST


@given(st.text())
@example("Mon, 01 Jan 2024 00:00:00 +99999999999999999999")
@example("Mon, 01 Jan 99999999999999999999 00:00:00 GMT")
def test_no_retry_after_breaks_an_attempt(header: str) -> None:
    assert retry_after(header, NOW) is None or isinstance(retry_after(header, NOW), timedelta)


def test_retry_after_of_another_status_says_nothing() -> None:
    outcome = Outcome(Ending.REFUSED_STATUS, 500, "", timedelta(minutes=20))

    assert decide(outcome, 1, None, NOW, 0).rest_until is None


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("Fri, 30 Oct 2026 09:01:00 GMT", timedelta(minutes=1)),
        ("9" * 400, timedelta(seconds=999_999)),
        ("", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, wait: timedelta | None) -> None:
    assert retry_after(header, NOW) == wait


def test_days_of_failing_end_the_endpoint() -> None:
    lasting = decide(FAILURES[0], 2, NOW - FAILING_LIMIT, NOW, 0)
    recent = decide(FAILURES[0], 2, NOW - FAILING_LIMIT + timedelta(seconds=1), NOW, 0)

    assert (lasting.inactive, recent.inactive) == (Inactive.FAILING, None)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "192.88.99.1", "198.18.0.1", "203.0.113.5",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fec0::1", "100::1",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_open(text: str) -> None:
    assert not is_open(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2001:4860::8888"])
def test_a_public_address_is_open(text: str) -> None:
    assert is_open(ip_address(text))


PRIVATE = [
    IPv4Network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                 "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
]  # fmt: skip


@given(st.sampled_from(PRIVATE).flatmap(lambda net: st.ip_addresses(v=4, network=net)))
def test_no_private_address_is_open_in_any_form(address: IPv4Address) -> None:
    number = int(address)
    forms: list[IPv4Address | IPv6Address] = [
        address,
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),
        IPv6Address(int(IPv6Address("2002::")) | number << 80),
        IPv6Address(number),
    ]

    assert not any(is_open(form) for form in forms)


@given(st.ip_addresses(v=6))
def test_nothing_but_global_unicast_is_open(address: IPv6Address) -> None:
    assert not is_open(address) or address in IPv6Network("2000::/3")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https:///path", "example.com",
        "https://user:pass@example.com/", "https://example.com/#part", "https://example.com:22/",
        "https://example.com:99999/", "https://exam ple.com/", "https://例え.jp/",
        "https://example.com\\@127.0.0.1/", "https://[fe80::1%25eth0]/", "https://[::1",
        f"https://example.com/{'x' * 2048}", "https://example.com/\n", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_url_of_another_shape_is_refused(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        check_url(url, OUTSIDE)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://10.0.0.1/"],
)
def test_a_url_that_names_an_address_inside_is_refused(url: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        check_url(url, OUTSIDE)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost:1/"])
def test_the_sandbox_may_call_inside(url: str) -> None:
    assert check_url(url, INSIDE).geturl() == url


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for rules in (OUTSIDE, INSIDE):
        for url in (text, f"https://{text}", f"https://{text}/"):
            try:
                assert check_url(url, rules).hostname
            except Malformed:
                continue
