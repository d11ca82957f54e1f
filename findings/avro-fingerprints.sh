#!/usr/bin/env bash
# One Avro schema, three fingerprints: avro 1.12.2 (Apache's own for Python) and hamba/avro 2.31.0 (Go) have others than
# avro 1.12.1 (Apache's for Java), fastavro 1.13.1 (Python) and avsc 5.7.9 (npm), as soon as there is a logical type.
#
# Expected: a fingerprint is that of the Parsing Canonical Form, which keeps only what is needed to read the bytes:
#   seven attributes, logicalType not among them, and "long" for {"type": "long"} (Avro, "Parsing Canonical Form").
# Seen: of a field {"type": "long", "logicalType": "timestamp-millis"} Java, fastavro and avsc make "long". Python makes
#   {"type": "long"}, for an attribute of one's own too; Go keeps the logicalType, with decimals their precision.
#   Without such a field all five agree.
# Matters: the header of the single-object encoding and many schema stores find a schema by its fingerprint. A message
#   with a time or a price, which is nearly each, cannot be read across languages ("unknown schema"), while the first
#   trial with strings and numbers went well.
# Documented: no. Each says that it follows the specification; hamba/avro's tests want the form with logicalType.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check avro==1.12.2 fastavro==1.13.1; } || exit 2
npm install --silent --no-audit --no-fund avsc@5.7.9 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>1.12.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/hamba/avro/v2"
)

func main() {
	for _, name := range os.Args[1:] {
		schema, err := avro.ParseFiles(name)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s Go %x\n", name, schema.Fingerprint())
	}
}
GO
{ (go mod init finding && go get github.com/hamba/avro/v2@v2.31.0 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > Run.java <<'JAVA'
import java.io.File;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

public class Run {
    public static void main(String[] args) throws Exception {
        for (String name : args) {
            var schema = new Schema.Parser().parse(new File(name));
            var print = SchemaNormalization.parsingFingerprint("SHA-256", schema);
            System.out.println(name + " Java " + HexFormat.of().formatHex(print));
        }
    }
}
JAVA
cat > run.mjs <<'JS'
import fs from 'node:fs';
import avro from 'avsc';

for (const name of process.argv.slice(2)) {
  const type = avro.Type.forSchema(JSON.parse(fs.readFileSync(name, 'utf8')));
  console.log(name, 'avsc', type.fingerprint('sha256').toString('hex'));
}
JS
cat > run.py <<'PY'
import hashlib
import json
import sys

import avro.schema
import fastavro.schema

for name in sys.argv[1:]:
    with open(name) as file:
        text = file.read()
    forms = {"Python": avro.schema.parse(text).canonical_form,
             "fastavro": fastavro.schema.to_parsing_canonical_form(json.loads(text))}
    for library, form in forms.items():
        print(name, library, hashlib.sha256(form.encode()).hexdigest())
PY
field() { # name of the file, type of the field
    echo '{"type": "record", "name": "Event", "fields": [{"name": "field", "type": '"$2"'}]}' > "$1"
}
field plain '"long"'
field time '{"type": "long", "logicalType": "timestamp-millis"}'
field price '{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}'
field own '{"type": "string", "unit": "kg"}'
schemas=(plain time price own)
{ java -cp 'lib/*' Run.java "${schemas[@]}" 2> java.log; node run.mjs "${schemas[@]}"
  venv/bin/python -W ignore run.py "${schemas[@]}"; ./finding "${schemas[@]}"; } > prints
python3 - <<'PY' | tee seen
rows = [line.split() for line in open("prints")]
java = {name: mark for name, library, mark in rows if library == "Java"}
for name, library, mark in sorted(rows, key=lambda row: row[0]):
    print(f"{name}, {library}: {mark[:8]} {'' if mark == java[name] else 'is not the one of Java'}".rstrip())
PY
grep ' not ' seen | cut -d: -f1 | sort \
    | diff - <(printf '%s\n' 'own, Python' {price,time}', Python' {price,time}', Go' | sort)
