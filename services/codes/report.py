"""A code as JSON: the shape `kawase code decode --json` prints and the gateway answers with."""

from dataclasses import asdict
from typing import Any

from services.codes.findings import Finding
from services.codes.model import Code


def report(code: Code) -> dict[str, Any]:
    """`code` as plain data for JSON; what the code does not say is null."""
    return {
        "kind": code.kind.value,
        "valid": code.valid,
        "scheme": code.scheme,
        "profile": code.profile,
        "findings": [finding_report(finding) for finding in code.findings],
        "root": dict(code.root),
        "templates": {path: dict(objects) for path, objects in code.templates.items()},
        "merchant": asdict(code.merchant) if code.merchant else None,
        "currency_code": code.currency_code,
        "amount": code.amount,
        "amount_minor": code.amount_minor,
        "point_of_initiation": code.point_of_initiation,
        "tip": asdict(code.tip) if code.tip else None,
        "reference": code.reference,
        "additional": dict(code.additional) if code.additional else None,
        "link": asdict(code.link) if code.link else None,
        "consumer": asdict(code.consumer) if code.consumer else None,
    }


def finding_report(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "path": finding.path,
        "message": finding.message,
    }
