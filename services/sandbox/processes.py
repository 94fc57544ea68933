"""The processes that `kawase up` runs, as data: name, module, and the settings of each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.kit.postgres import SERVICES
from services.sandbox.databases import service_dsn
from services.sandbox.endpoints import Endpoints
from services.sandbox.ports import HOST, PortBook
from services.sandbox.service import Ready, Service, grpc_serving
from services.sandbox.settings import MARKER, inherited

# Simulators are named for their partner: partner-kakaopay.
PARTNER = "partner-"


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
        }

    return env


def bridge_env(setup: Setup, name: str) -> Mapping[str, str]:
    """What every service has, and the address of each partner under its simulator's name."""
    partners = {
        f"KAWASE_{other.replace('-', '_').upper()}": f"http://{address}"
        for other, address in setup.addresses.items()
        if other.startswith(PARTNER)
    }
    return {**service_env("bridge")(setup, name), **partners}


PROCESSES = tuple(
    ProcessSpec(
        service, f"services.{service}", bridge_env if service == "bridge" else service_env(service)
    )
    for service in SERVICES
)


def choose_addresses(specs: Iterable[ProcessSpec], ports: PortBook) -> dict[str, str]:
    """An address for each process, before any of them starts."""
    return {spec.name: f"{HOST}:{ports.take(spec.name)}" for spec in specs}


def build(spec: ProcessSpec, setup: Setup) -> Service:
    """The process of `spec`, ready to be started."""
    directory = setup.stack.directory
    env = {**inherited(), MARKER: str(directory), **spec.env(setup, spec.name)}
    log = directory / "logs" / f"{spec.name}.log"
    return Service(spec.name, spec.module, setup.addresses[spec.name], env, log, spec.ready)
