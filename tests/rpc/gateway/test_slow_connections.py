"""Who connects and says nothing is put out."""

import asyncio

from services.kit.rpc import RpcServer

SECONDS = 30.0


async def test_a_connection_that_does_not_speak_http_2_in_time_is_closed() -> None:
    server = RpcServer("127.0.0.1:0", handshake_seconds=0.2)
    await server.start()
    try:
        for said in (b"", b"PRI * HTTP/2.0\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(said)
            async with asyncio.timeout(SECONDS):
                while await reader.read(1024):
                    pass
            writer.close()
    finally:
        await server.stop()
