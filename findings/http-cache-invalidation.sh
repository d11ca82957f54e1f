#!/usr/bin/env bash
# requests-cache 1.3.3 (Python), got 14.6.6 and axios-cache-interceptor 1.12.3 (npm) and gregjones/httpcache of
# 2019-06-11 (Go) go on with the old answer after a PUT of one's own; CacheControl 0.14.4 (Python) after a POST. undici
# 7.30.2 and make-fetch-happen 15.0.6 beside them.
#
# Expected: a cache drops what it has of an address when it sees a PUT, POST, PATCH or DELETE of it succeed ("MUST
#   invalidate", RFC 9111, 4.4), so that a client reads what it has written.
# Seen: of seven caches two do. Four give the answer of before the change until max-age is over; CacheControl lists
#   PUT, PATCH and DELETE, but not POST. The Go one means to, and deletes the entry of "PUT address", where there never
#   is one.
# Matters: a service changes a record, reads it to go on from there, and sends the old values back with the next change.
#   With a read through another client, or with a test's server that sends no max-age, all is well.
# Documented: not as a limit. httpcache calls itself "mostly" compliant with RFC 7234, axios-cache-interceptor has an
#   option `update` to be told by hand. For CacheControl psf/cachecontrol 461 wants it since August 2026.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 CacheControl==0.14.4 \
    requests-cache==1.3.3; } || exit 2
npm install --silent --no-audit --no-fund got@14.6.6 undici@7.30.2 make-fetch-happen@15.0.6 axios@1.21.1 \
    axios-cache-interceptor@1.12.3 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/gregjones/httpcache"
)

func main() {
	client := httpcache.NewMemoryCacheTransport().Client()
	ask := func(method, url string) string {
		request, err := http.NewRequest(method, url, nil)
		if err != nil {
			panic(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			panic(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			panic(err)
		}
		return string(body)
	}
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		url := os.Args[1] + method
		before := ask("GET", url)
		ask(method, url)
		said := "new"
		if ask("GET", url) == before {
			said = "old"
		}
		fmt.Printf("httpcache, %s: %s\n", method, said)
	}
}
GO
{ (go mod init finding && go get github.com/gregjones/httpcache@v0.0.0-20190611155906-901d90724c79 \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > ask.mjs <<'JS'
import axios from 'axios';
import { setupCache } from 'axios-cache-interceptor';
import got from 'got';
import fetcher from 'make-fetch-happen';
import { Agent, interceptors, request } from 'undici';
const dispatcher = new Agent().compose(interceptors.cache());
const kept = got.extend({ cache: new Map() });
const fetch = fetcher.defaults({ cachePath: './npm-cache' });
const caching = setupCache(axios.create());
const clients = {
  undici: async (method, url) => (await request(url, { method, dispatcher })).body.text(),
  'make-fetch-happen': async (method, url) => (await fetch(url, { method })).text(),
  got: async (method, url) => (await kept(url, { method })).body,
  'axios-cache-interceptor': async (method, url) => String((await caching.request({ method, url })).data),
};
for (const [name, ask] of Object.entries(clients))
  for (const method of ['GET', 'PUT', 'POST', 'DELETE']) {
    const url = `${process.argv[2]}${name}/${method}`;
    const before = await ask('GET', url);
    await new Promise((done) => setTimeout(done, 100)); // some store in the background
    await ask(method, url);
    await new Promise((done) => setTimeout(done, 100));
    console.log(`${name}, ${method}: ${(await ask('GET', url)) === before ? 'old' : 'new'}`);
  }
process.exit();
JS
cat > run.py <<'PY'
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from cachecontrol import CacheControl
from requests_cache import CachedSession

versions = {}


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command != "GET":
            versions[self.path] = versions.get(self.path, 0) + 1
        body = f"version {versions.get(self.path, 0)}".encode()
        self.send_response(200)
        if self.command == "GET":
            self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
clients = {"requests-cache": CachedSession(backend="memory", cache_control=True),
           "CacheControl": CacheControl(requests.Session())}
for name, session in clients.items():
    for method in ("GET", "PUT", "POST", "DELETE"):
        address = f"{url}{name}/{method}"
        before = session.get(address).text
        session.request(method, address)
        print(f"{name}, {method}: {'old' if session.get(address).text == before else 'new'}", flush=True)
subprocess.run(["./finding", url + "go/"], check=True)
subprocess.run(["node", "ask.mjs", url], check=True)
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
requests-cache, GET: old
requests-cache, PUT: old
requests-cache, POST: old
requests-cache, DELETE: old
CacheControl, GET: old
CacheControl, PUT: new
CacheControl, POST: old
CacheControl, DELETE: new
httpcache, GET: old
httpcache, PUT: old
httpcache, POST: old
httpcache, DELETE: old
undici, GET: old
undici, PUT: new
undici, POST: new
undici, DELETE: new
make-fetch-happen, GET: old
make-fetch-happen, PUT: new
make-fetch-happen, POST: new
make-fetch-happen, DELETE: new
got, GET: old
got, PUT: old
got, POST: old
got, DELETE: old
axios-cache-interceptor, GET: old
axios-cache-interceptor, PUT: old
axios-cache-interceptor, POST: old
axios-cache-interceptor, DELETE: old
END
