#!/usr/bin/env bash
# httpx 0.28.1 (httpcore 1.0.9, h2 4.4.1) and a server of Go's net/http: over HTTP/2 a refused upload has no status.
#
# Expected: a server may answer in full before it has read the request, and then stop the upload by RST_STREAM with
#   NO_ERROR; a client must not discard that answer (RFC 9113, 8.1). Go's server does so for each body that its
#   handler leaves unread, as many gateways do.
# Seen: for a body below the flow control's window httpx has the 413 (or 401, 429). Above it, LocalProtocolError with
#   the text "1", the number of the stream: the answer that arrived is thrown away. Node's http2 has it for both.
# Matters: limits, missing permissions and quotas show as a fault of the protocol, only for large bodies and only where
#   HTTP/2 was negotiated. Code that repeats on TransportError, of which this is one, uploads it all again.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9 h2==4.4.1; } || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	refuse := func(w http.ResponseWriter, r *http.Request) { http.Error(w, "too large", 413) }
	server := http.Server{Protocols: &protocols, Handler: http.HandlerFunc(refuse)}
	panic(server.Serve(listener))
}
GO
{ go mod init finding && go build -o server .; } > go.log 2>&1 || { tail -5 go.log; exit 2; }
mkfifo port
./server > port &
server=$!
read -r port < port

cat > node.cjs <<'JS'
const session = require('http2').connect(`http://127.0.0.1:${process.argv[2]}`);
const upload = (size, then) => {
  const request = session.request({ ':method': 'POST', ':path': '/' });
  let status = 'none';
  request.on('response', (headers) => { status = headers[':status']; });
  request.on('error', (error) => { status = error.code; });
  request.on('close', () => { console.log('node ', String(size).padStart(7), status); then(); });
  request.resume().end(Buffer.alloc(size));
};
upload(1_000, () => upload(4_000_000, () => session.destroy()));
JS
cat > run.py <<'PY'
import sys

import httpx

for size in (1_000, 4_000_000):
    with httpx.Client(http1=False, http2=True) as client:
        try:
            seen = client.post(f"http://127.0.0.1:{sys.argv[1]}/", content=bytes(size)).status_code
        except httpx.TransportError as error:
            seen = f"{type(error).__name__} {error}"
    print(f"httpx {size:7} {seen}")
PY
{ venv/bin/python run.py "$port"; timeout 30 node node.cjs "$port"; } | tee seen
diff seen - <<'END'
httpx    1000 413
httpx 4000000 LocalProtocolError 1
node     1000 413
node  4000000 413
END
