"""What EMVCo QR CPM v1.1 and the JPQR CPM guideline demand of a payload that can be read."""

from collections import Counter
from collections.abc import Mapping

from services.codes.consumer.bertlv import Node
from services.codes.findings import Finding, error, quoted

EMVCO_FORMAT = "CPV01"
JPQR_FORMAT = "JPQR1"
MOST_APPLICATIONS = 2

# Bytes, shortest and longest (EMVCo QR CPM v1.1, table of data objects).
_LENGTHS = {
    "50": (1, 16),
    "57": (1, 19),
    "5A": (1, 10),
    "5F20": (2, 26),
    "5F2D": (2, 8),
    "9F08": (2, 2),
    "9F19": (6, 6),
    "9F24": (29, 29),
    "9F25": (2, 2),
}
_ADF_NAME_LENGTH = (5, 16)

NAMES: Mapping[str, str] = {
    "4F": "ADF name",
    "50": "application label",
    "57": "track 2 equivalent data",
    "5A": "account number",
    "5F20": "cardholder name",
    "5F2D": "languages",
    "5F50": "issuer address",
    "63": "transparent template",
    "64": "transparent template",
    "99": "free area",
    "9F08": "application version",
    "9F10": "issuer application data",
    "9F19": "token requestor",
    "9F24": "account reference",
    "9F25": "last four digits",
    "9F26": "cryptogram",
    "9F36": "transaction counter",
    "9F37": "unpredictable number",
}


def check_consumer(nodes: tuple[Node, ...], formats: tuple[str, ...]) -> list[Finding]:
    """Every finding, in the order of the objects; unknown tags are ignored."""
    findings: list[Finding] = []
    stated = _check_format(nodes, formats, findings)
    applications = [node for node in nodes if node.tag == "61"]
    commons = [node for node in nodes if node.tag == "62"]
    if not applications:
        said = "There is no application template (61): add who pays with what."
        findings.append(error("APPLICATION_TEMPLATE_MISSING", "61", said))
    if len(applications) > MOST_APPLICATIONS:
        said = f"There are {len(applications)} application templates (61): keep at most two."
        findings.append(error("TOO_MANY_APPLICATIONS", "61", said))
    if commons and len(applications) < MOST_APPLICATIONS:
        said = "Common data (62) goes only with two applications: move it into the application."
        findings.append(error("COMMON_TEMPLATE_UNEXPECTED", "62", said))
    for application in applications:
        _check_application(application, commons, stated, findings)
    for template in (*applications, *commons):
        _check_lengths(template, stated, findings)
    _check_duplicates(nodes, applications, commons, findings)
    return findings


def _check_format(
    nodes: tuple[Node, ...], formats: tuple[str, ...], findings: list[Finding]
) -> str | None:
    indicator = next((node for node in nodes if node.tag == "85"), None)
    wanted = " or ".join(formats)
    if indicator is None:
        said = f"The format indicator (85) is missing: start with {wanted}."
        findings.append(error("CPV_MISSING", "85", said))
        return None
    if nodes[0] is not indicator:
        said = "The format indicator (85) is not the first object: put it first."
        findings.append(error("CPV_NOT_FIRST", "85", said))
    stated = indicator.value.decode("ascii", "replace")
    if stated not in formats:
        said = f"The format {quoted(stated)} (85) is not known here: use {wanted}."
        findings.append(error("CPV_UNKNOWN", "85", said))
    return stated


def _check_application(
    application: Node, commons: list[Node], stated: str | None, findings: list[Finding]
) -> None:
    adf_name = application.child("4F")
    shortest, longest = _ADF_NAME_LENGTH
    if adf_name is None:
        said = "An application (61) does not name itself (4F): add its ADF name."
        findings.append(error("ADF_NAME_MISSING", "61.4F", said))
    elif not shortest <= len(adf_name.value) <= longest:
        said = f"The ADF name (61.4F) has {len(adf_name.value)} bytes: write 5 to 16."
        findings.append(error("ADF_NAME_LENGTH", "61.4F", said))
    payers = [application, *commons] if stated != JPQR_FORMAT else [application]
    tags = ("57", "5A") if stated != JPQR_FORMAT else ("57",)
    if not any(one.child(tag) for one in payers for tag in tags):
        said = "The application (61) has no account to charge: add track 2 (57) or a number (5A)."
        findings.append(error("PAYMENT_DATA_MISSING", "61", said))


def _check_lengths(template: Node, stated: str | None, findings: list[Finding]) -> None:
    for node in template.children or ():
        limits = _LENGTHS.get(node.tag)
        # JPQR puts its own payment id into 57; its length is the operator's business.
        if limits is None or (node.tag == "57" and stated == JPQR_FORMAT):
            continue
        if not limits[0] <= len(node.value) <= limits[1]:
            wanted = f"{limits[0]} to {limits[1]}" if limits[0] != limits[1] else str(limits[0])
            path = f"{template.tag}.{node.tag}"
            said = f"The object {path} has {len(node.value)} bytes: write {wanted}."
            findings.append(error("LENGTH", path, said))


def _check_duplicates(
    nodes: tuple[Node, ...],
    applications: list[Node],
    commons: list[Node],
    findings: list[Finding],
) -> None:
    repeated = {tag for tag, count in _counts(nodes).items() if count > 1 and tag in ("85", "62")}
    for template in (*applications, *commons):
        repeated |= {tag for tag, count in _counts(template.children or ()).items() if count > 1}
    in_applications = {one.tag for node in applications for one in _primitives(node)}
    repeated |= in_applications & {one.tag for node in commons for one in _primitives(node)}
    for tag in sorted(repeated):
        said = f"The object {tag} is there more than once: keep one."
        findings.append(error("DUPLICATE_TAG", tag, said))


def _primitives(template: Node) -> tuple[Node, ...]:
    return tuple(node for node in template.children or () if node.children is None)


def _counts(nodes: tuple[Node, ...]) -> Counter[str]:
    return Counter(node.tag for node in nodes)
