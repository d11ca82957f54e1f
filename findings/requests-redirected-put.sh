#!/usr/bin/env bash
# requests 2.34.2: a PUT that is answered 301 is sent again as a PUT without its body. Beside it urllib3 2.8.0, aiohttp
# 3.14.5 and httpx 0.28.1 (Python), axios 1.21.1, got 14.6.6 and fetch (Node), net/http (Go).
#
# Expected: on 301 and 302 a client may make a GET of a POST, "for historical reasons", and of nothing else; a request's
#   content is left out where its method has become GET or HEAD (RFC 9110, 15.4, 15.4.2 and 15.4.3).
# Seen: behind a 301 requests sends PUT with Content-Length: 0. The server stores nothing in the object's place, and the
#   caller has a 200. Six others store the new text, Go makes a GET. Behind a 302 the PUT is a GET in requests, httpx
#   and Go: a 200 too, for a write that was none. With 308 all eight are right.
# Matters: a 301 comes with a slash at an address' end, with https for http, with a moved bucket or registry. From that
#   day on each upload empties what it was to replace, and raise_for_status() is content.
# Documented: by psf/requests issues 2590 (2015), 4773 and 5686, closed, mended for a 3.0 that has not come; the manual
#   says that redirects are followed for all verbs but HEAD. Go's GET is in the comment on Client.Do.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5; } || exit 2
npm install --silent --no-audit --no-fund axios@1.21.1 got@14.6.6 > npm.log || exit 2

cat > main.go <<'GO'
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	request, err := http.NewRequest("PUT", os.Args[1], strings.NewReader("new text"))
	if err != nil {
		panic(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}
GO
{ (go mod init finding && go build -o by-go .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > put.mjs <<'JS'
import axios from 'axios';
import got from 'got';

const [, , name, url] = process.argv;
const put = {
  axios: () => axios.put(url, 'new text'),
  got: () => got.put(url, { body: 'new text' }),
  fetch: () => fetch(url, { method: 'PUT', body: 'new text' }),
};
await put[name]();
JS
cat > put.py <<'PY'
import asyncio
import sys

import aiohttp
import httpx
import requests
import urllib3


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.put(url, data=b"new text") as answer:
        answer.raise_for_status()


name, url = sys.argv[1:]
{
    "requests": lambda: requests.put(url, data=b"new text").raise_for_status(),
    "urllib3": lambda: urllib3.request("PUT", url, body=b"new text"),
    "aiohttp": lambda: asyncio.run(by_aiohttp(url)),
    "httpx": lambda: httpx.put(url, content=b"new text", follow_redirects=True).raise_for_status(),
}[name]()
PY
cat > run.py <<'PY'
import http.server
import subprocess
import sys
import threading

CLIENTS = {name: [sys.executable, "put.py", name] for name in ("requests", "urllib3", "aiohttp", "httpx")}
CLIENTS |= {name: ["node", "put.mjs", name] for name in ("axios", "got", "fetch")} | {"Go": ["./by-go"]}
stored, asked = b"", ""


class Store(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size + 2)[:-2]
        self.rfile.readline()
        return whole

    def do_PUT(self):
        global stored, asked
        body = self.body()
        moved = self.path.strip("/").isdigit()
        self.send_response(int(self.path[1:]) if moved else 200)
        if moved:
            self.send_header("Location", "/object")
        else:
            stored, asked = (body if self.command == "PUT" else stored), self.command
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT

    def log_message(self, *ignored):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for status in (301, 302, 308):
        for name, command in CLIENTS.items():
            stored, asked = b"old text", ""
            subprocess.run([*command, f"http://127.0.0.1:{server.server_port}/{status}"], check=True, timeout=20)
            print(f"{status}, {name}: {asked}, the object is {stored.decode()!r}")
    server.shutdown()
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
301, requests: PUT, the object is ''
301, urllib3: PUT, the object is 'new text'
301, aiohttp: PUT, the object is 'new text'
301, httpx: PUT, the object is 'new text'
301, axios: PUT, the object is 'new text'
301, got: PUT, the object is 'new text'
301, fetch: PUT, the object is 'new text'
301, Go: GET, the object is 'old text'
302, requests: GET, the object is 'old text'
302, urllib3: PUT, the object is 'new text'
302, aiohttp: PUT, the object is 'new text'
302, httpx: GET, the object is 'old text'
302, axios: PUT, the object is 'new text'
302, got: PUT, the object is 'new text'
302, fetch: PUT, the object is 'new text'
302, Go: GET, the object is 'old text'
308, requests: PUT, the object is 'new text'
308, urllib3: PUT, the object is 'new text'
308, aiohttp: PUT, the object is 'new text'
308, httpx: PUT, the object is 'new text'
308, axios: PUT, the object is 'new text'
308, got: PUT, the object is 'new text'
308, fetch: PUT, the object is 'new text'
308, Go: PUT, the object is 'new text'
END
