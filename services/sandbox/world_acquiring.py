"""What acquirers and wallets find in the demo's world beside corridors: people at the operator, one
who checks shops and two of finance, a biller, and payers who may show codes."""

from typing import Any

from services.kit.rpc import call, open_channel
from services.pb.kawase.gateway.v1 import access_service_pb2 as access_pb
from services.pb.kawase.gateway.v1 import admin_service_pb2 as admin_pb
from services.pb.kawase.gateway.v1 import bill_service_pb2 as bill_pb
from services.pb.kawase.gateway.v1 import presented_service_pb2 as presented_pb
from services.pb.kawase.gateway.v1.access_service_pb2_grpc import AccessServiceStub
from services.pb.kawase.gateway.v1.admin_service_pb2_grpc import AdminServiceStub
from services.pb.kawase.gateway.v1.bill_service_pb2_grpc import BillServiceStub
from services.pb.kawase.gateway.v1.presented_service_pb2_grpc import PresentedServiceStub
from services.sandbox.endpoints import CHECKER
from services.sandbox.finance import KENJI, MEI
from services.sandbox.operator import CALL_SECONDS, Operator, fresh_key
from services.sandbox.world import EDO, PANDA, TOKYO_LIGHT

OPERATOR = admin_pb.Participant(
    participant_id="kawase-house",
    kind=admin_pb.PARTICIPANT_KIND_OPERATOR,
    display_name="The operator's people",
)
PEOPLE = (
    access_pb.Person(
        person_id=CHECKER,
        display_name="Checker of merchants",
        roles=[access_pb.ROLE_ADMIN],
        active=True,
    ),
    *(
        access_pb.Person(
            person_id=name,
            display_name=f"{name.title()} of finance",
            roles=[access_pb.ROLE_FINANCE],
            active=True,
        )
        for name in (MEI, KENJI)
    ),
)
BILLER = bill_pb.Biller(
    biller_id=TOKYO_LIGHT,
    name="東京電灯",
    kana_name="トウキョウデントウ",
    category_code="4900",
    city="TOKYO",
    country_code="JP",
    currency_code="JPY",
    time_zone="Asia/Tokyo",
    reference_format=bill_pb.ReferenceFormat(
        minimum_length=11,
        maximum_length=11,
        alphabet=bill_pb.REFERENCE_ALPHABET_DIGITS,
        check_method=bill_pb.CHECK_METHOD_LUHN,
    ),
    amounts=bill_pb.BillAmounts(maximum_minor_units=300_000),
)
BILLER_FEE_PLAN = "jp-shop"
# In fen: payers confirm on the phone above 500 yuan; without a network up to 200.
POLICY = presented_pb.PresentingPolicy(
    confirm_above_minor_units=50_000, offline_maximum_minor_units=20_000
)


async def put_acquiring(operator: Operator, keys: dict[str, str]) -> dict[str, str]:
    """Put them, with the participants' `keys`; returns a fresh key of each of the people."""
    async with open_channel(operator.gateway) as channel:
        admin = AdminServiceStub(channel)
        await operator.ask(
            admin.PutParticipant, admin_pb.PutParticipantRequest(participant=OPERATOR)
        )
        people = {}
        for person in PEOPLE:
            request = access_pb.PutPersonRequest(person=person)
            await operator.ask(AccessServiceStub(channel).PutPerson, request)
            name = person.person_id
            people[name] = await fresh_key(operator, admin, OPERATOR.participant_id, name)
        await _put_biller(operator, BillServiceStub(channel), keys[EDO])
        policy = presented_pb.PutPresentingPolicyRequest(policy=POLICY)
        await _as(keys[PANDA], PresentedServiceStub(channel).PutPresentingPolicy, policy)
    return people


async def _put_biller(operator: Operator, stub: Any, key: str) -> None:
    await _as(key, stub.PutBiller, bill_pb.PutBillerRequest(biller=BILLER))
    opening = bill_pb.OpenBillerRequest(
        biller_id=BILLER.biller_id, open=True, fee_plan_id=BILLER_FEE_PLAN
    )
    await operator.ask(stub.OpenBiller, opening)


async def _as(key: str, method: Any, request: Any) -> None:
    metadata = (("authorization", f"Bearer {key}"),)
    await call(method(request, metadata=metadata, timeout=CALL_SECONDS))
