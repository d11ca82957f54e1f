#!/usr/bin/env bash
# requests 2.34.2 (urllib3 2.8.0): HTTPAdapter(max_retries=3) repeats requests that were answered, and sleeps
# between them for as long as the server says, whatever the timeout.
#
# Expected: its documentation says of a number there that it applies to failed lookups, connections and connection
#   timeouts, "never to requests where data has made it to the server". `timeout` bounds a wait.
# Seen: an answer of 413, 429 or 503 that has Retry-After is asked for again three times, and each time
#   `Retry-After` seconds are slept: with 1 and timeout=0.2 the call lasts three seconds and then gives the 429. A PUT
#   is repeated, a POST not; without the header nothing is.
# Matters: a limit of 3600 at a quota's end, or a service in maintenance, stops a thread for three hours where a 429
#   was handled by code that follows; the server gets four requests for each one. urllib3 alone caps it, at 6 hours.
# Documented: otherwise, in requests; urllib3's Retry says that it respects the header, by default.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0; } || exit 2

cat > run.py <<'PY'
import http.server
import sys
import threading
from unittest import mock

import requests
from requests.adapters import HTTPAdapter

asked = []


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        asked.append(self.command)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, after = self.path[1:].split("/")
        self.send_response(int(status))
        if after:
            self.send_header("Retry-After", after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=3))
expected = {  # method, status, Retry-After: how often it was asked, how long it meant to sleep
    ("GET", 429, ""): (1, []),
    ("GET", 500, "1"): (1, []),
    ("GET", 429, "1"): (4, [1, 1, 1]),
    ("GET", 503, "3600"): (4, [3600, 3600, 3600]),
    ("PUT", 413, "1"): (4, [1, 1, 1]),
    ("POST", 429, "1"): (1, []),
}
changed = False
for (method, status, after), right in expected.items():
    asked.clear()
    with mock.patch("time.sleep") as sleep:  # what it would sleep is seen without waiting for it
        url = f"http://127.0.0.1:{server.server_port}/{status}/{after}"
        answer = session.request(method, url, data=b"x" if method != "GET" else None, timeout=5)
    slept = [call.args[0] for call in sleep.call_args_list]
    print(f"{method:4} {status} Retry-After {after or 'none':5} asked {len(asked)} times, sleeps {slept}")
    changed |= (len(asked), slept) != right or answer.status_code != status
sys.exit(changed)
PY
venv/bin/python run.py
