"""What is paid in a run: every payment, payer and amount from the seed and the payment's number.

Amounts differ from payment to payment, so that the faults of simulators, which are decided by
amount, fall on the same payments in each run of a seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from services.core.money import Money
from services.sandbox.demo.codes import SEOUL_SHOP, TOKYO_STATIC
from services.sandbox.partners.ams_shanghai import TEA_LINK
from services.sandbox.partners.paypay import RAMEN_CODE
from services.sandbox.world import (
    BANK,
    KAKAO_USERS,
    KAKAOPAY,
    KAKAOPAY_ONLINE,
    PANDA,
    PAYPAY,
    SAKURA,
    SHANGHAI,
)

PARTNERS = (KAKAOPAY, KAKAOPAY_ONLINE, SHANGHAI, BANK, PAYPAY)
TOP_UP_SHARE, REFUND_SHARE, MUTE_SHARE = 10, 8, 400
"""One of so many is a top-up; is refunded in part; is silenced by its last partner."""
TOP_UP_YEN = 30_000
QUIT_SHARE = 40
"""One of so many payers says no on the phone."""


@dataclass(frozen=True, slots=True)
class Way:
    """A wallet's payments by one kind of code; `least` in minor units of `currency`.

    `last` is the partner that is asked last, empty where none is asked.
    """

    wallet: str
    code: str
    currency: str
    least: int
    last: str
    weight: int


WAYS = (
    Way(PANDA, SEOUL_SHOP, "KRW", 1_000, KAKAOPAY, 22),
    Way(PANDA, RAMEN_CODE, "JPY", 300, PAYPAY, 20),
    Way(KAKAO_USERS, TOKYO_STATIC, "JPY", 300, KAKAOPAY_ONLINE, 18),
    Way(KAKAO_USERS, RAMEN_CODE, "JPY", 300, PAYPAY, 12),
    Way(SAKURA, TEA_LINK, "CNY", 100, SHANGHAI, 18),
    Way(SAKURA, SEOUL_SHOP, "KRW", 1_000, KAKAOPAY, 10),
)


@dataclass(frozen=True, slots=True)
class TopUp:
    """A payer's bank account is drawn on."""

    top_up_id: str
    payer: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Wish:
    """One payment, and what its payer does beside paying."""

    payment_id: str
    way: Way
    payer: str
    amount: Money
    refund: Money | None = None
    quits: bool = False
    is_muted: bool = False
    """Its last partner gives no answer about it to any call."""


def top_ups(seed: int, payments: int) -> list[TopUp]:
    """The first payments of a run: each payer of the hosted wallet gets money."""
    return [
        TopUp(f"chaos-{seed}-{number}", _hosted(number), Money(TOP_UP_YEN + number, "JPY"))
        for number in range(max(1, payments // TOP_UP_SHARE))
    ]


def wishes(seed: int, payments: int) -> Iterator[Wish]:
    """The other payments of a run, by number."""
    first = len(top_ups(seed, payments))
    for number in range(first, payments):
        yield _wish(seed, number, first)


def _wish(seed: int, number: int, hosted: int) -> Wish:
    dice = Random(f"{seed}/{number}")  # noqa: S311
    (way,) = dice.choices(WAYS, [way.weight for way in WAYS])
    amount = Money(way.least + number, way.currency)
    part = Money(dice.randint(1, amount.minor), way.currency)
    return Wish(
        f"chaos-{seed}-{number}",
        way,
        _hosted(dice.randrange(hosted)) if way.wallet == SAKURA else f"payer-{number}",
        amount,
        part if dice.randrange(REFUND_SHARE) == 0 else None,
        quits=way.wallet == KAKAO_USERS and dice.randrange(QUIT_SHARE) == 0,
        is_muted=way.last != KAKAOPAY_ONLINE and dice.randrange(MUTE_SHARE) == 0,
    )


def _hosted(number: int) -> str:
    return f"hanako-{number}"
