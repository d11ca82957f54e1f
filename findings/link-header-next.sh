#!/usr/bin/env bash
# The next page by a Link header: requests 2.34.2 and httpx 0.28.1 (Python), tomnomnom/linkheader of 2025-08-11 and
# peterhellberg/link 1.2.0 (Go), parse-link-header 2.0.0 (npm) find another one or none; http-link-header 1.1.4 (npm)
# beside them.
#
# Expected: between "<" and ">" is an address with all that RFC 3986 allows, "," and ";" among it; `rel` has several
#   relations with spaces between them, a title is a text in quotes, names have no case (RFC 8288, 3 and 3.3).
# Seen: with fields=a,b in the address linkheader has no next page, and link has fields=ab. With a ";" in it requests
#   and httpx cut the address there, which is the first page again, or lose the relation. rel="next last" is no "next"
#   in four of five, nor is REL=next in four; behind a title with a ";" or an "=" Python sees no rel.
# Matters: a loop "while there is a next page" ends after the first one, without an error, or never ends. Pages are
#   counted with plain addresses in the tests; the list of fields, the matrix parameter, or the last page but one, where
#   next and last are the same, comes with the users.
# Documented: by pull requests and issues (psf/requests 5464 of 2020 and 7520, both open; thlorenz/parse-link-header 14
#   is about ";"), by no manual. httpx has the code of requests.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    requests==2.34.2 httpx==0.28.1; } || exit 2
npm install --silent --no-audit --no-fund parse-link-header@2.0.0 http-link-header@1.1.4 > npm.log || exit 2

cat > main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/peterhellberg/link"
	"github.com/tomnomnom/linkheader"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		next := "none"
		if found := linkheader.Parse(lines.Text()).FilterByRel("next"); len(found) > 0 {
			next = found[0].URL
		}
		fmt.Println("linkheader", next)
		next = "none"
		if found := link.Parse(lines.Text())["next"]; found != nil {
			next = found.URI
		}
		fmt.Println("link", next)
	}
}
GO
{ (go mod init finding && go get github.com/tomnomnom/linkheader@v0.0.0-20250811210735-e5fe3b51442e \
    github.com/peterhellberg/link@v1.2.0 && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > run.py <<'PY'
import sys

import httpx
import requests

for line in sys.stdin:
    answer = requests.Response()
    answer.headers["Link"] = line.strip()
    print("requests", answer.links.get("next", {}).get("url", "none"))
    print("httpx", httpx.Response(200, headers={"Link": line.strip()}).links.get("next", {}).get("url", "none"))
PY
cat > run.mjs <<'JS'
import fs from 'node:fs';
import LinkHeader from 'http-link-header';
import parse from 'parse-link-header';

for (const line of fs.readFileSync(0, 'utf8').trim().split('\n')) {
  console.log('parse-link-header', parse(line)?.next?.url ?? 'none');
  console.log('http-link-header', LinkHeader.parse(line).rel('next')[0]?.uri ?? 'none');
}
JS
cat > headers <<'LINKS'
</i?page=2>; rel="next", </i?page=9>; rel="last"
</i?fields=a,b&page=2>; rel="next"
</i;v=1?page=2>; rel="next"
</i?v=1;page=2>; rel="next"
</i?page=2>; rel="next last"
</i?page=2>; title="two; of two"; rel="next"
</i?page=2>; title="a=b"; rel="next"
</i?page=2>; REL=next
LINKS
while read -r header; do
    echo "$header"
    echo "$header" > line
    venv/bin/python run.py < line
    ./finding < line
    node run.mjs < line
done < headers | tee seen
diff seen - <<'END'
</i?page=2>; rel="next", </i?page=9>; rel="last"
requests /i?page=2
httpx /i?page=2
linkheader /i?page=2
link /i?page=2
parse-link-header /i?page=2
http-link-header /i?page=2
</i?fields=a,b&page=2>; rel="next"
requests /i?fields=a,b&page=2
httpx /i?fields=a,b&page=2
linkheader none
link /i?fields=ab&page=2
parse-link-header /i?fields=a,b&page=2
http-link-header /i?fields=a,b&page=2
</i;v=1?page=2>; rel="next"
requests none
httpx none
linkheader none
link /i;v=1?page=2
parse-link-header /i;v=1?page=2
http-link-header /i;v=1?page=2
</i?v=1;page=2>; rel="next"
requests /i?v=1
httpx /i?v=1
linkheader none
link /i?v=1;page=2
parse-link-header /i?v=1;page=2
http-link-header /i?v=1;page=2
</i?page=2>; rel="next last"
requests none
httpx none
linkheader none
link none
parse-link-header /i?page=2
http-link-header /i?page=2
</i?page=2>; title="two; of two"; rel="next"
requests none
httpx none
linkheader /i?page=2
link /i?page=2
parse-link-header /i?page=2
http-link-header /i?page=2
</i?page=2>; title="a=b"; rel="next"
requests none
httpx none
linkheader /i?page=2
link /i?page=2
parse-link-header /i?page=2
http-link-header /i?page=2
</i?page=2>; REL=next
requests none
httpx none
linkheader /i?page=2
link none
parse-link-header none
http-link-header /i?page=2
END
