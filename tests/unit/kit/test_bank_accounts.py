"""Bank accounts are sealed whole for one place, and shown by their last digits."""

from hashlib import sha256

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.kit.bank_accounts import (
    masked_number,
    open_account,
    open_reference,
    seal_account,
    seal_reference,
    shown,
)
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
ACCOUNT = ("0005", "001", "1", "1234567", "ヤマダ ハナコ")


def box(*keys: str) -> SecretBox:
    return SecretBox(SecretStr(",".join(keys)))


def test_a_sealed_account_holds_nothing_that_can_be_read() -> None:
    sealed = seal_account(box(OLD), "payout/1", ACCOUNT)
    assert not any(part.encode() in sealed for part in ("1234567", "ヤマダ"))
    assert open_account(box(OLD), "payout/1", sealed) == ACCOUNT


def test_an_account_cannot_be_put_in_anothers_place() -> None:
    sealed = seal_account(box(OLD), "payout/1", ACCOUNT)
    for place in ("payout/2", "payout/", "agreement/1", ""):
        with pytest.raises(SecretUnreadable):
            open_account(box(OLD), place, sealed)


def test_a_former_key_opens_while_it_is_given() -> None:
    sealed = seal_account(box(OLD), "payout/1", ACCOUNT)
    assert open_account(box(NEW, OLD), "payout/1", sealed) == ACCOUNT
    with pytest.raises(SecretUnreadable):
        open_account(box(NEW), "payout/1", sealed)
    with pytest.raises(SecretsKeyMissing):
        open_account(SecretBox(None), "payout/1", sealed)


def test_what_a_bank_calls_an_account_is_sealed_as_text() -> None:
    sealed = seal_reference(box(OLD), "payer/bank", "0005-001-1-1234567")
    assert "1234567" not in sealed
    assert open_reference(box(OLD), "payer/bank", sealed) == "0005-001-1-1234567"
    with pytest.raises(SecretUnreadable):
        open_reference(box(OLD), "payer/other", sealed)
    # One that was told before references were sealed.
    assert open_reference(box(OLD), "payer/bank", "0005-001-1-1234567") == "0005-001-1-1234567"


def test_a_fingerprint_tells_a_repeat_and_is_made_by_nobody_without_the_key() -> None:
    mark = box(OLD).fingerprint(b"0005 1234567")
    assert box(NEW, OLD).is_fingerprint(mark, b"0005 1234567")
    assert not box(OLD).is_fingerprint(mark, b"0005 1234568")
    assert not box(NEW).is_fingerprint(mark, b"0005 1234567")
    assert not SecretBox(None).is_fingerprint(mark, b"0005 1234567")
    assert mark != sha256(b"0005 1234567").digest()
    with pytest.raises(SecretsKeyMissing):
        SecretBox(None).fingerprint(b"0005 1234567")


def test_what_is_shown_is_the_bank_and_the_last_digits() -> None:
    assert shown(ACCOUNT) == ("0005", "001", "1", "***567", "")
    assert masked_number(masked_number("1234567")) == "***567"
    assert shown(("", "", "", "", "")) == ("", "", "", "", "")
