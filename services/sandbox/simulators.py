"""The partners' simulators, one process each, as data.

Each is a module `services.sandbox.partners.<name>` that is run like a service, listens where
`KAWASE_LISTEN` says and reads the day from `KAWASE_CLOCK`. bridge finds it in
`KAWASE_PARTNER_<ID>`, a URL.
"""

from collections.abc import Mapping

from services.sandbox.databases import keep_secret
from services.sandbox.partner_keys import partner_env
from services.sandbox.processes import CALLBACK, NOWHERE, PARTNER, ProcessSpec, Setup, common_env
from services.sandbox.service import accepts

MODULES = {
    "kakaopay": "kakaopay_acquirer",
    "kakaopay-online": "kakaopay_wallet",
    "shanghai-ams": "ams_shanghai",
    "japan-bank": "japan_bank",
    "japan-bank-files": "file_bank",
    "paypay": "paypay",
}
"""Modules in `services.sandbox.partners`, by the partner's id."""


def simulator_env(setup: Setup, name: str) -> Mapping[str, str]:
    """Where a partner keeps its books, what it knows bridge by, where it sends notices that bridge
    does not name an address for, and the keys of the one that signs."""
    directory = setup.stack.directory
    books = directory / "partners"
    books.mkdir(exist_ok=True)
    bridge = setup.addresses.get(CALLBACK, NOWHERE)
    return {
        **common_env(setup, name),
        "KAWASE_BOOKS": str(books),
        "KAWASE_SANDBOX_SECRET": keep_secret(directory / "secrets" / "partners"),
        "KAWASE_NOTICE_URL": f"http://{bridge}/notice/{name.removeprefix(PARTNER)}",
        **partner_env(directory),
    }


def simulator(partner_id: str, module: str) -> ProcessSpec:
    """The process of a simulator."""
    name = PARTNER + partner_id
    return ProcessSpec(name, f"services.sandbox.partners.{module}", simulator_env, accepts)


SIMULATORS = tuple(simulator(partner_id, module) for partner_id, module in MODULES.items())
LIGHT = simulator("kakaopay", "light")
"""The bench's partner: it stands in for Kakao Pay, without faults or disk."""
