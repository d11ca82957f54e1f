#!/usr/bin/env bash
# httpx 0.28.1: of an answer in several gzip members the first is read, and the rest is lost without a word.
#
# Expected: Content-Encoding: gzip is the format of RFC 1952 (RFC 9110, 8.4.1.3), "a series of members" of which each
#   may be compressed by itself; who decodes it reads all of them, as `gunzip` does, or fails.
# Seen: httpx gives the first member's bytes, status 200 and no error, in one go as in a stream, whatever
#   Content-Length says and whether members arrive in one piece or one by one. requests 2.34.2, aiohttp 3.14.5 and
#   Node's fetch read all. Of zstd, which has frames in a row as well, httpx reads all when they come in one piece, and
#   raises DecodingError when a piece ends where a frame does.
# Matters: servers that compress each chunk that they write, files of `cat a.gz b.gz`, of bgzip and of logs that are
#   appended to are like this. The answer is cut at a border of the server's choice, mostly between records, so that
#   JSON lines, CSV and text of metrics stay valid and are short; short answers, of one chunk, are whole.
# Documented: no. encode/httpx, pull request 3270, which mended it in 2024, was closed; its author met it in answers of
#   Prometheus. curl stops with an error (curl/curl, issue 22156).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check 'httpx[zstd]==0.28.1' requests==2.34.2 \
    aiohttp==3.14.5 zstandard==0.25.0; } || exit 2

cat > run.py <<'PY'
import asyncio
import gzip
import http.server
import subprocess
import threading

import aiohttp
import httpx
import requests
import zstandard

LINES = [b"first\n", b"second\n", b"third\n"]
CODINGS = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, coding, how = self.path.split("/")
        parts = [CODINGS[coding](line) for line in LINES]
        if how == "whole":
            parts = [b"".join(parts)]
        self.send_response(200)
        self.send_header("Content-Encoding", coding)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args):
        pass


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.read()


def by_httpx(url):
    answer = httpx.get(url)
    return answer.status_code, answer.content


def by_httpx_stream(url):
    with httpx.stream("GET", url) as answer:
        return answer.status_code, b"".join(answer.iter_bytes())


def by_requests(url):
    answer = requests.get(url)
    return answer.status_code, answer.content


def by_node(url):
    script = "fetch(process.argv[1]).then(async (answer) => console.log(answer.status, await answer.text()))"
    return subprocess.run(["node", "-e", script, url], capture_output=True, check=True).stdout.strip().split(b" ", 1)


def show(name, get, *args):
    try:
        status, body = get(*args)
    except httpx.DecodingError as error:
        print(f"{name}: {error!r}")
    else:
        print(f"{name}: {int(status)}, {' '.join(body.decode().split())}")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}/"
for how in ("whole", "parts"):
    print(f"- {how}")
    show("httpx", by_httpx, address + "gzip/" + how)
    show("httpx, stream", by_httpx_stream, address + "gzip/" + how)
    show("requests", by_requests, address + "gzip/" + how)
    show("aiohttp", asyncio.run, by_aiohttp(address + "gzip/" + how))
    show("node", by_node, address + "gzip/" + how)
    show("httpx, zstd", by_httpx, address + "zstd/" + how)
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
- whole
httpx: 200, first
httpx, stream: 200, first
requests: 200, first second third
aiohttp: 200, first second third
node: 200, first second third
httpx, zstd: 200, first second third
- parts
httpx: 200, first
httpx, stream: 200, first
requests: 200, first second third
aiohttp: 200, first second third
node: 200, first second third
httpx, zstd: DecodingError('cannot use a decompressobj multiple times')
END
