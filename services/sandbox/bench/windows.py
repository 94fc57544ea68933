"""The windows of the bench's corridors: cut long after the load, closed by an operator before."""

from services.pb.kawase.settlement.v1 import settlement_service_pb2 as pb
from services.sandbox.bench.world import CURRENCY

TIME_ZONE = "Asia/Seoul"


def schedule(corridor_id: str) -> pb.PutScheduleRequest:
    """Cut at the last minute of the day."""
    return pb.PutScheduleRequest(
        schedule=pb.Schedule(
            schedule_id=corridor_id,
            corridor_id=corridor_id,
            currency_code=CURRENCY,
            cut_off_time="23:59",
            time_zone=TIME_ZONE,
            country_code="KR",
            settle_days=1,
            active=True,
        )
    )


def close(corridor_id: str) -> pb.CloseWindowRequest:
    """Close the corridor's open window now."""
    return pb.CloseWindowRequest(corridor_id=corridor_id, currency_code=CURRENCY, operator="bench")
