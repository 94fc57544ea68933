"""JSON over HTTP, beside gRPC and on the same loop: the calls of `GatewayService` as routes.

Each route is one declared operation (`operations.declared`) named as its RPC; one dependency
(`calling.caller_for`) finds who calls; what is asked is decided by `services.gateway.calls`, which
gRPC calls too. A room of routes exports a factory, `…_router(calls) -> APIRouter`, and `app.py`
puts the routers together.
"""
