#!/usr/bin/env bash
# grpclib 0.4.9 with a server of grpcio 1.85.3: when the server retires a connection, every call on it is lost.
#
# Expected: a server with a connection age (`grpc.max_connection_age_ms`; gRPC proposal A9, which load balancing by
#   DNS needs) says GOAWAY and lets the calls under way end within a grace period. A client opens its next
#   calls on another connection, and finishes those it has: RFC 9113, 6.8.
# Seen: at the GOAWAY grpclib closes the connection at once. Unary calls and streams under way fail with
#   StreamTerminatedError "Connection lost", whatever the grace; it is no GRPCError, so that `except GRPCError`
#   lets it through, and nothing is retried. grpcio's own client finishes the same calls. The next call works.
# Matters: many servers are told to retire connections every few minutes. Each time all that a client of this library
#   has under way fails, also calls that wrote something.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q grpclib==0.4.9 h2==4.4.1 grpcio==1.85.3 grpcio-tools==1.85.1; } || exit 2

cat > clock.proto <<'PROTO'
syntax = "proto3";
package clock;
service Clock {
  rpc Wait(Tick) returns (Tick);
  rpc Watch(Tick) returns (stream Tick);
}
message Tick { int32 count = 1; }
PROTO
venv/bin/python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. --grpclib_python_out=. \
    --plugin=protoc-gen-grpclib_python=venv/bin/protoc-gen-grpclib_python clock.proto

cat > run.py <<'PY'
import asyncio, sys, time
from concurrent import futures

import grpc
from grpclib.client import Channel
from grpclib.exceptions import GRPCError

import clock_grpc, clock_pb2, clock_pb2_grpc

TICK = 0.2  # seconds; a call of 30 outlasts the age of its connection, and ends within the grace


class Clock(clock_pb2_grpc.ClockServicer):
    def Wait(self, request, context):
        time.sleep(TICK * request.count)
        return request

    def Watch(self, request, context):
        for count in range(request.count):
            time.sleep(TICK)
            yield clock_pb2.Tick(count=count + 1)


async def outcome(call):
    try:
        answer = await call
        return answer[-1].count if isinstance(answer, list) else answer.count
    except Exception as error:
        return f"{type(error).__name__}, {'a' if isinstance(error, GRPCError) else 'no'} GRPCError"


async def grpclib(port):
    async with Channel("127.0.0.1", port) as channel:
        stub = clock_grpc.ClockStub(channel)
        long = clock_pb2.Tick(count=30)
        under_way = await asyncio.gather(outcome(stub.Wait(long)), outcome(stub.Watch(long)))
        return [*under_way, await outcome(stub.Wait(clock_pb2.Tick(count=1)))]


def grpcio(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = clock_pb2_grpc.ClockStub(channel)
        wait = stub.Wait.future(clock_pb2.Tick(count=30))
        return [list(stub.Watch(clock_pb2.Tick(count=30)))[-1].count, wait.result().count]


age = [("grpc.max_connection_age_ms", 1500), ("grpc.max_connection_age_grace_ms", 60_000)]
server = grpc.server(futures.ThreadPoolExecutor(8), options=age)
clock_pb2_grpc.add_ClockServicer_to_server(Clock(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
ours, theirs = asyncio.run(grpclib(port)), grpcio(port)
server.stop(None)
for name, seen in zip(["unary call under way", "stream under way", "the next call"], ours):
    print(f"grpclib, {name}: {seen}")
print(f"grpcio, unary call and stream under way: {theirs}")
lost = "StreamTerminatedError, no GRPCError"
sys.exit(ours != [lost, lost, 1] or theirs != [30, 30])
PY
venv/bin/python run.py
