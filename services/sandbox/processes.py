"""The processes that `kawase up` runs, as data: name, module, and the settings of each."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from services.kit.postgres import SERVICES
from services.sandbox.databases import keep_secret, service_dsn
from services.sandbox.endpoints import Endpoints
from services.sandbox.partner_keys import client_env
from services.sandbox.ports import HOST, PortBook
from services.sandbox.service import Ready, Service, grpc_serving
from services.sandbox.settings import MARKER, inherited, screening_list

# Simulators are named for their partner: partner-kakaopay.
PARTNER = "partner-"
# Where payers' browsers come back to; a second address of the bridge.
CALLBACK = "bridge-callback"
# The HTTP API of a gateway, beside its gRPC.
HTTP = "-http"
# For a process that is not run: nobody listens there.
NOWHERE = f"{HOST}:1"
NO_PORTS: Mapping[str, int] = MappingProxyType({})
PARTNERS_FILE = Path(__file__).with_name("partners.toml")


@dataclass(frozen=True, slots=True)
class Setup:
    """What the environment of a process is built from."""

    stack: Endpoints
    passwords: Mapping[str, str]
    """Of each service's Postgres login."""
    addresses: Mapping[str, str]
    """host:port of every process, by name; known before any has started."""
    topic_prefix: str = "kawase"
    partitions: int = 1
    partners_file: Path = PARTNERS_FILE


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process: how it is started and how one sees that it is ready."""

    name: str
    module: str
    env: Callable[[Setup, str], Mapping[str, str]]
    """Its settings, from the set-up and its own name."""
    ready: Ready = field(default=grpc_serving)

    def named(self, name: str) -> "ProcessSpec":
        """A second one of the same kind."""
        return replace(self, name=name)


def common_env(setup: Setup, name: str) -> dict[str, str]:
    """The settings that every process understands, simulators included."""
    return {"KAWASE_LISTEN": setup.addresses[name], "KAWASE_CLOCK": str(setup.stack.clock)}


def service_env(service: str) -> Callable[[Setup, str], Mapping[str, str]]:
    """The settings of `services.kit.settings`, for one of the six."""

    def env(setup: Setup, name: str) -> Mapping[str, str]:
        password = setup.passwords[service]
        return common_env(setup, name) | {
            "KAWASE_POSTGRES": service_dsn(setup.stack.postgres, service, password),
            "KAWASE_KAFKA": setup.stack.kafka,
            "KAWASE_TOPIC_PREFIX": setup.topic_prefix,
            "KAWASE_PARTITIONS": str(setup.partitions),
            # A name that stays: what starts again after a kill takes its partitions back at once.
            "KAWASE_INSTANCE": name,
        }

    return env


def gateway_env(setup: Setup, name: str) -> Mapping[str, str]:
    """Where other services are, and the key with which the operator begins."""
    return {
        **service_env("gateway")(setup, name),
        "KAWASE_BRIDGE_ADDRESS": setup.addresses.get("bridge", NOWHERE),
        **{
            f"KAWASE_{service.upper()}_ADDRESS": setup.addresses.get(service, "")
            for service in ("settlement", "reconciliation")
        },
        "KAWASE_GATEWAY_HTTP_LISTEN": setup.addresses.get(f"{name}{HTTP}", f"{HOST}:0"),
        "KAWASE_GATEWAY_OPERATOR_KEY": operator_key(setup.stack.directory),
        "KAWASE_GATEWAY_SECRETS_KEY": sealing_key(setup.stack.directory, "gateway-sealing"),
        "KAWASE_PAYEE_KEY": sealing_key(setup.stack.directory, "payees"),
        "KAWASE_GATEWAY_WEBHOOK_INSIDE": "true",
        **screening_list(),
    }


def bridge_env(setup: Setup, name: str) -> Mapping[str, str]:
    """The partners' file, and the address of each partner under its simulator's name."""
    partners = {
        f"KAWASE_{other.replace('-', '_').upper()}": f"http://{address}"
        for other, address in setup.addresses.items()
        if other.startswith(PARTNER)
    }
    return {
        **service_env("bridge")(setup, name),
        "KAWASE_PAYEE_KEY": sealing_key(setup.stack.directory, "payees"),
        "KAWASE_BRIDGE_PARTNERS": str(setup.partners_file),
        "KAWASE_BRIDGE_CALLBACK_LISTEN": setup.addresses.get(CALLBACK, f"{HOST}:0"),
        "KAWASE_SANDBOX_SECRET": keep_secret(setup.stack.directory / "secrets" / "partners"),
        **client_env(setup.stack.directory),
        **partners,
    }


def facts_env(service: str, *more: str) -> Callable[[Setup, str], Mapping[str, str]]:
    """Where the owners of the facts are; `more` beside those whose facts every copy holds."""

    def env(setup: Setup, name: str) -> Mapping[str, str]:
        return {
            **service_env(service)(setup, name),
            **{
                f"KAWASE_{owner.upper()}_ADDRESS": setup.addresses.get(owner, NOWHERE)
                for owner in ("wallet", "bridge", "gateway", *more)
            },
            "KAWASE_OPERATOR_KEY": operator_key(setup.stack.directory),
        }

    return env


def operator_key(directory: Path) -> str:
    """The operator's key for the gateway of the stack in `directory`."""
    return keep_secret(directory / "secrets" / "operator")


def finance_env(service: str, *more: str) -> Callable[[Setup, str], Mapping[str, str]]:
    """The owners of facts, and the key of bank accounts."""

    def env(setup: Setup, name: str) -> Mapping[str, str]:
        return {
            **facts_env(service, *more)(setup, name),
            "KAWASE_PAYEE_KEY": sealing_key(setup.stack.directory, "payees"),
        }

    return env


def sealing_key(directory: Path, name: str) -> str:
    """A key to seal with, of the stack in `directory`: 32 bytes."""
    secret = keep_secret(directory / "secrets" / name)
    return base64.urlsafe_b64encode(secret.encode()[:32]).decode()


_ENVS: dict[str, Callable[[Setup, str], Mapping[str, str]]] = {
    "gateway": gateway_env,
    "wallet": service_env("wallet"),
    "fx": service_env("fx"),
    "bridge": bridge_env,
    "settlement": finance_env("settlement", "reconciliation"),
    "reconciliation": finance_env("reconciliation", "settlement"),
}
PROCESSES = tuple(
    ProcessSpec(service, f"services.{service}", _ENVS[service]) for service in SERVICES
)


def choose_addresses(
    specs: Iterable[ProcessSpec], ports: PortBook, wanted: Mapping[str, int] = NO_PORTS
) -> dict[str, str]:
    """An address for each process, before any starts; the `wanted` port where it is free."""
    specs = list(specs)
    names = [spec.name for spec in specs]
    if "bridge" in names:
        names.append(CALLBACK)
    names += [f"{spec.name}{HTTP}" for spec in specs if spec.module == "services.gateway"]
    return {name: f"{HOST}:{ports.take(name, wanted.get(name))}" for name in names}


def build(spec: ProcessSpec, setup: Setup) -> Service:
    """The process of `spec`, ready to be started."""
    directory = setup.stack.directory
    env = {**inherited(), MARKER: str(directory), **spec.env(setup, spec.name)}
    log = directory / "logs" / f"{spec.name}.log"
    return Service(spec.name, spec.module, setup.addresses[spec.name], env, log, spec.ready)
