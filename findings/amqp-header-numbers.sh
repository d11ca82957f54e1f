#!/usr/bin/env bash
# AMQP 0-9-1 clients pika 1.4.4, aiormq 7.2.4 (pamqp 4.0.1), amqplib 2.3.1 (npm), amqp091-go 1.16.0: numbers in the
# headers of a message are other numbers behind it.
#
# Expected: a number in `headers` that a client takes arrives, or the client refuses it. The table's types have tags:
#   64 bits are `l`, a double is `d`, a decimal is a signed 32-bit number with a scale (RabbitMQ's errata to 0-9-1).
# Seen: pika reads 0.75 as 0, by int(). aiormq sends each float as a single one: a time in seconds is 41.5 s off, for
#   itself too. amqplib reads a decimal of -1.50 as 4294967146 hundredths. Go sends an `int`, which has 64 bits, as 32:
#   five thousand million bytes, or a time in milliseconds, is what is left of it; an int64 is right.
# Matters: headers carry times, sizes, prices, ratios, and what a headers exchange routes by; a queue's arguments are
#   such a table too. Nothing is logged, and tests with small whole numbers pass.
# Documented: pika's in its issue 599 (2015). In Go int is on the list of a Table's types, its width there is not said.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    pika==1.4.4 aiormq==7.2.4 pamqp==4.0.1; } || exit 2
npm install --silent --no-audit --no-fund amqplib@2.3.1 > npm.log || exit 2

cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	connection, err := amqp.Dial(os.Args[2])
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		panic(err)
	}
	if os.Args[1] == "send" {
		table := amqp.Table{"bytes": 5_000_000_000, "bytes64": int64(5_000_000_000), "ratio": 0.75}
		if err = channel.Publish("", "queue", false, false, amqp.Publishing{Headers: table}); err != nil {
			panic(err)
		}
		return
	}
	message, _, err := channel.Get("queue", true)
	if err != nil {
		panic(err)
	}
	for name, value := range message.Headers {
		if decimal, is := value.(amqp.Decimal); is {
			value = fmt.Sprintf("%de-%d", decimal.Value, decimal.Scale)
		}
		fmt.Printf("%s %v\n", name, value)
	}
}
GO
{ (go mod init finding && go get github.com/rabbitmq/amqp091-go@v1.16.0 && go build -o by-go .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > by-amqplib.mjs <<'JS'
import amqp from 'amqplib';

const connection = await amqp.connect(process.argv[3]);
const channel = await connection.createChannel();
if (process.argv[2] === 'send') {
  channel.publish('', 'queue', Buffer.alloc(0), { headers: { ratio: 0.75 } });
} else {
  const { headers } = (await channel.get('queue', { noAck: true })).properties;
  for (const [name, value] of Object.entries(headers)) {
    console.log(name, value['!'] === 'decimal' ? `${value.value.digits}e-${value.value.places}` : value);
  }
}
await channel.close();
await connection.close();
JS
cat > by-pika.py <<'PY'
import decimal
import sys

import pika

connection = pika.BlockingConnection(pika.URLParameters(sys.argv[2]))
channel = connection.channel()
if sys.argv[1] == "send":
    headers = {"bytes": 5_000_000_000, "balance": decimal.Decimal("-1.50")}
    channel.basic_publish("", "queue", b"", pika.BasicProperties(headers=headers))
else:
    for name, value in channel.basic_get("queue", auto_ack=True)[1].headers.items():
        print(name, value)
connection.close()
PY
cat > by-aiormq.py <<'PY'
import asyncio
import decimal
import sys

import aiormq


async def main():
    connection = await aiormq.connect(sys.argv[2])
    channel = await connection.channel(publisher_confirms=False)
    if sys.argv[1] == "send":
        headers = {"at": 1_790_000_041.5, "balance": decimal.Decimal("-1.50"), "bytes": 5_000_000_000}
        await channel.basic_publish(b"", routing_key="queue", properties=aiormq.spec.Basic.Properties(headers=headers))
    else:
        for name, value in (await channel.basic_get("queue", no_ack=True)).header.properties.headers.items():
            print(name, value)
    await connection.close()


asyncio.run(main())
PY
# The broker's part: it hands out the last message's header as it came, byte for byte.
cat > run.py <<'PY'
import socket
import subprocess
import sys
import threading

from pamqp import commands, frame, header

KNOWN = {"pika": [sys.executable, "by-pika.py"], "aiormq": [sys.executable, "by-aiormq.py"],
         "amqplib": ["node", "by-amqplib.mjs"], "amqp091-go": ["./by-go"]}
ANSWERS = {
    commands.Connection.StartOk: lambda: commands.Connection.Tune(2047, 131072, 0),
    commands.Connection.Open: commands.Connection.OpenOk,
    commands.Connection.Close: commands.Connection.CloseOk,
    commands.Channel.Open: commands.Channel.OpenOk,
    commands.Channel.Close: commands.Channel.CloseOk,
    commands.Basic.Get: lambda: commands.Basic.GetOk(1, False, "", "queue", 0),
}
stored = None


def serve(peer):
    global stored
    with peer, peer.makefile("rb") as stream:
        stream.read(8)
        peer.sendall(frame.marshal(commands.Connection.Start(
            server_properties={"product": "finding", "capabilities": {"basic.nack": True}}), 0))
        while head := stream.read(7):
            body = stream.read(int.from_bytes(head[3:]) + 1)
            channel = int.from_bytes(head[1:3])
            if head[0] == 2:
                stored = head + body
            if head[0] != 1:
                continue
            asked = type(frame.unmarshal(head + body)[2])
            if asked in ANSWERS:
                peer.sendall(frame.marshal(ANSWERS[asked](), channel))
            if asked is commands.Basic.Get:
                peer.sendall(stored)


def listen():
    while True:
        threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listen, daemon=True).start()
url = f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/%2F"
for sender, command in KNOWN.items():
    subprocess.run([*command, "send", url], check=True, timeout=30)
    for receiver, command in KNOWN.items():
        seen = subprocess.run([*command, "get", url], check=True, timeout=30, capture_output=True, text=True).stdout
        for line in sorted(seen.splitlines()):
            print(f"{sender} to {receiver}: {line}")
PY
venv/bin/python run.py | tee seen
diff seen - <<'END'
pika to pika: balance -1.5
pika to pika: bytes 5000000000
pika to aiormq: balance -1.5
pika to aiormq: bytes 5000000000
pika to amqplib: balance 4294967281e-1
pika to amqplib: bytes 5000000000
pika to amqp091-go: balance -15e-1
pika to amqp091-go: bytes 5000000000
aiormq to pika: at 1790000000
aiormq to pika: balance -1.50
aiormq to pika: bytes 5000000000
aiormq to aiormq: at 1790000000.0
aiormq to aiormq: balance -1.50
aiormq to aiormq: bytes 5000000000
aiormq to amqplib: at 1790000000
aiormq to amqplib: balance 4294967146e-2
aiormq to amqplib: bytes 5000000000
aiormq to amqp091-go: at 1.79e+09
aiormq to amqp091-go: balance -150e-2
aiormq to amqp091-go: bytes 5000000000
amqplib to pika: ratio 0
amqplib to aiormq: ratio 0.75
amqplib to amqplib: ratio 0.75
amqplib to amqp091-go: ratio 0.75
amqp091-go to pika: bytes 705032704
amqp091-go to pika: bytes64 5000000000
amqp091-go to pika: ratio 0
amqp091-go to aiormq: bytes 705032704
amqp091-go to aiormq: bytes64 5000000000
amqp091-go to aiormq: ratio 0.75
amqp091-go to amqplib: bytes 705032704
amqp091-go to amqplib: bytes64 5000000000
amqp091-go to amqplib: ratio 0.75
amqp091-go to amqp091-go: bytes 705032704
amqp091-go to amqp091-go: bytes64 5000000000
amqp091-go to amqp091-go: ratio 0.75
END
