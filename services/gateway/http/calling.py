"""Who calls a route: the one place where every operation finds its caller."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from services.gateway.auth import Caller, Keys

AUTHORIZATION = "authorization"


def caller_for(rpc: str) -> Callable[[Request], Awaitable[Caller]]:
    """The dependency of the operation `rpc`, by whose name its rights are kept.

    It runs before the body is looked at. Raises leaves of `Unauthenticated` and `Forbidden`.
    """

    async def caller(request: Request) -> Caller:
        keys: Keys = request.app.state.keys
        return keys.caller_of(request.headers.get(AUTHORIZATION, ""))

    caller.__name__ = f"caller_for_{rpc}"
    return caller
