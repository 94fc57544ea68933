"""What can go wrong with the stack, in words for the person who started it."""


class StackError(Exception):
    """The stack cannot do what was asked; the text says why and what to do."""


class StackInUse(StackError):
    """Another process runs the stack of this directory."""


class ServerFailed(StackError):
    """A server or service ended, or was not ready in time."""


class FetchFailed(StackError):
    """The broker's files could not be fetched."""
