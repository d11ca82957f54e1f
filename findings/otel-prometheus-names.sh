#!/usr/bin/env bash
# OpenTelemetry's exporters for Prometheus: Python (0.66b2) and Node (0.223.0) name the same instruments differently.
#
# Expected: one instrument of the semantic conventions is one name in Prometheus, whatever the language: its unit in
#   words is added where the name lacks it ("Prometheus and OpenMetrics Compatibility").
# Seen: http.server.request.duration in seconds is http_server_request_duration_seconds in Python, and without the unit
#   in Node, which adds none at all, to no kind of instrument. (Go's exporter 0.69.0, run by hand, adds it as Python
#   does, but not to bytes.sent, which has the word in its middle, and adds _ratio to a gauge of unit 1, unlike Python.)
# Matters: one dashboard for services of all languages, as the conventions promise, shows Python's or Node's alone; the
#   other panels are empty rather than wrong. To move a service to another language silences its alarms.
# Documented: asked of Node in open-telemetry/opentelemetry-js, issue 3466, closed as stale; its README says nothing of
#   units.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2 \
    opentelemetry-exporter-prometheus==0.66b2 prometheus_client==0.26.0; } || exit 2
npm install --silent --no-audit --no-fund --legacy-peer-deps @opentelemetry/exporter-prometheus@0.223.0 \
    @opentelemetry/sdk-metrics@3.1.0 @opentelemetry/api@1.10.0 > npm.log || exit 2

cat > run.py <<'PY'
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

meter = MeterProvider(metric_readers=[PrometheusMetricReader()]).get_meter("lib")
meter.create_counter("app.requests", unit="{request}").add(1)
meter.create_counter("app.bytes.sent", unit="By").add(1)
meter.create_histogram("app.request.duration", unit="s").record(0.5)
meter.create_gauge("app.speed", unit="By/s").set(0.5)
meter.create_gauge("app.used", unit="%").set(0.5)
print(generate_latest(REGISTRY).decode())
PY
cat > run.cjs <<'JS'
const { MeterProvider } = require('@opentelemetry/sdk-metrics');
const { PrometheusExporter, PrometheusSerializer } = require('@opentelemetry/exporter-prometheus');
const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter('lib');
meter.createCounter('app.requests', { unit: '{request}' }).add(1);
meter.createCounter('app.bytes.sent', { unit: 'By' }).add(1);
meter.createHistogram('app.request.duration', { unit: 's' }).record(0.5);
meter.createGauge('app.speed', { unit: 'By/s' }).record(0.5);
meter.createGauge('app.used', { unit: '%' }).record(0.5);
exporter.collect().then((all) => console.log(new PrometheusSerializer().serialize(all.resourceMetrics)));
JS
names() { grep -oE '^app_[a-z_]+' | grep -vE '_(bucket|sum)$' | sort -u | paste -sd ' '; }
{
    echo "python $(venv/bin/python run.py | names)"
    echo "node $(node run.cjs | names)"
} | tee seen
diff seen - <<'END'
python app_bytes_sent_bytes_total app_request_duration_seconds_count app_requests_total app_speed_bytes_per_second app_used_percent
node app_bytes_sent_total app_request_duration_count app_requests_total app_speed app_used
END
