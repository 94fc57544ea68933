"""`kawase keys`: API keys of the participants of a running house."""

from datetime import datetime
from pathlib import Path

import click
from google.protobuf.timestamp_pb2 import Timestamp

from services.cli.asking import Asking, gateway_options, json_option, print_message
from services.cli.clock import Instant
from services.cli.options import Group, directory_option
from services.cli.terminal import open_console, print_rows, shown_time
from services.pb.kawase.gateway.v1 import access_service_pb2, admin_service_pb2
from services.pb.kawase.gateway.v1.access_service_pb2_grpc import AccessServiceStub
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import AdminServiceStub
from services.sandbox.processes import operator_key


@click.group(cls=Group)
@directory_option
@gateway_options(
    "An operator's key (or the variable KAWASE_KEY); without it the local stack's own."
)
@click.pass_context
def keys(ctx: click.Context, directory: Path, address: str, key: str) -> None:
    """API keys of participants: make, list, revoke.

    Exit status: 0 done, 1 refused, 2 wrong use.
    """
    ctx.obj = Asking(directory, "gateway", address, key or operator_key(directory))


@keys.command()
@click.argument("participant_id")
@click.option("--person", default="", help="For an operator's key: whose it is.")
@click.option("--purpose", default="", help="What it is for; two of one purpose are good at once.")
@click.option("--scope", "scopes", multiple=True, help="Such as payments:read; none: all.")
@click.option("--network", "networks", multiple=True, help="Such as 203.0.113.0/24; none: any.")
@click.option("--expires", type=Instant(), help="Until when it is good.")
@json_option
@click.pass_obj
def create(
    asking: Asking,
    participant_id: str,
    person: str,
    purpose: str,
    scopes: tuple[str, ...],
    networks: tuple[str, ...],
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Make a key of PARTICIPANT_ID. Its text is printed here and kept nowhere."""
    request = admin_service_pb2.CreateApiKeyRequest(
        participant_id=participant_id,
        person_id=person,
        purpose=purpose,
        scopes=scopes,
        networks=networks,
    )
    if expires is not None:
        request.expire_time.FromDatetime(expires)
    answer = asking.ask(AdminServiceStub, "CreateApiKey", request)
    if as_json:
        print_message(answer)
        return
    click.echo(answer.api_key)


@keys.command()
@click.argument("proposal_id")
@click.option("--reason", default="", help="Why, for the journal.")
@click.pass_obj
def approve(asking: Asking, proposal_id: str, reason: str) -> None:
    """Approve PROPOSAL_ID, which another person has proposed; what it asks for is printed."""
    request = access_service_pb2.ApproveProposalRequest(proposal_id=proposal_id, reason=reason)
    proposal = asking.ask(AccessServiceStub, "ApproveProposal", request).proposal
    click.echo(f"{proposal.person_id} may {proposal.method.rpartition('/')[2]}:")
    click.echo(proposal.request_json)


@keys.command("list")
@click.argument("participant_id")
@json_option
@click.pass_obj
def list_(asking: Asking, participant_id: str, as_json: bool) -> None:
    """The keys of PARTICIPANT_ID, newest first."""
    request = access_service_pb2.ListApiKeysRequest(participant_id=participant_id)
    answer = asking.ask(AccessServiceStub, "ListApiKeys", request)
    if as_json:
        print_message(answer)
        return
    rows = [
        (
            key.key_id,
            key.purpose or key.person_id or "any purpose",
            " ".join(key.scopes) or "all scopes",
            " ".join(key.networks) or "from anywhere",
            _life(key),
        )
        for key in answer.api_keys
    ]
    if not print_rows(open_console(), rows, ("bold", "", "", "", "")):
        click.echo(f"{participant_id} has no keys")


@keys.command()
@click.argument("key_id")
@click.pass_obj
def revoke(asking: Asking, key_id: str) -> None:
    """From now on KEY_ID is good for nothing."""
    request = admin_service_pb2.RevokeApiKeyRequest(key_id=key_id)
    asking.ask(AdminServiceStub, "RevokeApiKey", request)
    click.echo(f"{key_id} is revoked")


def _life(key: access_service_pb2.ApiKey) -> str:
    if key.HasField("revoke_time"):
        return f"revoked {_shown(key.revoke_time)}"
    used = f"used {_shown(key.last_used_time)}" if key.HasField("last_used_time") else "never used"
    if key.HasField("expire_time"):
        return f"until {_shown(key.expire_time)}, {used}"
    return used


def _shown(time: Timestamp) -> str:
    return shown_time(time.ToDatetime())
