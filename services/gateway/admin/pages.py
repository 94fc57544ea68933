"""How long the pages of the operator's lists are."""

PAGE_SIZE = 100
PAGE_SIZE_MAXIMUM = 1000


def page_size(asked: int) -> int:
    """What is given for what was asked; zero asks for the usual."""
    return min(asked, PAGE_SIZE_MAXIMUM) if asked > 0 else PAGE_SIZE
