"""Ports stay the same where they can."""

import socket
from pathlib import Path

from services.sandbox.ports import HOST, PortBook, is_free


def test_a_name_gets_the_same_port_next_time(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").take("postgres")
    assert PortBook(tmp_path / "ports.json").take("postgres") == first


def test_two_names_never_get_the_same_port(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    assert len({book.take(f"name-{number}") for number in range(100)}) == 100


def test_a_port_that_is_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    first = book.take("kafka")
    with socket.create_server((HOST, first)):
        assert not is_free(first)
        assert book.take("kafka") != first


def test_a_book_that_cannot_be_read_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert PortBook(tmp_path / "ports.json").take("kafka") > 0


def test_a_wanted_port_is_taken_where_it_is_free(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    before, wanted = book.take("gateway"), book.take("free")
    assert book.take("gateway", wanted) == wanted
    assert book.take("gateway") == wanted
    with socket.create_server((HOST, before)):
        assert book.take("gateway", before) == wanted
