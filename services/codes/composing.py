"""From what a merchant knows (name, price, account) to the objects of a code.

The scheme's table fills in what it fixes: GUID, template id, currency, country, language. What the
caller sets by path wins over everything. Nothing is checked here: `encode` does that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.codes.building import Value
from services.codes.findings import CodeInvalid, error, quoted
from services.codes.merchant.profiles import Profile, Template
from services.codes.merchant.schemes import EMVCO, profile_named
from services.core.currencies import number_of_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A merchant code in plain words.

    `account` is written as `Merchant.account_ids` shows it, for a scheme of several templates with
    the template's name before it (`promptpay_bill=0112233445566`); the first one needs no name.
    `currency_code` is ISO 4217 letters, `amount` decimal text in major units; `tip` is `prompt`,
    `fixed:AMOUNT` or `percent:NUMBER`; `objects` maps paths (`62.07`) to values. Without `dynamic`
    a code with an amount is dynamic and one without is static.
    """

    profile: str = "emvco"
    account: str | None = None
    name: str | None = None
    city: str | None = None
    country_code: str | None = None
    category_code: str | None = None
    postal_code: str | None = None
    currency_code: str | None = None
    amount: str | None = None
    local_name: str | None = None
    language: str | None = None
    reference: str | None = None
    bill_number: str | None = None
    terminal: str | None = None
    tip: str | None = None
    dynamic: bool | None = None
    objects: Mapping[str, str] = field(default_factory=dict)


def compose(draft: Draft) -> dict[str, Value]:
    """The objects of `draft`, ready for `encode`.

    Raises `CodeInvalid` where the account, the tip or a path cannot be read, `CurrencyUnknown`,
    `ProfileUnknown`.
    """
    profile = profile_named(draft.profile) or EMVCO
    dynamic = draft.amount is not None if draft.dynamic is None else draft.dynamic
    flat: dict[str, str | None] = {"01": "12" if dynamic else "11"}
    if draft.account is not None:
        flat.update(_account(profile, draft.account))
    flat["52"] = draft.category_code
    flat["53"] = number_of_currency(draft.currency_code) if draft.currency_code else None
    flat["54"] = draft.amount
    flat.update(_tip(draft.tip))
    flat["58"] = draft.country_code
    flat["59"], flat["60"], flat["61"] = draft.name, draft.city, draft.postal_code
    flat["62.01"], flat["62.05"] = draft.bill_number, draft.reference
    flat["62.07"] = draft.terminal
    flat["64.00"], flat["64.01"] = draft.language, draft.local_name
    _fill_in(profile, flat, wants_language=draft.local_name is not None)
    flat.update(draft.objects)
    return _nested({path: value for path, value in flat.items() if value is not None})


def _fill_in(profile: Profile, flat: dict[str, str | None], wants_language: bool) -> None:
    for path, allowed in profile.values.items():
        if path == "64.00" and not wants_language:
            continue
        if flat.get(path) is None:
            flat[path] = allowed[0]


def _account(profile: Profile, account: str) -> dict[str, str]:
    if not profile.templates:
        if profile.primitives:
            return {profile.primitives[0]: account}
        said = "An account needs a scheme to stand in: name its profile, or set its objects by id."
        raise CodeInvalid((error("SCHEME_TEMPLATE_MISSING", "26-51", said),))
    name, _, rest = account.partition("=")
    named = next((one for one in profile.templates if one.account == name), None)
    template = named or profile.templates[0]
    values = _account_objects(profile, template, rest if named else account)
    guid = {} if template.guid.startswith("*") else {"00": template.guid}
    return {f"{template.usual_id}.{key}": value for key, value in {**guid, **values}.items()}


def _account_objects(profile: Profile, template: Template, account: str) -> dict[str, str]:
    if template.alternatives:
        key, colon, value = account.partition(":")
        if colon and key in template.key:
            return {key: value}
    else:
        # The last part keeps the rest: an account of one part may itself hold points.
        parts = account.split(".", len(template.key) - 1)
        if len(parts) == len(template.key):
            return dict(zip(template.key, parts, strict=True))
    said = f"The account {quoted(account)} is not one of {profile.title}: write {_shape(template)}."
    raise CodeInvalid((error("SCHEME_VALUE", template.usual_id, said),))


def _shape(template: Template) -> str:
    names = {
        key: template.fields[key].name if key in template.fields else key for key in template.key
    }
    if template.alternatives:
        return " or ".join(f"{key}:<{name}>" for key, name in names.items())
    return ".".join(f"<{name}>" for name in names.values())


def _tip(tip: str | None) -> dict[str, str]:
    if tip is None:
        return {}
    kind, _, value = tip.partition(":")
    if kind == "prompt":
        return {"55": "01"}
    if kind == "fixed":
        return {"55": "02", "56": value}
    if kind == "percent":
        return {"55": "03", "57": value}
    said = f"The tip {quoted(tip)} is unknown: write prompt, fixed:AMOUNT or percent:NUMBER."
    raise CodeInvalid((error("TIP_VALUE", "55", said),))


def _nested(flat: Mapping[str, str]) -> dict[str, Value]:
    objects: dict[str, Value] = {}
    for path, value in flat.items():
        *parents, last = path.split(".")
        level = objects
        for parent in parents:
            inner = level.setdefault(parent, {})
            if not isinstance(inner, dict):
                said = f"{path} lies inside {parent}, which is given a value itself: keep one."
                raise CodeInvalid((error("TLV_MALFORMED", path, said),))
            level = inner
        if isinstance(level.get(last), dict):
            said = f"{path} is given a value and objects inside it: keep one."
            raise CodeInvalid((error("TLV_MALFORMED", path, said),))
        level[last] = value
    return objects
