"""Where a payer's browser comes back to from the partner's page.

`/callback/<partner>/<charge>/<token>/<word>`: the token belongs to the charge and cannot be
guessed; it is checked before anything else, and whoever has it wrong learns nothing. What came back
is only noted: the partner's word is fetched by the worker. A repeat changes nothing.
"""

import socket
from collections.abc import Callable, Iterable, Mapping

import structlog
from aiohttp import web

from services.bridge.domain.charge import Charge, Operation, lease
from services.bridge.domain.wishes import hear_approval, hear_departure
from services.bridge.partner import Partner
from services.bridge.store.charges import get_charge, lock_charges, update_charges
from services.bridge.worker import Worker
from services.kit.batch import AWAY
from services.kit.postgres import Connection
from services.kit.unit import Decided, Units

log = structlog.get_logger()

PATH = "/callback/{partner_id}/{charge_id}/{token}/{word}"
# What Kakao Pay calls the token it sends the payer back with (facts.md §2).
APPROVAL_FIELD = "pg_token"
WORDS = frozenset({"approve", "cancel", "fail"})
BODY_BYTES = 4096
TOKEN_LIMIT = 512
BACKLOG = 128
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class Callbacks:
    """The callback endpoint."""

    def __init__(self, units: Units, partners: Mapping[str, Partner], worker: Worker) -> None:
        self._units = units
        self._partners = partners
        self._worker = worker

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        try:
            charge = await self._verified(request)
            if charge is None:
                return _page(404, "This address is not known", "Please start again in the app.")
            await self._note(charge, request)
        except AWAY as error:
            log.warning("callback_waits", problem=repr(error))
            return _page(503, "One moment", "Please open this page again in a minute.")
        if request.match_info["word"] == "approve":
            return _page(200, "Thank you", "The payment goes on. You may close this page.")
        return _page(200, "Not paid", "The payment was not approved. You may close this page.")

    async def _verified(self, request: web.Request) -> Charge | None:
        partner = self._partners.get(request.match_info["partner_id"])
        if partner is None or request.match_info["word"] not in WORDS:
            return None
        charge_id = request.match_info["charge_id"]
        if not partner.takes_callback(charge_id, request.match_info["token"]):
            log.warning("callback_refused", partner_id=partner.partner_id)
            return None
        async with self._units.pool.acquire() as connection:
            charge = await get_charge(connection, charge_id)
        if charge is None or charge.order.partner_id != partner.partner_id:
            return None
        return charge

    async def _note(self, charge: Charge, request: web.Request) -> None:
        token = request.query.get(APPROVAL_FIELD, "")[:TOKEN_LIMIT]
        is_approved = request.match_info["word"] == "approve" and token != ""
        moment = self._worker.moment()

        def hear(found: Charge) -> Charge:
            if is_approved:
                return hear_approval(found, token, moment)
            return hear_departure(found, moment)

        await change_and_work(self._units, self._worker, charge.charge_id, hear)


async def change_and_work(
    units: Units, worker: Worker, charge_id: str, change: Callable[[Charge], Charge]
) -> None:
    """Store what `change` makes of a charge, and work on it at once where that makes it due."""

    async def store(connection: Connection) -> Decided[Charge | None]:
        found = (await lock_charges(connection, [charge_id]))[charge_id]
        changed = change(found)
        if changed is found:
            return Decided(None)
        desk = worker.desks[found.order.partner_id]
        is_due = not changed.leased and changed.operation in (Operation.APPROVE, Operation.INQUIRE)
        leased = lease(changed, worker.moment(), desk.partner.rules) if is_due else changed
        await update_charges(connection, [leased], [found.version])
        return Decided(leased if is_due else None)

    committed = await units.write(store)
    if committed.answer is not None:
        worker.take_on([committed.answer])


def bind(listen: str) -> socket.socket:
    """Take the address `host:port`, so that its port is known before anything is served."""
    host, _, port = listen.rpartition(":")
    taken = socket.create_server((host, int(port)), backlog=BACKLOG)
    taken.setblocking(False)
    return taken


def url_of(taken: socket.socket) -> str:
    """The address as a URL."""
    host, port = taken.getsockname()[:2]
    return f"http://{host}:{port}"


async def serve(routes: Iterable[web.RouteDef], taken: socket.socket) -> web.AppRunner:
    """Serve on the address taken, callbacks and notices alike; `cleanup` of the answer ends it."""
    app = web.Application(client_max_size=BODY_BYTES)
    app.router.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, taken).start()
    log.info("callback_listening", address=url_of(taken))
    return runner


def _page(status: int, title: str, sentence: str) -> web.Response:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><body><h1>{title}</h1><p>{sentence}</p></body></html>"
    )
    return web.Response(status=status, text=text, content_type="text/html", headers=_NO_STORE)
