"""A small receiver of webhooks for somebody who integrates: verifies each, and tells of it.

It answers 204 to what is genuine and 401 to what is not, which the sender repeats.
"""

from collections.abc import Callable, Sequence

from aiohttp import web

from services.core.errors import KawaseError
from services.sdk import SignatureInvalid, WebhookEvent, verify_webhook

HOST = "127.0.0.1"
LARGEST_BODY = 1 << 20
_NO_CONTENT, _UNVERIFIED = 204, 401
Tell = Callable[[WebhookEvent | SignatureInvalid], None]


class PortTaken(KawaseError):
    """Somebody else listens there."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken on this machine: name another", port=str(port))


class Listener:
    """`await start()`, register `url` with `secrets` known, `await stop()`."""

    def __init__(self, tell: Tell, port: int = 0) -> None:
        """`tell` hears of everything that comes; port 0 takes a free one."""
        self.secrets: Sequence[str] = ()
        self.port = port
        self._tell = tell
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Of a started one."""
        return f"http://{HOST}:{self.port}/"

    async def start(self) -> None:
        """Listen on this machine alone. Raises `PortTaken`."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_post("/{path:.*}", self._receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, HOST, self.port).start()
        except OSError as error:
            await self.stop()
            raise PortTaken(self.port) from error
        self.port = int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            event = verify_webhook(self.secrets, request.headers, body)
        except SignatureInvalid as problem:
            self._tell(problem)
            return web.Response(status=_UNVERIFIED)
        self._tell(event)
        return web.Response(status=_NO_CONTENT)
