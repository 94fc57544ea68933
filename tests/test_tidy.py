"""House rules that a linter does not know: sizes, where SQL, time and environment may be read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES = 400
FUNCTION_LINES = 60
ROOM_FILES = 14

SOURCES = [
    path
    for folder in ("services", "tests", "protos")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "pb" not in path.relative_to(ROOT).parts
]
SERVICES = [path for path in SOURCES if path.is_relative_to(ROOT / "services")]


def places(pattern: str, paths: list[Path]) -> Iterator[str]:
    """Where a regular expression stands, as `file:line`."""
    expression = re.compile(pattern)
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if expression.search(line):
                yield f"{path.relative_to(ROOT)}:{number}"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_no_file_is_longer_than_400_lines() -> None:
    long = [str(path) for path in SOURCES if len(path.read_text().splitlines()) > FILE_LINES]

    assert long == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in SOURCES
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    ]

    assert long == []


def test_every_module_of_the_services_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SERVICES
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


def test_nothing_is_left_to_be_done_later() -> None:
    assert list(places(r"\b(TO" + r"DO|FIX" + r"ME)\b", SOURCES)) == []


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        pytest.param(
            r"datetime\.now\(|datetime\.utcnow|date\.today\(|time\.time\(",
            ("/clock.py",),
            id="time is read from a Clock",
        ),
        pytest.param(
            r"os\.environ|os\.getenv",
            ("settings.py", "services/sandbox/", "services/cli/"),
            id="the environment is read by settings",
        ),
        pytest.param(
            r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b",
            ("store", "services/kit/", "services/sandbox/"),
            id="SQL stands in stores",
        ),
        pytest.param(r"mock\.patch|monkeypatch\.setattr", (), id="nothing is patched by path"),
    ],
)
def test_a_thing_is_done_in_one_place(pattern: str, allowed: tuple[str, ...]) -> None:
    strays = [
        place for place in places(pattern, SERVICES) if not any(room in place for room in allowed)
    ]

    assert strays == []


def test_money_is_never_a_float() -> None:
    rooms = [p for p in SERVICES if p.parts[-2] in ("core", "codes") or "domain" in p.name]

    assert list(places(r"float\(.*(amount|minor|rate|money)", rooms)) == []


def test_exceptions_are_not_swallowed_in_silence() -> None:
    swallowed = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SERVICES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and isinstance(node.type, ast.Name)
        and node.type.id in ("Exception", "BaseException")
        and all(isinstance(line, ast.Pass) for line in node.body)
    ]

    assert swallowed == []
