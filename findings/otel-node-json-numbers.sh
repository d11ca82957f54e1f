#!/usr/bin/env bash
# OpenTelemetry for Node (exporter-trace-otlp-http 0.301.0, JSON): one number loses a whole batch.
# Judged by the collector's own reader, go.opentelemetry.io/collector/pdata 1.71.0.
#
# Expected: any JavaScript number is a valid attribute; a collector takes what the SDK sends it.
# Seen: NaN and the infinities are written as {"doubleValue":null}; whole numbers beyond int64, such
#   as 1e21, as {"intValue":1e+21}. The collector's reader refuses each, and with it every span of
#   the request. The protobuf exporter of the same release sends all of them right, as doubles.
# Matters: one division by zero in one span throws away up to 512 spans of innocent requests, with
#   HTTP 400 at the exporter, which retries none and logs only through `diag`.
# Documented: the null in issue threads alone (vercel/ai 6546, opentelemetry-js 4435, closed as
#   stale); the large whole numbers nowhere. ProtoJSON wants "NaN", "Infinity" and a double.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund @opentelemetry/sdk-trace@3.1.0 \
    @opentelemetry/exporter-trace-otlp-http@0.301.0 @opentelemetry/exporter-trace-otlp-proto@0.301.0 > npm.log || exit 2

mkdir judge && cat > judge/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func main() {
	for _, name := range os.Args[1:] {
		body, err := os.ReadFile(name + ".body")
		if err != nil {
			panic(err)
		}
		request := ptraceotlp.NewExportRequest()
		read := request.UnmarshalJSON
		if name[:5] == "proto" {
			read = request.UnmarshalProto
		}
		if read(body) != nil {
			fmt.Println(name, "refused")
		} else {
			fmt.Println(name, "spans:", request.Traces().SpanCount())
		}
	}
}
GO
{ (cd judge && go mod init judge && go get go.opentelemetry.io/collector/pdata@v1.71.0 && go mod tidy \
    && go build -o ../judge.bin .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > export.mjs <<'JS'
import fs from 'node:fs';
import http from 'node:http';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { OTLPTraceExporter as Json } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as Proto } from '@opentelemetry/exporter-trace-otlp-proto';

let body;
const receiver = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    body = Buffer.concat(parts);
    response.end();
  });
});
await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
const url = `http://127.0.0.1:${receiver.address().port}/v1/traces`;
const values = { plain: 1.5, nan: NaN, infinity: -Infinity, large: 1e21, int64: 2 ** 63 };
for (const [kind, Exporter] of Object.entries({ json: Json, proto: Proto }))
  for (const [name, value] of Object.entries(values)) {
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: new Exporter({ url }) })] });
    const tracer = provider.getTracer('x');
    for (const innocent of [0, 1, 2]) tracer.startSpan('innocent', { attributes: { innocent } }).end();
    tracer.startSpan('measured', { attributes: { ratio: value } }).end();
    await provider.shutdown();
    fs.writeFileSync(`${kind}-${name}.body`, body);
    if (kind === 'json') console.log(String(value), '->', /"ratio","value":({.*?})/.exec(body)[1]);
  }
receiver.close();
JS
node export.mjs
./judge.bin {json,proto}-{plain,nan,infinity,large,int64} | tee seen
diff seen - <<'END'
json-plain spans: 4
json-nan refused
json-infinity refused
json-large refused
json-int64 refused
proto-plain spans: 4
proto-nan spans: 4
proto-infinity spans: 4
proto-large spans: 4
proto-int64 spans: 4
END
