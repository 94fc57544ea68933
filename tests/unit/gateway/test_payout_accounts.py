"""Accounts of shops: sealed for one shop and version, masked, in effect after a while."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.gateway.acquiring.merchants import accounts
from services.gateway.acquiring.merchants.model import State, Version
from services.gateway.webhooks.events import Fact, hear, readers_of
from services.kit.sealing import SecretUnreadable
from tests.store.gateway.payments_world import ACCOUNTS, NOW
from tests.unit.gateway.test_acquirer_rules import SHOP, VERSION

OTHER = replace(SHOP, account_number="7654321")
APPROVED = replace(VERSION, state=State.APPROVED, decide_time=NOW)


def stored(version: Version) -> Version:
    """As it is read again."""
    sealed = ACCOUNTS.sealed(version)
    return replace(sealed, content=accounts.masked(sealed.content))


def test_a_stored_account_shows_its_last_digits_and_opens_whole() -> None:
    kept = stored(VERSION)
    assert kept.content.account_number == "***567"
    assert b"1234567" not in kept.sealed_payee
    assert ACCOUNTS.opened(kept).content == SHOP
    assert accounts.text_of(kept.content) == accounts.text_of(SHOP) == "9901-101 ***567"


@pytest.mark.parametrize("changed", [{"merchant_id": "shop-8"}, {}])
def test_what_was_sealed_for_one_shop_and_version_opens_for_no_other(
    changed: dict[str, Any],
) -> None:
    kept = stored(VERSION)
    other = replace(kept, version=2, content=replace(kept.content, **changed))
    with pytest.raises(SecretUnreadable):
        ACCOUNTS.opened(other)


def test_a_masked_number_given_back_is_the_number_that_is_known() -> None:
    shown = accounts.masked(SHOP)
    assert accounts.with_number(shown, [VERSION]) == SHOP
    strange = replace(shown, branch_code="102")
    assert accounts.with_number(strange, [VERSION]) == strange
    assert accounts.with_number(OTHER, [VERSION]) == OTHER


def test_only_an_account_that_takes_anothers_place_waits() -> None:
    first = ACCOUNTS.taken(APPROVED, None, is_first=True)
    assert first.account_effective_time == NOW
    later = replace(APPROVED, version=2, decide_time=NOW + timedelta(days=9))
    renamed = replace(later, content=replace(SHOP, name="NEW NAME"))
    assert ACCOUNTS.taken(renamed, first, is_first=False).account_effective_time == NOW
    moved = ACCOUNTS.taken(replace(later, content=OTHER), first, is_first=False)
    assert moved.account_effective_time == NOW + timedelta(days=9, hours=72)
    # One that was taken away for a while was an account before, too.
    back = ACCOUNTS.taken(replace(later, content=OTHER), None, is_first=False)
    assert back.account_effective_time == NOW + timedelta(days=9, hours=72)


def test_an_acquirer_is_told_of_a_change_and_not_of_the_number() -> None:
    first = ACCOUNTS.taken(ACCOUNTS.sealed(APPROVED), None, is_first=True)
    moved = replace(APPROVED, version=2, content=OTHER)
    moved = ACCOUNTS.taken(ACCOUNTS.sealed(moved), first, is_first=False)
    assert accounts.account_changed(replace(first, version=2), first) == []
    (message,) = accounts.account_changed(moved, first)
    assert b"7654321" not in message.payload
    heard = hear(Fact(1, 1, message.key, message.payload))
    assert heard is not None
    ((reader, text),) = readers_of(heard, None)
    assert (reader, heard.kind.event_type) == ("edo", "merchant.payout_account_changed")
    assert '"account":"9901-101 ***321"' in text
    assert "sealed" not in text


def test_that_a_shop_has_no_account_any_more_is_told_too() -> None:
    none: dict[str, Any] = dict.fromkeys(accounts._FIELDS, "")
    gone = replace(APPROVED, version=2, content=replace(SHOP, **none))
    (message,) = accounts.account_changed(gone, APPROVED)
    heard = hear(Fact(1, 1, message.key, message.payload))
    assert heard is not None
    assert '"account":null' in readers_of(heard, None)[0][1]
