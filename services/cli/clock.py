"""`kawase clock`: read and move the clock that every process of the local stack follows."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from services.cli.options import Group, directory_option
from services.core.errors import NotFound
from services.sandbox.clock import FILE_NAME, advance_clock, read_setting, set_clock, shown

TOKYO = ZoneInfo("Asia/Tokyo")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MOST_DAYS = 3660
SO_WRITTEN = "write it like 2026-10-30T10:00:00+09:00"


class Duration(click.ParamType[timedelta]):
    """`90s`, `15m`, `2h`, `1d`, or several: `1h30m`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        text = str(value)
        parts = re.findall(r"(\d{1,9})([smhd])", text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{text!r} is not a duration; write 90s, 15m, 2h, 1d or 1h30m", param, ctx)
        total = sum((timedelta(**{UNITS[u]: int(n)}) for n, u in parts), timedelta())
        if total > timedelta(days=MOST_DAYS):
            self.fail(f"{text!r} is longer than {MOST_DAYS} days", param, ctx)
        return total


class Instant(click.ParamType[datetime]):
    """An instant with its offset, as in RFC 3339."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant; {SO_WRITTEN}", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} does not say its offset from UTC; {SO_WRITTEN}", param, ctx)
        return instant


@click.group(cls=Group, invoke_without_command=True)
@directory_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def clock(ctx: click.Context, directory: Path, as_json: bool) -> None:
    """Show what the stack's clock shows, or move it."""
    ctx.obj = (directory / FILE_NAME, as_json)
    if ctx.invoked_subcommand is None:
        _say(*_found(ctx.obj))


def _found(given: tuple[Path, bool]) -> tuple[Path, bool]:
    """Raises NotFound where no stack has ever been."""
    path, as_json = given
    if not path.exists():
        raise NotFound(
            f"there is no clock in {path.parent}; start the stack with `kawase up`, or name "
            "another directory with --dir"
        )
    return path, as_json


@clock.command("set")
@click.argument("instant", type=Instant())
@click.option("--pace", type=click.FloatRange(0, 100_000), default=1.0, show_default=True)
@click.option("--back", is_flag=True, help="Allow an earlier instant than it shows.")
@click.pass_obj
def set_(given: tuple[Path, bool], instant: datetime, pace: float, back: bool) -> None:
    """Let the clock show INSTANT and run PACE times as fast as the machine's (0: stand still)."""
    path, as_json = _found(given)
    if instant < shown(path) and not back:
        raise click.UsageError(
            f"the clock shows {shown(path).astimezone(TOKYO).isoformat(timespec='seconds')}, which "
            "is later. Quotes, cut-offs and journals expect time to go forward; take a fresh "
            "directory with --dir, or say --back"
        )
    set_clock(path, instant, pace)
    _say(path, as_json)


@clock.command()
@click.argument("by", type=Duration())
@click.pass_obj
def advance(given: tuple[Path, bool], by: timedelta) -> None:
    """Move the clock forward BY a duration: 90s, 15m, 2h, 1d or 1h30m."""
    path, as_json = _found(given)
    advance_clock(path, by)
    _say(path, as_json)


@clock.command("in")
@click.argument("by", type=Duration())
@click.pass_obj
def in_(given: tuple[Path, bool], by: timedelta) -> None:
    """Print the instant that is BY from now on the stack's clock, as requests write it."""
    path, as_json = _found(given)
    instant = (shown(path).astimezone(UTC) + by).isoformat(timespec="seconds")
    click.echo(json.dumps({"then": instant}) if as_json else instant.replace("+00:00", "Z"))


def _say(path: Path, as_json: bool) -> None:
    setting = read_setting(path)
    now = setting.at(datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"now": now.isoformat(), "pace": setting.pace}))
        return
    runs = "stands still" if setting.pace == 0 else f"runs at pace {setting.pace:g}"
    local = now.astimezone(TOKYO)
    click.echo(f"{local.isoformat(timespec='seconds')} in Tokyo ({now:%H:%M:%S} UTC), {runs}")
