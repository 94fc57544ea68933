"""The root of the `kawase` command.

A sub-command's module is imported when that sub-command is called, so that starting up costs what
the one command needs and no more. Errors of ours reach people as one sentence, never as a trace.
"""

from importlib import import_module
from typing import Any, NamedTuple

import click

from services.core.errors import KawaseError


class Lazy(NamedTuple):
    """Where a sub-command lives, and the line `kawase --help` shows for it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "bench": Lazy("services.cli.bench", "bench", "Measure how fast payments go on this machine."),
    "chaos": Lazy("services.cli.chaos", "chaos", "Kill parts at each step of a payment."),
    "chaos-partners": Lazy(
        "services.cli.chaos_partners", "chaos_partners", "Pay while all partners fail at random."
    ),
    "demo": Lazy("services.cli.demo", "demo", "Real payments on a local stack, step by step."),
    "migrate": Lazy("services.cli.migrate", "migrate_database", "Bring a database up to date."),
    "clock": Lazy("services.cli.clock", "clock", "Show or move the local stack's clock."),
    "code": Lazy("services.cli.code", "code", "Read, check and write payment codes."),
    "escrow": Lazy("services.cli.escrow", "escrow", "Look at what is in escrow; decide disputes."),
    "keys": Lazy("services.cli.keys", "keys", "Make, list and revoke API keys of participants."),
    "merchants": Lazy(
        "services.cli.merchants", "merchants", "Look at shops that acquirers propose; approve."
    ),
    "pay": Lazy("services.cli.pay", "pay", "Pay a scanned code, as a wallet does."),
    "persons": Lazy("services.cli.persons", "persons", "Codes by which a wallet's users are paid."),
    "recon": Lazy("services.cli.recon", "recon", "Import files, match days, work off breaks."),
    "settlement": Lazy("services.cli.settlement", "settlement", "Windows, payouts and statements."),
    "webhooks": Lazy("services.cli.webhooks", "webhooks", "Be told here what happens, verified."),
    "zengin": Lazy("services.cli.zengin", "zengin", "Check and show files of Japanese banks."),
    "up": Lazy("services.cli.up", "up", "Run the local stack and the house until Ctrl-C."),
}


class LazyGroup(click.Group):
    """A group that knows its sub-commands by name and imports them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        command = getattr(import_module(lazy.module), lazy.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KawaseError as problem:
            raise click.ClickException(problem.message) from problem
        except OSError as problem:
            if problem.filename is None:
                raise
            raise click.ClickException(f"{problem.strerror}: {problem.filename}") from problem


_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=LazyGroup, context_settings=_SETTINGS)
def main() -> None:
    """kawase: an open gateway for cross-border QR payments."""
