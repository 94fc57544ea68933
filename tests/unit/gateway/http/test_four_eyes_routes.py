"""What may need a second person is not on HTTP, which makes no proposals."""

import pytest

from services.gateway.access.operations import OPERATIONS, PACKAGE
from services.gateway.http.calling import caller_for

FOUR_EYED = sorted(
    each.method
    for method, each in OPERATIONS.items()
    if each.four_eyes and method.startswith(PACKAGE)
)


@pytest.mark.parametrize("rpc", FOUR_EYED)
def test_what_may_need_a_second_person_gets_no_route(rpc: str) -> None:
    with pytest.raises(ValueError, match="leave it to gRPC"):
        caller_for(rpc)
