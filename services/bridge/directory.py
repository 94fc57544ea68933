"""Makes the partners of a configuration: the one place that knows all adapters."""

from collections.abc import Callable, Iterable

from services.bridge.partner import Partner
from services.bridge.partners import kakaopay_acquirer
from services.bridge.partners.http import PartnerHttp
from services.bridge.settings import PartnerConfig, PartnersFileWrong


def _kakaopay_acquirer(config: PartnerConfig, _callback_url: str) -> Partner:
    rules = config.limits.apply(kakaopay_acquirer.RULES)
    return kakaopay_acquirer.KakaoPayAcquirer(
        config.partner_id,
        PartnerHttp(config.base_url, rules.in_flight),
        rules,
        config.secret.get_secret_value(),
    )


ADAPTERS: dict[str, Callable[[PartnerConfig, str], Partner]] = {
    "kakaopay_acquirer": _kakaopay_acquirer,
}


def make_partners(configs: Iterable[PartnerConfig], callback_url: str) -> dict[str, Partner]:
    """A partner for each configuration. Raises `PartnersFileWrong`."""
    partners = {}
    for config in configs:
        make = ADAPTERS.get(config.adapter)
        if make is None:
            known = ", ".join(sorted(ADAPTERS))
            raise PartnersFileWrong(
                f"partner {config.partner_id}: adapter {config.adapter!r} is none of {known}"
            )
        try:
            partners[config.partner_id] = make(config, callback_url)
        except (ValueError, KeyError, OSError) as error:
            raise PartnersFileWrong(f"partner {config.partner_id}: {error!r}") from error
    return partners
