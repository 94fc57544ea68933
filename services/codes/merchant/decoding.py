"""Decoding a merchant-presented payload (EMVCo QR MPM v1.1) under a scheme's profile."""

from services.codes.findings import Finding, error, has_errors
from services.codes.merchant.amounts import amount_in_minor_units, exact_amount
from services.codes.merchant.fields import CARD_NETWORKS
from services.codes.merchant.profiles import Profile, account_id, check_profile
from services.codes.merchant.rules import (
    Objects,
    Templates,
    check_amounts,
    check_payload_size,
    check_root,
    check_templates,
    read_templates,
)
from services.codes.merchant.schemes import EMVCO, scheme_of_guid, scheme_of_primitive
from services.codes.merchant.tlv import split
from services.codes.model import Code, Kind, Merchant, Tip
from services.core.currencies import currency_of_number

LONGEST_PAYLOAD = 512

_ADDITIONAL_NAMES = {
    "01": "bill_number",
    "02": "mobile_number",
    "03": "store_label",
    "04": "loyalty_number",
    "05": "reference_label",
    "06": "customer_label",
    "07": "terminal_label",
    "08": "purpose",
    "09": "consumer_data_request",
}
_POINTS_OF_INITIATION = {"11": "static", "12": "dynamic"}
_NOTHING: Objects = {}


def decode_merchant_code(payload: str, profile: Profile | None) -> Code:
    """Read `payload`; without a profile the rules are those of the scheme that is found in it."""
    level = split(payload)
    if level.problem is not None:
        said = f"{level.problem}: the code was cut off or misread, so scan it again."
        return _unreadable(profile, level.objects, error("TLV_MALFORMED", "", said))
    root = level.objects
    findings: list[Finding] = []
    currency = currency_of_number(root.get("53", ""))
    check_root(payload, level, findings)
    templates = read_templates(root, findings)
    check_amounts(root, currency, findings)
    check_templates(templates, findings)
    check_payload_size(payload, findings)
    scheme, account_ids = _accounts(root, templates)
    rules = profile or scheme or EMVCO
    if rules is not EMVCO:
        findings = check_profile(rules, root, templates, findings)
    additional = templates.get("62", _NOTHING)
    amount = exact_amount(root["54"]) if "54" in root else None
    minor = amount_in_minor_units(amount, currency) if amount and currency else None
    return Code(
        kind=Kind.EMV_MPM,
        profile=rules.name,
        valid=not (findings and has_errors(findings)),
        scheme=scheme.name if scheme else None,
        findings=tuple(findings),
        root=root,
        templates=templates,
        merchant=_merchant(root, templates, account_ids),
        currency_code=currency,
        amount=amount,
        amount_minor=minor,
        point_of_initiation=_POINTS_OF_INITIATION.get(root.get("01", "")),
        tip=_tip(root),
        reference=additional.get("05"),
        additional={
            _ADDITIONAL_NAMES[k]: v for k, v in additional.items() if k in _ADDITIONAL_NAMES
        },
    )


def _unreadable(profile: Profile | None, root: Objects, finding: Finding) -> Code:
    name = (profile or EMVCO).name
    return Code(Kind.EMV_MPM, name, False, None, (finding,), root, {})


def _accounts(root: Objects, templates: Templates) -> tuple[Profile | None, dict[str, str]]:
    """The scheme of the code and its accounts.

    A code may carry several networks. The scheme of the country it was printed in comes first, then
    the first template known, then a primitive account.
    """
    candidates: list[Profile] = []
    stand_in: Profile | None = None
    accounts: dict[str, str] = {}
    for object_id, value in root.items():
        if object_id in CARD_NETWORKS:
            accounts.setdefault(CARD_NETWORKS[object_id], value)
            stand_in = stand_in or scheme_of_primitive(object_id)
        elif "26" <= object_id <= "51" and object_id in templates:
            _add_account(templates[object_id], candidates, accounts)
    country = root.get("58")
    home = next((one for one in candidates if country in one.countries), None)
    return home or (candidates[0] if candidates else stand_in), accounts


def _add_account(objects: Objects, candidates: list[Profile], accounts: dict[str, str]) -> None:
    guid = objects.get("00")
    if guid is None:
        return
    known = scheme_of_guid(guid)
    if known is None:
        rest = ".".join(value for sub_id, value in objects.items() if sub_id != "00")
        accounts.setdefault(guid, rest)
        return
    scheme, template = known
    candidates.append(scheme)
    account = account_id(template, objects)
    if account is not None:
        accounts.setdefault(template.account, account)


def _merchant(root: Objects, templates: Templates, account_ids: dict[str, str]) -> Merchant:
    local = templates.get("64", _NOTHING)
    return Merchant(
        name=root.get("59"),
        city=root.get("60"),
        country_code=root.get("58"),
        category_code=root.get("52"),
        postal_code=root.get("61"),
        local_name=local.get("01"),
        local_city=local.get("02"),
        language=local.get("00"),
        account_ids=account_ids,
    )


def _tip(root: Objects) -> Tip | None:
    indicator = root.get("55")
    if indicator == "01":
        return Tip("prompt", None)
    if indicator == "02":
        return Tip("fixed", exact_amount(root.get("56", "")))
    if indicator == "03":
        return Tip("percentage", root.get("57"))
    return None
