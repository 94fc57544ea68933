"""The receiver that `kawase webhooks listen` runs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from services.sandbox.listening import Listener, PortTaken
from services.sdk import SignatureInvalid, WebhookEvent

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"payment.completed","data":{"reference":"01M6"}}'


class Told:
    """What is heard of."""

    def __init__(self) -> None:
        self.all: list[WebhookEvent | SignatureInvalid] = []

    def __call__(self, told: WebhookEvent | SignatureInvalid) -> None:
        self.all.append(told)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def listener(told: Told) -> AsyncIterator[Listener]:
    opened = Listener(told)
    await opened.start()
    opened.secrets = [SECRET]
    yield opened
    await opened.stop()


async def sent(url: str, body: str, signature: str) -> int:
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())),
        "webhook-signature": signature,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}any/path", data=body, headers=headers) as answer,
    ):
        return answer.status


async def test_a_genuine_webhook_is_told_and_accepted(listener: Listener, told: Told) -> None:
    signature = Webhook(SECRET).sign("evt_1", datetime.now(UTC), BODY)
    assert await sent(listener.url, BODY, signature) == 204
    (event,) = told.all
    assert isinstance(event, WebhookEvent)
    assert (event.event_id, event.body["type"]) == ("evt_1", "payment.completed")


async def test_a_forged_webhook_is_told_and_refused(listener: Listener, told: Told) -> None:
    assert await sent(listener.url, BODY, "v1,AAAA") == 401
    assert isinstance(told.all[0], SignatureInvalid)


async def test_a_port_that_is_taken_is_said(listener: Listener, told: Told) -> None:
    with pytest.raises(PortTaken, match="name another"):
        await Listener(told, listener.port).start()
