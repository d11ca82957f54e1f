#!/usr/bin/env bash
# CEL by cel-go 0.32.0, cel-python 0.5.0, common-expression-language 0.10.0 (Rust, by PyPI) and @bufbuild/cel 0.6.1:
# short expressions have more than one value.
#
# Expected: CEL has one specification with tests for its implementations; a rule that was tried in one language decides
#   the same in another, above all in cel-go, which Kubernetes uses.
# Seen: getMilliseconds of 61.5 s is 61500 in three and 500 (the specification's) in @bufbuild/cel. cel-python drops
#   the fraction of a time that becomes a string, cannot compare a whole number with 1.5, and takes "1d". Rust's lets
#   an error decide `all` where a later false should, and writes 90 minutes as 1h30m0s. "0x10" is 16 in two of them.
# Matters: a rule's unit tests in Python or Node are green, and in the cluster the same rule decides otherwise, or is an
#   error, which refuses the request. A limit in milliseconds holds below a second in Node, and is passed in Go at once.
# Documented: the milliseconds in issues alone (cel-expr/cel-go 453, open since 2021, and cel-spec 175).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    cel-python==0.5.0 common-expression-language==0.10.0; } || exit 2
npm install --silent --no-audit --no-fund @bufbuild/cel@0.6.1 > npm.log || exit 2

cat > expressions <<'END'
string(duration("61.5s").getMilliseconds())
timestamp("2026-01-02T03:04:05.678Z") == timestamp(string(timestamp("2026-01-02T03:04:05.678Z")))
dyn(1) < 1.5
duration("1d") == duration("24h")
[0, 1].all(x, 2 / x > 3)
string(duration("90m"))
string(int("0x10"))
END
mkdir go && cat > go/main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"

	"cel.dev/cel-go/cel"
)

func value(text string) any {
	env, err := cel.NewEnv()
	if err != nil {
		panic(err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return "error"
	}
	program, err := env.Program(ast)
	if err != nil {
		return "error"
	}
	seen, _, err := program.Eval(map[string]any{})
	if err != nil {
		return "error"
	}
	return seen.Value()
}

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(value(lines.Text()))
	}
}
GO
{ (cd go && go mod init judge && go get cel.dev/cel-go@v0.32.0 && go mod tidy && go build -o ../cel-go .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > cel_python.py <<'PY'
import sys

import celpy

for line in sys.stdin:
    try:
        env = celpy.Environment()
        print(str(env.program(env.compile(line.strip())).evaluate({})).lower())
    except Exception:
        print("error")
PY
cat > rust.py <<'PY'
import sys

import cel

for line in sys.stdin:
    try:
        print(str(cel.evaluate(line.strip(), {})).lower())
    except Exception:
        print("error")
PY
cat > node.mjs <<'JS'
import fs from 'node:fs';
import { run } from '@bufbuild/cel';

for (const line of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  let seen;
  try {
    seen = run(line);
  } catch {
    seen = 'error';
  }
  // An error is also handed out as a value.
  console.log(['string', 'boolean'].includes(typeof seen) ? seen : 'error');
}
JS
./cel-go < expressions > go.out
venv/bin/python cel_python.py < expressions > python.out 2> python.log
venv/bin/python rust.py < expressions > rust.out 2> rust.log
node node.mjs < expressions > node.out
paste -d '|' expressions go.out python.out rust.out node.out \
    | sed 's/|/   go: /; s/|/   python: /; s/|/   rust: /; s/|/   node: /' | tee seen
diff seen - <<'END'
string(duration("61.5s").getMilliseconds())   go: 61500   python: 61500   rust: 61500   node: 500
timestamp("2026-01-02T03:04:05.678Z") == timestamp(string(timestamp("2026-01-02T03:04:05.678Z")))   go: true   python: false   rust: true   node: true
dyn(1) < 1.5   go: true   python: error   rust: true   node: true
duration("1d") == duration("24h")   go: error   python: true   rust: error   node: error
[0, 1].all(x, 2 / x > 3)   go: false   python: false   rust: error   node: false
string(duration("90m"))   go: 5400s   python: 5400s   rust: 1h30m0s   node: 5400s
string(int("0x10"))   go: error   python: 16   rust: error   node: 16
END
