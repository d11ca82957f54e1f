#!/usr/bin/env bash
# msgpackr 2.1.4 and cbor-x 1.6.9 (npm) write whole numbers beyond 32 bits as doubles, which Go and Python keep.
#
# Expected: a whole number that JavaScript holds exactly is an integer in MessagePack and CBOR, which have 64 bits for
#   it; msgpackr's README says that "non-integer numbers are serialized as 64-bit float".
# Seen: from 4294967296 on, and below -2147483648 in msgpackr, both write a double. Date.now(), a file's size above 4
#   GiB and most ids are such numbers. Python reads 1732752000123.0, whose text has a ".0" and whose JSON is another;
#   Go's vmihailenco/msgpack 5.4.1 refuses the whole message for an int64 field. @msgpack/msgpack 3.1.3 writes an
#   integer.
# Matters: the type of a field changes with its value: sizes are integers in the tests and floats in production, a key
#   or a cache's name made of the number is another text, and a Go service cannot read a message because of one time
#   stamp. It is mended by a BigInt for each such number.
# Documented: no; both READMEs have options for BigInt alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check msgpack==1.2.4 cbor2==6.3.0; } || exit 2
npm install --silent --no-audit --no-fund msgpackr@2.1.4 cbor-x@1.6.9 @msgpack/msgpack@3.1.3 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/vmihailenco/msgpack/v5"
)

func main() {
	for _, name := range os.Args[1:] {
		bytes, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var event struct {
			At int64 `msgpack:"at"`
		}
		if err := msgpack.Unmarshal(bytes, &event); err != nil {
			fmt.Println("Go,", name, "refused:", err)
		} else {
			fmt.Println("Go,", name, event.At)
		}
	}
}
GO
{ (go mod init finding && go get github.com/vmihailenco/msgpack/v5@v5.4.1 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > write.mjs <<'JS'
import fs from 'node:fs';
import { encode as plain } from '@msgpack/msgpack';
import { Packr } from 'msgpackr';
import { Encoder } from 'cbor-x';
const writers = {
  msgpackr: (value) => new Packr({ useRecords: false }).pack(value),
  'cbor-x': (value) => new Encoder({ useRecords: false }).encode(value),
  '@msgpack': plain,
};
for (const [name, write] of Object.entries(writers))
  for (const at of [4294967295, 1732752000123])
    fs.writeFileSync(`${name.replace('@', '')}-${at}`, write({ at }));
JS
cat > read.py <<'PY'
import json
import sys

import cbor2
import msgpack

for name in sys.argv[1:]:
    with open(name, "rb") as file:
        event = (cbor2 if name.startswith("cbor") else msgpack).loads(file.read())
    print("Python,", name, json.dumps(event))
PY
node write.mjs
{ venv/bin/python read.py {msgpack,msgpackr,cbor-x}-{4294967295,1732752000123}
  ./finding {msgpack,msgpackr}-{4294967295,1732752000123}; } | tee seen
diff seen - <<'END'
Python, msgpack-4294967295 {"at": 4294967295}
Python, msgpack-1732752000123 {"at": 1732752000123}
Python, msgpackr-4294967295 {"at": 4294967295}
Python, msgpackr-1732752000123 {"at": 1732752000123.0}
Python, cbor-x-4294967295 {"at": 4294967295}
Python, cbor-x-1732752000123 {"at": 1732752000123.0}
Go, msgpack-4294967295 4294967295
Go, msgpack-1732752000123 1732752000123
Go, msgpackr-4294967295 4294967295
Go, msgpackr-1732752000123 refused: msgpack: invalid code=cb decoding int64
END
