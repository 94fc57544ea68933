"""The operator of a run: settles by each partner's own word what nobody answered, with a reason.

A partner's word is what its people say when they are called, here its books. They say it of a
charge only once it has been in the queue for its time: by then nothing is on its way any more.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.core.errors import KawaseError
from services.pb.kawase.bridge.v1 import bridge_service_pb2 as bridge_pb
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.sandbox.demo.partners import Control
from services.sandbox.operator import Operator

PAGE = 500
NAME = "kenji"
RETRY_REASON = "the partner works again: asked once more"


@dataclass
class OperatorsDesk:
    """`bridge` and `admin` are stubs; `partners` are reached by their control APIs."""

    operator: Operator
    bridge: Any
    admin: Any
    partners: Mapping[str, Control]
    settled: Counter[str] = field(default_factory=Counter)
    """How often what was decided."""

    async def work(self) -> None:
        """Go through both queues once."""
        await self._charges()
        await self._cases()

    async def _charges(self) -> None:
        request = bridge_pb.ListUnknownChargesRequest(page_size=PAGE)
        waiting = (await self.operator.ask(self.bridge.ListUnknownCharges, request)).charges
        books: dict[str, Mapping[str, int]] = {}
        for charge in waiting:
            if charge.partner_id not in books:
                books[charge.partner_id] = await self.partners[charge.partner_id].accepted()
            await self._resolve(charge, charge.charge_id in books[charge.partner_id])

    async def _resolve(self, charge: bridge_pb.Charge, is_paid: bool) -> None:
        word = "paid" if is_paid else "not paid"
        state = bridge_pb.CHARGE_STATE_ACCEPTED if is_paid else bridge_pb.CHARGE_STATE_REJECTED
        request = bridge_pb.ResolveChargeRequest(
            charge_id=charge.charge_id,
            state=state,
            operator=NAME,
            reason=f"called {charge.partner_id}: {word}, by its books",
        )
        try:
            await self.operator.ask(self.bridge.ResolveCharge, request)
        except KawaseError as error:
            # Its partner spoke in the meantime.
            self.settled[f"charge, {error.reason}"] += 1
        else:
            self.settled[f"charge, {word} by {charge.partner_id}'s word"] += 1

    async def _cases(self) -> None:
        request = admin_pb.ListCasesRequest(page_size=PAGE)
        for case in (await self.operator.ask(self.admin.ListCases, request)).cases:
            kind = case.resource_id.partition("-")[0]
            word = admin_pb.ResolveCaseRequest(
                resource_id=case.resource_id,
                resolution=admin_pb.CASE_RESOLUTION_RETRY,
                operator=NAME,
                reason=RETRY_REASON,
            )
            try:
                await self.operator.ask(self.admin.ResolveCase, word)
            except KawaseError as error:
                self.settled[f"{kind}, {error.reason}"] += 1
            else:
                self.settled[f"{kind} at {case.step}, asked once more: {case.reason}"] += 1
