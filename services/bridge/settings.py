"""What the bridge reads from its environment and from its partners' file.

The file is TOML, a table per partner:

    [[partner]]
    id = "kakaopay"
    adapter = "kakaopay_acquirer"
    base_url = "https://partner.example"
    secret_file = "/run/secrets/kakaopay"
    [partner.limits]                        # what differs from the adapter's rules
    in_flight = 64
    call_seconds = 5
    calls_per_second = 50                   # of one process; burst = 10 of them at once
    waits_factor = 0.1                      # the adapter's waits, not its calls, scaled by this
    [partner.limits.breaker]                # domain/breaker.py says what each is
    failing_percent = 50
    [partner.limits.hours]                  # always open without it
    zone = "Asia/Tokyo"
    opens = 08:30:00
    closes = 21:00:00
    weekdays = [0, 1, 2, 3, 4, 5]           # Monday is 0; all without it
    banks_of = ["JP"]                       # and not on bank holidays and weekends there
    [partner.options]                       # the adapter's own words

A word may have `_env` behind it, and then names the variable that holds its value: `base_url_env`,
`secret_env`, `secret_file_env`, any option. With `optional = true` a partner without an address is
left out. Secrets are held as `SecretStr` and never logged.
"""

import os
import tomllib
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from services.bridge.domain.answer import Rules
from services.bridge.domain.hours import Hours
from services.bridge.domain.pace import Pace
from services.core.business_days import CATEGORIES, BankCalendar
from services.kit.settings import ServiceSettings

MAX_IN_FLIGHT = 512
# A call that takes this share of its time limit is slow, where nothing else is said.
SLOW_SHARE = 0.8


JOURNAL_KEEP_LEAST = 180
"""Days; the migrations' function takes no line that is younger."""


class BridgeSettings(ServiceSettings):
    """The bridge's own settings."""

    payee_key: SecretStr
    """Opens and seals the bank accounts that pass through here; gateway and settlement share it."""
    bridge_journal_keep_days: int = Field(default=400, ge=0, le=3660)
    """How long calls to partners stay in the journals, for the day of a dispute, 180 days at least;
    0 keeps them for ever. What is not over is kept longer."""
    bridge_partners: Path
    """The partners' file."""
    bridge_callback_listen: str = "127.0.0.1:0"
    """Where payers' browsers come back to, host:port."""
    bridge_callback_url: str = ""
    """The public URL of that endpoint; empty where it is the same."""
    bridge_notice_address_header: str = ""
    """The header in which our own proxy names a caller's address, last; empty without a proxy."""

    @field_validator("bridge_journal_keep_days")
    @classmethod
    def _long_enough(cls, days: int) -> int:
        if 0 < days < JOURNAL_KEEP_LEAST:
            raise ValueError(f"must be 0, or at least {JOURNAL_KEEP_LEAST}")
        return days


class PartnersFileWrong(Exception):
    """The partners' file cannot be used; the text says where and why."""


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be more than zero")
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone") from None
    return name


def _known_country(country: str) -> str:
    if country not in CATEGORIES:
        raise ValueError(f"{country!r} is none of {', '.join(CATEGORIES)}")
    return country


