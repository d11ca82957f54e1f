#!/usr/bin/env bash
# OTEL_EXPORTER_OTLP_HEADERS in OpenTelemetry's SDK for Java 1.68.0 (opentelemetry-sdk-extension-autoconfigure): a "+"
# in a header's value is sent as a space. Beside it Python 1.45.2, Node 0.223.1 and Go 1.47.0.
#
# Expected: the variable has the format of W3C Baggage (specification, protocol/exporter.md, "Specifying headers via
#   environment variables"), whose values have "+" among their characters; only %XX stands for another one.
# Seen: Java decodes the values as those of an HTML form. The credentials "shop:~~>", c2hvcDp+fj4= in Base64, arrive as
#   "c2hvcDp fj4="; with %2B for the plus they are right in all four. In OTEL_RESOURCE_ATTRIBUTES, whose format is the
#   same, a "+" stays one in Java too.
# Matters: the value is a Base64 text for many, and nearly one in two of 30 random bytes has a "+". One Secret for all
#   services of a cluster serves all but those in Java, whose spans are refused, until the key is changed and they work.
# Documented: no. The decoding came with open-telemetry/opentelemetry-java pull request 6164; PHP's (1242) had the same
#   one in its review, where it was seen.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2; } || exit 2
npm install --silent --no-audit --no-fund @opentelemetry/exporter-trace-otlp-http@0.223.1 \
    @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/api@1.9.1 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.opentelemetry</groupId><artifactId>opentelemetry-sdk-extension-autoconfigure</artifactId><version>1.68.0</version></dependency>
    <dependency><groupId>io.opentelemetry</groupId><artifactId>opentelemetry-exporter-otlp</artifactId><version>1.68.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }
cat > main.go <<'GO'
package main

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		panic(err)
	}
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	_, span := provider.Tracer("finding").Start(ctx, "span")
	span.End()
	provider.Shutdown(ctx)
}
GO
{ (go mod init finding && go get go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp@v1.47.0 \
    go.opentelemetry.io/otel/sdk@v1.47.0 && go mod tidy && go build -o by-go .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }

cat > Run.java <<'JAVA'
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;

public class Run {
    public static void main(String[] args) {
        try (var sdk = AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk()) {
            sdk.getTracer("finding").spanBuilder("span").startSpan().end();
        }
    }
}
JAVA
cat > run.mjs <<'JS'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())] });
provider.getTracer('finding').startSpan('span').end();
await provider.shutdown();
JS
cat > run.py <<'PY'
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
provider.get_tracer("finding").start_span("span").end()
provider.shutdown()
PY
cat > compare.py <<'PY'
import http.server
import os
import subprocess
import sys
import threading

SDKS = {"Java": ["java", "-cp", "lib/*", "Run.java"], "Python": [sys.executable, "run.py"],
        "Node": ["node", "run.mjs"], "Go": ["./by-go"]}
seen = []


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append(self.headers["authorization"])
        if "Content-Length" in self.headers:
            self.rfile.read(int(self.headers["Content-Length"]))
        else:
            while self.rfile.read(int(self.rfile.readline(), 16) + 2) != b"\r\n":
                pass
        self.send_response(200)
        self.end_headers()

    def log_message(self, *ignored):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for value in ("Basic%20c2hvcDp+fj4=", "Basic%20c2hvcDp%2Bfj4="):
        print(f"authorization={value}")
        settings = {"HEADERS": f"authorization={value}", "PROTOCOL": "http/protobuf",
                    "ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        variables = os.environ | {f"OTEL_EXPORTER_OTLP_{name}": each for name, each in settings.items()}
        variables |= {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
        for name, command in SDKS.items():
            seen.clear()
            subprocess.run(command, check=True, timeout=40, env=variables, stderr=subprocess.DEVNULL)
            print(f"  {name}: {seen[0]}")
    server.shutdown()
PY
venv/bin/python compare.py | tee seen
diff seen - <<'END'
authorization=Basic%20c2hvcDp+fj4=
  Java: Basic c2hvcDp fj4=
  Python: Basic c2hvcDp+fj4=
  Node: Basic c2hvcDp+fj4=
  Go: Basic c2hvcDp+fj4=
authorization=Basic%20c2hvcDp%2Bfj4=
  Java: Basic c2hvcDp+fj4=
  Python: Basic c2hvcDp+fj4=
  Node: Basic c2hvcDp+fj4=
  Go: Basic c2hvcDp+fj4=
END
