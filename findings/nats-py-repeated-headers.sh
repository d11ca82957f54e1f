#!/usr/bin/env bash
# nats-py 2.16.0 with nats.go 1.55.0 and @nats-io/transport-node 3.4.0: of a header's values the last one is left.
#
# Expected: a NATS message's headers are as in HTTP, a name may have several values (NATS ADR-4); what a client cannot
#   hold it refuses; where one value is asked for, it is the first, as in the other clients.
# Seen: Python's `headers` is a dict of strings, and each line of a name takes the place of the one before. Go and Node
#   hand out both values; asked for one of them, both give the first, Python the last.
# Matters: what goes through a Python service loses the other values for good, since it sends on what it has: lists of
#   hops, of tags, several `baggage` or `tracestate` lines. One value a name, which is what tests have, goes well.
# Documented: nats-io/nats.py issue 380, open since 2022; the type alone, a dict of strings, hints at it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check nats-py==2.16.0; } || exit 2
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	connection := must(nats.Connect(os.Args[2]))
	defer connection.Close()
	if os.Args[1] == "send" {
		message := nats.NewMsg("subject")
		message.Header.Add("hop", "first")
		message.Header.Add("hop", "second")
		if err := connection.PublishMsg(message); err != nil {
			panic(err)
		}
		if err := connection.Flush(); err != nil {
			panic(err)
		}
		return
	}
	message := must(must(connection.SubscribeSync("subject")).NextMsg(10 * time.Second))
	fmt.Println(message.Header.Values("hop"), "one:", message.Header.Get("hop"))
}
GO
{ (go mod init finding && go get github.com/nats-io/nats.go@v1.55.0 && go mod tidy && go build -o by-go .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > by-node.mjs <<'JS'
import { connect, headers } from '@nats-io/transport-node';

const connection = await connect({ servers: process.argv[3] });
if (process.argv[2] === 'send') {
  const sent = headers();
  sent.append('hop', 'first');
  sent.append('hop', 'second');
  connection.publish('subject', '', { headers: sent });
  await connection.flush();
} else {
  for await (const message of connection.subscribe('subject', { max: 1 })) {
    console.log(`[${message.headers.values('hop').join(' ')}] one: ${message.headers.get('hop')}`);
  }
}
await connection.close();
JS
cat > by-python.py <<'PY'
import asyncio
import sys

import nats


async def main():
    connection = await nats.connect(sys.argv[2])
    message = await (await connection.subscribe("subject")).next_msg(10)
    print(f"[{' '.join(message.headers.values())}] one: {message.headers['hop']}")
    await connection.close()


asyncio.run(main())
PY
# The server's part: it keeps the last message and hands it to who subscribes, byte for byte.
cat > run.py <<'PY'
import socket
import subprocess
import sys
import threading

KNOWN = {"Go": ["./by-go"], "Node": ["node", "by-node.mjs"], "Python": [sys.executable, "by-python.py"]}
stored = None


def serve(peer):
    global stored
    with peer, peer.makefile("rb") as stream:
        peer.sendall(b'INFO {"server_id":"x","version":"2.12.0","proto":1,"headers":true,"max_payload":1048576}\r\n')
        while line := stream.readline().split():
            if line[0] == b"PING":
                peer.sendall(b"PONG\r\n")
            elif line[0] == b"HPUB":
                stored = line[-2:], stream.read(int(line[-1]) + 2)
            elif line[0] == b"SUB":
                sizes, message = stored
                peer.sendall(b" ".join([b"HMSG", line[1], line[-1], *sizes]) + b"\r\n" + message)


def listen():
    while True:
        threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listen, daemon=True).start()
url = f"nats://127.0.0.1:{server.getsockname()[1]}"
for sender in ("Go", "Node"):
    subprocess.run([*KNOWN[sender], "send", url], check=True, timeout=30)
    for receiver, command in KNOWN.items():
        seen = subprocess.run([*command, "get", url], check=True, timeout=30, capture_output=True, text=True).stdout
        print(f"{sender} to {receiver}: {seen.strip()}")
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
Go to Go: [first second] one: first
Go to Node: [first second] one: first
Go to Python: [second] one: second
Node to Go: [first second] one: first
Node to Node: [first second] one: first
Node to Python: [second] one: second
END
