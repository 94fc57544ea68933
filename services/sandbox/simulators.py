"""The partners' simulators, one process each, as data.

Each is a module `services.sandbox.partners.<name>` that is run like a service, listens where
`KAWASE_LISTEN` says and reads the day from `KAWASE_CLOCK`. bridge finds it in
`KAWASE_PARTNER_<ID>`, a URL.
"""

from services.sandbox.processes import PARTNER, ProcessSpec, common_env
from services.sandbox.service import accepts

MODULES = {
    "kakaopay": "kakaopay_acquirer",
    "kakaopay-online": "kakaopay_wallet",
    "shanghai-ams": "ams_shanghai",
    "japan-bank": "japan_bank",
}
"""Modules in `services.sandbox.partners`, by the partner's id."""


def simulator(partner_id: str, module: str) -> ProcessSpec:
    """The process of a simulator."""
    name = PARTNER + partner_id
    return ProcessSpec(name, f"services.sandbox.partners.{module}", common_env, accepts)


SIMULATORS = tuple(simulator(partner_id, module) for partner_id, module in MODULES.items())
LIGHT = simulator("kakaopay", "light")
"""The bench's partner: it stands in for Kakao Pay, without faults or disk."""
