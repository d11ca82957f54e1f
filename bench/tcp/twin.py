"""The sockets server as a Python programmer would write it with asyncio streams."""

import asyncio
import sys

PAUSE = 0.1


async def serve(reader, writer):
    number = b""
    try:
        while len(number) <= 64:
            wait = PAUSE if number else 10
            piece = await asyncio.wait_for(reader.read(65 - len(number)), wait)
            if not piece:
                break
            number += piece
    except TimeoutError:
        pass
    if 0 < len(number) <= 64:
        value = int.from_bytes(number, "big")
        text = str(value)
        if len(text) < 10:
            text = "ÍMPAR" if value & 1 else "PAR"
        writer.write(text.encode())
        await writer.drain()
    writer.close()


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    server = await asyncio.start_server(serve, host, int(port), backlog=1024)
    await server.serve_forever()


asyncio.run(main())
