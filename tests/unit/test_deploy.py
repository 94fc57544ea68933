"""The files for containers fit their schemas and the services' own settings.

No engine runs here: manifests are held against Kubernetes's schemas, and both against the code.
"""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from services.bridge.settings import BridgeSettings
from services.fx.settings import FxSettings
from services.gateway.settings import GatewaySettings
from services.kit.postgres import SERVICES
from services.kit.settings import ServiceSettings
from services.reconciliation.settings import ReconciliationSettings
from services.settlement.settings import SettlementSettings

ROOT = Path(__file__).parents[2]
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/kawase.yaml").read_text()))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS: dict[str, type[ServiceSettings]] = {
    "gateway": GatewaySettings,
    "wallet": ServiceSettings,
    "fx": FxSettings,
    "bridge": BridgeSettings,
    "settlement": SettlementSettings,
    "reconciliation": ReconciliationSettings,
}


def names_of(settings: type[ServiceSettings], only_required: bool = False) -> set[str]:
    """The variables a service reads."""
    return {
        f"KAWASE_{name.upper()}"
        for name, field in settings.model_fields.items()
        if field.is_required() or not only_required
    }


def manifest(kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        m for m in MANIFESTS if m["kind"] == kind and m["metadata"]["name"] == name
    )
    return found


@pytest.mark.parametrize(
    "document", MANIFESTS, ids=lambda m: f"{m['kind']}-{m['metadata']['name']}"
)
def test_a_manifest_fits_the_schema_of_its_kind(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, "1.33", strict=True)


@pytest.mark.parametrize("service", SERVICES)
def test_a_deployment_gives_its_service_what_it_reads(service: str) -> None:
    container = manifest("Deployment", service)["spec"]["template"]["spec"]["containers"][0]
    given = {entry["name"] for entry in container["env"]} | set(
        manifest("ConfigMap", "kawase")["data"]
    )

    assert container["args"] == [f"services.{service}"]
    assert names_of(SETTINGS[service], only_required=True) <= given <= names_of(SETTINGS[service])


@pytest.mark.parametrize("service", SERVICES)
def test_compose_gives_a_service_what_it_reads(service: str) -> None:
    given = set(COMPOSE["services"][service]["environment"])

    assert COMPOSE["services"][service]["command"] == [f"services.{service}"]
    assert names_of(SETTINGS[service], only_required=True) <= given <= names_of(SETTINGS[service])


def test_no_secret_has_a_value_in_the_files() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    passwords = [line for line in text.splitlines() if "PASSWORD" in line and ":?}" not in line]

    assert [
        line for line in passwords if not line.strip().startswith(("#", "KAWASE_PASSWORDS"))
    ] == []


CONTAINERS = [
    (document["spec"]["template"]["spec"], container)
    for document in MANIFESTS
    if document["kind"] in ("Deployment", "Job")
    for container in document["spec"]["template"]["spec"]["containers"]
]


@pytest.mark.parametrize(("pod", "container"), CONTAINERS, ids=lambda each: each.get("name", ""))
def test_a_container_may_do_no_more_than_its_work(
    pod: dict[str, Any], container: dict[str, Any]
) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_reconciliation_has_room_for_the_files_it_spools() -> None:
    container = manifest("Deployment", "reconciliation")["spec"]["template"]["spec"]["containers"]

    assert container[0]["volumeMounts"] == [{"name": "work", "mountPath": "/tmp"}]


@pytest.mark.parametrize("service", [*SERVICES, "migrate"])
def test_a_composed_container_may_do_no_more_than_its_work(service: str) -> None:
    given = COMPOSE["services"][service]

    assert given["read_only"]
    assert given["cap_drop"] == ["ALL"]
    assert given["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_where_no_certificate_is_wanted(service: str) -> None:
    container = manifest("Deployment", service)["spec"]["template"]["spec"]["containers"][0]
    probes = [container["readinessProbe"], container["livenessProbe"]]
    listen = manifest("ConfigMap", "kawase")["data"]["KAWASE_PROBES_LISTEN"]
    port = int(listen.rpartition(":")[2])

    assert {probe["grpc"]["port"] for probe in probes if "grpc" in probe} == {port}
    assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= {"http"}
    assert {"name": "probes", "containerPort": port} in container["ports"]
    exposed = [each["port"] for each in manifest("Service", service)["spec"]["ports"]]
    assert port not in exposed


def policies() -> dict[str, dict[str, Any]]:
    """The network policies, by name."""
    return {
        document["metadata"]["name"]: document["spec"]
        for document in MANIFESTS
        if document["kind"] == "NetworkPolicy"
    }


def of_part(part: str) -> dict[str, Any]:
    """How a policy names the pods of a service."""
    return {"podSelector": {"matchLabels": {"app": "kawase", "part": part}}}


def test_strangers_reach_the_edges_alone() -> None:
    ingress = {name: policy["ingress"] for name, policy in policies().items()}

    assert ingress == {
        "inside": [{"from": [{"podSelector": {"matchLabels": {"app": "kawase"}}}]}],
        "settlement": [{"from": [of_part("gateway"), of_part("reconciliation")]}],
        "reconciliation": [{"from": [of_part("gateway"), of_part("settlement")]}],
        "gateway": [{"ports": [{"port": "grpc"}, {"port": "http"}]}],
        "bridge": [{"ports": [{"port": "callback"}]}],
    }


def test_who_believes_a_typed_name_is_reached_by_no_more_than_its_own_policy_says() -> None:
    believing = ("settlement", "reconciliation")
    inside = policies()["inside"]["podSelector"]["matchExpressions"]

    assert inside == [{"key": "part", "operator": "NotIn", "values": [*believing]}]
    for part in believing:
        assert {"podSelector": policies()[part]["podSelector"]} == of_part(part)
