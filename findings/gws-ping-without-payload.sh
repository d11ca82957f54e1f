#!/usr/bin/env bash
# gws 1.8.9 (Go) as a client of websockets 17.4 (PyPI): healthy connections end with 1011.
#
# Expected: a pong carries the payload of the ping it answers (RFC 6455 5.5.3). The handler that gws
#   ships, BuiltinEventHandler, answers pings; a client that embeds it should stay connected.
# Seen: BuiltinEventHandler answers every ping with an *empty* pong. websockets sends four random
#   bytes and waits for them, so that the server closes with 1011 "keepalive ping timeout", although
#   messages flow. Two seconds here (ping_interval=1, ping_timeout=1); 40 with the defaults.
# Matters: either library works with most others. Where the two meet, every connection lives exactly
#   ping_interval + ping_timeout, which looks like a proxy's idle timeout and is searched for there.
# Documented: no; gws only says that the built-in handler does the least that is needed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q websockets==17.4; } || exit 2

mkdir client && cat > client/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/lxzan/gws"
)

type handler struct {
	gws.BuiltinEventHandler
	received int
}

func (h *handler) OnMessage(_ *gws.Conn, message *gws.Message) {
	h.received++
	message.Close()
}

func (h *handler) OnClose(_ *gws.Conn, err error) {
	fmt.Println("client: messages came:", h.received > 0, "- then:", err)
}

func main() {
	peer, _, err := gws.NewClient(&handler{}, &gws.ClientOption{Addr: os.Args[1]})
	if err != nil {
		panic(err)
	}
	peer.ReadLoop()
}
GO
{ (cd client && go mod init client && go get github.com/lxzan/gws@v1.8.9 && go mod tidy && go build -o ../gws .) \
    2> go.log; } || { cat go.log; exit 2; }

cat > server.py <<'PY'
import asyncio, re, sys
import websockets

async def chatter(peer):
    while True:
        await peer.send("x")
        await asyncio.sleep(0.2)

async def handler(peer):
    task = asyncio.create_task(chatter(peer))
    await peer.wait_closed()
    task.cancel()

async def main():
    options = dict(ping_interval=1, ping_timeout=1)
    async with websockets.serve(handler, "127.0.0.1", 0, **options) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        # A client that answers in full stays; two times the limit is long enough to see it.
        async with websockets.connect(url, ping_interval=None) as peer:
            async with asyncio.timeout(30):
                for _ in range(20):
                    await peer.recv()
        print("websockets' own client is still connected after 20 messages")
        client = await asyncio.create_subprocess_exec("./gws", url, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(30):
            said = (await client.stdout.read()).decode()
            await client.wait()
    print(said, end="")
    return "came: true" in said and re.search("1011.*keepalive ping timeout", said)

sys.exit(0 if asyncio.run(main()) else 1)
PY
venv/bin/python server.py
