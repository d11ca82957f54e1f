#!/usr/bin/env bash
# cloudevents 10.0.0 (npm): bytes that came in structured mode go on with three zeros behind each in binary mode.
# cloudevents 2.2.0 (PyPI) beside it.
#
# Expected: `data_base64` is bytes, and the same bytes are the body in binary mode (JSON Event Format 3.1.1, HTTP
#   Protocol Binding 3.1.2): toEvent, binary and fetch, as the README has them, make a bridge from one to the other.
# Seen: toEvent makes a Uint32Array of `data_base64`, one element for each byte. HTTP.binary hands it on as the body,
#   and fetch sends the memory of it, which is four times as long. The emitter of the package refuses the event. An
#   event that came in binary mode, or goes on in structured mode, is right.
# Matters: pictures, protobuf messages, and JSON that a broker has wrapped as base64, are broken behind the bridge with
#   status 200, and event.data.buffer is as wrong to each decoder that takes an ArrayBuffer. Events with JSON in `data`,
#   as in the tests, are right.
# Documented: by cloudevents/sdk-javascript 643 of March 2026, open as its mending, 644; the README speaks of bytes
#   nowhere.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check cloudevents==2.2.0; } || exit 2
npm install --silent --no-audit --no-fund cloudevents@10.0.0 > npm.log || exit 2

cat > event.json <<'JSON'
{"specversion": "1.0", "id": "1", "source": "/camera", "type": "shot", "time": "2026-11-28T12:00:00Z",
 "datacontenttype": "application/octet-stream", "data_base64": "AQL/"}
JSON
cat > bridge.py <<'PY'
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event

with open("event.json", "rb") as file:
    event = from_http_event(HTTPMessage({"content-type": "application/cloudevents+json"}, file.read()))
print("Python, structured to binary:", to_binary_event(event).body.hex(" "))
PY
cat > bridge.mjs <<'JS'
import fs from 'node:fs';
import http from 'node:http';
import { emitterFor, HTTP, httpTransport, Mode } from 'cloudevents';

let came;
const server = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  came = Buffer.concat(parts);
  response.end();
}).listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const post = ({ headers, body }) => fetch(url, { method: 'POST', headers, body });
  const hex = (bytes) => bytes.toString('hex').replace(/..(?=.)/g, '$& ');
  const structured = { headers: { 'content-type': 'application/cloudevents+json' },
    body: fs.readFileSync('event.json', 'utf8') };
  const event = HTTP.toEvent(structured);
  console.log(`Node, data: ${event.data.constructor.name}`);
  await post(HTTP.binary(event));
  console.log(`Node, structured to binary: ${hex(came)}`);
  await post(HTTP.structured(event));
  console.log(`Node, structured to structured: ${JSON.parse(came).data_base64}`);
  const other = HTTP.toEvent({ ...HTTP.binary(event), body: Buffer.from([1, 2, 255]) });
  await post(HTTP.binary(other));
  console.log(`Node, binary to binary: ${hex(came)}`);
  const emit = emitterFor(httpTransport(url), { mode: Mode.BINARY });
  console.log(`Node, emitter: ${await emit(event).then(() => 'sent', (error) => error.code)}`);
  process.exit();
});
JS
{ venv/bin/python bridge.py; node bridge.mjs; } | tee seen
diff seen - <<'END'
Python, structured to binary: 01 02 ff
Node, data: Uint32Array
Node, structured to binary: 01 00 00 00 02 00 00 00 ff 00 00 00
Node, structured to structured: AQL/
Node, binary to binary: 01 02 ff
Node, emitter: ERR_INVALID_ARG_TYPE
END
