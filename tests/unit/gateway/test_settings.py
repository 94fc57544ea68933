"""The gateway's own settings."""

import pytest
from pydantic import ValidationError

from services.gateway.settings import GatewaySettings

GIVEN = {"postgres": "postgresql://gateway@localhost/kawase", "kafka": "localhost:9092"}


def test_an_operator_key_by_setting_is_not_shown() -> None:
    settings = GatewaySettings(**GIVEN, bridge_address="localhost:1", gateway_operator_key="x" * 24)  # type: ignore[arg-type]

    assert "x" * 24 not in repr(settings)


def test_an_operator_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(**GIVEN, bridge_address="localhost:1", gateway_operator_key="secret")  # type: ignore[arg-type]


def test_nothing_is_screened_unless_a_list_is_named() -> None:
    settings = GatewaySettings(**GIVEN, bridge_address="localhost:1")  # type: ignore[arg-type]

    assert settings.gateway_screening_list is None
