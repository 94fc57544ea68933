"""What a national scheme allows or demands beyond EMVCo: the shape of the table, and its engine.

The table itself is `schemes.py`. A scheme is recognised by the GUID of its account template,
wherever that stands, never by the template's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.codes.findings import Finding, error, quoted
from services.codes.merchant.fields import Field
from services.codes.merchant.rules import Objects, Templates, check_fields, missing, split_template


@dataclass(frozen=True, slots=True)
class Template:
    """One account template of a scheme.

    `account` names it in `Merchant.account_ids`; `key` lists the objects that make up the account
    id (`01.00` is an object inside object 01, which then is in `nested`). With `alternatives` the
    account is whichever of them is given, written `02:value`. A `guid` that starts with `*` stands
    for any GUID that contains the rest. `usual_id` is where a writer puts it.
    """

    account: str
    guid: str
    usual_id: str
    key: tuple[str, ...]
    alternatives: bool = False
    fields: Mapping[str, Field] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()

    def knows(self, guid: str) -> bool:
        """Whether `guid` is this template's; hex and domain names have no case."""
        if self.guid.startswith("*"):
            return self.guid[1:] in guid
        return guid.casefold() == self.guid.casefold()


@dataclass(frozen=True, slots=True)
class Profile:
    """One scheme's rules. Paths are those of findings.

    `values` lists what an object may hold if it is there; `waived` the EMVCo findings (code, path)
    that this scheme's real codes are forgiven; `primitives` the root ids that stand for the scheme
    where it has no template.
    """

    name: str
    title: str
    countries: tuple[str, ...] = ()
    templates: tuple[Template, ...] = ()
    primitives: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waived: frozenset[tuple[str, str]] = frozenset()
    consumer_formats: tuple[str, ...] = ("CPV01", "JPQR1")
    aliases: tuple[str, ...] = ()


def check_profile(
    profile: Profile, root: Objects, templates: Templates, findings: list[Finding]
) -> list[Finding]:
    """`findings` of EMVCo less what the scheme waives, plus what it demands."""
    kept = [one for one in findings if (one.code, one.path) not in profile.waived]
    _check_accounts(profile, root, templates, kept)
    for path in profile.mandatory:
        if value_at(path, root, templates) is None and not _reported(kept, path):
            kept.append(missing(path))
    for path in profile.absent:
        if value_at(path, root, templates) is not None:
            said = f"{profile.title} does not use {path}: leave it out."
            kept.append(error("SCHEME_FORBIDDEN", path, said))
    for path, allowed in profile.values.items():
        value = value_at(path, root, templates)
        if value is not None and value not in allowed and not _reported(kept, path):
            kept.append(_value(profile, path, value, allowed))
    return kept


def value_at(path: str, root: Objects, templates: Templates) -> str | None:
    """The value at `path` of one or two ids, or None."""
    object_id, point, sub_id = path.partition(".")
    if not point:
        return root.get(object_id)
    return templates.get(object_id, {}).get(sub_id)


def account_id(template: Template, objects: Objects) -> str | None:
    """The account as `Merchant.account_ids` writes it; None where its objects are not there."""
    whole = dict(objects)
    for nested_id in template.nested:
        inner = split_template(objects.get(nested_id, ""), nested_id, []) or {}
        whole.update({f"{nested_id}.{sub_id}": value for sub_id, value in inner.items()})
    if template.alternatives:
        return next((f"{path}:{whole[path]}" for path in template.key if path in whole), None)
    return ".".join(whole[path] for path in template.key if path in whole) or None


def _check_accounts(
    profile: Profile, root: Objects, templates: Templates, findings: list[Finding]
) -> None:
    found = False
    for object_id, objects in templates.items():
        guid = objects.get("00")
        template = template_of(profile, guid) if guid and "26" <= object_id <= "51" else None
        if template is not None:
            found = True
            _check_account(template, object_id, objects, findings)
    if not found and profile.templates and not _unreadable_account(findings):
        guids = " or ".join(one.guid for one in profile.templates)
        said = f"No account template (26 to 51) is of {profile.title} ({guids}): add one."
        findings.append(error("SCHEME_TEMPLATE_MISSING", "26-51", said))
    if profile.primitives and not any(one in root for one in profile.primitives):
        wanted = " or ".join(profile.primitives)
        said = f"{profile.title} needs a merchant account in {wanted}: add it."
        findings.append(error("SCHEME_TEMPLATE_MISSING", wanted, said))


def _check_account(
    template: Template, object_id: str, objects: Objects, findings: list[Finding]
) -> None:
    check_fields(objects, template.fields, f"{object_id}.", findings)
    findings += [
        missing(f"{object_id}.{sub_id}") for sub_id in template.required if sub_id not in objects
    ]
    for nested_id in template.nested:
        if nested_id in objects:
            split_template(objects[nested_id], f"{object_id}.{nested_id}", findings)
    if template.alternatives and not any(sub_id in objects for sub_id in template.key):
        said = f"The account template {object_id} needs one of {', '.join(template.key)}: add it."
        findings.append(error("MANDATORY_MISSING", object_id, said))


def template_of(profile: Profile, guid: str) -> Template | None:
    return next((template for template in profile.templates if template.knows(guid)), None)


def _unreadable_account(findings: list[Finding]) -> bool:
    return any(
        one.code in ("SUBTEMPLATE_MALFORMED", "GUID_MISSING") and "26" <= one.path <= "51"
        for one in findings
    )


def _reported(findings: list[Finding], path: str) -> bool:
    return any(one.path == path for one in findings)


def _value(profile: Profile, path: str, value: str, allowed: tuple[str, ...]) -> Finding:
    wanted = " or ".join(allowed)
    said = f"{profile.title} needs {wanted} in {path}, not {quoted(value)}."
    return error("SCHEME_VALUE", path, said)
