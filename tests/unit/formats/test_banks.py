"""Which banks and branches exist."""

import subprocess
import sys

import pytest

from services.formats.banks import ZenginBanks, is_test_bank


def test_a_bank_and_its_branch_are_found() -> None:
    banks = ZenginBanks()

    bank, branch = banks.bank("0001"), banks.branch("0001", "001")
    assert bank is not None
    assert branch is not None
    assert (bank.name, branch.name) == ("みずほ", "東京営業部")


@pytest.mark.parametrize("code", ["9999", "", "１", "../banks", "00011"])
def test_what_is_no_bank_is_not_found(code: str) -> None:
    assert ZenginBanks().bank(code) is None
    assert ZenginBanks().branch(code, "001") is None


def test_a_branch_belongs_to_its_bank() -> None:
    assert ZenginBanks().branch("0001", "000") is None


@pytest.mark.parametrize(("code", "is_test"), [("9900", False), ("9901", True), ("0001", False)])
def test_codes_from_99_on_are_for_tests_but_japan_post(code: str, is_test: bool) -> None:
    assert is_test_bank(code) is is_test


def test_looking_up_a_bank_does_not_load_all_branches() -> None:
    asked = "import sys; from services.formats.banks import ZenginBanks;"
    asked += "ZenginBanks().branch('0001', '001'); print('zengin_code' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"
