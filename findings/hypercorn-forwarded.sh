#!/usr/bin/env bash
# Hypercorn 0.18.0: ProxyFixMiddleware in "modern" mode reads the examples of RFC 7239 wrong. Beside it aiohttp 3.14.5.
#
# Expected: of `Forwarded`, the standard's header for what a proxy hides, the names are case-insensitive, and an IPv6
#   address or anything with a port has to be quoted (RFC 7239, 4 and 6); the quotes are no part of the value.
# Seen: For=... and Proto=... are not seen, so that the client is the proxy and the scheme http. Quotes stay: the
#   client's address is '"[2001:db8:cafe::17]:4711"', and host="example.com:8443" becomes a Host of that text with its
#   quotes. With that Starlette's request.url has not even a scheme. aiohttp's `request.forwarded` has each of them
#   right, and for=192.0.2.60;proto=https;by=203.0.113.43 is right in both.
# Matters: with IPv4 and lower case, as everybody tries it, it works. The first client over IPv6 has an address that
#   ipaddress refuses, and which is stored and counted as it is; behind a port other than 443 links and redirects are
#   broken, and Django answers 400 to all.
# Documented: otherwise, in Hypercorn's guide to its proxy fix, whose modern mode is RFC 7239's header without
#   exceptions; in a fork's pull request (davidbrochart/anycorn 74).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check Hypercorn==0.18.0 aiohttp==3.14.5 \
    starlette==1.10.0; } || exit 2

cat > run.py <<'PY'
import asyncio
import sys

from aiohttp.test_utils import make_mocked_request
from hypercorn.middleware import ProxyFixMiddleware
from starlette.requests import Request


def by_hypercorn(forwarded):
    seen = []

    async def app(scope, receive, send):
        request = Request(scope)
        seen.extend([request.client.host, request.url.scheme, request.headers["host"]])

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
             "client": ("10.0.0.1", 40000), "headers": [(b"host", b"inner"), (b"forwarded", forwarded.encode())]}
    asyncio.run(ProxyFixMiddleware(app, mode="modern")(scope, None, None))
    return seen


def by_aiohttp(forwarded):
    last = make_mocked_request("GET", "/", headers={"Forwarded": forwarded}).forwarded[-1]
    return [last.get("for", "10.0.0.1"), last.get("proto", "http"), last.get("host", "inner")]


cases = {
    "for=192.0.2.60;proto=https;by=203.0.113.43": (["192.0.2.60", "https", "inner"], None),
    'For="[2001:db8:cafe::17]:4711"': (["[2001:db8:cafe::17]:4711", "http", "inner"], ["10.0.0.1", "http", "inner"]),
    'for=198.51.100.17, for="[2001:db8:cafe::17]"': (["[2001:db8:cafe::17]", "http", "inner"],
                                                     ['"[2001:db8:cafe::17]"', "http", "inner"]),
    "for=192.0.2.60;Proto=https": (["192.0.2.60", "https", "inner"], ["192.0.2.60", "http", "inner"]),
    'for=192.0.2.60;host="example.com:8443"': (["192.0.2.60", "http", "example.com:8443"],
                                               ["192.0.2.60", "", '"example.com:8443"']),
}
changed = False
for forwarded, (right, wrong) in cases.items():
    hypercorn, aiohttp = by_hypercorn(forwarded), by_aiohttp(forwarded)
    print(f"{forwarded}\n    Hypercorn {hypercorn}\n    aiohttp   {aiohttp}")
    changed |= aiohttp != right or hypercorn != (wrong or right)
sys.exit(changed)
PY
venv/bin/python run.py
