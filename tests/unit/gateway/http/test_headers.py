"""What headers say: keys, preferences, tags and links."""

import pytest

from services.gateway.http.headers import (
    IdempotencyKeyDiffers,
    IdempotencyKeyMissing,
    chosen_id,
    etag_of,
    next_link,
    none_match,
    wait_seconds,
)


def test_the_id_is_the_body_s_or_the_header_s_and_never_two_things() -> None:
    assert chosen_id("payment_id", "a", None) == "a"
    assert chosen_id("payment_id", None, '"a"') == "a"
    assert chosen_id("payment_id", "a", "a") == "a"
    with pytest.raises(IdempotencyKeyDiffers):
        chosen_id("payment_id", "a", "b")
    with pytest.raises(IdempotencyKeyMissing):
        chosen_id("payment_id", None, None)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 25),
        ("wait=3", 3),
        ('respond-async, wait="7"', 7),
        ("Wait = 0", 0),
        ("wait=99999", 120),
        ("wait=-1", 25),
        ("await=3", 25),
        ("wait=3x", 25),
    ],
)
def test_a_wait_is_read_and_bounded(prefer: str | None, seconds: int) -> None:
    assert wait_seconds(prefer) == seconds


def test_a_tag_is_found_among_several_weak_ones_too() -> None:
    tag = etag_of(b"body")
    assert tag == etag_of(b"body") != etag_of(b"other")
    assert none_match(tag, tag)
    assert none_match(f'"x", W/{tag}', tag)
    assert none_match("*", tag)
    assert not none_match(None, tag)
    assert not none_match('"x"', tag)


def test_a_link_keeps_the_query_and_names_the_page_after() -> None:
    link = next_link("/v1/payments", {"page_size": "2", "state": "quoted"}, "cDE=")
    assert link == '</v1/payments?page_size=2&state=quoted&page_token=cDE%3D>; rel="next"'
