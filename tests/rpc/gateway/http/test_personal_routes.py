"""Persons' codes over HTTP."""

from services.codes.images import read_image
from services.gateway.personal.serving.documents import CREATE_CODE
from tests.rpc.gateway.http.asking import Http, problem
from tests.rpc.gateway.payments_served import answered
from tests.store.gateway.payments_world import PANDA, SAKURA, Gateway
from tests.store.gateway.personal_world import open_persons

CODES = "/v1/personal-codes"


async def test_a_busker_is_paid_by_a_code_that_their_wallet_draws(
    gateway: Gateway, http: Http
) -> None:
    await open_persons(gateway)
    made = await http.ask("POST", CODES, SAKURA, json=CREATE_CODE)
    assert made.status_code == 201
    path = made.headers["location"]
    again = await http.ask("POST", CODES, SAKURA, json=CREATE_CODE)
    assert again.json() == made.json() == (await http.ask("GET", path, SAKURA)).json()
    picture = await http.ask("GET", f"{path}/image", SAKURA)
    assert read_image(picture.content) == (made.json()["code"],)

    body = {
        "payment_id": "p1",
        "payer_id": "li-na",
        "code": made.json()["code"],
        "amount": {"currency_code": "JPY", "minor_units": 500},
        "maximum": {"currency_code": "CNY", "minor_units": 10_000},
    }
    async with answered(gateway):
        paid = await http.ask("POST", "/v1/pay", PANDA, json=body)
    assert (paid.status_code, paid.json()["state"]) == (200, "completed")
    assert paid.json()["merchant"]["name"] == "Hanako"

    listed = await http.ask("GET", "/v1/persons/hanako/receipts", SAKURA)
    (receipt,) = listed.json()["personal_receipts"]
    assert (receipt["reference"], receipt["amount"]["display"]) == (
        paid.json()["reference"],
        "¥500",
    )
    back = {"refund_id": "r1", "payment_id": "p1", "reason": "too much"}
    refused = await http.ask("POST", "/v1/refunds", PANDA, json=back)
    assert problem(refused) == (422, "REFUND_IS_THE_RECEIVERS")
    back["payment_id"] = receipt["reference"]
    given = await http.ask("POST", "/v1/refunds", SAKURA, json=back)
    assert (given.status_code, given.json()["home"]) == (201, None)

    revoked = await http.ask("POST", f"{path}/revoke", SAKURA)
    assert revoked.json()["revoke_time"]
    told = await http.ask("POST", "/v1/pay", PANDA, json=body | {"payment_id": "p2"})
    assert problem(told) == (422, "PERSONAL_CODE_REVOKED")
    page = await http.ask("GET", CODES, SAKURA, params={"page_size": 1, "payer_id": "hanako"})
    assert "payer_id=hanako" in page.headers["link"]
    both = CREATE_CODE | {"code_id": "other", "real_name": "Yamada Hanako"}
    assert problem(await http.ask("POST", CODES, SAKURA, json=both)) == (
        400,
        "PERSONAL_NAME_UNCLEAR",
    )
