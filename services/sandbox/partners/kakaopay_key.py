"""How Kakao Pay knows its clients: a secret key in the Authorization header; any will do here."""

from aiohttp import web

from services.sandbox.partners.base import Fields, read_fields


async def check_key(request: web.Request) -> None:
    """Answers 401 by itself where there is no key."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "SECRET_KEY" or not key:
        raise web.HTTPUnauthorized(text="Authorization: SECRET_KEY <key> is missing.")


async def authorised(request: web.Request) -> Fields:
    """The request's JSON object, from a client with a key."""
    await check_key(request)
    return await read_fields(request)
