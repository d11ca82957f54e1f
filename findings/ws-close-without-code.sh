#!/usr/bin/env bash
# An ordinary WebSocket close without a code is shown as 0, 1006, 1000 or nothing.
# aiohttp 3.14.5 (PyPI); ws 8.23.0, websocket 1.0.35, faye-websocket 0.11.4 (npm).
#
# Expected: `socket.close()` in a browser sends a close frame with an empty body. RFC 6455 7.1.5
#   names the code to show for it: 1005. 1006 is for a connection lost without any close frame.
# Seen: aiohttp's server shows close_code 0; its client shows 1006; npm `websocket` shows 1006 with
#   "Connection dropped by remote peer"; faye shows 1000. Only `ws` shows 1005.
# Matters: alarms and reconnect loops that treat 1006 as an outage, and metrics labelled by code,
#   count every tab that is closed politely; an "if code in (1000, 1001, 1005)" misses aiohttp's 0.
# Documented: no. aiohttp's reference only says that close_code is the peer's code or None.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q aiohttp==3.14.5; } || exit 2
npm install --silent --no-audit --no-fund ws@8.23.0 websocket@1.0.35 faye-websocket@0.11.4 > npm.log || exit 2

# ws is the peer that closes, as a client of aiohttp's server and as the server of all the clients.
cat > closer.cjs <<'JS'
const { WebSocket } = require('ws');
const peer = new WebSocket(process.argv[2]);
peer.on('open', () => peer.close());
JS
cat > clients.cjs <<'JS'
const { WebSocket, WebSocketServer } = require('ws');
const faye = require('faye-websocket'), old = require('websocket'), { spawn } = require('child_process');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (peer) => peer.close());
server.on('listening', async () => {
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const shown = (name, call) => new Promise((done) => call((code, reason) => {
    console.log(name, code, String(reason ?? ''));
    done();
  }));
  await shown('ws', (done) => new WebSocket(url).on('close', done));
  await shown('faye', (done) => new faye.Client(url).on('close', (event) => done(event.code, event.reason)));
  await shown('websocket', (done) => new old.client().on('connect', (peer) => peer.on('close', done)).connect(url));
  spawn('venv/bin/python', ['aio.py', url], { stdio: 'inherit' }).on('exit', () => process.exit());
});
JS
cat > aio.py <<'PY'
import asyncio, sys
from aiohttp import ClientSession, web

async def handler(request):
    peer = web.WebSocketResponse()
    await peer.prepare(request)
    async for _ in peer:
        pass
    print("aiohttp-server", int(peer.close_code), flush=True)
    return peer

async def main():
    async with ClientSession() as session, session.ws_connect(sys.argv[1]) as peer:
        async for _ in peer:
            pass
        print("aiohttp-client", int(peer.close_code), flush=True)
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    await (await asyncio.create_subprocess_exec("node", "closer.cjs", f"ws://127.0.0.1:{port}/")).wait()
    await runner.cleanup()

asyncio.run(main())
PY
timeout 60 node clients.cjs | tee seen
diff <(cut -d' ' -f1,2 seen) - <<'END'
ws 1005
faye 1000
websocket 1006
aiohttp-client 1006
aiohttp-server 0
END
