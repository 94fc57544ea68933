"""Limit rules and screenings over gRPC: what an operator puts, reads back, and may not put."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.core.errors import KawaseError, Malformed, NotFound, Refused
from services.core.money import Money as Amount
from services.gateway.screening import PASSED, Screened, Subject, Verdict
from services.gateway.screening.store import journal_screenings
from services.kit.kafka import Topics
from services.kit.postgres import Connection
from services.kit.unit import Decided
from services.pb.kawase.gateway.v1 import admin_service_pb2 as pb
from services.pb.kawase.money.v1.money_pb2 import Money
from tests.conftest import Database
from tests.rpc.gateway.test_admin import PANDA, START, Served, journal, serving

RULE = pb.LimitRule(
    limit_rule_id="cn-year",
    period=pb.LIMIT_PERIOD_YEAR,
    wallet_country_code="CN",
    maximum=Money(minor_units=5_000_000, currency_code="CNY"),
    source="a law",
    active=True,
    flow=pb.LIMIT_FLOW_PAYMENT,
)


@pytest.fixture
async def served(database: Database, topics: Topics) -> AsyncIterator[Served]:
    async with serving(database, topics) as admin:
        yield admin


def changed(**fields: object) -> pb.LimitRule:
    rule = pb.LimitRule()
    rule.CopyFrom(RULE)
    for name, value in fields.items():
        if isinstance(value, Money):
            getattr(rule, name).CopyFrom(value)
        else:
            setattr(rule, name, value)
    return rule


async def put(served: Served, rule: pb.LimitRule) -> pb.LimitRule:
    answer = await served.call("PutLimitRule", pb.PutLimitRuleRequest(limit_rule=rule))
    kept: pb.LimitRule = answer.limit_rule
    return kept


async def test_a_rule_is_in_force_for_the_corridors_it_fits(served: Served) -> None:
    await served.put_all()
    chinese = pb.Participant()
    chinese.CopyFrom(PANDA)
    chinese.country_code = "CN"
    await put(served, RULE)
    assert served.board.current.rules_of == {}

    await served.call("PutParticipant", pb.PutParticipantRequest(participant=chinese))
    (found,) = served.board.current.rules_of["panda-jp"]
    assert found.maximum == Amount(5_000_000, "CNY")

    await put(served, changed(active=False))
    assert served.board.current.rules_of == {}


async def test_rules_come_back_as_they_were_put_in_the_order_of_their_ids(
    served: Served, database: Database
) -> None:
    least = changed(
        limit_rule_id="a-least",
        period=pb.LIMIT_PERIOD_PAYMENT,
        minimum=50,
        active=False,
        flow=pb.LIMIT_FLOW_WITHDRAWAL,
    )
    monthly = changed(
        limit_rule_id="b-month", period=pb.LIMIT_PERIOD_MONTH, flow=pb.LIMIT_FLOW_RECEIPT
    )
    assert await put(served, RULE) == RULE
    assert await put(served, RULE) == RULE
    await put(served, least)
    await put(served, monthly)

    listed = await served.call("ListLimitRules", pb.ListLimitRulesRequest())
    assert list(listed.limit_rules) == [least, monthly, RULE]
    assert [operation for _, operation, _ in await journal(database)] == ["PutLimitRule"] * 3


NOTHING = Money(minor_units=0, currency_code="CNY")
REFUSED: list[tuple[pb.LimitRule, type[KawaseError], str]] = [
    (changed(limit_rule_id="a b"), Malformed, "ID_MALFORMED"),
    (changed(period=pb.LIMIT_PERIOD_UNSPECIFIED), Malformed, "FIELD_MISSING"),
    (changed(wallet_country_code="cn"), Malformed, "COUNTRY_MALFORMED"),
    (changed(wallet_id="nobody"), NotFound, "PARTICIPANT_UNKNOWN"),
    (changed(acceptance_partner_id="a b"), Malformed, "ID_MALFORMED"),
    (changed(collect_partner_id="a b"), Malformed, "ID_MALFORMED"),
    (changed(maximum=Money(minor_units=1, currency_code="XXY")), Malformed, "CURRENCY_UNKNOWN"),
    (changed(maximum=Money(minor_units=-1, currency_code="CNY")), Malformed, "LIMIT_OUT_OF_RANGE"),
    (changed(minimum=5), Malformed, "FIELD_OUT_OF_PLACE"),
    (changed(maximum=NOTHING), Malformed, "LIMIT_RULE_EMPTY"),
    (
        changed(flow=pb.LIMIT_FLOW_WITHDRAWAL, acceptance_partner_id="a-shop"),
        Malformed,
        "FIELD_OUT_OF_PLACE",
    ),
    (
        changed(flow=pb.LIMIT_FLOW_RECEIPT, acceptance_partner_id="a-shop"),
        Malformed,
        "FIELD_OUT_OF_PLACE",
    ),
    (
        changed(period=pb.LIMIT_PERIOD_PAYMENT, minimum=5_000_001),
        Malformed,
        "LIMITS_CONTRADICT",
    ),
    (changed(source=" "), Malformed, "FIELD_MISSING"),
    (pb.LimitRule(limit_rule_id="x", period=pb.LIMIT_PERIOD_DAY), Malformed, "FIELD_MISSING"),
]


async def test_rules_that_cannot_be_are_refused_and_nothing_is_stored(
    served: Served, database: Database
) -> None:
    for rule, kind, reason in REFUSED:
        with pytest.raises(kind) as refusal:
            await put(served, rule)
        assert refusal.value.reason == reason

    assert await journal(database) == []


async def test_an_acquirer_cannot_be_the_wallet_of_a_rule(served: Served) -> None:
    await served.put_all()
    with pytest.raises(Refused) as refusal:
        await put(served, changed(wallet_id="sakura"))
    assert refusal.value.reason == "PARTICIPANT_OF_OTHER_KIND"


async def screen(served: Served, count: int) -> None:
    """Every second one is refused."""

    async def work(connection: Connection) -> Decided[None]:
        money = Amount(1, "JPY")
        screened = []
        for number in range(count):
            reference = f"01K8TESTTESTTESTTESTTES{number:03}"
            await connection.execute(_PAYMENT, reference, f"p{number}")
            subject = Subject(
                reference, "panda", f"p{number}", "li-na", "", "m1", "Shop", money, money
            )
            verdict = Verdict("AMOUNT", "large: too much") if number % 2 else PASSED
            at = START + timedelta(seconds=number)
            screened.append(Screened(subject, verdict, "d" * 64, at))
        await journal_screenings(connection, screened)
        return Decided(None)

    await served.units.write(work)


_PAYMENT = """
INSERT INTO payments (reference, participant_id, payment_id, state, step, version, update_time)
VALUES ($1, 'panda', $2, 'cancelled', 'done', 2, now())
"""


async def test_screenings_are_listed_newest_first_a_page_at_a_time(served: Served) -> None:
    await screen(served, 5)
    seen = []
    token = ""
    while True:
        request = pb.ListScreeningsRequest(page_size=2, page_token=token)
        answer = await served.call("ListScreenings", request)
        seen += [one.payment_id for one in answer.screenings]
        token = answer.next_page_token
        if not token:
            break
    assert seen == ["p4", "p3", "p2", "p1", "p0"]


async def test_refusals_are_listed_alone_with_what_was_found(served: Served) -> None:
    await screen(served, 5)
    answer = await served.call("ListScreenings", pb.ListScreeningsRequest(refused_only=True))
    assert [one.payment_id for one in answer.screenings] == ["p3", "p1"]
    first = answer.screenings[0]
    assert (first.refused, first.rule, first.detail) == (True, "AMOUNT", "large: too much")
    assert first.list_digest == "d" * 64
    assert first.decide_time.ToDatetime(START.tzinfo) == START + timedelta(seconds=3)


@pytest.mark.parametrize("token", ["x", "-1", "1" * 19, "１"])
async def test_a_page_token_of_nobody_is_refused(served: Served, token: str) -> None:
    with pytest.raises(Malformed) as refusal:
        await served.call("ListScreenings", pb.ListScreeningsRequest(page_token=token))
    assert refusal.value.reason == "PAGE_TOKEN_MALFORMED"
