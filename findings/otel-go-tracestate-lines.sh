#!/usr/bin/env bash
# OpenTelemetry for Go 1.47.0 reads only the first of several `tracestate` headers, all of `baggage`.
#
# Expected: a tracestate may be sent in several header fields, which the receiver MUST combine in
#   their order (W3C Trace Context 3.3.1); the same library does it for baggage.
# Seen: of "tracestate: a=1" and "tracestate: b=2" the span context has a=1 alone, and that is what is
#   sent on. The same two fields in one line, or `baggage` in two, are read whole.
# Matters: a vendor's sampling state, added by a proxy as a field of its own, is lost at the first Go
#   hop and nothing says so; whether it is lost depends on how the proxy before it joins fields.
# Documented: no; HeaderCarrier.Values, by which baggage reads all, does not say who uses it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	for _, lines := range [][]string{{"a=1,b=2"}, {"a=1", "b=2"}} {
		header := http.Header{"Tracestate": lines, "Baggage": lines}
		header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		carrier := propagation.HeaderCarrier(header)
		ctx := propagation.TraceContext{}.Extract(context.Background(), carrier)
		state := trace.SpanContextFromContext(ctx).TraceState()
		ctx = propagation.Baggage{}.Extract(ctx, carrier)
		fmt.Printf("%q: tracestate %s, baggage members %d\n", lines, state, baggage.FromContext(ctx).Len())
	}
}
GO
{ (go mod init finding && go get go.opentelemetry.io/otel@v1.47.0 go.opentelemetry.io/otel/trace@v1.47.0 \
    && go mod tidy && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
./finding | tee seen
diff seen - <<'END'
["a=1,b=2"]: tracestate a=1,b=2, baggage members 2
["a=1" "b=2"]: tracestate a=1, baggage members 2
END
