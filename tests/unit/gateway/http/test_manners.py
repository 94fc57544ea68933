"""What an engineer of payments looks for in an HTTP API before the first payment."""

import pytest

from tests.unit.gateway.http.edge import Asking, problem

PAYMENT = {"payment_id": "p1", "payer_id": "li-na", "code": "x"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_kind_is_not_taken(http: Asking, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await http.ask("POST", "/v1/codes/decode", headers, content=b'{"code": "x"}')
    assert problem(answer) == (415, "BODY_NOT_JSON")


async def test_a_body_that_is_left_out_is_missed(http: Asking) -> None:
    assert problem(await http.ask("POST", "/v1/codes/decode")) == (400, "REQUEST_MALFORMED")


async def test_who_may_not_call_is_not_told_what_is_wrong_with_the_body(http: Asking) -> None:
    sent = {"authorization": "", "content-type": "text/plain"}
    answer = await http.ask("POST", "/v1/codes/decode", sent, content=b"x" * 100)
    assert problem(answer) == (401, "KEY_MISSING")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "DELETE"])
async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    http: Asking, method: str
) -> None:
    answer = await http.ask(method, "/v1/payments")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_pages_of_other_origins_are_told_nothing(http: Asking) -> None:
    origin = {"origin": "https://example.com", "access-control-request-method": "POST"}
    for method, path in (("OPTIONS", "/v1/payments"), ("GET", "/openapi.json"), ("GET", "/docs")):
        answer = await http.ask(method, path, origin)
        assert [name for name in answer.headers if name.startswith("access-control")] == []


async def test_an_idempotency_key_is_asked_for_where_no_id_is_sent(http: Asking) -> None:
    body = {name: value for name, value in PAYMENT.items() if name != "payment_id"}
    answer = await http.ask("POST", "/v1/payments", json=body)
    assert problem(answer) == (400, "IDEMPOTENCY_KEY_MISSING")
    key = {"Idempotency-Key": "another"}
    answer = await http.ask("POST", "/v1/payments", key, json=PAYMENT)
    assert problem(answer) == (400, "IDEMPOTENCY_KEY_DIFFERS")
    answer = await http.ask("POST", "/v1/payments", {"Idempotency-Key": "a b"}, json=body)
    assert problem(answer) == (400, "REQUEST_MALFORMED")


async def test_answers_are_not_kept_by_caches_nor_guessed_at(http: Asking) -> None:
    for path in ("/v1/nothing", "/openapi.json", "/docs", "/healthz"):
        answer = await http.ask("GET", path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
