"""The same gateway as the tests of the store have."""

from tests.store.gateway.conftest import clock, gateway, pool

__all__ = ["clock", "gateway", "pool"]
