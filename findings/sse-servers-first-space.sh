#!/usr/bin/env bash
# gin-contrib/sse 1.1.0 (Go, the c.SSEvent of gin) and Spring 7.0.1 (Java, SseEmitter) lose the first space of each line
# that they send as an event. sse-starlette 3.7.0 (Python) beside them, all read by eventsource-parser 3.1.1 (npm).
#
# Expected: the text that is given to the server is the text that its client has in `data`.
# Seen: both write "data:" and the text at once. A client takes one space behind the colon away (HTML, 9.2.6), which
#   here is the text's own: "Hello" and " world" are Helloworld, and code has three spaces for four from its second line
#   on. A carriage return is a backslash and an r by Go. Python writes a space of its own before the text.
# Matters: the pieces of a language model's answer begin with a space more often than not, as do lines of code, YAML and
#   Markdown. JSON as the text hides it, and so does each look at the stream, where the space is to be seen.
# Documented: no. For Spring it was said in spring-projects/spring-framework 33963 (2024, closed); in gin 4280 and
#   gin-contrib/sse 58 it is a matter of style. axum mended it in 2021 (tokio-rs/axum 600).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check sse-starlette==3.7.0; } || exit 2
npm install --silent --no-audit --no-fund eventsource-parser@3.1.1 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.springframework</groupId><artifactId>spring-webmvc</artifactId><version>7.0.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"os"

	"github.com/gin-contrib/sse"
)

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		panic(err)
	}
	for _, text := range texts {
		if err := sse.Encode(os.Stdout, sse.Event{Data: text}); err != nil {
			panic(err)
		}
	}
}
GO
{ (go mod init finding && go get github.com/gin-contrib/sse@v1.1.0 && go build -o finding .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }

cat > Run.java <<'JAVA'
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

public class Run {
    public static void main(String[] args) {
        for (String text : args) {
            for (var part : SseEmitter.event().data(text).build()) {
                System.out.print(part.getData());
            }
        }
    }
}
JAVA
cat > run.py <<'PY'
import json
import sys

from sse_starlette import ServerSentEvent

for text in json.load(sys.stdin):
    sys.stdout.buffer.write(ServerSentEvent(data=text).encode())
PY
cat > read.mjs <<'JS'
import fs from 'node:fs';
import { createParser } from 'eventsource-parser';

const texts = [];
const parser = createParser({ onEvent: ({ data }) => texts.push(data) });
parser.feed(fs.readFileSync(0, 'utf8'));
console.log(`${process.argv[2]}: ${JSON.stringify(texts)}`);
JS
printf '%s\n' '["Hello", " world", "if late:\n    go()", "a\rb"]' > texts
{ venv/bin/python run.py < texts | node read.mjs sse-starlette
  ./finding < texts | node read.mjs gin-contrib/sse
  java -cp 'lib/*' Run.java Hello ' world' $'if late:\n    go()' | node read.mjs Spring; } | tee seen
diff seen - <<'END'
sse-starlette: ["Hello"," world","if late:\n    go()","a\nb"]
gin-contrib/sse: ["Hello","world","if late:\n   go()","a\\rb"]
Spring: ["Hello","world","if late:\n   go()"]
END
