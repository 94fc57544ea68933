"""Lists of a participant's payments, however rare what is asked for."""

from services.gateway.payments.model import State
from services.gateway.payments.store.payments import list_payments
from tests.store.gateway.payments_world import Gateway


async def test_a_rare_state_is_looked_for_in_parts_of_bounded_size(gateway: Gateway) -> None:
    for number in range(5):
        await gateway.create(f"p{number}")
    await gateway.cancel("p0")
    await gateway.cancel("p4")
    pages: list[list[str]] = []
    after = ""
    async with gateway.pool.acquire() as connection:
        while not pages or after:
            found, after = await list_payments(
                connection, "panda", after, State.CANCELLED, 2, look_at=2
            )
            pages.append([payment.terms.payment_id for payment in found])
    assert pages == [["p0"], [], ["p4"]]
