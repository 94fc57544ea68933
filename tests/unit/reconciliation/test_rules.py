"""Matching rules are data, and bad data is refused."""

import pytest

from services.reconciliation.matching.rules import By, RulesMalformed, read_rules, standard_rules


def test_the_standard_rules_end_with_text() -> None:
    assert [by for by, _ in standard_rules().runs()] == [
        By.REFERENCE,
        By.PARTNER_REFERENCE,
        By.BUNDLE,
        By.REVERSAL,
        By.TEXT,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rule = 1",
        '[[rule]]\nname = "a"\nby = "guess"',
        '[[rule]]\nname = "a"\nby = "reference"\namount = -1',
        '[[rule]]\nname = "a"\nby = "reference"\n[[rule]]\nname = "a"\nby = "text"',
        '[[rule]]\nname = "a"\nby = "reference"\ncolour = "red"',
    ],
)
def test_what_is_no_rule_is_refused_with_the_files_name(text: str) -> None:
    with pytest.raises(RulesMalformed, match=r"mine\.toml"):
        read_rules(text, "mine.toml")
