"""How a payment code looks at a terminal: what it says, then its objects, then what is wrong."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from services.cli.terminal import open_console, print_finding, print_rows
from services.codes import Code, Finding, Kind, Severity
from services.codes.consumer.rules import NAMES as CONSUMER_NAMES
from services.codes.merchant.fields import name_of
from services.codes.merchant.schemes import PROFILES, scheme_of_guid

_KINDS = {
    Kind.EMV_MPM: "merchant code",
    Kind.EMV_CPM: "payer's code",
    Kind.LINK: "wallet link",
}
_OWNERS = {
    "kakaopay": "Kakao Pay",
    "paypay": "PayPay",
    "alipay": "Alipay",
    "wechatpay": "WeChat Pay",
}


def print_code(code: Code) -> None:
    """Print `code` for a person."""
    console = open_console()
    console.print(_headline(code))
    words = print_rows(console, list(_in_words(code)), styles=("cyan", ""))
    objects = print_rows(console, list(_objects(code)), styles=("dim", "dim", ""))
    if words or objects:
        console.print()
    _print_findings(console, code.findings)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print `findings` alone, where there is no code to show."""
    _print_findings(open_console(), findings)


def _headline(code: Code) -> Text:
    scheme = code.scheme or ""
    owner = _OWNERS.get(scheme) or (PROFILES[scheme].title if scheme in PROFILES else "")
    kind = _KINDS[code.kind] if code.root or code.kind is not Kind.EMV_MPM else "code"
    words = [part for part in (owner, code.point_of_initiation, kind) if part]
    line = Text(" ".join(words).capitalize() if not owner else " ".join(words), style="bold")
    rules = f"by the rules of {PROFILES[code.profile].title}" if code.profile in PROFILES else ""
    if code.kind is Kind.LINK:
        rules = "its owner must say which merchant it is" if code.valid else ""
    verdict = ("✓ valid", "bold green") if code.valid else ("✗ not valid", "bold red")
    line.append("  ").append(*verdict)
    return line.append(f"  {rules}", style="not bold dim") if rules else line


def _in_words(code: Code) -> Iterator[tuple[str, str]]:
    if code.link is not None:
        yield "Owner", _OWNERS.get(code.link.owner) or PROFILES[code.link.owner].title
        yield "Token", code.link.token
    if code.consumer is not None:
        yield from _consumer_in_words(code)
    if code.merchant is None:
        return
    shop = code.merchant
    yield "Merchant", _joined(shop.name, f"({shop.local_name})" if shop.local_name else None)
    yield "Place", _joined(shop.city, shop.postal_code, shop.country_code)
    yield "Category", shop.category_code or ""
    for network, account in shop.account_ids.items():
        yield "Account", f"{account}  ({network})"
    if code.amount is None and "54" not in code.root:
        yield "Amount", _joined(code.currency_code, "typed by the payer")
    elif code.amount is not None:
        yield "Amount", _joined(code.currency_code, f"{Decimal(code.amount):,}")
    if code.tip is not None:
        values = {"prompt": "asked for", "percentage": f"{code.tip.value} %"}
        yield "Tip", values.get(code.tip.kind, _joined(code.currency_code, code.tip.value))
    for name, value in (code.additional or {}).items():
        asked = "asked of the payer" if value == "***" else value
        yield name.replace("_", " ").capitalize(), asked


def _consumer_in_words(code: Code) -> Iterator[tuple[str, str]]:
    assert code.consumer is not None
    yield "Format", code.consumer.format or ""
    for one in code.consumer.applications:
        yield "Application", _joined(one.label, one.adf_name)
        if one.track2 is not None:
            month = f"{one.track2.expiry_yymm[2:]}/{one.track2.expiry_yymm[:2]}"
            yield "Account", f"{one.track2.pan}  (to {month})"
        yield "Account", one.pan or ""
        yield "Payment id", one.payment_id or ""
    yield "Cardholder", code.consumer.cardholder or ""
    yield "Languages", code.consumer.languages or ""


def _objects(code: Code) -> Iterator[tuple[str, str, str]]:
    """Every object on a line: path, name, value; those of a template under it."""
    if code.kind is Kind.EMV_CPM:
        for path, objects in code.templates.items():
            for tag, value in objects.items():
                if f"{path}.{tag}" not in code.templates:
                    yield f"{path}.{tag}", CONSUMER_NAMES.get(tag, ""), value
        return
    for object_id, value in code.root.items():
        inner = code.templates.get(object_id)
        yield object_id, name_of(object_id), "" if inner else value
        names = _names_of_scheme((inner or {}).get("00"))
        for sub_id, sub_value in (inner or {}).items():
            path = f"{object_id}.{sub_id}"
            name = names.get(sub_id) or name_of(path)
            yield f"  {path}", f"  {name}" if name != "object" else "", sub_value


def _names_of_scheme(guid: str | None) -> dict[str, str]:
    """What the scheme calls the objects of its template."""
    known = scheme_of_guid(guid) if guid else None
    return {sub_id: field.name for sub_id, field in known[1].fields.items()} if known else {}


def _print_findings(console: Console, findings: Sequence[Finding]) -> None:
    for finding in findings:
        wrong = finding.severity is Severity.ERROR
        print_finding(console, wrong, finding.code, finding.path, finding.message)


def _joined(*parts: str | None) -> str:
    return " ".join(part for part in parts if part)
