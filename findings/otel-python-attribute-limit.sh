#!/usr/bin/env bash
# OpenTelemetry Python 1.45.2: the attribute limit of a span drops its first attributes, Node's (3.1.0) its last.
#
# Expected: an attribute whose addition would exceed the limit (OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, 128 by default) is
#   discarded, and those that are there stay ("MUST": OpenTelemetry, common, Attribute Limits).
# Seen: Python takes the oldest one out to make room. A span begun with method, route and address that then gets many
#   attributes keeps the late ones alone; an attribute that is set again counts as new. Node keeps the first ones.
# Matters: what instrumentations set at the start is what traces are searched by and what samplers and backends look
#   at. A loop that numbers its attributes erases a Python span's identity, where it would only lose its own tail.
# Documented: no; Go (opentelemetry-go 2554) and Ruby (opentelemetry-ruby 1534) had the same and mended it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2; } || exit 2
npm install --silent --no-audit --no-fund @opentelemetry/sdk-trace@3.1.0 @opentelemetry/api@1.10.0 > npm.log || exit 2

cat > run.cjs <<'JS'
const { TracerProvider } = require('@opentelemetry/sdk-trace');
const provider = new TracerProvider({ spanLimits: { attributeCountLimit: 4 } });
const attributes = { method: 'GET', route: '/orders', status: 200 };
const span = provider.getTracer('t').startSpan('s', { attributes });
for (let line = 1; line <= 3; line++) span.setAttribute(`line.${line}`, 'x');
span.setAttribute('method', 'GET');
console.log('node  ', Object.keys(span.attributes).join(' '), 'dropped', span.droppedAttributesCount);
JS
cat > run.py <<'PY'
from opentelemetry.sdk.trace import TracerProvider

attributes = {"method": "GET", "route": "/orders", "status": 200}
span = TracerProvider().get_tracer("t").start_span("s", attributes=attributes)
for line in range(1, 4):
    span.set_attribute(f"line.{line}", "x")
print("python", *span.attributes, "dropped", span.dropped_attributes)
span.set_attribute("method", "GET")
print("again ", *span.attributes, "dropped", span.dropped_attributes)
PY
{ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=4 venv/bin/python run.py 2> python.log && node run.cjs; } | tee seen
diff seen - <<'END'
python status line.1 line.2 line.3 dropped 2
again  line.1 line.2 line.3 method dropped 3
node   method route status line.1 dropped 2
END
