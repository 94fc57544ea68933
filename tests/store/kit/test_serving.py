"""What an owner gives of its facts at once."""

from services.kit.facts.serving import PAGE_BYTES, fill_facts
from services.kit.kafka import Topics
from services.kit.outbox import Outgoing
from services.kit.postgres import Connection
from services.kit.unit import Decided
from services.pb.kawase.wallet.v1 import wallet_service_pb2 as pb
from tests.conftest import Database
from tests.parts import running_units

TOPIC, STRIPE = "wallet.event", 7


async def test_large_facts_come_in_pages_that_fit_an_answer_and_none_is_left_out(
    database: Database, topics: Topics
) -> None:
    payload = b"x" * (PAGE_BYTES // 4)
    messages = [Outgoing(TOPIC, "k", STRIPE, "FundsPosted", payload) for _ in range(7)]

    async def work(_connection: Connection) -> Decided[None]:
        return Decided(None, messages)

    pages, after = [], 0
    async with running_units("wallet", database, topics) as units:
        await units.write(work)
        while True:
            request = pb.ListFactsRequest(stripe=STRIPE, after_sequence=after)
            answer = await fill_facts(units.pool, TOPIC, request, pb.ListFactsResponse())
            if not answer.facts:
                break
            pages.append([fact.sequence for fact in answer.facts])
            after = pages[-1][-1]
    assert pages == [[1, 2, 3, 4], [5, 6, 7]]
