#!/usr/bin/env bash
# OTEL_RESOURCE_ATTRIBUTES in OpenTelemetry's SDKs for Rust (0.33.1), Node (3.1.1), Go (1.47.0) and Python (1.45.2):
# one value of the variable makes three resources.
#
# Expected: keys and values are percent-decoded: `,` and `=` must be written so, any other character may be
#   (specification, "Specifying resource information via an environment variable").
# Seen: Rust decodes nothing: a comma stays %2C, a slash in a service's name %2F. Keys are decoded by Node alone, so that
#   `team%2Fname` is team/name there and as it stands in the other three.
# Matters: one Helm value or one operator sets the variable for all services of a cluster. Where a name or a version
#   needs an escape, the Rust services stand beside the others under other names: joins by service, filters and alerts
#   miss them. Nothing is logged, and most values need no escape.
# Documented: Rust's values are open-telemetry/opentelemetry-rust issue 857, open since 2022; of the keys not.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2; } || exit 2
npm install --silent --no-audit --no-fund @opentelemetry/resources@3.1.1 @opentelemetry/api@1.10.0 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	found, err := resource.New(context.Background(), resource.WithFromEnv())
	if err != nil {
		panic(err)
	}
	for _, each := range found.Attributes() {
		fmt.Printf("%s is %q\n", each.Key, each.Value.AsString())
	}
}
GO
{ (go mod init finding && go get go.opentelemetry.io/otel/sdk@v1.47.0 && go mod tidy && go build -o by-go .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace"] }

[profile.dev]
debug = 0
TOML
cat > src/main.rs <<'RS'
use opentelemetry_sdk::resource::{EnvResourceDetector, ResourceDetector};

fn main() {
    for (key, value) in EnvResourceDetector::new().detect().iter() {
        println!("{key} is {:?}", value.as_str());
    }
}
RS
CARGO_TARGET_DIR=$dir/target cargo build --quiet || exit 2
cat > run.mjs <<'JS'
import * as resources from '@opentelemetry/resources';

const { attributes } = resources.detectResources({ detectors: [resources.envDetector] });
for (const [key, value] of Object.entries(attributes)) {
  console.log(`${key} is "${value}"`);
}
JS
cat > run.py <<'PY'
from opentelemetry.sdk.resources import OTELResourceDetector

for key, value in OTELResourceDetector().detect().attributes.items():
    print(f'{key} is "{value}"')
PY

show() { # the variable's value
    export OTEL_RESOURCE_ATTRIBUTES=$1
    echo "$1"
    target/debug/finding | sort | sed 's/^/  Rust: /'
    node run.mjs | sort | sed 's/^/  Node: /'
    ./by-go | sort | sed 's/^/  Go: /'
    venv/bin/python run.py | sort | sed 's/^/  Python: /'
}
{ show 'service.name=shop%2Fapi,team=a%2Cb'
  show 'team%2Fname=a'; } | tee seen
diff seen - <<'END'
service.name=shop%2Fapi,team=a%2Cb
  Rust: service.name is "shop%2Fapi"
  Rust: team is "a%2Cb"
  Node: service.name is "shop/api"
  Node: team is "a,b"
  Go: service.name is "shop/api"
  Go: team is "a,b"
  Python: service.name is "shop/api"
  Python: team is "a,b"
team%2Fname=a
  Rust: team%2Fname is "a"
  Node: team/name is "a"
  Go: team%2Fname is "a"
  Python: team%2Fname is "a"
END
