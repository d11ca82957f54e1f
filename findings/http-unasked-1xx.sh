#!/usr/bin/env bash
# Answers of 1xx that nobody asked for: requests 2.34.2, urllib3 2.8.0 and urllib (Python 3.11) stop at a 103,
# undici 7.30.2 (Node's fetch) fails on a 100.
#
# Expected: a client reads any number of 1xx answers and then the final one, even where it does not expect them (RFC
#   9110, 15.2); 103 "Early Hints" (RFC 8297) was made so that servers can send it unasked.
# Seen: http.client skips 100 alone. Behind a 102 or 103 requests and urllib3 give that status with an empty body, which
#   requests calls `ok`; urllib raises HTTPError. undici is the other way round: it skips 102 and 103, and a 100 without
#   an `Expect` of its own is "bad response". httpx 0.28.1 and aiohttp 3.14.5 give the 200 behind any of them.
# Matters: a CDN or a proxy that begins to send hints breaks each Python client of the site at once: `raise_for_status`
#   passes and `.json()` fails on nothing. Such a server is tried with browsers and curl, which are fine.
# Documented: in issues alone (python/cpython 42550, urllib3 pull request 3319).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0 \
    httpx==0.28.1 aiohttp==3.14.5; } || exit 2
npm install --silent --no-audit --no-fund undici@7.30.2 > npm.log || exit 2

cat > ask.cjs <<'JS'
require('undici').fetch(process.argv[2]).then(
  async (answer) => console.log(answer.status, await answer.text()),
  (error) => console.log(0, error.cause.message));
JS
cat > run.py <<'PY'
import asyncio
import socketserver
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import aiohttp
import httpx
import requests
import urllib3


class Hints(socketserver.StreamRequestHandler):
    def handle(self):
        status = self.rfile.readline().split()[1][1:].decode()  # /103: with a 103 in front
        while self.rfile.readline().strip():
            pass
        first = f"HTTP/1.1 {status} Early\r\nLink: </style.css>; rel=preload\r\n\r\n"
        self.wfile.write(first.encode() + b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")


def by_urllib(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, "HTTPError"


def by_requests(url):
    answer = requests.get(url)
    return answer.status_code, answer.text + (" ok" if answer.ok else "")


def by_urllib3(url):
    answer = urllib3.request("GET", url)
    return answer.status, answer.data.decode()


def by_httpx(url):
    answer = httpx.get(url)
    return answer.status_code, answer.text


def by_aiohttp(url):
    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()
    return asyncio.run(ask())


def by_undici(url):
    ask = ["node", "ask.cjs", url]
    status, text = subprocess.run(ask, capture_output=True, text=True, timeout=30).stdout.strip().split(" ", 1)
    return int(status), text


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hints)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
right = {100: (200, "{}"), 102: (200, "{}"), 103: (200, "{}")}
expected = {
    by_urllib: right | {102: (102, "HTTPError"), 103: (103, "HTTPError")},
    by_urllib3: right | {102: (102, ""), 103: (103, "")},
    by_requests: {100: (200, "{} ok"), 102: (102, " ok"), 103: (103, " ok")},
    by_undici: right | {100: (0, "bad response")},
    by_httpx: right, by_aiohttp: right,
}
changed = False
for ask, answers in expected.items():
    seen = {status: ask(f"http://127.0.0.1:{server.server_address[1]}/{status}") for status in answers}
    print(f"{ask.__name__[3:]:9}", "  ".join(f"behind {status}: {got}" for status, got in seen.items()))
    changed |= seen != answers
sys.exit(changed)
PY
venv/bin/python run.py
