#!/usr/bin/env bash
# gunicorn 27.0.1: a PROXY v2 LOCAL connection reaches the WSGI application with REMOTE_ADDR=None.
#
# Expected: the PROXY protocol says of LOCAL, which proxies send for their own health checks, that
#   the receiver uses the real endpoints of the connection. WSGI (PEP 3333) wants text in environ.
# Seen: the request is served, but REMOTE_ADDR is None and REMOTE_PORT the text "None", although
#   gunicorn knows the peer. A family of UNSPEC in a PROXY command does the same.
# Matters: every middleware that splits, logs or rate-limits by REMOTE_ADDR raises on the load
#   balancer's health check alone, never for users: the check fails and the instance is taken out.
# Documented: no. gunicorn's `proxy_protocol` setting says nothing of LOCAL; PROXY protocol 2.2 does.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q gunicorn==27.0.1; } || exit 2

cat > app.py <<'PY'
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    seen = {name: environ.get(name) for name in ("REMOTE_ADDR", "REMOTE_PORT")}
    return [repr(seen).encode()]
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/gunicorn --proxy-protocol auto --proxy-allow-from '*' --bind "127.0.0.1:$port" app:app 2> log &
server=$!

cat > client.py <<'PY'
import socket, struct, sys, time

MAGIC = b"\r\n\r\n\0\r\nQUIT\n"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ADDRESSES = bytes([192, 0, 2, 7, 192, 0, 2, 1]) + struct.pack(">HH", 5000, 80)
HEADERS = {
    "PROXY TCP4": MAGIC + b"\x21\x11" + struct.pack(">H", len(ADDRESSES)) + ADDRESSES,
    "LOCAL": MAGIC + b"\x20\x00\x00\x00",
}

def ask(header):
    for _ in range(100):
        try:
            peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
            break
        except ConnectionRefusedError:
            time.sleep(0.2)
    with peer:
        peer.sendall(header + REQUEST)
        answer = b"".join(iter(lambda: peer.recv(4096), b""))
    return answer.partition(b"\r\n\r\n")[2].decode() or answer.decode() or "(closed)"

seen = {name: ask(header) for name, header in HEADERS.items()}
for name, answer in seen.items():
    print(f"{name:10} -> {answer}")
sys.exit("'REMOTE_ADDR': None" not in seen["LOCAL"] or "192.0.2.7" not in seen["PROXY TCP4"])
PY
venv/bin/python client.py "$port"
