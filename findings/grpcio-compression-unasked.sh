#!/usr/bin/env bash
# grpcio 1.85.3 (Python): a server that compresses does so for clients that cannot read it.
#
# Expected: gRPC over HTTP/2 and its compression document: a server uses an encoding that the client names in
#   grpc-accept-encoding, and answers uncompressed where there is none in common. So a server may switch gzip on and
#   old clients go on.
# Seen: with `compression=grpc.Compression.Gzip`, of the server or of one call, the answer is gzip whether the client
#   names gzip, names identity alone, or names nothing. grpclib 0.4.9, which knows no compression and names none, fails
#   with "NotImplementedError: Compression not implemented"; the same call of grpcio's own client works.
# Matters: one option on a server breaks each client that was built without compression (grpclib, tonic without its
#   `gzip` feature and others), only for answers that are long enough to be compressed, and with an error of the client.
# Documented: grpc's doc/compression.md says the contrary; the option's description says nothing of the client.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q grpclib==0.4.9 h2==4.4.1 grpcio==1.85.3; } || exit 2

cat > run.py <<'PY'
import asyncio, socket, sys
from concurrent import futures

import grpc, h2.config, h2.connection, h2.events
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.encoding.base import CodecBase

TEXT = b"a long answer, " * 100


class Bytes(CodecBase):
    """Messages are bytes, so that nothing needs a .proto."""

    __content_subtype__ = "proto"

    def encode(self, message, message_type):
        return message

    def decode(self, data, message_type):
        return data


def serve(of_server, of_call):
    def say(request, context):
        if of_call:
            context.set_compression(of_call)
        return TEXT

    server = grpc.server(futures.ThreadPoolExecutor(4), compression=of_server)
    method = grpc.unary_unary_rpc_method_handler(say)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("Echo", {"Say": method})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def encoding(port, accepted):
    """What a client that says this of itself is sent: the header, and the flag of the message."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    headers = [(":method", "POST"), (":scheme", "http"), (":path", "/Echo/Say"), (":authority", "localhost"),
               ("te", "trailers"), ("content-type", "application/grpc")]
    connection.send_headers(1, headers + accepted)
    connection.send_data(1, bytes(5), end_stream=True)
    said, data = None, b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(connection.data_to_send())
        while True:
            for event in connection.receive_data(peer.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    said = dict(event.headers).get("grpc-encoding")
                elif isinstance(event, h2.events.DataReceived):
                    data += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    return said, data[0]
            peer.sendall(connection.data_to_send())


async def grpclib(port):
    async with Channel("127.0.0.1", port, codec=Bytes()) as channel:
        try:
            return (await UnaryUnaryMethod(channel, "/Echo/Say", bytes, bytes)(b"")) == TEXT
        except NotImplementedError as error:
            return str(error)


clients = {"gzip": [("grpc-accept-encoding", "gzip")], "identity": [("grpc-accept-encoding", "identity")], "nothing": []}
gzip = grpc.Compression.Gzip
seen = []
for name, settings in {"of the server": (gzip, None), "of the call": (None, gzip), "none": (None, None)}.items():
    server, port = serve(*settings)
    answers = [encoding(port, headers) for headers in clients.values()]
    other = asyncio.run(grpclib(port))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        own = channel.unary_unary("/Echo/Say")(b"", timeout=20) == TEXT
    server.stop(None)
    print(f"compression {name}: to clients that accept {dict(zip(clients, answers))}, grpclib: {other}, grpcio: {own}")
    seen.append((answers, other, own))
compressed = ([("gzip", 1)] * 3, "Compression not implemented", True)
sys.exit(seen[:2] != [compressed] * 2 or seen[2][1:] != (True, True))
PY
venv/bin/python run.py
