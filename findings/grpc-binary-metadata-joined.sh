#!/usr/bin/env bash
# grpcio 1.85.3 (Python, the C core): a `-bin` metadata value joined by a comma fails the whole call.
# Beside it @grpc/grpc-js 1.14.7 (npm), which reads it.
#
# Expected: headers of one name may be joined with "," on their way, and receivers must split binary
#   ones there before they decode base64 ("gRPC over HTTP2", Custom-Metadata).
# Seen: of a successful answer with `x-bin: AQI=,AwQ=` Python makes INTERNAL, "illegal base64
#   encoding"; the same two values in two headers, or the same comma in a text header, are fine. Node
#   reads two values in both cases. (grpc-go 1.85.0 fails like Python, run by hand.)
# Matters: HTTP proxies and gateways join repeated headers as HTTP lets them. Then a server that sends
#   two values of trace or error details works for Node's clients and never for Python's and Go's.
# Documented: the rule is in the protocol; that the reference implementations break it is not.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q grpcio==1.85.3 h2==4.4.1; } || exit 2
npm install --silent --no-audit --no-fund @grpc/grpc-js@1.14.7 > npm.log || exit 2

cat > server.py <<'PY'
import socket, threading
import h2.config, h2.connection, h2.events

METADATA = {
    b"/x.X/Two": [("x-bin", "AQI="), ("x-bin", "AwQ=")],
    b"/x.X/Joined": [("x-bin", "AQI=,AwQ=")],
    b"/x.X/Text": [("x-text", "AQI=,AwQ=")],
}

def serve(peer):
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    peer.sendall(state.data_to_send())
    asked = {}
    while data := peer.recv(65536):
        for event in state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                asked[event.stream_id] = dict(event.headers)[b":path"]
            if isinstance(event, h2.events.StreamEnded):
                id = event.stream_id
                start = [(":status", "200"), ("content-type", "application/grpc")]
                state.send_headers(id, start + METADATA[asked[id]])
                state.send_data(id, bytes(5))  # an empty message
                state.send_headers(id, [("grpc-status", "0")], end_stream=True)
        peer.sendall(state.data_to_send())

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PY
mkfifo port
venv/bin/python server.py > port &
server=$!
read -r port < port

cat > client.py <<'PY'
import sys
import grpc

for method in ("Text", "Two", "Joined"):
    with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
        try:
            _, call = channel.unary_unary(f"/x.X/{method}").with_call(b"", timeout=10)
            print("python", method, "OK", [value for name, value in call.initial_metadata()])
        except grpc.RpcError as error:
            print("python", method, error.code().name, error.details())
PY
cat > client.cjs <<'JS'
const grpc = require('@grpc/grpc-js');
const same = (bytes) => bytes;
const client = new grpc.Client(`127.0.0.1:${process.argv[2]}`, grpc.credentials.createInsecure());
(async () => {
  for (const method of ['Text', 'Two', 'Joined'])
    await new Promise((done) => {
      let metadata;
      client.makeUnaryRequest(`/x.X/${method}`, same, same, Buffer.alloc(0), (error) => {
        const values = [...metadata.get('x-bin'), ...metadata.get('x-text')];
        console.log('node  ', method, error ? error.details : 'OK', values.map((value) => value.toString('hex')));
        done();
      }).on('metadata', (received) => { metadata = received; });
    });
  client.close();
})();
JS
{ venv/bin/python client.py "$port"; node client.cjs "$port"; } | tee seen
grep -q '^python Text OK' seen
grep -qF "python Two OK [b'\\x01\\x02', b'\\x03\\x04']" seen
grep -q '^python Joined INTERNAL .*illegal base64' seen
[ "$(grep -cE "^node +(Two|Joined) OK \[ '0102', '0304' \]" seen)" = 2 ]
