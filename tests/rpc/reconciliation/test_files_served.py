"""FileService: a file comes in pieces, is refused with its place, and is listed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.core.clock import ManualClock
from services.core.errors import KawaseError, LimitReached, Malformed
from services.kit.rpc import RpcServer, call, open_channel
from services.pb.kawase.reconciliation.v1 import file_service_pb2 as pb
from services.pb.kawase.reconciliation.v1 import file_service_pb2_grpc
from services.reconciliation.files.server import NAME, FileServer
from tests.conftest import Database
from tests.parts import PAYEE_BOX
from tests.store.reconciliation.importing import NEXT_DAY, PARTNERS, reconciliation
from tests.store.reconciliation.test_files import PARTNER, report

LIMIT = 1 << 20


@pytest.fixture
async def stub(database: Database) -> AsyncIterator[Any]:
    async with reconciliation(database) as pool:
        server = RpcServer("127.0.0.1:0")
        register = file_service_pb2_grpc.add_FileServiceServicer_to_server
        server.add(
            register, FileServer(pool, ManualClock(NEXT_DAY), PARTNERS, LIMIT, PAYEE_BOX), NAME
        )
        await server.start()
        async with open_channel(f"127.0.0.1:{server.port}") as channel:
            yield file_service_pb2_grpc.FileServiceStub(channel)
        await server.stop()


async def bring(stub: Any, name: str, data: bytes, piece: int = 100, **header: Any) -> Any:
    """Send a file in pieces."""
    said = {"file_name": name, "partner_id": PARTNER, "operator": "hanako", **header}

    async def requests() -> AsyncIterator[pb.ImportFileRequest]:
        yield pb.ImportFileRequest(header=pb.ImportHeader(**said))
        for start in range(0, len(data), piece):
            yield pb.ImportFileRequest(data=data[start : start + piece])

    return await call(stub.ImportFile(requests(), timeout=30))


async def test_a_file_in_pieces_is_imported_once_and_listed(stub: Any) -> None:
    name, data, _ = report(1_000, 2_000)
    first = await bring(stub, name, data, day="2026-10-30")
    again = await bring(stub, "renamed.csv", data, piece=7_000)
    assert (first.repeated_import, again.repeated_import) == (False, True)
    assert again.file == first.file
    assert (first.file.format, first.file.row_count) == ("antom_settlement", 2)
    assert [(each.currency_code, each.minor_units) for each in first.file.totals] == [("CNY", 3000)]
    listed = await call(stub.ListFiles(pb.ListFilesRequest(partner_id=PARTNER), timeout=10))
    assert list(listed.files) == [first.file]


async def test_a_corrected_file_names_what_it_replaces(stub: Any) -> None:
    first = await bring(stub, "one.csv", report(1_000)[1])
    second = await bring(stub, "two.csv", report(2_000)[1], replaces=first.file.document_id)
    assert second.file.replaces == first.file.file_id
    again = await bring(stub, "one.csv", report(1_000)[1])
    assert (again.repeated_import, again.file.replaced_by) == (True, second.file.file_id)


async def test_files_that_are_late_are_listed(stub: Any) -> None:
    await bring(stub, "one.csv", report(1_000)[1])
    request = pb.ListOverdueFilesRequest(partner_id=PARTNER)
    assert not (await call(stub.ListOverdueFiles(request, timeout=10))).files


async def test_pages_of_files_follow_one_another(stub: Any) -> None:
    _, data, summary = report(1_000)
    for name, content in (("items_000.csv", data), ("summary_000.csv", summary)):
        await bring(stub, name, content)
    seen: list[str] = []
    token = ""
    while not seen or token:
        request = pb.ListFilesRequest(page_size=1, page_token=token)
        page = await call(stub.ListFiles(request, timeout=10))
        seen += [file.format for file in page.files]
        token = page.next_page_token
    assert seen == ["antom_summary", "antom_settlement"]


async def test_a_damaged_file_is_refused_with_its_record_and_byte(stub: Any) -> None:
    name, data, _ = report(1_000, 2_000)
    damaged = data.replace(b",2000,", b",20x0,", 1)
    with pytest.raises(Malformed) as refused:
        await bring(stub, name, damaged)
    assert refused.value.reason == "FILE_DAMAGED"
    assert refused.value.metadata["record"] == "3"
    assert int(refused.value.metadata["offset"]) == data.index(
        b"202610300001", data.index(b"pay-0")
    )
    listed = await call(stub.ListFiles(pb.ListFilesRequest(), timeout=10))
    assert list(listed.files) == []


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"operator": ""}, "IMPORT_MALFORMED"),
        ({"format": "excel"}, "IMPORT_MALFORMED"),
        ({"day": "tomorrow"}, "IMPORT_MALFORMED"),
        ({"partner_id": "nobody"}, "PARTNER_UNKNOWN"),
        ({"day": "2026-10-29"}, "FILE_DAMAGED"),
        ({"format": "paypay"}, "FORMAT_NOT_EXPECTED"),
    ],
)
async def test_what_is_said_of_a_file_is_checked(
    stub: Any, header: dict[str, Any], reason: str
) -> None:
    name, data, _ = report(1_000)
    with pytest.raises(KawaseError) as refused:
        await bring(stub, name, data, **header)
    assert refused.value.reason == reason


async def test_a_file_over_the_limit_is_refused_while_it_comes(stub: Any) -> None:
    with pytest.raises(LimitReached):
        await bring(stub, "file.csv", b"x" * (LIMIT + 1), piece=200_000)
