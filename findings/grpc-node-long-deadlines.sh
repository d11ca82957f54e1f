#!/usr/bin/env bash
# grpc-js 1.14.7 and connect-node 2.1.2 (npm) as servers: a deadline of 25 days or more is over at once. The client is
# grpcio 1.85.3 (Python), whose own server is beside them.
#
# Expected: a client that wants a deadline so far away that it counts as none, as gRPC's guides ask for one on each
#   call, is served; `grpc-timeout` has up to eight digits of hours, 11000 years (PROTOCOL-HTTP2.md).
# Seen: grpc-js cuts the milliseconds to a signed number of 32 bits. 25 and 30 days are negative, so that the handler
#   begins and the client has DEADLINE_EXCEEDED at once; of 50 days some hours are left, of a year 17 days. connect-node
#   gives setTimeout what it cannot hold: beyond 24.8 days the signal of the call is aborted after a millisecond, while
#   timeoutMs() says the right time. grpcio serves all.
# Matters: a client says "a month" or "a year" for a watch or an import, or to say "no limit". It works against Go,
#   Java and Python; from Node no call is answered, though the handler of grpc-js runs to its end and writes what it
#   writes. DEADLINE_EXCEEDED sends its reader to the network, and a retry does the work again.
# Documented: no. In 2020 .NET had the same limit and lifted it (grpc/grpc-dotnet 763).
set -euo pipefail
dir=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill "$node" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check grpcio==1.85.3; } || exit 2
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7 @connectrpc/connect@2.1.2 \
    @connectrpc/connect-node@2.1.2 @bufbuild/protobuf@2.17.0 > npm.log || exit 2

cat > servers.mjs <<'JS'
import http2 from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import { EmptySchema, FileDescriptorProtoSchema, file_google_protobuf_empty as empty } from '@bufbuild/protobuf/wkt';
import { connectNodeAdapter } from '@connectrpc/connect-node';

const log = (line) => process.stderr.write(`${line}\n`);
const server = new grpc.Server();
const same = (bytes) => bytes;
server.register('/finding.Work/Do', async (call, answer) => {
  log(`grpc-js: began, ${Math.round((call.getDeadline() - Date.now()) / 3600000)} hours left`);
  await pause(200);
  answer(null, Buffer.alloc(0));
}, same, same, 'unary');
const port = await new Promise((done, failed) => server.bindAsync('127.0.0.1:0',
  grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? failed(error) : done(bound))));

const file = create(FileDescriptorProtoSchema, {
  name: 'finding.proto', package: 'finding', syntax: 'proto3', dependency: ['google/protobuf/empty.proto'],
  service: [{ name: 'Work', method: [{
    name: 'Do', inputType: '.google.protobuf.Empty', outputType: '.google.protobuf.Empty' }] }],
});
const work = createFileRegistry(file, () => empty.proto).getService('finding.Work');
const adapter = connectNodeAdapter({ routes: (router) => router.service(work, { async do(_, context) {
  log(`connect-node: began, ${Math.round(context.timeoutMs() / 3600000)} hours left`);
  await pause(200);
  context.signal.throwIfAborted();
  return create(EmptySchema);
} }) });
const other = http2.createServer(adapter).listen(0, '127.0.0.1', () => console.log(port, other.address().port));
JS
mkfifo ports
node servers.mjs > ports 2> handlers.log &
node=$!
read -r grpc_js connect_node < ports || exit 1

cat > run.py <<'PY'
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc


def do(_, context):
    time.sleep(0.2)
    return b""


own = grpc.server(ThreadPoolExecutor(2))
own.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
    "finding.Work", {"Do": grpc.unary_unary_rpc_method_handler(do)})])
ports = {"grpcio": own.add_insecure_port("127.0.0.1:0"), "grpc-js": sys.argv[1], "connect-node": sys.argv[2]}
own.start()
for name, port in ports.items():
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for days in (1, 24, 25, 30, 50, 365):
            began = time.monotonic()
            try:
                channel.unary_unary("/finding.Work/Do")(b"", timeout=days * 86400)
                said = "OK"
            except grpc.RpcError as error:
                said = error.code().name
            print(f"{name}, {days} days: {said}")
            print(f"  after {time.monotonic() - began:.3f} s", file=sys.stderr)
own.stop(0)
PY
venv/bin/python run.py "$grpc_js" "$connect_node" | tee seen
cat handlers.log
{ cat seen; grep -c 'grpc-js: began' handlers.log; grep -c 'connect-node: began' handlers.log
  grep -c 'grpc-js: began, -' handlers.log; } | diff - <(cat <<'SEEN'
grpcio, 1 days: OK
grpcio, 24 days: OK
grpcio, 25 days: OK
grpcio, 30 days: OK
grpcio, 50 days: OK
grpcio, 365 days: OK
grpc-js, 1 days: OK
grpc-js, 24 days: OK
grpc-js, 25 days: DEADLINE_EXCEEDED
grpc-js, 30 days: DEADLINE_EXCEEDED
grpc-js, 50 days: OK
grpc-js, 365 days: OK
connect-node, 1 days: OK
connect-node, 24 days: OK
connect-node, 25 days: DEADLINE_EXCEEDED
connect-node, 30 days: DEADLINE_EXCEEDED
connect-node, 50 days: DEADLINE_EXCEEDED
connect-node, 365 days: DEADLINE_EXCEEDED
6
6
2
SEEN
)
