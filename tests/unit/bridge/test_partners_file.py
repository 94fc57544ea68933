"""The file that names the partners."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.bridge.directory import make_partners
from services.bridge.domain.hours import next_opening
from services.bridge.domain.pace import Pace
from services.bridge.partner import Surroundings
from services.bridge.partners.kakaopay_acquirer import RULES
from services.bridge.settings import PartnersFileWrong, read_partners
from services.core.clock import ManualClock
from services.sandbox.processes import PARTNERS_FILE
from tests.unit.bridge.builders import TODAY

AROUND = Surroundings("http://127.0.0.1", ManualClock(TODAY))
ENTRY = """
[[partner]]
id = "kakaopay"
adapter = "kakaopay_acquirer"
base_url_env = "KAKAO_URL"
secret_env = "KAKAO_SECRET"
limits = { in_flight = 7, call_seconds = 2.5 }
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KAKAO_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KAKAO_SECRET", "very-secret")
    return tmp_path / "partners.toml"


def test_addresses_and_secrets_come_from_variables(path: Path) -> None:
    path.write_text(ENTRY)
    (config,) = read_partners(path)
    assert (config.base_url, config.secret.get_secret_value()) == (
        "http://127.0.0.1:1",
        "very-secret",
    )
    assert "very-secret" not in repr(config)
    rules = config.limits.apply(RULES)
    assert (rules.in_flight, rules.call) == (7, timedelta(seconds=2.5))
    assert rules.inquiries == RULES.inquiries


def test_waits_are_scaled_but_not_calls_and_not_what_is_set(path: Path) -> None:
    scaled = "waits_factor = 0.1, slowest_seconds = 20"
    path.write_text(ENTRY.replace("in_flight = 7", scaled))
    rules = read_partners(path)[0].limits.apply(RULES)
    assert (rules.inquire_every, rules.operator_after) == (
        RULES.inquire_every / 10,
        RULES.operator_after / 10,
    )
    assert rules.late_checks == tuple(wait / 10 for wait in RULES.late_checks)
    assert (rules.slowest, rules.call) == (timedelta(seconds=20), timedelta(seconds=2.5))


def test_a_secret_may_be_in_a_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    kept = f'secret_file = "{tmp_path}/secret"'
    path.write_text(ENTRY.replace('secret_env = "KAKAO_SECRET"', kept))
    assert read_partners(path)[0].secret.get_secret_value() == "from-a-file"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('secret_env = "KAKAO_SECRET"', 'secret_env = "UNSET"', "no secret"),
        ('base_url_env = "KAKAO_URL"', 'base_url_env = "UNSET"', "base_url"),
        ("in_flight = 7", "in_flight = 0", "in_flight"),
        ("in_flight = 7", "inflight = 7", "inflight"),
        ("[[partner]]", "[[partners]]", "partner"),
        ('id = "kakaopay"', 'id = "kakao pay"', "id"),
        (ENTRY, ENTRY + ENTRY, "same id"),
    ],
)
def test_a_file_that_is_wrong_is_refused_without_its_secrets(
    path: Path, old: str, new: str, said: str
) -> None:
    path.write_text(ENTRY.replace(old, new))
    with pytest.raises(PartnersFileWrong, match=said) as caught:
        read_partners(path)
    assert "very-secret" not in str(caught.value)


def test_an_optional_partner_without_an_address_is_left_out(path: Path) -> None:
    path.write_text(ENTRY.replace("KAKAO_URL", "UNSET") + "optional = true\n")
    assert read_partners(path) == []


def test_an_adapter_that_is_not_there_is_named(path: Path) -> None:
    path.write_text(ENTRY.replace("kakaopay_acquirer", "telepathy"))
    with pytest.raises(PartnersFileWrong, match="telepathy"):
        make_partners(read_partners(path), AROUND)


def test_a_lease_is_longer_than_a_call(path: Path) -> None:
    path.write_text(ENTRY.replace("call_seconds = 2.5", "call_seconds = 16"))
    with pytest.raises(PartnersFileWrong, match="lease"):
        make_partners(read_partners(path), AROUND)


def test_the_sandboxes_own_file_is_right() -> None:
    assert read_partners(PARTNERS_FILE) == []


LIMITED = """
[[partner]]
id = "kakaopay"
adapter = "kakaopay_acquirer"
base_url_env = "KAKAO_URL"
secret_env = "KAKAO_SECRET"
[partner.limits]
calls_per_second = 20
burst = 5
operator_after_seconds = 60
[partner.limits.breaker]
failing_percent = 30
open_for_seconds = 15
[partner.limits.hours]
zone = "Asia/Tokyo"
opens = 08:30:00
closes = 21:00:00
weekdays = [0, 1, 2, 3, 4]
banks_of = ["JP"]
"""


def test_pace_breaker_hours_and_the_operators_age_are_data(path: Path) -> None:
    path.write_text(LIMITED)
    rules = read_partners(path)[0].limits.apply(RULES)
    assert rules.pace == Pace(timedelta(milliseconds=50), 5)
    assert rules.operator_after == timedelta(minutes=1)
    assert rules.breaker == replace(
        RULES.breaker, failing_percent=30, open_for=timedelta(seconds=15)
    )
    assert rules.hours is not None
    opening = next_opening(rules.hours, datetime(2026, 10, 31, 3, 0, tzinfo=UTC))
    assert opening == datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    # The 3rd is Culture Day.
    opening = next_opening(rules.hours, datetime(2026, 11, 2, 12, 0, tzinfo=UTC))
    assert opening == datetime(2026, 11, 3, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('zone = "Asia/Tokyo"', 'zone = "Asia/Atlantis"', "Asia/Atlantis"),
        ("weekdays = [0, 1, 2, 3, 4]", "weekdays = [7]", "weekdays"),
        ("failing_percent = 30", "failing_percent = 101", "failing_percent"),
        ("burst = 5", "bursts = 5", "bursts"),
        ('banks_of = ["JP"]', 'banks_of = ["XX"]', "XX"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(path: Path, old: str, new: str, said: str) -> None:
    path.write_text(LIMITED.replace(old, new))
    with pytest.raises(PartnersFileWrong, match=said):
        read_partners(path)
