#!/usr/bin/env bash
# Apache's avro 1.12.2 for Python: a field that was renamed by an alias and has a default is always the default. Beside
# it Apache's avro 1.12.2 for Java, fastavro 1.13.1 (Python), avsc 5.7.9 (npm) and hamba/avro 2.31.0 (Go).
#
# Expected: a reader's field "amount" with the alias "price" takes what was written as "price", which is Avro's way to
#   rename a field. The specification lets an implementation do without ("may optionally use aliases", Aliases): such a
#   one could refuse the pair of schemas.
# Seen: the other four read 42. Python's reads 0, the default; without a default it raises an error. Its own
#   ReaderWriterCompatibilityChecker knows aliases, and calls both pairs compatible.
# Matters: registries ask for a default in what is to be compatible, so that a renamed field has one. The services in
#   Java read the stream right, a script in Python adds up zeros. What is written by the new schema is right, so that
#   the past alone is lost; nothing is logged.
# Documented: by no more than that sentence; the package's page does not speak of aliases.
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
    <dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>1.12.2</version></dependency>
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
	order, _ := os.ReadFile("order")
	for _, name := range os.Args[1:] {
		reader, err := avro.ParseFiles(name)
		if err != nil {
			panic(err)
		}
		resolved, err := avro.NewSchemaCompatibility().Resolve(reader, avro.MustParse(os.Getenv("WRITER")))
		if err != nil {
			panic(err)
		}
		var read map[string]any
		if err = avro.Unmarshal(resolved, order, &read); err != nil {
			panic(err)
		}
		fmt.Println(name+", hamba/avro:", read["amount"])
	}
}
GO
{ (go mod init finding && go get github.com/hamba/avro/v2@v2.31.0 && go mod tidy && go build -o by-go .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }

export WRITER='{"type": "record", "name": "Order", "fields": [{"name": "price", "type": "long"}]}'
field='"name": "amount", "aliases": ["price"], "type": "long"'
echo "{\"type\": \"record\", \"name\": \"Order\", \"fields\": [{$field, \"default\": 0}]}" > default
echo "{\"type\": \"record\", \"name\": \"Order\", \"fields\": [{$field}]}" > none
printf '\x54' > order # the price 42
cat > Run.java <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

public class Run {
    public static void main(String[] names) throws Exception {
        var order = Files.readAllBytes(Path.of("order"));
        var writer = new Schema.Parser().parse(System.getenv("WRITER"));
        for (var name : names) {
            var reader = new Schema.Parser().parse(Files.readString(Path.of(name)));
            var read = new GenericDatumReader<GenericRecord>(writer, reader)
                .read(null, DecoderFactory.get().binaryDecoder(order, null));
            System.out.println(name + ", Java: " + read.get("amount"));
        }
    }
}
JAVA
cat > run.mjs <<'JS'
import fs from 'node:fs';
import avro from 'avsc';

const writer = avro.Type.forSchema(JSON.parse(process.env.WRITER));
for (const name of process.argv.slice(2)) {
  const reader = avro.Type.forSchema(JSON.parse(fs.readFileSync(name)));
  console.log(`${name}, avsc:`, reader.fromBuffer(fs.readFileSync('order'), reader.createResolver(writer)).amount);
}
JS
cat > run.py <<'PY'
import io
import json
import os
import sys

import avro.compatibility
import avro.errors
import avro.io
import avro.schema
import fastavro

with open("order", "rb") as file:
    order = file.read()
writer = os.environ["WRITER"]
for name in sys.argv[1:]:
    with open(name) as file:
        reader = file.read()
    read = fastavro.schemaless_reader(io.BytesIO(order), json.loads(writer), json.loads(reader))
    print(f"{name}, fastavro: {read['amount']}")
    schemas = avro.schema.parse(reader), avro.schema.parse(writer)
    checked = avro.compatibility.ReaderWriterCompatibilityChecker().get_compatibility(*schemas).compatibility
    try:
        read = avro.io.DatumReader(schemas[1], schemas[0]).read(avro.io.BinaryDecoder(io.BytesIO(order)))["amount"]
    except avro.errors.SchemaResolutionException as error:
        read = str(error).splitlines()[0]
    print(f"{name}, Apache's for Python: {read}; {checked}")
PY
for name in default none; do
    java -cp 'lib/*' Run.java "$name" 2> java.log
    node run.mjs "$name"
    ./by-go "$name"
    venv/bin/python run.py "$name"
done | tee seen
diff seen - <<'END'
default, Java: 42
default, avsc: 42
default, hamba/avro: 42
default, fastavro: 42
default, Apache's for Python: 0; SchemaCompatibilityType.compatible
none, Java: 42
none, avsc: 42
none, hamba/avro: 42
none, fastavro: 42
none, Apache's for Python: No default value for field amount; SchemaCompatibilityType.compatible
END
