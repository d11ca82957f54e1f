#!/usr/bin/env bash
# undici 6.29.1, the WebSocket of Node 22: a refused connection fires `error` and never `close`.
#
# Expected: the WebSocket standard fires `error` and then `close`, with 1006, whenever a connection
#   cannot be made; browsers, ws 8.23.0 and undici 7.30.2 (Node 24) do.
# Seen: where nobody listens, and where the server answers 503, undici 6 fires `error` alone. Two
#   seconds later no `close` has come, and readyState still says CONNECTING (0).
# Matters: reconnecting is written in `onclose`, by hand and in most wrappers. On Node 22 such a client
#   that starts before its server, or meets a 503 at a restart, never tries again; one that polls
#   readyState waits for a connection that nobody is making.
# Documented: no; Node's documentation calls its WebSocket compatible with the browser's.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund ws@8.23.0 undici@7.30.2 undici6@npm:undici@6.29.1 > npm.log || exit 2

cat > run.cjs <<'JS'
const http = require('http');
const kinds = { ws: require('ws'), 'undici 7': require('undici').WebSocket, 'undici 6': require('undici6').WebSocket };
const busy = http.createServer();
busy.on('upgrade', (request, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'));
const free = http.createServer();
const port = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
(async () => {
  const ports = { 503: await port(busy), 'nobody listens': await port(free) };
  await new Promise((done) => free.close(done));
  for (const [name, Kind] of Object.entries(kinds))
    for (const [answer, number] of Object.entries(ports)) {
      const events = [];
      const peer = new Kind(`ws://127.0.0.1:${number}/`);
      peer.onerror = () => events.push('error');
      peer.onclose = (event) => events.push(`close ${event.code}`);
      await new Promise((done) => setTimeout(done, 2000));
      console.log(`${name}, ${answer}: ${events.join(', ')}; readyState ${peer.readyState}`);
    }
  process.exit();
})();
JS
node run.cjs | tee seen
diff seen - <<'END'
ws, 503: error, close 1006; readyState 3
ws, nobody listens: error, close 1006; readyState 3
undici 7, 503: error, close 1006; readyState 3
undici 7, nobody listens: error, close 1006; readyState 3
undici 6, 503: error; readyState 0
undici 6, nobody listens: error; readyState 0
END
