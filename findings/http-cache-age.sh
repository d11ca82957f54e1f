#!/usr/bin/env bash
# requests-cache 1.3.3, CacheControl 0.14.4 (Python) and make-fetch-happen 15.0.6 (npm) take an old answer for a new
# one: Age does not count. got 14.6.6 and undici 7.30.2, which count it, beside them.
#
# Expected: an answer that a shared cache has kept for 100 seconds says `Age: 100`; with max-age=60 it is stale when it
#   arrives (RFC 9111, 4.2.3: the age is the greater of Age and what Date tells, and the time here is added).
# Seen: the three keep it and give it again without asking. requests-cache looks at no Date either: an answer of 100
#   seconds ago without an Age is fresh for 60 more, as in make-fetch-happen and got; CacheControl and undici go by
#   Date.
# Matters: behind a CDN or a proxy what may be a minute old is up to two, and with each such cache on the way one more;
#   a purge and a deadline ("this price list is valid for an hour") hold for nobody who counts on the number. Tests
#   talk to the origin, which sends no Age.
# Documented: not by name. requests-cache calls itself "not (yet)" strict; make-fetch-happen promises a fresh answer,
#   and keeps a list of headers that has no Age.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 CacheControl==0.14.4 \
    requests-cache==1.3.3; } || exit 2
npm install --silent --no-audit --no-fund got@14.6.6 undici@7.30.2 make-fetch-happen@15.0.6 > npm.log || exit 2

cat > twice.mjs <<'JS'
import got from 'got';
import fetcher from 'make-fetch-happen';
import { Agent, interceptors, request } from 'undici';
const dispatcher = new Agent().compose(interceptors.cache());
const kept = got.extend({ cache: new Map() });
const fetch = fetcher.defaults({ cachePath: './npm-cache' });
const clients = {
  got: async (url) => (await kept(url)).body,
  undici: async (url) => (await request(url, { dispatcher })).body.text(),
  'make-fetch-happen': async (url) => (await fetch(url)).text(),
};
for (const [name, get] of Object.entries(clients))
  for (const path of ['fresh', 'age', 'date']) {
    const first = await get(process.argv[2] + path);
    await new Promise((done) => setTimeout(done, 100)); // some store in the background
    console.log(`${name}, ${path}: ${first === await get(process.argv[2] + path) ? 'kept' : 'asked again'}`);
  }
process.exit();
JS
cat > run.py <<'PY'
import itertools
import subprocess
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from cachecontrol import CacheControl
from requests_cache import CachedSession

count = itertools.count()


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = str(next(count)).encode()
        self.send_response_only(200)
        self.send_header("Date", formatdate(time.time() - (100 if self.path == "/date" else 0), usegmt=True))
        self.send_header("Cache-Control", "max-age=60")
        if self.path == "/age":
            self.send_header("Age", "100")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
clients = {"requests-cache": CachedSession(backend="memory", cache_control=True),
           "CacheControl": CacheControl(requests.Session())}
for name, session in clients.items():
    for path in ("fresh", "age", "date"):
        same = session.get(url + path).text == session.get(url + path).text
        print(f"{name}, {path}: {'kept' if same else 'asked again'}", flush=True)
subprocess.run(["node", "twice.mjs", url], check=True)
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
requests-cache, fresh: kept
requests-cache, age: kept
requests-cache, date: kept
CacheControl, fresh: kept
CacheControl, age: kept
CacheControl, date: asked again
got, fresh: kept
got, age: asked again
got, date: kept
undici, fresh: kept
undici, age: asked again
undici, date: asked again
make-fetch-happen, fresh: kept
make-fetch-happen, age: kept
make-fetch-happen, date: kept
END
