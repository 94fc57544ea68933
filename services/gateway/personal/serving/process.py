"""The parts of a gateway process that give persons codes."""

from fastapi import APIRouter

from services.core.clock import Clock
from services.gateway.access.keys import Keys
from services.gateway.personal.handlers import PersonalCodes
from services.gateway.personal.serving.calls import PersonalCalls
from services.gateway.personal.serving.routes import personal_router
from services.gateway.personal.serving.server import NAME, PersonalServer
from services.gateway.reference.board import ReferenceBoard
from services.kit.service import Parts
from services.kit.unit import Units
from services.pb.kawase.gateway.v1 import personal_service_pb2_grpc


def personal_calls(units: Units, board: ReferenceBoard, clock: Clock) -> PersonalCalls:
    """What both edges call."""
    return PersonalCalls(PersonalCodes(units, board, clock))


def run_personal(parts: Parts, board: ReferenceBoard, keys: Keys) -> APIRouter:
    """Serve `PersonalService`; its routes."""
    calls = personal_calls(parts.units, board, parts.clock)
    parts.server.add(
        personal_service_pb2_grpc.add_PersonalServiceServicer_to_server,
        PersonalServer(keys, calls),
        NAME,
    )
    return personal_router(calls)
