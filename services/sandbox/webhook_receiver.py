"""A receiver of webhooks as a partner would write one.

Run it by `python -m services.sandbox.webhook_receiver`. It checks signatures by the text of the
Standard Webhooks specification, with code of its own, keeps what came, and answers as it is told:
well, slowly, with a status, with a redirect, or not at all. When it listens it prints one line of
JSON: {"url", "control"}. Under `control`, for loopback only:

    PUT /secrets   {"secrets": ["whsec_…", …]}: those it knows
    PUT /mode      {"mode": "well"}                   answers 204
                   {"mode": "slow", "seconds": 30}    answers 204 after that time
                   {"mode": "status", "status": 500, "headers": {"Retry-After": "60"}}
                   {"mode": "redirect", "to": "http://…"}
                   {"mode": "down"}                   refuses connections
    GET /received  {"received": [{"id", "type", "body", "headers", "verified", "answered"}, …]}
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import click
from aiohttp import web

HOST = "127.0.0.1"
KEPT = 100_000
LARGEST_BODY = 1 << 20
_NO_CONTENT = 204
_UNVERIFIED = 401
_PREFIX = "whsec_"


def verifies(secrets: list[str], headers: dict[str, str], body: bytes) -> bool:
    """Whether one of the secrets has signed: HMAC-SHA256 over `id.timestamp.body`, in base64."""
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode()
    given = [
        text.partition(",")[2]
        for text in headers.get("webhook-signature", "").split(" ")
        if text.startswith("v1,")
    ]
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            continue
        wanted = base64.b64encode(hmac.new(key, signed + body, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(wanted, one) for one in given):
            return True
    return False


@dataclass
class Receiver:
    """What came, and what is answered."""

    secrets: list[str] = field(default_factory=list)
    mode: dict[str, Any] = field(default_factory=lambda: {"mode": "well"})
    received: list[dict[str, Any]] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    port: int = 0

    async def start(self) -> None:
        """Listen for webhooks, on the port of the last time where there was one."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_post("/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        mode = self.mode
        verified = verifies(self.secrets, headers, body)
        status = self._status(mode) if verified else _UNVERIFIED
        if len(self.received) < KEPT:
            self.received.append(
                {
                    "id": headers.get("webhook-id", ""),
                    "type": _type_of(body),
                    "body": body.decode("utf-8", "replace"),
                    "headers": headers,
                    "verified": verified,
                    "answered": status,
                }
            )
        if mode["mode"] == "slow":
            await asyncio.sleep(float(mode["seconds"]))
        extra = dict(mode.get("headers", {}))
        if mode["mode"] == "redirect":
            extra["Location"] = mode["to"]
        return web.Response(status=status, headers=extra)

    @staticmethod
    def _status(mode: dict[str, Any]) -> int:
        if mode["mode"] == "redirect":
            return 307
        return int(mode["status"]) if mode["mode"] == "status" else _NO_CONTENT

    def control(self) -> web.Application:
        """What it can be told."""
        app = web.Application()
        app.router.add_put("/secrets", self._set_secrets)
        app.router.add_put("/mode", self._set_mode)
        app.router.add_get("/received", self._show)
        return app

    async def _set_secrets(self, request: web.Request) -> web.Response:
        self.secrets = list((await request.json())["secrets"])
        return web.json_response({"secrets": len(self.secrets)})

    async def _set_mode(self, request: web.Request) -> web.Response:
        self.mode = await request.json()
        if self.mode["mode"] == "down":
            await self.stop()
        elif self._runner is None:
            await self.start()
        return web.json_response(self.mode)

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response({"received": self.received})


def _type_of(body: bytes) -> str:
    try:
        return str(json.loads(body).get("type", ""))
    except (ValueError, AttributeError):
        return ""


async def serve(port: int, control_port: int, secrets: list[str]) -> None:
    """Listen until the process is ended; 0 takes a free port."""
    receiver = Receiver(secrets=secrets, port=port)
    await receiver.start()
    runner = web.AppRunner(receiver.control(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, control_port).start()
    control = runner.addresses[0][1]
    line = {"url": f"http://{HOST}:{receiver.port}/", "control": f"http://{HOST}:{control}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@click.command()
@click.option("--port", default=0, help="Where webhooks come to; 0: a free one.")
@click.option("--control-port", default=0, help="Where it is told what to do; 0: a free one.")
@click.option("--secret", "secrets", multiple=True, help="A secret it knows (whsec_…).")
def main(port: int, control_port: int, secrets: tuple[str, ...]) -> None:
    """Receive webhooks."""
    asyncio.run(serve(port, control_port, list(secrets)))


if __name__ == "__main__":
    main()
