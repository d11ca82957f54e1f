#!/usr/bin/env bash
# opentelemetry_sdk 0.31.0 (Rust) behind opentelemetry-sdk 1.45.2 (Python): every trace is cut in two.
#
# Expected: the eight flags of a version 00 traceparent are bits; a receiver ignores those it does not
#   know (W3C Trace Context 3.2.2.5), so that Level 2 could add the random-trace-id flag, 02.
# Seen: Python sets that flag and sends `-03`. Rust's propagator takes any value above 02 for
#   malformed and gives back an invalid context, without an error: the Rust service begins a new,
#   unrelated trace. `-00`, `-01` and `-02` are read.
# Matters: nothing fails. After an upgrade of the Python side each request is simply two traces, and
#   the sampling decision of the caller is lost too. 0.33 reads it; services rest on 0.31 and older.
# Documented: no; the release notes in between do not say that contexts were refused.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q opentelemetry-sdk==1.45.2; } || exit 2
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
opentelemetry = { version = "=0.31.0", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.31.0", default-features = false, features = ["trace"] }

[profile.dev]
debug = 0
TOML
cat > src/main.rs <<'RS'
use opentelemetry::{propagation::TextMapPropagator, trace::TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;

fn main() {
    for header in std::env::args().skip(1) {
        let headers = HashMap::from([("traceparent".to_owned(), header.clone())]);
        let context = TraceContextPropagator::new().extract(&headers);
        println!("flags {} valid {}", &header[53..], context.span().span_context().is_valid());
    }
}
RS
CARGO_TARGET_DIR=$dir/target cargo build --quiet || exit 2

cat > python.py <<'PY'
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

headers = {}
with TracerProvider().get_tracer("x").start_as_current_span("call"):
    TraceContextTextMapPropagator().inject(headers)
print(headers["traceparent"])
PY
sent=$(venv/bin/python python.py)
echo "Python sends $sent"
target/debug/finding "$sent" "${sent%03}01" "${sent%03}02" | tee seen
diff seen - <<'END'
flags 03 valid false
flags 01 valid true
flags 02 valid true
END
