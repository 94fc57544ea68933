"""People by the names they give. Pure."""


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: a capital or a space makes nobody another."""
    return one.casefold().split() == other.casefold().split()
