"""Limits by law and by partners' contracts, as data. Pure.

A rule counts for the payments that fit all it names: the home country of the wallet, the wallet,
the partner at the merchant, the partner that collects from the payer; and whose home or target
currency is that of the rule. All of these are known per corridor, so the rules of each corridor
are picked once per change of the reference data, and a payment looks up its own by one key.

A rule whose currency is neither of a payment's two (a Korean ceiling in US dollars, for a payment
in won and yen) cannot be reckoned and counts for nothing.
"""

from collections.abc import Iterable, Mapping

from services.gateway.reference import Corridor, LimitFlow, LimitRule, Participant


def fits(rule: LimitRule, wallet: Participant, corridor: Corridor) -> bool:
    """Whether the rule counts for payments of this wallet over this corridor."""
    named = (
        (rule.wallet_country, wallet.country_code),
        (rule.wallet_id, wallet.participant_id),
        (rule.acceptance_partner_id, corridor.acceptance_partner_id),
        (rule.collect_partner_id, wallet.collect_partner_id),
    )
    currencies = (corridor.home_currency, corridor.target_currency)
    return (
        rule.active
        and rule.flow is (LimitFlow.PERSONAL if corridor.personal else LimitFlow.PAYMENT)
        and rule.maximum.currency in currencies
        and all(not wanted or wanted == found for wanted, found in named)
    )


def rules_by_corridor(
    participants: Mapping[str, Participant],
    corridors: Iterable[Corridor],
    rules: Iterable[LimitRule],
) -> dict[str, tuple[LimitRule, ...]]:
    """The rules of each corridor that has any, by corridor id, in the order of their ids."""
    ordered = sorted(rules, key=lambda rule: rule.limit_rule_id)
    found = {}
    for corridor in corridors:
        wallet = participants[corridor.wallet_id]
        fitting = tuple(rule for rule in ordered if fits(rule, wallet, corridor))
        if fitting:
            found[corridor.corridor_id] = fitting
    return found
