"""The gate: networks, proofs, rates, and what is kept of calls."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, cast

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.clock import ManualClock
from services.core.errors import Forbidden, Unauthenticated
from services.gateway.access.audit import Trail
from services.gateway.access.book import Book, Policy, Rate, RateClass, Scope
from services.gateway.access.gate import (
    Credentials,
    Gate,
    address_of,
    check_network,
    check_policy,
)
from services.gateway.access.keys import Caller, Keys, new_api_key
from services.gateway.access.proof.nonces import LocalNonces
from services.gateway.access.proof.signatures import HttpRequest
from services.gateway.access.rates import REFUSED, Rates, origin_of
from services.gateway.access.refusals import (
    AuditBacklog,
    CertificateRequired,
    KeyInvalid,
    NetworkForbidden,
    RateLimited,
    SignatureRequired,
)
from services.gateway.reference import ApiKey, Participant, ParticipantKind, Reference
from services.gateway.reference.board import ReferenceBoard

NOW = datetime(2026, 10, 30, 9, 0, tzinfo=UTC)
PANDA = Participant("panda", ParticipantKind.WALLET, "Panda")
SERVICE = "kawase.gateway.v1.GatewayService"
KEY, TEXT = new_api_key("panda", None)
BEARER = f"Bearer {TEXT}"
CREDENTIALS = Credentials(BEARER, "ipv4:192.0.2.1:4711")
HTTP = HttpRequest("GET", "", ())


def gate(key: ApiKey = KEY, policy: Policy | None = None, trail: Trail | None = None) -> Gate:
    board = ReferenceBoard(cast(asyncpg.Pool, None))
    policies = {} if policy is None else {"panda": policy}
    board.current = Reference({"panda": PANDA}, {key.key_id: key}, access=Book(policies=policies))
    clock = ManualClock(NOW)
    return Gate(Keys(board, clock), board, clock, trail or Trail(), LocalNonces())


def test_a_key_is_good_for_its_scopes_alone() -> None:
    narrow = gate(replace(KEY, scopes=frozenset({Scope.PAYMENTS_READ})))

    allowed = narrow.authorize(f"{SERVICE}/GetPayment", CREDENTIALS)
    assert allowed.participant == PANDA
    with pytest.raises(Forbidden) as refusal:
        narrow.authorize(f"{SERVICE}/CreatePayment", CREDENTIALS)
    assert refusal.value.reason == "SCOPE_MISSING"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:4711", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:4711", "2001:db8::1"),
        ("ipv6:[2001:db8::1]:4711", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_the_address_of_a_caller_is_read_from_either_edge(peer: str, address: str) -> None:
    assert address_of(peer) == address


@pytest.mark.parametrize(
    ("network", "peer", "allowed"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("2001:db8::/32", "ipv6:%5B2001:db8::1%5D:1", True),
        ("2001:db8::/32", "192.0.2.1", False),
        ("0.0.0.0/0", "unix:/tmp/socket", False),
        ("0.0.0.0/0", "", False),
    ],
)
def test_a_key_with_networks_is_used_from_these(network: str, peer: str, allowed: bool) -> None:
    caller = Caller(PANDA, "k", networks=(ip_network(network),))
    if allowed:
        check_network(caller, peer)
        return
    with pytest.raises(NetworkForbidden):
        check_network(caller, peer)


def test_a_policy_asks_for_certificates_on_grpc_and_for_signatures_on_http() -> None:
    certified = Policy("panda", tls_identities=frozenset({"spiffe://panda/pay"}))
    signing = replace(certified, requires_signature=True)
    with_certificate = replace(CREDENTIALS, tls_identities=certified.tls_identities)
    by_http = replace(CREDENTIALS, request=HTTP)

    check_policy(certified, with_certificate, signed=False)
    check_policy(certified, by_http, signed=True)
    check_policy(signing, with_certificate, signed=False)
    check_policy(signing, by_http, signed=True)
    with pytest.raises(CertificateRequired):
        check_policy(certified, CREDENTIALS, signed=False)
    for policy in (certified, signing):
        with pytest.raises(SignatureRequired):
            check_policy(policy, by_http, signed=False)
    with pytest.raises(SignatureRequired):
        check_policy(Policy("panda", requires_signature=True), CREDENTIALS, signed=False)


def test_a_bad_signature_is_refused_even_where_none_is_asked_for() -> None:
    headers = (("signature", "a=:AAAA:"), ("signature-input", 'a=("@method");keyid="x"'))
    request = HttpRequest("GET", "https://gateway.example/", headers)

    with pytest.raises(Unauthenticated) as refusal:
        gate().authorize(f"{SERVICE}/GetPayment", replace(CREDENTIALS, request=request))

    assert refusal.value.reason == "SIGNATURE_INVALID"


def test_who_guesses_keys_is_slowed_down_and_keeps_nobody_else_out() -> None:
    door = gate()
    guess = Credentials("Bearer kw_a_b", CREDENTIALS.peer)
    refusals: set[str] = set()
    for _ in range(20 * REFUSED[1].burst):
        with pytest.raises((KeyInvalid, RateLimited)) as refusal:
            door.authorize(f"{SERVICE}/GetPayment", guess)
        refusals.add(refusal.value.reason)
        if refusal.type is RateLimited:
            break

    assert refusals == {"KEY_INVALID", "RATE_LIMITED"}
    door.authorize(f"{SERVICE}/GetPayment", CREDENTIALS)
    with pytest.raises(KeyInvalid):
        door.authorize(f"{SERVICE}/GetPayment", replace(guess, peer="ipv4:192.0.2.2:1"))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("2001:db8:0:0:9::1", "2001:db8::/64"),
        ("unix:/tmp/x", ""),
        ("", ""),
    ],
)
def test_a_host_with_many_addresses_is_counted_as_one(address: str, origin: str) -> None:
    assert origin_of(address) == origin


def test_every_refused_call_of_a_known_key_is_written_down() -> None:
    trail = Trail()
    door = gate(replace(KEY, networks=("192.0.2.0/24",)), trail=trail)
    elsewhere = replace(CREDENTIALS, peer="198.51.100.1")

    for method in ("GatewayService/CreateRefund", "AccessService/PutPerson"):
        with pytest.raises(Forbidden):
            door.authorize(f"kawase.gateway.v1.{method}", elsewhere)
    with pytest.raises(NetworkForbidden):
        door.authorize(f"{SERVICE}/GetPayment", elsewhere)
    with pytest.raises(KeyInvalid):
        door.authorize(f"{SERVICE}/GetPayment", replace(elsewhere, authorization=f"{BEARER}x"))

    noted = [(entry.method, entry.peer, entry.outcome) for entry in trail.waiting]
    assert noted == [
        (f"{SERVICE}/CreateRefund", "198.51.100.1", "NETWORK_FORBIDDEN"),
        ("kawase.gateway.v1.AccessService/PutPerson", "198.51.100.1", "OPERATOR_REQUIRED"),
        (f"{SERVICE}/GetPayment", "198.51.100.1", "NETWORK_FORBIDDEN"),
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"revoked": True}, "KEY_REVOKED"), ({"expire_time": NOW.timestamp()}, "KEY_EXPIRED")],
)
def test_the_use_of_a_key_that_is_over_is_written_down_as_its_owners(
    changed: dict[str, Any], reason: str
) -> None:
    trail = Trail()
    door = gate(replace(KEY, **changed), trail=trail)
    with pytest.raises(Unauthenticated):
        door.authorize(f"{SERVICE}/GetPayment", CREDENTIALS)
    (entry,) = trail.waiting
    assert (entry.participant_id, entry.key_id, entry.outcome) == ("panda", KEY.key_id, reason)


def test_a_participants_own_rate_is_kept() -> None:
    slow = gate(policy=Policy("panda", rates={RateClass.READS: Rate(1, 2)}))
    states = []
    for _ in range(2):
        states.append(slow.authorize(f"{SERVICE}/GetPayment", CREDENTIALS).rate)

    assert [state and state.remaining for state in states] == [1, 0]
    with pytest.raises(RateLimited) as refusal:
        slow.authorize(f"{SERVICE}/GetPayment", CREDENTIALS)
    assert 0 < float(refusal.value.metadata["retry_after_seconds"]) <= 1
    slow.authorize(f"{SERVICE}/CreatePayment", CREDENTIALS)


def test_the_headers_tell_size_rest_and_time() -> None:
    bucket = Rates(lambda: 0.0).bucket("panda", RateClass.READS, Rate(2, 10))
    bucket.take()
    bucket.take()

    assert bucket.state.headers() == {
        "RateLimit-Limit": "10",
        "RateLimit-Remaining": "8",
        "RateLimit-Reset": "1",
    }


@given(st.lists(st.floats(0, 2), max_size=60), st.integers(1, 9), st.integers(1, 9))
def test_a_bucket_never_lets_more_through_than_it_should(
    pauses: list[float], per_second: int, burst: int
) -> None:
    now = 0.0
    bucket = Rates(lambda: now).bucket("panda", RateClass.READS, Rate(per_second, burst))
    taken = 0
    for pause in pauses:
        now += pause
        try:
            bucket.take()
            taken += 1
        except RateLimited:
            continue

    assert taken <= burst + now * per_second + 1e-6


def test_operations_of_a_session_are_counted_and_slow_it_down() -> None:
    bucket = Rates(lambda: 0.0).bucket("panda", RateClass.PAYMENTS, Rate(100, 500))

    assert bucket.spend(500) == 0
    assert bucket.spend(200) == 2


def test_calls_that_are_audited_are_refused_while_the_log_cannot_be_written() -> None:
    full = gate(trail=Trail(limit=1))
    allowed = full.authorize(f"{SERVICE}/CreateRefund", CREDENTIALS)
    full.note(allowed, "refund-1")

    with pytest.raises(AuditBacklog):
        full.authorize(f"{SERVICE}/CreateRefund", CREDENTIALS)
    full.authorize(f"{SERVICE}/CreatePayment", CREDENTIALS)
