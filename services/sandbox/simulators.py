"""The partners' simulators, one process each, as data.

Each is a module `services.sandbox.partners.<name>` that is run like a service, listens where
`KAWASE_LISTEN` says and reads the day from `KAWASE_CLOCK`. bridge finds it in
`KAWASE_PARTNER_<NAME>`, a URL.
"""

from services.sandbox.processes import PARTNER, ProcessSpec, common_env
from services.sandbox.service import accepts

MODULES: tuple[str, ...] = ()
"""Names of modules in `services.sandbox.partners`."""


def simulator(module: str) -> ProcessSpec:
    """The process of a simulator."""
    name = PARTNER + module.replace("_", "-")
    return ProcessSpec(name, f"services.sandbox.partners.{module}", common_env, accepts)


SIMULATORS = tuple(simulator(module) for module in MODULES)
