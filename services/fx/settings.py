"""What fx reads from its environment beyond what all services share."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from services.core.currencies import CURRENCIES
from services.kit.settings import ServiceSettings

SourceName = Literal["ecb", "forex-python", "file"]


class FxSettings(ServiceSettings):
    """Settings of one fx process. Lists are JSON, such as `["ecb", "file"]`."""

    fx_sources: tuple[SourceName, ...] = ("ecb",)
    """In the order they are asked; the first usable one is published."""
    fx_currencies: tuple[str, ...] = (
        "CNY",
        "EUR",
        "HKD",
        "IDR",
        "JPY",
        "KRW",
        "MYR",
        "SGD",
        "THB",
        "USD",
    )
    """Every ordered pair of these gets a mid."""
    fx_sheet_life_seconds: int = Field(default=1800, ge=1, le=86_400)
    """How long a sheet is valid, in the clock's time: for so long fx may be down."""
    fx_republish_seconds: int = Field(default=60, ge=1, le=86_400)
    """How long after a sheet the next one follows, in the clock's time."""

    fx_ecb_file: Path | None = None
    """A newer `eurofxref-hist.zip` than the one that comes with the package."""
    fx_ecb_limit_days: int = Field(default=6, ge=1, le=30)
    """Rates of the Thursday before Easter are replaced on Tuesday afternoon: the longest gap."""
    fx_forex_url: str = ""
    """Base address of a server that speaks as forex-python expects; needed for that source."""
    fx_forex_limit_hours: int = Field(default=144, ge=1, le=720)
    fx_forex_call_seconds: int = Field(default=5, ge=1, le=60)
    fx_file: Path | None = None
    """A JSON or TOML file of rates; needed for that source."""
    fx_file_limit_hours: int = Field(default=24, ge=1, le=8784)

    @field_validator("fx_currencies")
    @classmethod
    def _currencies_are_known(cls, currencies: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [currency for currency in currencies if currency not in CURRENCIES]
        if unknown or len(set(currencies)) != len(currencies) or len(currencies) < 2:
            raise ValueError(f"two or more known currencies, each once; not known: {unknown}")
        return currencies

    @model_validator(mode="after")
    def _sources_have_a_place(self) -> "FxSettings":
        if not self.fx_sources or len(set(self.fx_sources)) != len(self.fx_sources):
            raise ValueError("KAWASE_FX_SOURCES names at least one source, each once")
        if "forex-python" in self.fx_sources and not self.fx_forex_url:
            raise ValueError("the source forex-python needs KAWASE_FX_FOREX_URL")
        if "file" in self.fx_sources and self.fx_file is None:
            raise ValueError("the source file needs KAWASE_FX_FILE")
        if self.fx_sheet_life_seconds <= self.fx_republish_seconds:
            raise ValueError("a sheet lives longer than the time after which the next one follows")
        return self

    @property
    def sheet_life(self) -> timedelta:
        return timedelta(seconds=self.fx_sheet_life_seconds)

    @property
    def republish_every(self) -> timedelta:
        return timedelta(seconds=self.fx_republish_seconds)
