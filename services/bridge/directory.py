"""Makes the partners of a configuration.

An adapter is a module of `services.bridge.partners` with `open_partner(config, around)`; its name
is the word `adapter` of the partners' file. So a new partner is a file there and a table in the
configuration.
"""

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from services.bridge import partners
from services.bridge.partner import Partner, Surroundings
from services.bridge.settings import PartnerConfig, PartnersFileWrong

_OPEN = "open_partner"


def adapters() -> list[str]:
    """The names of all adapters."""
    names = (module.name for module in pkgutil.iter_modules(partners.__path__))
    return [name for name in names if hasattr(_module(name), _OPEN)]


def make_partners(configs: Iterable[PartnerConfig], around: Surroundings) -> dict[str, Partner]:
    """A partner for each configuration. Raises `PartnersFileWrong`."""
    return {config.partner_id: _open(config, around) for config in configs}


def moving(partners: Mapping[str, Partner]) -> list[str]:
    """The names of those that do something by themselves."""
    return [name for name, each in partners.items() if type(each).run is not Partner.run]


def _open(config: PartnerConfig, around: Surroundings) -> Partner:
    known = adapters()
    if config.adapter not in known:
        raise PartnersFileWrong(
            f"partner {config.partner_id}: adapter {config.adapter!r} is none of {', '.join(known)}"
        )
    try:
        opened: Partner = getattr(_module(config.adapter), _OPEN)(config, around)
    except (ValueError, KeyError, OSError) as error:
        raise PartnersFileWrong(f"partner {config.partner_id}: {error!r}") from error
    return opened


def _module(name: str) -> Any:
    return import_module(f"{partners.__name__}.{name}")
