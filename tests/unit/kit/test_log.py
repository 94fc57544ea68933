"""Secrets do not reach the logs."""

from services.kit.log import mask_secrets


def test_fields_that_name_a_secret_are_blank() -> None:
    event = {"event": "x", "api_key": "kw_1", "db_password": "p", "payment": "q"}

    assert mask_secrets(None, "info", event) == {
        "event": "x",
        "api_key": "***",
        "db_password": "***",
        "payment": "q",
    }


def test_a_password_within_a_dsn_is_blank() -> None:
    event = {"event": "x", "problem": "cannot reach postgres://kawase:hunter2@db:5432/k"}

    assert "hunter2" not in str(mask_secrets(None, "info", event))
