#!/usr/bin/env bash
# OpenTelemetry for Python (OTLP over HTTP 1.45.2) takes OTEL_EXPORTER_OTLP_TIMEOUT for seconds.
#
# Expected: the specification of the exporter, and every other language, has it in milliseconds:
#   1000 is one second, 10000 the default.
# Seen: Python reads seconds. With 1000 and a collector that accepts and never answers, an export is
#   still waiting after 6 s (and would for a quarter of an hour); with 1 it ends in time. The variables
#   beside it, such as OTEL_BSP_EXPORT_TIMEOUT, are milliseconds in Python too.
# Matters: the variable is what an operator or a chart sets once for all languages. Where a collector
#   hangs, Python's exporter thread is stuck for hours, its queue overflows and a shutdown waits; and
#   whoever sets 1 for Python gives the others one millisecond.
# Documented: in the reference of Python's own variables ("in seconds"), not where they are compared.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q opentelemetry-sdk==1.45.2 \
    opentelemetry-exporter-otlp-proto-http==1.45.2; } || exit 2

cat > run.py <<'PY'
import logging, os, socket, sys, threading

logging.disable()
# A backlog takes the connection; nobody ever answers.
collector = socket.create_server(("127.0.0.1", 0))
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.getsockname()[1]}"

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

def still_waiting(timeout):
    os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = timeout
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    export = threading.Thread(target=lambda: provider.get_tracer("x").start_span("s").end(), daemon=True)
    export.start()
    export.join(6)
    return export.is_alive()

seen = {timeout: still_waiting(timeout) for timeout in ("1", "1000")}
for timeout, waiting in seen.items():
    print(f"OTEL_EXPORTER_OTLP_TIMEOUT={timeout}: after 6 s", "still waiting" if waiting else "ended", flush=True)
os._exit(seen != {"1": False, "1000": True})
PY
venv/bin/python run.py
