#!/usr/bin/env bash
# faye-websocket 0.11.4 (npm) turns the close codes 1012, 1013 and 1014 of a server into 1002.
#
# Expected: 1012 "service restart", 1013 "try again later" and 1014 "bad gateway" are in IANA's
#   registry of close codes; a client shows the code that the server sent, with its reason.
# Seen: the code becomes 1002, "protocol error", while the reason stays the server's. 1011 and the
#   private codes from 3000 on pass. websocket-driver, below it, lists the codes it knows up to 1011.
# Matters: a draining server that says 1012 or 1013 to spread its clients' return looks, to clients
#   built on faye, like one that breaks the protocol: what comes back on 1013 and gives up on 1002
#   gives up.
# Documented: no; the registry is "WebSocket Close Code Number Registry" (IANA).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund faye-websocket@0.11.4 ws@8.23.0 > npm.log || exit 2

cat > run.cjs <<'JS'
const { WebSocket, WebSocketServer } = require('ws');
const faye = require('faye-websocket');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('connection', (peer, request) => peer.close(Number(request.url.slice(1)), 'draining'));
server.on('listening', async () => {
  const shown = (Kind, code) => new Promise((done) => {
    new Kind(`ws://127.0.0.1:${server.address().port}/${code}`).onclose = (event) => done(`${event.code} ${event.reason}`);
  });
  for (const code of [1001, 1011, 1012, 1013, 1014, 3000])
    console.log(`sent ${code}: ws ${await shown(WebSocket, code)}, faye ${await shown(faye.Client, code)}`);
  process.exit();
});
JS
timeout 60 node run.cjs | tee seen
diff <(sed 's/.*faye //' seen) - <<'END'
1001 draining
1011 draining
1002 draining
1002 draining
1002 draining
3000 draining
END
