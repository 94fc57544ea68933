"""Which facts are told, to whom, and what each reads."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.gateway.http import answers
from services.gateway.webhooks.encoding import resource_json
from services.gateway.webhooks.events import (
    BY_STATE,
    EVENT_TYPES,
    KINDS,
    UNTOLD,
    Fact,
    Heard,
    Receiver,
    Subject,
    UnknownFact,
    event_id_of,
    hear,
    readers_of,
    tellings_of,
)
from services.gateway.webhooks.reading import portion
from services.gateway.webhooks.signing import new_secret, signed_headers
from services.gateway.webhooks.store.places import Place
from services.kit.sealing import SecretBox, SecretsKeyMissing, SecretUnreadable
from services.pb.kawase.gateway.v1 import payment_event_pb2 as facts
from services.pb.kawase.gateway.v1 import payment_pb2
from services.pb.kawase.money.v1.money_pb2 import Money
from services.sandbox.webhook_receiver import verifies

NOW = datetime(2026, 10, 30, 9, 0, 0, 125_000, tzinfo=UTC)
REFERENCE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PAYMENT = payment_pb2.Payment(
    payment_id="p-1",
    reference=REFERENCE,
    state=payment_pb2.PAYMENT_STATE_COMPLETED,
    merchant=payment_pb2.Merchant(
        merchant_id="shokudo", name="SHOKUDO", city="TOKYO", country_code="JP"
    ),
    target=Money(minor_units=1000, currency_code="JPY"),
    home=Money(minor_units=4771, currency_code="CNY"),
    spread=Money(minor_units=71, currency_code="CNY"),
    payer_id="li-na",
)
for _stamp in (PAYMENT.create_time, PAYMENT.update_time, PAYMENT.quote_expire_time):
    _stamp.FromDatetime(NOW)


def fact(**body: object) -> Fact:
    event = facts.PaymentEvent(participant_id="panda", **body)  # type: ignore[arg-type]
    event.event_time.FromDatetime(NOW)
    return Fact(3, 17, REFERENCE, event.SerializeToString())


def heard(**body: object) -> Heard:
    told = hear(fact(**body))
    assert told is not None
    return told


def dispute(state: Any) -> facts.DisputeChanged:
    return facts.DisputeChanged(dispute=payment_pb2.Dispute(reference=REFERENCE, state=state))


COMPLETED = heard(payment_completed=facts.PaymentCompleted(payment=PAYMENT))


def test_every_kind_of_fact_is_told_or_left_out_on_purpose() -> None:
    bodies = {field.name for field in facts.PaymentEvent.DESCRIPTOR.oneofs_by_name["body"].fields}

    assert bodies == set(KINDS) | BY_STATE | UNTOLD


def test_the_event_types_are_those_that_partners_know() -> None:
    assert sorted(EVENT_TYPES) == [
        "dispute.ended", "dispute.opened", "escrow.dispute_ended", "escrow.disputed",
        "escrow.released", "merchant.payout_account_changed",
        "payment.action_required", "payment.authorised",
        "payment.cancelled", "payment.completed", "payment.declined", "payment.expired",
        "personal_receipt.completed", "personal_receipt.refunded", "refund.completed",
        "refund.refused", "top_up.completed", "top_up.refused", "webhook.test",
        "withdrawal.completed", "withdrawal.refused", "withdrawal.returned",
    ]  # fmt: skip


def test_a_wallet_reads_its_payment_whole() -> None:
    ((participant, text),) = readers_of(COMPLETED, None)
    content = json.loads(text)

    assert participant == "panda"
    assert content["type"] == "payment.completed"
    assert content["timestamp"] == "2026-10-30T09:00:00.125000Z"
    data = content["data"]
    assert set(data) == {field.name for field in PAYMENT.DESCRIPTOR.fields}
    assert (data["payment_id"], data["state"], data["payer_id"]) == ("p-1", "completed", "li-na")
    assert data["home"]["minor_units"] == 4771
    assert data["home"]["currency_code"] == "CNY"
    assert data["refunded"] is None


def test_webhooks_and_http_tell_the_same() -> None:
    refund = payment_pb2.Refund(
        refund_id="r-1",
        reference=REFERENCE,
        state=payment_pb2.REFUND_STATE_DECLINED,
        target=PAYMENT.target,
        home=PAYMENT.home,
        reason="REFUSED",
    )
    top_up = payment_pb2.TopUp(
        top_up_id="t-1",
        reference=REFERENCE,
        state=payment_pb2.TOP_UP_STATE_COMPLETED,
        amount=PAYMENT.target,
    )
    for made in (refund, top_up):
        made.create_time.FromDatetime(NOW)
        made.update_time.FromDatetime(NOW.replace(microsecond=0))

    for told, message in (
        (answers.payment_told(PAYMENT), PAYMENT),
        (answers.refund_told(refund), refund),
        (answers.top_up_told(top_up), top_up),
    ):
        read = json.loads(told.model_dump_json())
        written = resource_json(message)
        assert {name: value or None for name, value in written.items()} == {
            name: value or None for name, value in read.items()
        }


def test_an_acquirer_reads_the_merchants_side_alone() -> None:
    _, (participant, text) = readers_of(COMPLETED, Subject(REFERENCE, "edo"))
    data = json.loads(text)["data"]

    assert participant == "edo"
    assert data["target"]["minor_units"] == 1000
    assert not {"home", "spread", "payer_id", "mid", "payment_id", "action_url"} & set(data)


@pytest.mark.parametrize("wallet", ["sakura", "panda"])
def test_the_wallet_of_a_person_who_was_paid_reads_the_receipt_and_nothing_of_the_payer(
    wallet: str,
) -> None:
    subject = Subject(REFERENCE, "", Receiver(wallet, "hanako", "case"))
    payers, receivers = tellings_of(COMPLETED, subject)
    content = json.loads(receivers.text)

    assert (payers.participant_id, payers.event_type) == ("panda", "payment.completed")
    assert receivers.participant_id == wallet
    assert receivers.event_type == content["type"] == "personal_receipt.completed"
    assert payers.event_id != receivers.event_id
    data = content["data"]
    assert (data["reference"], data["payer_id"], data["code_id"]) == (REFERENCE, "hanako", "case")
    assert data["amount"]["minor_units"] == 1000
    assert "li-na" not in receivers.text
    assert "CNY" not in receivers.text


def test_the_wallet_of_a_person_is_not_told_of_a_payment_that_came_to_nothing() -> None:
    subject = Subject(REFERENCE, "", Receiver("sakura", "hanako", "case"))
    gone = heard(payment_expired=facts.PaymentExpired(payment=PAYMENT))

    assert [each.participant_id for each in tellings_of(gone, subject)] == ["panda"]


def test_an_acquirer_is_not_told_what_the_payer_has_to_do() -> None:
    asked = heard(payment_action_required=facts.PaymentActionRequired(payment=PAYMENT))

    assert [name for name, _ in readers_of(asked, Subject(REFERENCE, "edo"))] == ["panda"]


def test_a_refund_names_its_payment() -> None:
    refund = payment_pb2.Refund(refund_id="r-1", reference="R" * 26)
    told = heard(refund_completed=facts.RefundCompleted(refund=refund))

    texts = [text for _, text in readers_of(told, Subject(REFERENCE, "edo"))]

    assert [json.loads(text)["data"]["payment_reference"] for text in texts] == [REFERENCE] * 2


@pytest.mark.parametrize(
    ("state", "event_type"),
    [
        (payment_pb2.DISPUTE_STATE_OPEN, "dispute.opened"),
        (payment_pb2.DISPUTE_STATE_WON, "dispute.ended"),
        (payment_pb2.DISPUTE_STATE_LOST, "dispute.ended"),
    ],
)
def test_disputes_are_told_by_their_state(state: payment_pb2.DisputeState, event_type: str) -> None:
    assert heard(dispute_changed=dispute(state)).kind.event_type == event_type


def test_an_answered_dispute_is_not_told() -> None:
    assert hear(fact(dispute_changed=dispute(payment_pb2.DISPUTE_STATE_ANSWERED))) is None


def test_a_fact_of_a_newer_gateway_is_not_passed_over() -> None:
    with pytest.raises(UnknownFact):
        hear(fact())


def test_an_approval_comes_before_the_end_whatever_the_clocks_say() -> None:
    asked = heard(payment_action_required=facts.PaymentActionRequired(payment=PAYMENT))

    assert asked.order.rank < COMPLETED.order.rank


def test_an_event_has_one_id_per_reader() -> None:
    ids = {event_id_of(COMPLETED.order, name) for name in ("panda", "edo", "panda")}

    assert len(ids) == 2


def test_a_round_is_read_in_portions() -> None:
    places = [Place(0, 10, 10), Place(1, 0, 100), Place(2, 5, 8)]

    assert portion(places, 20) == [Place(1, 0, 10), Place(2, 5, 8)]


def test_a_signature_is_what_the_receivers_library_expects() -> None:
    secret, body = new_secret(), '{"type":"webhook.test","data":{"name":"食堂"}}'
    stamp = datetime.now(UTC)

    headers = signed_headers("evt_1", body, [secret], stamp)

    assert Webhook(secret).verify(body.encode(), headers)["type"] == "webhook.test"
    assert verifies([secret], headers, body.encode())
    assert not verifies([new_secret()], headers, body.encode())
    assert not verifies([secret], headers, body.encode() + b" ")


def test_while_two_secrets_are_valid_either_verifies() -> None:
    old, new = new_secret(), new_secret()

    headers = signed_headers("evt_1", "{}", [new, old], datetime.now(UTC))

    for secret in (old, new):
        Webhook(secret).verify(b"{}", headers)


def test_a_secret_has_256_random_bits() -> None:
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


def test_a_sealed_secret_opens_with_the_former_key_too() -> None:
    former, present = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = SecretBox(SecretStr(former)).seal("whsec_x")

    assert b"whsec_x" not in sealed
    assert SecretBox(SecretStr(f"{present},{former}")).open(sealed) == "whsec_x"
    with pytest.raises(SecretUnreadable):
        SecretBox(SecretStr(present)).open(sealed)


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(SecretsKeyMissing):
        SecretBox(None).seal("whsec_x")


def test_a_key_of_another_shape_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="KAWASE_GATEWAY_SECRETS_KEY"):
        SecretBox(SecretStr("short"))
