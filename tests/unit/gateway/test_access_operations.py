"""The table of operations: every RPC of the gateway has its row, and what the rows promise."""

import pytest

from services.core.errors import Forbidden
from services.gateway.access.approvals.four_eyes import NEEDED
from services.gateway.access.book import Role, Scope
from services.gateway.access.operations import (
    OPERATIONS,
    PACKAGE,
    Audit,
    operation_of,
    scopes_of,
)
from services.gateway.reference import ParticipantKind
from tests.rpc.gateway.access_walk import rpcs

HOT = {"CreatePayment", "ConfirmPayment", "CancelPayment", "PaySession"}


def methods_by_descriptor() -> set[str]:
    """Every RPC that the gateway's protos declare, and those of the services that it passes on."""
    return {f"{each.containing_service.full_name}/{each.name}" for each in rpcs()}


def test_every_rpc_of_the_gateway_has_a_row_and_every_row_an_rpc() -> None:
    assert methods_by_descriptor() == set(OPERATIONS)


def test_no_two_services_of_the_gateways_own_name_an_rpc_alike() -> None:
    names = [
        operation.method for method, operation in OPERATIONS.items() if method.startswith(PACKAGE)
    ]

    assert len(names) == len(set(names))


def test_an_rpc_without_a_row_is_for_nobody() -> None:
    with pytest.raises(Forbidden):
        operation_of("kawase.gateway.v1.GatewayService/TakeEverything")


def test_operators_need_a_role_wherever_they_may_call() -> None:
    for operation in OPERATIONS.values():
        assert (ParticipantKind.OPERATOR in operation.kinds) == bool(operation.roles)


def test_what_operators_change_is_audited_and_the_way_of_a_payment_is_not() -> None:
    for operation in OPERATIONS.values():
        if operation.admin_scope is Scope.ADMIN_WRITE:
            assert operation.audit is Audit.ALWAYS
        if operation.method in HOT:
            assert operation.audit is not Audit.ALWAYS
            assert ParticipantKind.OPERATOR not in operation.kinds


def test_what_needs_a_second_person_says_when() -> None:
    four_eyed = {each.method for each in OPERATIONS.values() if each.four_eyes}

    assert four_eyed == set(NEEDED)


def test_a_wallet_has_no_use_for_an_operators_scopes() -> None:
    assert Scope.ADMIN_WRITE not in scopes_of(ParticipantKind.WALLET)
    assert Scope.MERCHANTS_WRITE not in scopes_of(ParticipantKind.WALLET)
    assert {Scope.ADMIN_READ, Scope.ADMIN_WRITE, Scope.FACTS} == scopes_of(ParticipantKind.OPERATOR)


def test_no_role_both_proposes_everything_and_makes_people() -> None:
    money = [OPERATIONS[f"kawase.gateway.v1.AdminService/{name}"] for name in ("PutFeePlan",)]

    assert all(Role.ADMIN not in operation.roles for operation in money)
