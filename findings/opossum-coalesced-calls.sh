#!/usr/bin/env bash
# opossum 10.0.0 (npm), a circuit breaker: with `coalesce` or `cache`, calls with other arguments get one answer.
#
# Expected: `coalesce: true` runs calls at the same time "with the same request" once (README), and `cache` keeps the
#   answer of a call; calls whose arguments differ are calls of their own.
# Seen: calls are told apart by JSON.stringify of the arguments. A Request, Headers, URLSearchParams, Map or Set is "{}"
#   there, a function is null, so that any two are the same: of two Requests the second gets the first one's body, and
#   a page asked for in Portuguese by `headers: new Headers(...)` comes in German. The same headers as a plain object,
#   a URL, and texts are right.
# Matters: the wrapped function is most often `fetch` or a client around it. The option that saves calls hands one
#   caller's answer to another, only while both are under way (or within the cache's time), with every promise resolved
#   and the metrics counting a hit; calls one after the other, as tests make them, are right.
# Documented: the default of `cacheGetKey` in the reference of the constructor, which advises another one for speed
#   alone; the README, and its chapter on coalescing, do not say what "the same" is.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund opossum@10.0.0 > npm.log || exit 2

cat > run.mjs <<'JS'
import http from 'node:http';
import CircuitBreaker from 'opossum';

const server = http.createServer((request, response) => {
  setTimeout(() => response.end(`${request.url} in ${request.headers['accept-language']}`), 50);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const site = `http://127.0.0.1:${server.address().port}`;
const text = async (...args) => (await fetch(...args)).text();
const coalesceResetOn = ['success', 'error', 'timeout'];

async function show(what, calls) {
  const breaker = new CircuitBreaker(text, { coalesce: true, coalesceResetOn });
  const together = await Promise.all(calls().map((args) => breaker.fire(...args)));
  const alone = [];
  for (const args of calls()) alone.push(await breaker.fire(...args));
  console.log(`${what}: together ${together.join(', ')}; one by one ${alone.join(', ')}`);
  breaker.shutdown();
}
const languages = ['de', 'pt'];
const headers = (make) => () => languages.map((language) => [`${site}/a`, { headers: make(language) }]);
const init = { headers: { 'accept-language': 'pt' } };
await show('Request', () => ['/a', '/b'].map((path) => [new Request(site + path, init)]));
await show('Headers', headers((language) => new Headers({ 'accept-language': language })));
await show('plain object', headers((language) => ({ 'accept-language': language })));

const breaker = new CircuitBreaker(async (query) => query.get('id'), { cache: true });
const ids = [];
for (const id of ['1', '2']) ids.push(await breaker.fire(new URLSearchParams({ id })));
console.log(`cache, URLSearchParams of 1 and 2: ${ids.join(', ')}`);
breaker.shutdown();
server.close();
server.closeAllConnections();
JS
node run.mjs | tee seen
diff seen - <<'END'
Request: together /a in pt, /a in pt; one by one /a in pt, /b in pt
Headers: together /a in de, /a in de; one by one /a in de, /a in pt
plain object: together /a in de, /a in pt; one by one /a in de, /a in pt
cache, URLSearchParams of 1 and 2: 1, 1
END
