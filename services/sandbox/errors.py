"""What can go wrong with the stack, in words for the person who started it."""

from services.core.errors import KawaseError


class StackError(KawaseError):
    """The stack cannot do what was asked; the text says why and what to do."""


class StackInUse(StackError):
    """Another process runs the stack of this directory."""


class ServerFailed(StackError):
    """A server or service ended, or was not ready in time."""


class FetchFailed(StackError):
    """The broker's files could not be fetched."""


def first_of(error: BaseException) -> BaseException:
    """The first error of a task group: the other tasks were cancelled for it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
