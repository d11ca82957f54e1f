#!/usr/bin/env bash
# undici 7.30.2: RetryAgent finishes one version of a file with the rest of another, and says 200.
#
# Expected: a download that breaks off is continued only where the rest is known to be of the same file: with a strong
#   ETag and If-Match or If-Range (RFC 9110 14.3 and 15.3.7.3), else it is begun again, or fails.
# Seen: without an ETag, with a weak one (W/"..."), or with Last-Modified alone the rest is asked for with Range and no
#   condition at all. The server's 206 carries another Last-Modified, or another weak ETag; it is appended all the same.
#   With a strong ETag If-Match is sent, and the call fails as it should.
# Matters: what is deployed between the two requests, or differs between two servers behind one address, comes out as a
#   body that neither ever had, of the right length. Express, and servers that compress, give weak ETags alone.
# Documented: no; its chapter on RetryHandler does not speak of Range or versions.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund undici@7.30.2 > npm.log || exit 2

cat > run.mjs <<'JS'
import http from 'node:http';
import { Agent, RetryAgent, request } from 'undici';

const versions = {
  old: { text: 'a'.repeat(20), modified: 'Wed, 01 Jan 2025 00:00:00 GMT' },
  new: { text: 'b'.repeat(20), modified: 'Thu, 02 Jan 2025 00:00:00 GMT' },
};
const validators = {
  'none': () => ({}),
  'weak ETag': (name) => ({ etag: `W/"${name}"` }),
  'Last-Modified': (name) => ({ 'last-modified': versions[name].modified }),
  'strong ETag': (name) => ({ etag: `"${name}"` }),
};
for (const [kind, headers] of Object.entries(validators)) {
  const asked = [];
  const server = http.createServer((request, response) => {
    const { range, 'if-match': match, 'if-range': ifRange } = request.headers;
    asked.push([range, match ?? ifRange].map((value) => value ?? 'none').join(', condition '));
    if (asked.length === 1) {
      response.writeHead(200, { 'content-length': 20, ...headers('old') });
      response.write(versions.old.text.slice(0, 10));
      setTimeout(() => response.destroy(), 200);
    } else if (match && match !== headers('new').etag) {
      response.writeHead(412).end();
    } else {
      const from = Number(/^bytes=(\d+)-/.exec(range)?.[1] ?? 0);
      const part = from ? { 'content-range': `bytes ${from}-19/20` } : {};
      response.writeHead(from ? 206 : 200, { 'content-length': 20 - from, ...part, ...headers('new') });
      response.end(versions.new.text.slice(from));
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const dispatcher = new RetryAgent(new Agent(), { minTimeout: 50 });
  const url = `http://127.0.0.1:${server.address().port}/`;
  let seen;
  try {
    const answer = await request(url, { dispatcher });
    seen = `${answer.statusCode} ${await answer.body.text()}`;
  } catch (error) {
    seen = error.code;
  }
  console.log(`${kind}: ${seen}; second request: range ${asked[1]}`);
  server.close();
}
process.exit();
JS
node run.mjs | tee seen
diff seen - <<'END'
none: 200 aaaaaaaaaabbbbbbbbbb; second request: range bytes=10-19, condition none
weak ETag: 200 aaaaaaaaaabbbbbbbbbb; second request: range bytes=10-19, condition none
Last-Modified: 200 aaaaaaaaaabbbbbbbbbb; second request: range bytes=10-19, condition none
strong ETag: UND_ERR_REQ_RETRY; second request: range bytes=10-19, condition "old"
END
