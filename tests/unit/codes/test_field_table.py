"""The field tables in the code are those of the golden table."""

from services.codes.merchant.fields import (
    ACCOUNT_IDS,
    ADDITIONAL,
    GUID,
    GUID_TEMPLATES,
    LANGUAGE,
    MANDATORY,
    ROOT,
    Field,
    ids,
)
from tests.unit.codes.vectors import golden_table

ROWS = golden_table("emv_mpm_fields.csv")


def expanded(level: str) -> dict[str, dict[str, str]]:
    """The rows of a level by id, ranges written out."""
    rows = {}
    for row in ROWS:
        if row["level"] == level:
            first, _, last = row["id"].partition("-")
            for object_id in ids(int(first), int(last or first)):
                rows[object_id] = row
    return rows


def assert_same(fields: dict[str, Field], level: str) -> None:
    rows = expanded(level)
    for object_id, field in fields.items():
        row = rows[object_id]
        stated = (row["format"], int(row["min_len"]), int(row["max_len"]))
        assert (field.format, field.shortest, field.longest) == stated, object_id


def test_the_fields_of_the_root_are_those_of_the_table() -> None:
    assert_same(dict(ROOT), "root")


def test_the_fields_of_the_additional_data_are_those_of_the_table() -> None:
    assert_same(dict(ADDITIONAL), "62")


def test_the_fields_of_the_language_template_are_those_of_the_table() -> None:
    assert_same(dict(LANGUAGE), "64")


def test_the_guid_is_that_of_the_table() -> None:
    assert_same({"00": GUID}, "26-51")


def test_what_is_mandatory_in_the_table_is_mandatory_in_the_rules() -> None:
    rows = expanded("root")
    mandatory = {object_id for object_id, row in rows.items() if row["presence"] == "M"}
    accounts = {object_id for object_id, row in rows.items() if "any one" in row["presence"]}

    assert mandatory == {*MANDATORY, "00", "63"}
    assert accounts == ACCOUNT_IDS


def test_templates_that_need_a_guid_are_those_of_the_table() -> None:
    rows = expanded("root")

    assert {key for key, row in rows.items() if "00 GUID" in row["rule"]} == GUID_TEMPLATES
