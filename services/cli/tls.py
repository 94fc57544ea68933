"""How commands reach services that take TLS: by options, or by the variables that services read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import grpc

from services.sdk import Tls

F = TypeVar("F", bound=Callable[..., Any])

_META = f"{__name__}.files"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Option:
    """`name` is the option, `variable` is read where it is not given."""

    name: str
    variable: str
    help: str


_OPTIONS = (
    _Option("--ca", "KAWASE_TLS_SERVER_CA", "PEM of who signs the service's certificate: use TLS."),
    _Option("--certificate", "KAWASE_TLS_CERTIFICATE", "PEM chain to show to the service."),
    _Option("--certificate-key", "KAWASE_TLS_KEY", "PEM of its private key."),
)


def tls_options(command: F) -> F:
    """Give a command the options; what they say is kept with its context."""
    for option in reversed(_OPTIONS):
        command = click.option(
            option.name,
            envvar=option.variable,
            type=_FILE,
            expose_value=False,
            callback=_keep,
            help=f"{option.help} Or the variable {option.variable}.",
        )(command)
    return command


def _keep(ctx: click.Context, option: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.meta.setdefault(_META, {})[option.opts[0]] = path


def given_tls() -> Tls | None:
    """The files' contents; None where no CA is given. Raises UsageError for half a certificate."""
    ctx = click.get_current_context(silent=True)
    files: dict[str, Path] = ctx.meta.get(_META, {}) if ctx is not None else {}
    if not files:
        return None
    ca, certificate, key = (files.get(option.name) for option in _OPTIONS)
    if ca is None:
        raise click.UsageError("A certificate is shown by TLS alone: give --ca too.")
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --certificate-key belong together: give both.")
    return Tls(ca.read_bytes(), _content(certificate), _content(key))


def given_credentials() -> grpc.ChannelCredentials | None:
    """The same for a channel of our own; None for one without TLS."""
    tls = given_tls()
    if tls is None:
        return None
    return grpc.ssl_channel_credentials(tls.ca, tls.key, tls.certificate)


def _content(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
