#!/usr/bin/env bash
# FastAPI 0.165.0 (Starlette 1.10.0) behind uvicorn 0.54.0, Hypercorn 0.18.0, Granian 2.8.9 and Daphne 4.2.3: one
# root_path, two meanings.
#
# Expected: `--root-path /api` (Granian: `--url-path-prefix`) tells the application below which path a proxy serves it.
#   The same application with the same proxy answers the same under each server.
# Seen: uvicorn puts the prefix in front of the path that arrived, the three others leave the path alone, and Starlette
#   takes a prefix off where there is one. So a route that begins with the prefix (/api/keys below /api) is found under
#   uvicorn alone; a proxy that leaves the prefix on the path works with all but uvicorn; `request.url` has the prefix
#   under uvicorn alone, while `url_for` has it under all.
# Matters: to change the server, or to develop with one and deploy with another, turns working addresses into 404 and
#   leads redirects made of `request.url` out of the prefix. No server warns.
# Documented: the ASGI specification says that `path` includes `root_path`, which uvicorn does since 0.26; the settings'
#   descriptions in the four servers do not say which way they take, FastAPI's chapter on proxies shows its own alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q fastapi==0.165.0 starlette==1.10.0 uvicorn==0.54.0 \
    hypercorn==0.18.0 granian==2.8.9 daphne==4.2.3; } || exit 2

cat > app.py <<'PY'
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/users")
def users(request: Request):
    return {"url": request.url.path, "url_for": request.url_for("users").path}


@app.get("/api/keys")
def keys():
    return "keys"
PY

cat > ask.py <<'PY'
import json, socket, subprocess, sys, time, urllib.error, urllib.request

COMMANDS = {
    "uvicorn": "uvicorn app:app --root-path /api --port {}",
    "hypercorn": "hypercorn app:app --root-path /api -b 127.0.0.1:{}",
    "granian": "granian app:app --interface asgi --url-path-prefix /api --port {}",
    "daphne": "daphne --root-path /api -p {} app:app",
}


def free():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


seen = {}
for name, command in COMMANDS.items():
    port = free()
    server = subprocess.Popen(f"venv/bin/{command.format(port)}".split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not listens(port):
            if server.poll() is not None:
                sys.exit(f"{name} ended before it listened")
            time.sleep(0.1)
        # What a proxy that takes /api off makes of /api/users and /api/api/keys, and one that leaves it on.
        seen[name] = [get(port, path) for path in ("/users", "/api/keys", "/api/users")]
    finally:
        server.terminate()
        server.wait()
    print(f"{name:10} stripped {seen[name][0]}  below its own name {seen[name][1]}  left on {seen[name][2]}")

told = {"url": "/users", "url_for": "/api/users"}
others = [told, 404, {"url": "/api/users", "url_for": "/api/users"}]
expected = {name: others for name in COMMANDS}
expected["uvicorn"] = [{"url": "/api/users", "url_for": "/api/users"}, "keys", 404]
sys.exit(seen != expected)
PY
timeout 100 venv/bin/python ask.py