Seconds = Annotated[float, AfterValidator(_positive)]
Country = Annotated[str, AfterValidator(_known_country)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class BreakerLimits(_Part):
    """What a deployment changes of a partner's breaker."""

    window_seconds: Seconds | None = None
    least_calls: int | None = Field(default=None, ge=1)
    failing_percent: int | None = Field(default=None, ge=1, le=100)
    slow_seconds: Seconds | None = None
    """Without it four fifths of `call_seconds`."""
    open_for_seconds: Seconds | None = None
    open_at_most_seconds: Seconds | None = None
    probes: int | None = Field(default=None, ge=1, le=100)
    probe_every_seconds: Seconds | None = None


class HoursLimits(_Part):
    """When a partner takes new orders; local time of `zone`."""

    zone: ZoneName
    opens: time
    closes: time
    weekdays: frozenset[Annotated[int, Field(ge=0, le=6)]] = frozenset(range(7))
    banks_of: tuple[Country, ...] = ()
    """Countries on whose bank holidays and weekends it is closed."""

    def hours(self) -> Hours:
        weekdays, calendar = self.weekdays, BankCalendar(self.banks_of)

        def is_open_day(day: date) -> bool:
            return day.weekday() in weekdays and calendar.is_open(day)

        return Hours(ZoneInfo(self.zone), self.opens, self.closes, is_open_day)


class Limits(_Part):
    """What a deployment changes of an adapter's rules."""

    in_flight: int | None = Field(default=None, ge=1, le=MAX_IN_FLIGHT)
    calls_per_second: Seconds | None = None
    burst: int = Field(default=1, ge=1, le=MAX_IN_FLIGHT)
    call_seconds: Seconds | None = None
    lease_seconds: Seconds | None = None
    inquire_every_seconds: Seconds | None = None
    inquiries: int | None = Field(default=None, ge=1, le=1000)
    slowest_seconds: Seconds | None = None
    approval_every_seconds: Seconds | None = None
    operator_after_seconds: Seconds | None = None
    late_checks_seconds: list[Seconds] | None = None
    returns_every_seconds: Seconds | None = None
    returns_for_seconds: Seconds | None = None
    waits_factor: Annotated[float, AfterValidator(_positive)] = 1.0
    """Scales every wait of the adapter's schedule that is not set here, for tests and drills."""
    breaker: BreakerLimits = BreakerLimits()
    hours: HoursLimits | None = None

    def apply(self, rules: Rules) -> Rules:
        """`rules` with what is set here. Raises ValueError where a lease is too short."""
        changes = _scaled(rules, self.waits_factor) | _changes(self, but=_NOT_RULES)
        if self.calls_per_second is not None:
            changes["pace"] = Pace(timedelta(seconds=1 / self.calls_per_second), self.burst)
        if self.hours is not None:
            changes["hours"] = self.hours.hours()
        applied = replace(rules, **changes)
        slow = SLOW_SHARE * applied.call if self.call_seconds else rules.breaker.slow
        breaker = replace(rules.breaker, **{"slow": slow, **_changes(self.breaker)})
        applied = replace(applied, breaker=breaker)
        if applied.lease < 2 * applied.call:
            raise ValueError("lease_seconds must be at least twice call_seconds")
        return applied


_NOT_RULES = frozenset({"calls_per_second", "burst", "waits_factor", "breaker", "hours"})
_WAITS = (
    "inquire_every",
    "slowest",
    "approval_every",
    "operator_after",
    "returns_every",
    "returns_for",
)


def _scaled(rules: Rules, factor: float) -> dict[str, Any]:
    """The waits of `rules` times `factor`: the same schedule at another pace."""
    waits: dict[str, Any] = {name: getattr(rules, name) * factor for name in _WAITS}
    return waits | {"late_checks": tuple(wait * factor for wait in rules.late_checks)}


def _changes(limits: BaseModel, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What is set, under the names of the rules; `…_seconds` as timedelta."""
    changes: dict[str, Any] = {}
    for name, value in limits.model_dump(exclude_none=True, exclude=set(but)).items():
        rule = name.removesuffix("_seconds")
        match value:
            case list():
                changes[rule] = tuple(timedelta(seconds=each) for each in value)
            case _ if rule != name:
                changes[rule] = timedelta(seconds=value)
            case _:
                changes[rule] = value
    return changes


class PartnerEntry(BaseModel):
    """One partner of the file, with its variables looked up."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    adapter: str
    base_url: str
    optional: bool = False
    secret: SecretStr | None = None
    secret_file: Path | None = None
    limits: Limits = Limits()
    options: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class PartnerConfig:
    """A partner with its address and secret looked up."""

    partner_id: str
    adapter: str
    base_url: str
    secret: SecretStr
    limits: Limits
    options: dict[str, str]


def read_partners(path: Path) -> list[PartnerConfig]:
    """The partners of the file. Raises `PartnersFileWrong`."""
    try:
        tables = [_looked_up(table) for table in tomllib.loads(path.read_text())["partner"]]
        entries = [
            PartnerEntry.model_validate(table)
            for table in tables
            if table.get("base_url") or not table.get("optional")
        ]
        configs = [_configure(entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PartnersFileWrong(f"{path}: {error}") from error
    if len({config.partner_id for config in configs}) < len(configs):
        raise PartnersFileWrong(f"{path}: two partners have the same id")
    return configs


_VARIABLE = "_env"


def _looked_up(table: dict[str, Any]) -> dict[str, Any]:
    """`table` with the value of a variable in the place of each word that names one."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found[name] = _looked_up(value)
        elif not name.endswith(_VARIABLE):
            found[name] = value
        elif value in os.environ:
            found[name.removesuffix(_VARIABLE)] = os.environ[value]
    return found


def _configure(entry: PartnerEntry) -> PartnerConfig:
    secret = entry.secret
    if entry.secret_file is not None:
        secret = SecretStr(entry.secret_file.read_text().strip())
    if secret is None or not secret.get_secret_value():
        raise ValueError(f"partner {entry.id} has no secret: set secret_file, or secret_env")
    return PartnerConfig(
        entry.id, entry.adapter, entry.base_url, secret, entry.limits, entry.options
    )
