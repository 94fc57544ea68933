"""What each process of the house finds in its environment."""

from pathlib import Path

from services.kit.postgres import SERVICES
from services.kit.settings import ServiceSettings
from services.sandbox.endpoints import Endpoints
from services.sandbox.house import chosen, names
from services.sandbox.ports import PortBook
from services.sandbox.processes import (
    PROCESSES,
    ProcessSpec,
    Setup,
    build,
    choose_addresses,
    common_env,
)
from services.sandbox.settings import MARKER

OWNER = "postgresql://kawase:secret@127.0.0.1:5555/kawase"
SIMULATOR = ProcessSpec("partner-kakaopay-online", "services.sandbox.partners.none", common_env)


def setup(directory: Path) -> Setup:
    stack = Endpoints(directory, OWNER, "127.0.0.1:9999", directory / "clock.json")
    addresses = choose_addresses([*PROCESSES, SIMULATOR], PortBook(directory / "ports.json"))
    passwords = {service: f"{service}-password" for service in SERVICES}
    return Setup(stack, passwords, addresses, "test", 4)


def env_of(name: str, given: Setup) -> dict[str, str]:
    return dict(build(next(spec for spec in PROCESSES if spec.name == name), given).env)


def test_the_six_services_are_run_as_modules_of_their_names() -> None:
    assert [(spec.name, spec.module) for spec in PROCESSES] == [
        (service, f"services.{service}") for service in SERVICES
    ]


def test_a_service_finds_all_its_settings(tmp_path: Path) -> None:
    given = setup(tmp_path)
    env = env_of("wallet", given)
    fields = {f"KAWASE_{name.upper()}" for name in ServiceSettings.model_fields}
    left = fields - set(env)
    assert {name for name in left if not name.startswith("KAWASE_TLS_")} == {
        "KAWASE_OUTBOX_KEEP_DAYS",
        "KAWASE_POOL_SIZE",
        "KAWASE_PROBES_LISTEN",
        "KAWASE_REPLICAS",
    }
    assert env["KAWASE_POSTGRES"] == (
        "postgresql://kawase_wallet:wallet-password@127.0.0.1:5555/kawase"
    )
    assert env["KAWASE_LISTEN"] == given.addresses["wallet"]
    assert env["KAWASE_PARTITIONS"] == "4"


def test_every_process_carries_the_mark_of_its_stack(tmp_path: Path) -> None:
    given = setup(tmp_path)
    marks = {build(spec, given).env[MARKER] for spec in (*PROCESSES, SIMULATOR)}
    assert marks == {str(tmp_path)}


def test_bridge_finds_the_partners_where_the_simulators_listen(tmp_path: Path) -> None:
    given = setup(tmp_path)
    address = given.addresses["partner-kakaopay-online"]
    assert env_of("bridge", given)["KAWASE_PARTNER_KAKAOPAY_ONLINE"] == f"http://{address}"


def test_a_simulator_is_given_no_login(tmp_path: Path) -> None:
    env = build(SIMULATOR, setup(tmp_path)).env
    assert "KAWASE_POSTGRES" not in env
    assert "KAWASE_KAFKA" not in env


def test_a_second_gateway_is_the_same_under_another_name() -> None:
    gateway = PROCESSES[0]
    second = gateway.named("gateway-2")
    assert (second.name, second.module) == ("gateway-2", gateway.module)


def test_only_the_stack_means_no_process() -> None:
    assert chosen(["stack"]) == ([], [])
    assert [spec.name for spec in chosen(["wallet", "fx"])[1]] == ["wallet", "fx"]
    assert len(chosen([])[1]) == len(SERVICES)
    assert set(names()) >= {"stack", *SERVICES}
