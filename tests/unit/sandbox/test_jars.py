"""A fetch that was cut off leaves nothing that is taken for whole."""

from pathlib import Path

import pytest

from services.sandbox.errors import FetchFailed
from services.sandbox.jars import kafka_jars, remove_half, write_note


def test_the_file_of_a_fetch_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    half = tmp_path / "half.jar"
    half.write_bytes(b"half")
    with (tmp_path / "note").open("a+") as note:
        write_note(note, str(half))
        remove_half(note)
        assert not half.exists()
        remove_half(note)
    assert (tmp_path / "note").read_text() == ""


def test_without_a_network_the_refusal_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M2_REPO", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(FetchFailed, match="set KAWASE_KAFKA"):
        kafka_jars(lambda _name, _size: None)
