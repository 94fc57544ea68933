"""What waits for a second person is kept as it was asked, with bank accounts sealed."""

from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.gateway.access.approvals.requests import Requests, shown
from services.gateway.access.book import Proposal
from services.kit.sealing import SecretBox, SecretsKeyMissing
from services.pb.kawase.settlement.v1 import payout_service_pb2 as pb

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SEALED = "kawase.settlement.v1.PayoutService/PutAgreement"
PLAIN = "kawase.gateway.v1.AdminService/PutFeePlan"


def requests(key: str = "") -> Requests:
    return Requests(SecretBox(SecretStr(key or Fernet.generate_key().decode())))


def waiting(method: str, request: bytes) -> Proposal:
    return Proposal("p1", method, "", request, "boss", "mei", "k1", NOW, NOW)


def test_what_names_an_account_is_sealed_and_opened_by_the_same_key_alone() -> None:
    kept = requests()
    sealed = waiting(SEALED, kept.kept(SEALED, b"1234567"))

    assert b"1234567" not in sealed.request
    assert kept.opened(sealed) == b"1234567"
    assert requests().opened(sealed) is None
    with pytest.raises(SecretsKeyMissing):
        Requests(SecretBox(None)).kept(SEALED, b"1234567")


def test_all_else_is_kept_as_it_is() -> None:
    kept = requests()
    assert kept.opened(waiting(PLAIN, kept.kept(PLAIN, b"x"))) == b"x"
    assert Requests(SecretBox(None)).kept(PLAIN, b"x") == b"x"


def test_an_account_is_shown_by_its_last_digits_and_stays_whole_where_it_is_kept() -> None:
    request = pb.PutAgreementRequest()
    request.agreement.agreement_id = "kissaten"
    request.agreement.payee.account_number = "1234567"
    request.agreement.payee.holder_name = "キッサテン"
    told = shown(request)

    assert told.agreement.payee.account_number == "***567"  # type: ignore[attr-defined]
    assert "キッサテン" not in str(told)
    assert "kissaten" in str(told)
    assert request.agreement.payee.account_number == "1234567"
