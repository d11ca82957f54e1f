#!/usr/bin/env bash
# WebSocket clients that refuse `Connection: keep-alive, Upgrade` in the 101 answer.
# aiohttp 3.14.5, tornado 6.6.1, websockets 17.4, websocket-client 1.9.2 (PyPI); undici 7.30.2,
# faye-websocket 0.11.4, websocket 1.0.35, ws 8.23.0 (npm).
#
# Expected: RFC 6455 4.1 fails the handshake only where the field has no `Upgrade` *token*;
#   Connection is a comma-separated list (RFC 9110 7.6.1), and Firefox itself sends this very list.
# Seen: five of the eight compare the whole value with "upgrade" and refuse; tornado's check is a
#   bare `assert`, so that its user sees only "Stream is closed".
# Matters: a proxy or server that adds keep-alive to the 101 works with `ws`, with `websockets` and
#   with browsers, and is dead for the next team's aiohttp or undici (Node's own WebSocket).
# Documented: nowhere by the clients; the rule is in the two RFCs.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q aiohttp==3.14.5 tornado==6.6.1 websockets==17.4 \
    websocket-client==1.9.2; } || exit 2
npm install --silent --no-audit --no-fund ws@8.23.0 undici@7.30.2 faye-websocket@0.11.4 \
    websocket@1.0.35 > npm.log || exit 2

cat > server.py <<'PY'
import base64, hashlib, re, socket, threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

def serve(peer):
    with peer:
        request = b""
        while b"\r\n\r\n" not in request:
            request += peer.recv(4096)
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", request)[1]
        # The path says which value the answer carries.
        value = b"keep-alive, Upgrade" if b"GET /list" in request else b"Upgrade"
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                     + value + b"\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n\x81\x02hi")
        peer.settimeout(2)
        try:
            peer.recv(4096)
        except OSError:
            pass

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PY
mkfifo port
python3 server.py > port &
server=$!
read -r port < port

cat > clients.py <<'PY'
import asyncio, logging, sys
import aiohttp, tornado.websocket, websocket, websockets

logging.disable()

async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as peer:
        return (await peer.receive()).data

async def by_tornado(url):
    return await (await tornado.websocket.websocket_connect(url)).read_message()

async def by_websockets(url):
    async with websockets.connect(url, close_timeout=0) as peer:
        return await peer.recv()

async def by_websocket_client(url):
    return await asyncio.to_thread(lambda: websocket.create_connection(url, timeout=5).recv())

async def main():
    for path in ("one", "list"):
        for call in (by_aiohttp, by_tornado, by_websockets, by_websocket_client):
            try:
                result = await asyncio.wait_for(call(f"ws://127.0.0.1:{sys.argv[1]}/{path}"), 8)
            except Exception as error:
                result = f"refused ({type(error).__name__})"
            print(path, call.__name__[3:], result, flush=True)

asyncio.run(main())
PY
cat > clients.cjs <<'JS'
const ws = require('ws'), undici = require('undici'), faye = require('faye-websocket'), old = require('websocket');
const standard = (Kind) => (url, done) => {
  const peer = new Kind(url);
  peer.onmessage = (event) => done(event.data);
  peer.onerror = () => done('refused');
};
const clients = {
  ws: standard(ws), undici: standard(undici.WebSocket), faye: standard(faye.Client),
  websocket: (url, done) => new old.client()
    .on('connectFailed', () => done('refused'))
    .on('connect', (peer) => peer.on('message', (message) => done(message.utf8Data))).connect(url),
};
(async () => {
  for (const path of ['one', 'list'])
    for (const [name, call] of Object.entries(clients))
      console.log(path, name, await new Promise((done) => call(`ws://127.0.0.1:${process.argv[2]}/${path}`, done)));
  process.exit();
})();
JS
venv/bin/python clients.py "$port" 2> errors | tee seen
timeout 30 node clients.cjs "$port" | tee -a seen
# Whoever refuses the list must have taken the single token.
[ "$(grep -c '^one .* hi$' seen)" = 8 ]
[ "$(grep '^list .* refused' seen | cut -d' ' -f2 | sort | xargs)" = "aiohttp faye tornado undici websocket" ]
