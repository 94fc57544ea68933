"""Screening lists as operators write them, and what is screened."""

from dataclasses import replace

from services.core.money import Money
from services.gateway.screening import Subject

LIST = """
[[payer]]
wallet_id = "panda"
payer_id = "Li-Na"
source = "court order"
[[payer]]
payer_id = "mallory"
source = "operator"
[[merchant]]
acceptance_partner_id = "kakaopay"
merchant_id = "m1"
source = "partner's word"
[[merchant]]
merchant_id = "m2"
source = "operator"
[[name]]
names = ["Café Zürich", "ラーメン 太郎"]
source = "UN list"
[[velocity]]
rule_id = "two-a-minute"
payments = 2
window_seconds = 60
[[velocity]]
rule_id = "panda-three-an-hour"
wallet_id = "panda"
payments = 3
window_seconds = 3600
[[amount]]
rule_id = "large"
currency = "KRW"
maximum_minor = 1000000
"""

SUBJECT = Subject(
    "01K8TESTTESTTESTTESTTEST00", "sakura", "p1", "hana", "kakaopay", "m9", "Seoul Shop",
    Money(9_545, "CNY"), Money(18_900, "KRW"),
)  # fmt: skip


def subject(**fields: object) -> Subject:
    """A payment that no list knows, changed."""
    return replace(SUBJECT, **fields)  # type: ignore[arg-type]
