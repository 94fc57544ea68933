"""How far reconciliation's own copy of the facts reaches."""

from typing import Any

import asyncpg

from services.kit.facts.owners import KINDS, RECONCILIATION, SETTLEMENT
from services.kit.facts.serving import fill_facts, fill_progress
from services.kit.rpc import answers
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import reconciliation_service_pb2_grpc

NAME = "kawase.reconciliation.v1.ReconciliationService"


class ReconciliationServer(reconciliation_service_pb2_grpc.ReconciliationServiceServicer):
    """Answers from the tables."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @answers
    async def GetProgress(
        self, _request: pb.GetProgressRequest, _context: Any
    ) -> pb.GetProgressResponse:
        """One entry per topic of facts."""
        return await fill_progress(self._pool, (*KINDS, SETTLEMENT), pb.GetProgressResponse())

    @answers
    async def ListFacts(self, request: pb.ListFactsRequest, _context: Any) -> pb.ListFactsResponse:
        return await fill_facts(self._pool, RECONCILIATION.topic, request, pb.ListFactsResponse())
