#!/usr/bin/env bash
# @stomp/stompjs 7.5.0: a header with a backslash comes out as another one, and spaces at its ends are lost.
#
# Expected: what a client puts into a header is what the other reads: `\\` on the wire is a backslash, `\n` a line feed,
#   `\c` a colon, read from left to right (STOMP 1.2, "Value Encoding"); headers are not trimmed.
# Seen: it writes them right, and reads them by four replacements, one behind the other, of which `\\` is the last: of
#   the wire's `C:\\new` the second backslash and the n are taken for a line feed. Its own headers come back to it
#   changed; Spring 7.0.1, the usual server of it, and stomp.py 9.0.0 read the same bytes right. Spaces are cut off.
# Matters: a JSON text in a header that holds "\n" no longer parses, paths and regular expressions become others where
#   the letter behind the backslash is c, n or r, and only there: tests with C:\temp pass.
# Documented: no.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check stomp.py==9.0.0; } || exit 2
npm install --silent --no-audit --no-fund @stomp/stompjs@7.5.0 ws@8.23.0 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.springframework</groupId><artifactId>spring-messaging</artifactId><version>7.0.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

# The broker's part: it sends a frame's headers back as they came.
cat > run.mjs <<'JS'
import fs from 'node:fs';
import { Client } from '@stomp/stompjs';
import WebSocket, { WebSocketServer } from 'ws';

const SENT = {
  json: String.raw`{"text":"two\nlines"}`,
  path: String.raw`C:\new\core`,
  temp: String.raw`C:\temp`,
  time: '12:30',
  space: ' a ',
};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (peer) => {
  peer.on('message', (data) => {
    const frame = data.toString();
    if (frame.startsWith('CONNECT\n')) {
      peer.send('CONNECTED\nversion:1.2\n\n\0');
    } else if (frame.startsWith('SEND\n')) {
      const message = frame.replace('SEND\n', 'MESSAGE\nsubscription:sub-0\nmessage-id:1\n');
      fs.writeFileSync('frame', message);
      peer.send(message);
    } else if (frame.startsWith('DISCONNECT\n')) {
      peer.close();
    }
  });
});
server.on('listening', () => {
  const client = new Client({
    webSocketFactory: () => new WebSocket(`ws://127.0.0.1:${server.address().port}`),
    reconnectDelay: 0,
    onConnect: () => {
      client.subscribe('/topic', async ({ headers }) => {
        for (const [name, value] of Object.entries(SENT)) {
          console.log(`${name}, sent: ${JSON.stringify(value)}`);
          console.log(`${name}, stompjs: ${JSON.stringify(headers[name])}`);
        }
        await client.deactivate();
        server.close();
      }, { id: 'sub-0' });
      client.publish({ destination: '/topic', headers: SENT, body: 'x' });
    },
  });
  client.activate();
});
JS
cat > Run.java <<'JAVA'
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.messaging.simp.stomp.StompDecoder;
import org.springframework.messaging.simp.stomp.StompHeaderAccessor;

public class Run {
    public static void main(String[] args) throws Exception {
        var frame = ByteBuffer.wrap(Files.readAllBytes(Path.of("frame")));
        var headers = StompHeaderAccessor.wrap(new StompDecoder().decode(frame).get(0));
        for (var name : args) {
            var value = headers.getFirstNativeHeader(name).replace("\\", "\\\\").replace("\"", "\\\"");
            System.out.println(name + ", Spring: \"" + value + '"');
        }
    }
}
JAVA
cat > run.py <<'PY'
import json
import sys

import stomp.utils

with open("frame", "rb") as file:
    headers = stomp.utils.parse_frame(file.read().removesuffix(b"\0")).headers
for name in sys.argv[1:]:
    print(f"{name}, stomp.py: {json.dumps(headers[name])}")
PY
names=(json path temp time space)
{ timeout 30 node run.mjs; java -cp 'lib/*' Run.java "${names[@]}" 2> java.log
  venv/bin/python run.py "${names[@]}"; } > all
for name in "${names[@]}"; do grep "^$name," all; done | tee seen
diff seen - <<'END'
json, sent: "{\"text\":\"two\\nlines\"}"
json, stompjs: "{\"text\":\"two\\\nlines\"}"
json, Spring: "{\"text\":\"two\\nlines\"}"
json, stomp.py: "{\"text\":\"two\\nlines\"}"
path, sent: "C:\\new\\core"
path, stompjs: "C:\\\new\\:ore"
path, Spring: "C:\\new\\core"
path, stomp.py: "C:\\new\\core"
temp, sent: "C:\\temp"
temp, stompjs: "C:\\temp"
temp, Spring: "C:\\temp"
temp, stomp.py: "C:\\temp"
time, sent: "12:30"
time, stompjs: "12:30"
time, Spring: "12:30"
time, stomp.py: "12:30"
space, sent: " a "
space, stompjs: "a"
space, Spring: " a "
space, stomp.py: " a "
END
