"""What of a partner's bodies is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bridge.masking import KEPT_LIMIT, MASK, PERSONAL, kept, masked


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ('{"pg_token": "secret", "tid": "T1"}', '{"pg_token": "***", "tid": "T1"}'),
        ('{"accountNumber":1234567}', '{"accountNumber":"***"}'),
        ('{"ACCOUNTNAME" : "ヤマダ"}', '{"ACCOUNTNAME" : "***"}'),
        (
            '{"a": {"beneficiaryName": "x \\" y", "b": 1}}',
            '{"a": {"beneficiaryName": "***", "b": 1}}',
        ),
        ('{"pg_token": "cut o', '{"pg_token": "***"'),
        ('{"item": "name: 5"}', '{"item": "name: 5"}'),
        ("no json", "no json"),
        ("", ""),
    ],
)
def test_persons_accounts_and_tokens_are_masked(body: str, left: str) -> None:
    assert masked(body) == left


def test_a_body_is_cut_after_it_was_masked() -> None:
    body = json.dumps({"filler": "x" * (KEPT_LIMIT - 30), "accountNumber": "9876543210"})
    assert len(kept(body)) <= KEPT_LIMIT
    assert "98" not in kept(body)


plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
bodies = st.recursive(
    plain | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*PERSONAL, "amount", "status"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def values(found: object, under: str = "") -> list[tuple[str, object]]:
    """Every single value with the name it stands under."""
    match found:
        case dict():
            return [pair for name, each in found.items() for pair in values(each, name)]
        case list():
            return [pair for each in found for pair in values(each)]
        case _:
            return [(under, found)]


@given(bodies, st.booleans())
def test_a_masked_body_is_the_same_but_for_personal_values(body: object, ascii_only: bool) -> None:
    after = json.loads(masked(json.dumps(body, ensure_ascii=ascii_only)))
    before = values(body)
    assert [name for name, _ in values(after)] == [name for name, _ in before]
    for (name, old), (_, new) in zip(before, values(after), strict=True):
        personal = name in PERSONAL and isinstance(old, str | int) and not isinstance(old, bool)
        assert new == (MASK if personal else old)
