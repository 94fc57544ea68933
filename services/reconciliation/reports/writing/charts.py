"""Bars as SVG, complete in itself."""

from collections.abc import Sequence
from html import escape

LABEL, BAR, COUNT, ROW = 220, 420, 90, 24
"""Widths and the height of a row, in pixels."""
_COLOURS = ("#2f6f9f", "#d9822b")


def bars(title: str, lines: Sequence[tuple[str, int, int]]) -> str:
    """Horizontal bars of (label, whole, part): the part, if any, in another colour."""
    height = ROW * max(1, len(lines))
    most = max((whole for _, whole, _ in lines), default=0) or 1
    rows = "".join(_row(place, line, most) for place, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" '
        f'width="{LABEL + BAR + COUNT}" height="{height}" font-family="sans-serif" '
        f'font-size="13">{rows}</svg>'
    )


def _row(place: int, line: tuple[str, int, int], most: int) -> str:
    label, whole, part = line
    top = place * ROW
    long, short = (max(1, BAR * count // most) if count else 0 for count in (whole, part))
    return (
        f'<text x="{LABEL - 8}" y="{top + 16}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{LABEL}" y="{top + 4}" width="{long}" height="{ROW - 8}" fill="{_COLOURS[0]}"/>'
        f'<rect x="{LABEL}" y="{top + 4}" width="{short}" height="{ROW - 8}" fill="{_COLOURS[1]}"/>'
        f'<text x="{LABEL + long + 6}" y="{top + 16}">{whole}</text>'
    )
