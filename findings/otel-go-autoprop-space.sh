#!/usr/bin/env bash
# OpenTelemetry for Go, contrib autoprop 0.72.0: a space in OTEL_PROPAGATORS takes a propagator away.
#
# Expected: "tracecontext, baggage" names the two default propagators, as it does for Python 1.45.2.
# Seen: names are compared with their spaces. " baggage" is unknown and dropped, with a line on
#   standard error; " tracecontext,baggage", as a YAML block can leave it, drops the trace context itself.
#   A list that is *all* unknown gives the defaults instead, so that a worse typo works.
# Matters: the variable is set once for services of every language. Go's keep exporting spans, but the
#   context no longer crosses them: baggage is lost, or each hop begins a trace of its own.
# Documented: no; the specification asks for a comma-separated list and says nothing of spaces.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q opentelemetry-api==1.45.2; } || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"sort"
	"strings"

	"go.opentelemetry.io/contrib/propagators/autoprop"
)

func main() {
	fields := autoprop.NewTextMapPropagator().Fields()
	sort.Strings(fields)
	fmt.Println("go    ", strings.Join(fields, " "))
}
GO
{ (go mod init finding && go get go.opentelemetry.io/contrib/propagators/autoprop@v0.72.0 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

for list in "tracecontext,baggage" "tracecontext, baggage" " tracecontext,baggage" " tracecontext , baggage "; do
    export OTEL_PROPAGATORS=$list
    echo "\"$list\""
    ./finding
    venv/bin/python -c 'from opentelemetry.propagate import get_global_textmap as get
print("python", *sorted(get().fields))'
done | tee seen
diff seen - <<'END'
"tracecontext,baggage"
go     baggage traceparent tracestate
python baggage traceparent tracestate
"tracecontext, baggage"
go     traceparent tracestate
python baggage traceparent tracestate
" tracecontext,baggage"
go     baggage
python baggage traceparent tracestate
" tracecontext , baggage "
go     baggage traceparent tracestate
python baggage traceparent tracestate
END
