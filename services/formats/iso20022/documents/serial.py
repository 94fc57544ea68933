"""Elements as text, after a check."""

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from services.formats.findings import FileInvalid, error
from services.formats.iso20022.documents.checking import Checker
from services.formats.iso20022.documents.schema import NAMESPACE, local

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# XML cannot hold these at all; a carriage return is written as a reference, or it would be lost.
_FORBIDDEN = {chr(code) for code in range(32)} - {"\t", "\n", "\r"} | {"\ufffe", "\uffff"}


def check_writable(checker: Checker, element: Element) -> None:
    """Raises `FileInvalid` where `element` is not valid or holds what XML cannot."""
    nodes = list(element.iter())
    plan = checker.plan(nodes)
    findings = checker.findings(plan, nodes, lambda _: (0, None))
    for place, node in enumerate(nodes):
        if not _writable(node.text or ""):
            path = plan.paths[place]
            findings.append(error("character", "XML cannot hold this text.", path=path))
    if findings:
        raise FileInvalid(tuple(findings))


def _writable(text: str) -> bool:
    return _FORBIDDEN.isdisjoint(text) and not any("\ud800" <= c <= "\udfff" for c in text)


def document(root: Element, name: str) -> str:
    """`root`, of the message `name`, as text."""
    tag = local(root.tag)
    inner = "".join(map(element_text, root))
    return f'<{tag} xmlns="{NAMESPACE}{name}">{inner}</{tag}>\n'


def element_text(element: Element) -> str:
    """`element` as text, without the namespace its root declares."""
    tag = local(element.tag)
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.items())
    text = escape(element.text or "", {"\r": "&#13;"})
    return f"<{tag}{attributes}>{text}{''.join(map(element_text, element))}</{tag}>"
