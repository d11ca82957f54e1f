#!/usr/bin/env bash
# sirv 3.0.2 (npm; in Vite's servers and SvelteKit's adapter for Node): the last bytes, or the first one, are others.
#
# Expected: bytes=-500 asks for the last 500 bytes, bytes=0-0 for the first one (RFC 9110, 14.1.2); a server that does
#   not know a form ignores it and sends all with 200.
# Seen: of a file of 1000 bytes, bytes=-5 gives the first six with 206, and bytes=0-0 all thousand with 206. bytes=0-4
#   and bytes=995- are right. send 1.2.1 (Express), @hono/node-server 2.1.9 and serve-handler 6.1.8 give what was asked
#   for.
# Matters: who reads from the end (ZIP, Parquet, PMTiles, MP4 with its index behind) gets the head of the file, with a
#   status of success and a length that is off by one; a probe by bytes=0-0, which players and download managers send
#   to learn the length, transfers the file. The same page works where Express or a CDN serves it.
# Documented: in lukeed/sirv, issue 155 and pull request 174 (the suffix, open since 2023); 0-0 nowhere.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund sirv@3.0.2 send@1.2.1 @hono/node-server@2.1.9 hono@4.13.19 \
    serve-handler@6.1.8 > npm.log || exit 2
mkdir files
cat > run.mjs <<'JS'
import fs from 'node:fs';
import http from 'node:http';
import { Hono } from 'hono';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import send from 'send';
import serve from 'serve-handler';
import sirv from 'sirv';

const text = Array.from({ length: 250 }, (_, at) => String(at).padStart(4, '0')).join('');
fs.writeFileSync('files/file.txt', text);
const hono = new Hono();
hono.use('/*', serveStatic({ root: './files' }));
const servers = {
  sirv: sirv('files'),
  send: (request, response) => send(request, request.url, { root: 'files' }).pipe(response),
  hono: getRequestListener(hono.fetch),
  'serve-handler': (request, response) => serve(request, response, { public: 'files', cleanUrls: false }),
};
for (const [name, listener] of Object.entries(servers)) {
  const server = http.createServer(listener);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  for (const [range, right] of [['0-4', text.slice(0, 5)], ['995-', text.slice(995)], ['-5', text.slice(-5)],
    ['0-0', text[0]]]) {
    const headers = { range: `bytes=${range}` };
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/file.txt`, { headers });
    const body = await answer.text();
    console.log(`${name}, ${range}: ${answer.status}, ${answer.headers.get('content-range')},`,
      body === right ? 'right' : `wrong, ${body.length} bytes`);
  }
  server.close();
  server.closeAllConnections();
}
JS
node run.mjs | tee seen
diff seen - <<'END'
sirv, 0-4: 206, bytes 0-4/1000, right
sirv, 995-: 206, bytes 995-999/1000, right
sirv, -5: 206, bytes 0-5/1000, wrong, 6 bytes
sirv, 0-0: 206, bytes 0-999/1000, wrong, 1000 bytes
send, 0-4: 206, bytes 0-4/1000, right
send, 995-: 206, bytes 995-999/1000, right
send, -5: 206, bytes 995-999/1000, right
send, 0-0: 206, bytes 0-0/1000, right
hono, 0-4: 206, bytes 0-4/1000, right
hono, 995-: 206, bytes 995-999/1000, right
hono, -5: 206, bytes 995-999/1000, right
hono, 0-0: 206, bytes 0-0/1000, right
serve-handler, 0-4: 206, bytes 0-4/1000, right
serve-handler, 995-: 206, bytes 995-999/1000, right
serve-handler, -5: 206, bytes 995-999/1000, right
serve-handler, 0-0: 206, bytes 0-0/1000, right
END
