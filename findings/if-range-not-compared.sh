#!/usr/bin/env bash
# If-Range: aiohttp 3.14.5, tornado 6.6.1, WhiteNoise 6.12.0 and Sanic 25.12.1 (Python), @hono/node-server 2.1.9,
# http-server 14.1.1, sirv 3.0.2 and serve-handler 6.1.8 (npm) send the rest of another file.
#
# Expected: "If-Range: VALIDATOR" with a Range asks for the rest of a file if it is still the one of that ETag or date,
#   and for all of it if it is not; a server that sends parts MUST ignore the Range where they differ (RFC 9110,
#   13.1.5). It is how a browser goes on with a download that broke off.
# Seen: the file is replaced between the two requests, and all eight answer 206 with the end of the new one, for the
#   ETag or the date that they themselves gave for the old one. aiohttp alone compares the date, and skips the ETag.
#   Starlette 1.10.0 and Express 5.3.0 send the new file whole.
# Matters: what is deployed while somebody downloads it comes out as the head of one version and the tail of the other,
#   of the announced length and with statuses of success, although the client did all that the standard has for it.
#   Everything is right in tests, where the file stays. The same download is safe behind nginx or Express.
# Documented: no. aiohttp's is mended on its main branch (pull request 13480), and in no release; CherryPy has a thread
#   on the same fault of its own (issue 1699).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check aiohttp==3.14.5 tornado==6.6.1 \
    whitenoise==6.12.0 sanic==25.12.1 starlette==1.10.0 uvicorn==0.54.0; } || exit 2
npm install --silent --no-audit --no-fund @hono/node-server@2.1.9 hono@4.13.19 http-server@14.1.1 sirv@3.0.2 \
    serve-handler@6.1.8 express@5.3.0 > npm.log || exit 2
mkdir files

cat > run.py <<'PY'
import asyncio
import http.client
import os
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import tornado.httpserver
import tornado.netutil
import tornado.web
import uvicorn
from aiohttp import web
from sanic import Sanic
from starlette.staticfiles import StaticFiles
from whitenoise import WhiteNoise


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


async def with_aiohttp():
    app = web.Application()
    app.router.add_static("/", "files")
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner.addresses[0][1]


async def with_tornado():
    app = tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": "files"})])
    (listener,) = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(app).add_socket(listener)
    return listener.getsockname()[1]


async def with_whitenoise():
    app = WhiteNoise(None, root="files", autorefresh=True)
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


async def with_uvicorn(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    return server.servers[0].sockets[0].getsockname()[1]


async def with_sanic():
    app = Sanic("static", configure_logging=False)
    app.static("/file.txt", "files/file.txt", use_content_range=True)
    return await with_uvicorn(app)


async def with_starlette():
    return await with_uvicorn(StaticFiles(directory="files"))


def write(day):
    with open("files/file.txt", "w") as file:
        file.write(str(day) * 1000)
    os.utime("files/file.txt", (1_700_000_000 + day * 86400,) * 2)


def get(port, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/file.txt", headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


async def main():
    for start in (with_aiohttp, with_tornado, with_whitenoise, with_sanic, with_starlette):
        write(1)
        port = await start()
        first = await asyncio.to_thread(get, port, {})
        for name in filter(first.headers.get, ("ETag", "Last-Modified")):
            line = f"{start.__name__[5:]}, {name}:"
            for day in (1, 2):
                write(day)
                headers = {"Range": "bytes=400-", "If-Range": first.headers[name]}
                answer = await asyncio.to_thread(get, port, headers)
                line += f" {('same', 'other')[day - 1]} {answer.status} with {len(answer.body)} bytes"
            print(line)


asyncio.run(main())
PY
cat > run.mjs <<'JS'
import fs from 'node:fs';
import http from 'node:http';
import express from 'express';
import httpServer from 'http-server';
import serve from 'serve-handler';
import sirv from 'sirv';
import { Hono } from 'hono';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';

function write(day) {
  fs.writeFileSync('files/file.txt', String(day).repeat(1000));
  fs.utimesSync('files/file.txt', 1_700_000_000 + day * 86400, 1_700_000_000 + day * 86400);
}

const servers = {
  hono: getRequestListener(new Hono().use('/*', serveStatic({ root: './files' })).fetch),
  'http-server': httpServer.createServer({ root: 'files', cache: -1 }).server.listeners('request')[0],
  sirv: sirv('files', { dev: true, etag: true }),
  'serve-handler': (request, response) => serve(request, response, { public: 'files', cleanUrls: false }),
  express: express().use(express.static('files')),
};
for (const [name, listener] of Object.entries(servers)) {
  write(1);
  const server = http.createServer(listener);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const ask = async (headers) => {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/file.txt`, { headers });
    return { headers: answer.headers, text: `${answer.status} with ${(await answer.text()).length} bytes` };
  };
  const date = (await ask({})).headers.get('last-modified');
  const answers = [];
  for (const day of [1, 2]) {
    write(day);
    answers.push((await ask({ range: 'bytes=400-', 'if-range': date })).text);
  }
  console.log(`${name}, Last-Modified: same ${answers[0]} other ${answers[1]}`);
  server.close();
  server.closeAllConnections();
}
JS
{ venv/bin/python run.py 2> python.log && node --no-deprecation run.mjs; } | tee seen
diff seen - <<'END'
aiohttp, ETag: same 206 with 600 bytes other 206 with 600 bytes
aiohttp, Last-Modified: same 206 with 600 bytes other 200 with 1000 bytes
tornado, ETag: same 206 with 600 bytes other 206 with 600 bytes
tornado, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
whitenoise, ETag: same 206 with 600 bytes other 206 with 600 bytes
whitenoise, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
sanic, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
starlette, ETag: same 206 with 600 bytes other 200 with 1000 bytes
starlette, Last-Modified: same 206 with 600 bytes other 200 with 1000 bytes
hono, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
http-server, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
sirv, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
serve-handler, Last-Modified: same 206 with 600 bytes other 206 with 600 bytes
express, Last-Modified: same 206 with 600 bytes other 200 with 1000 bytes
END
