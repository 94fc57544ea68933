"""How stores ask for a page of a list, so that no more is read than is shown. Pure.

Statements are planned for any values. A condition that a value may switch off is then looked at row
by row, where an index would have led to the page: so a list has a statement for each way it is
asked for.
"""

AFTER_ALL = "z"
"""Comes after every reference of ours: what a list that begins with the newest is before."""


def fits(column: str, place: int, value: str) -> str:
    """The condition that `column` is the parameter at `place`; none where no `value` is asked for,
    and the parameter empty."""
    return f"{column} = ${place}" if value else f"${place} = ''"
