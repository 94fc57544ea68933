"""Settings of fx: sources in their order, and combinations that cannot work."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.fx.__main__ import make_sources
from services.fx.settings import FxSettings


def settings(**fields: Any) -> FxSettings:
    """Settings with these fields."""
    return FxSettings(postgres=SecretStr("postgresql://nowhere"), kafka="nowhere:1", **fields)


def test_the_ecb_alone_is_asked_unless_told_otherwise() -> None:
    assert [source.name for source in make_sources(settings())] == ["ecb"]


def test_sources_are_asked_in_the_configured_order() -> None:
    sources = make_sources(
        settings(
            fx_sources=("file", "forex-python", "ecb"),
            fx_file=Path("rates.toml"),
            fx_forex_url="http://rates.invalid/",
        )
    )

    assert [source.name for source in sources] == ["file", "forex-python", "ecb"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"fx_sources": ()}, "at least one source"),
        ({"fx_sources": ("ecb", "ecb")}, "each once"),
        ({"fx_sources": ("oracle",)}, "'ecb', 'forex-python' or 'file'"),
        ({"fx_sources": ("file",)}, "KAWASE_FX_FILE"),
        ({"fx_sources": ("forex-python",)}, "KAWASE_FX_FOREX_URL"),
        ({"fx_currencies": ("JPY",)}, "two or more"),
        ({"fx_currencies": ("JPY", "JPY")}, "two or more"),
        ({"fx_currencies": ("JPY", "WON")}, "WON"),
        ({"fx_sheet_life_seconds": 60, "fx_republish_seconds": 60}, "lives longer"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        settings(**fields)


def test_lists_are_read_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAWASE_FX_SOURCES", '["file", "ecb"]')
    monkeypatch.setenv("KAWASE_FX_FILE", "/rates.toml")

    read = settings()

    assert read.fx_sources == ("file", "ecb")
    assert read.fx_file == Path("/rates.toml")
