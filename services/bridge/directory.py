"""Makes the partners of a configuration: the one place that knows all adapters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from services.bridge.partner import Partner
from services.bridge.partners import ams, aozora, kakaopay_acquirer, kakaopay_wallet
from services.bridge.partners.http import PartnerHttp
from services.bridge.settings import PartnerConfig, PartnersFileWrong
from services.core.clock import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What adapters get besides their configuration. `callback_url`: where payers come back to."""

    callback_url: str
    clock: Clock


def _kakaopay_acquirer(config: PartnerConfig, _around: Surroundings) -> Partner:
    rules = config.limits.apply(kakaopay_acquirer.RULES)
    http = kakaopay_acquirer.open_http(config.base_url, config.secret.get_secret_value())
    return kakaopay_acquirer.KakaoPayAcquirer(config.partner_id, http, rules)


def _kakaopay_wallet(config: PartnerConfig, around: Surroundings) -> Partner:
    rules = config.limits.apply(kakaopay_wallet.RULES)
    terms = kakaopay_wallet.Terms(
        config.options["cid"], config.secret.get_secret_value(), around.callback_url
    )
    http = PartnerHttp(config.base_url, rules.in_flight)
    return kakaopay_wallet.KakaoPayWallet(config.partner_id, http, rules, terms)


def _ams(config: PartnerConfig, around: Surroundings) -> Partner:
    rules = config.limits.apply(ams.RULES)
    signer = ams.Signer(
        config.options["client_id"],
        config.secret.get_secret_value(),
        Path(config.options["partner_key_file"]).read_text(),
    )
    http = PartnerHttp(config.base_url, rules.in_flight)
    return ams.Ams(config.partner_id, http, rules, signer, around.clock)


def _aozora(config: PartnerConfig, _around: Surroundings) -> Partner:
    rules = config.limits.apply(aozora.RULES)
    http = PartnerHttp(config.base_url, rules.in_flight)
    secret = config.secret.get_secret_value()
    return aozora.Aozora(config.partner_id, http, rules, secret, config.options["account_id"])


ADAPTERS: dict[str, Callable[[PartnerConfig, Surroundings], Partner]] = {
    "ams": _ams,
    "aozora": _aozora,
    "kakaopay_acquirer": _kakaopay_acquirer,
    "kakaopay_wallet": _kakaopay_wallet,
}


def make_partners(configs: Iterable[PartnerConfig], around: Surroundings) -> dict[str, Partner]:
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
            partners[config.partner_id] = make(config, around)
        except (ValueError, KeyError, OSError) as error:
            raise PartnersFileWrong(f"partner {config.partner_id}: {error!r}") from error
    return partners
