"""Puts the door together: gate, guard, audit trail, and `AccessService`."""

from services.gateway.access.approvals.proposals import Approvals
from services.gateway.access.audit import Recorder, Trail
from services.gateway.access.gate import Gate
from services.gateway.access.keys import Keys
from services.gateway.access.proof.nonces import SharedNonces
from services.gateway.access.serving.guard import Guard
from services.gateway.access.serving.server import NAME, AccessServer
from services.gateway.reference.board import ReferenceBoard
from services.kit.life import Life
from services.kit.sealing import SecretBox
from services.kit.service import Parts
from services.pb.kawase.gateway.v1.access_service_pb2_grpc import (
    add_AccessServiceServicer_to_server,
)


def open_gate(life: Life, parts: Parts, board: ReferenceBoard, keys: Keys, box: SecretBox) -> Gate:
    """The gate; every service that is added to the server from now on stands behind it. `box` seals
    what waits for a second person and names a bank account."""
    trail = Trail()
    recorder = Recorder(trail, parts.pool, parts.clock)
    life.run_part("audit", recorder.run())
    life.on_close(recorder.close)
    gate = Gate(keys, board, parts.clock, trail, SharedNonces(parts.pool, parts.clock))
    approvals = Approvals(parts.units, board, parts.clock, box)
    guard = Guard(gate, approvals, with_tls=parts.server.has_tls)
    parts.server.guard_with(guard.guarded)
    access = AccessServer(keys, board, parts.units, parts.clock, approvals)
    parts.server.add(add_AccessServiceServicer_to_server, access, NAME)
    return gate
