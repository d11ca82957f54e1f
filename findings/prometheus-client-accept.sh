#!/usr/bin/env bash
# prometheus_client 0.26.0 (Python): the weights of an Accept header do not count.
#
# Expected: RFC 9110, 12.5.1: of what a client names, the greatest weight is preferred, and q=0 means "not acceptable".
#   Prometheus orders its own list by such weights (`scrape_protocols`), and Go's client library obeys them.
# Seen: wherever application/openmetrics-text is named at all, OpenMetrics is sent: with the smallest weight, and with
#   q=0. The two formats name and type the samples of a counter differently, and end differently (# EOF).
# Matters: a scraper that prefers the text format but can do with OpenMetrics, or one that shuts it out because its
#   parser stops at it, gets it from Python services alone, beside Go's with the same configuration.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q prometheus_client==0.26.0; } || exit 2

cat > ask.py <<'PY'
import sys, urllib.request
from prometheus_client import CollectorRegistry, Counter, start_http_server

registry = CollectorRegistry()
Counter("jobs", "Jobs done", registry=registry).inc()
server, thread = start_http_server(0, "127.0.0.1", registry)
url = f"http://127.0.0.1:{server.server_port}/metrics"
open_metrics = "application/openmetrics-text;version=1.0.0"
asked = [
    "text/plain;version=0.0.4",
    f"{open_metrics};q=0.9,text/plain;version=0.0.4;q=0.1",
    f"text/plain;version=0.0.4;q=0.9,{open_metrics};q=0.1",
    f"text/plain;version=0.0.4,{open_metrics};q=0",
]
seen = []
for accept in asked:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as answer:
        kind, body = answer.headers["Content-Type"].split(";")[0], answer.read().decode()
    seen.append((kind, body.endswith("# EOF\n")))
    print(f"{accept:85} -> {kind}")
server.shutdown()
thread.join()
text, other = ("text/plain", False), ("application/openmetrics-text", True)
sys.exit(seen != [text, other, other, other])
PY
venv/bin/python ask.py
