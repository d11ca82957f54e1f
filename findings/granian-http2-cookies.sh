#!/usr/bin/env bash
# Granian 2.8.9 over HTTP/2 under Django 5.2.19 and Litestar 2.25.0: of a browser's cookies one is left, or none.
#
# Expected: HTTP/2 lets a client send each cookie in a field of its own, as browsers do, and whoever takes the request
#   out of HTTP/2 must join them by "; " (RFC 9113, 8.2.3). A server or its framework does that; the application sees
#   all.
# Seen: Granian hands the fields on one by one. Litestar reads the first cookie alone. Django joins them by commas, so
#   that there is one cookie, whose value is "1,b=2,c=3". Starlette 1.10.0 and Quart read all. The same applications
#   have every cookie under Hypercorn 0.18.0, which joins, and under Granian when a client sends one field, as curl
#   does.
# Matters: a change of server, or `--http auto` with a certificate, logs users of browsers out (the session is the
#   second cookie, or its value grew a tail), while curl, httpx and the test clients of all frameworks are fine.
# Documented: in issues (emmett-framework/granian 539 and pull request 717, declined: the frameworks should; Django's
#   ticket 36399). ASGI wants a list as it was received, and names "; " for who joins cookies.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check granian==2.8.9 Hypercorn==0.18.0 \
    Django==5.2.19 litestar==2.25.0 starlette==1.10.0 h2==4.4.1; } || exit 2

cat > by_django.py <<'PY'
import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
django.setup()
urlpatterns = [path("", lambda request: JsonResponse(request.COOKIES))]
app = get_asgi_application()
PY
cat > by_litestar.py <<'PY'
from litestar import Litestar, Request, get


@get("/")
async def cookies(request: Request) -> dict[str, str]:
    return request.cookies


app = Litestar([cookies])
PY
cat > by_starlette.py <<'PY'
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def answer(request):
    return JSONResponse(request.cookies)


app = Starlette(routes=[Route("/", answer)])
PY
cat > run.py <<'PY'
import json
import os
import signal
import socket
import subprocess
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def connect(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), 10)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("the server does not listen")


def seen(port, fields):
    client, body = H2Connection(H2Configuration(client_side=True)), b""
    with connect(port) as stream:
        client.initiate_connection()
        client.send_headers(1, [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "localhost"),
                                *(("cookie", field) for field in fields)], end_stream=True)
        while True:
            stream.sendall(client.data_to_send())
            for event in client.receive_data(stream.recv(65535)):
                if isinstance(event, DataReceived):
                    body += event.data
                if isinstance(event, StreamEnded):
                    return json.loads(body)


def serve(server, app, port):
    if server == "Granian":
        command = ["venv/bin/granian", "--interface", "asgi", "--http", "2", "--host", "127.0.0.1", "--port", str(port)]
    else:
        command = ["venv/bin/hypercorn", "--bind", f"127.0.0.1:{port}"]
    return subprocess.Popen([*command, f"by_{app}:app"], stdout=open(f"{server}-{app}.log", "w"),
                            stderr=subprocess.STDOUT, start_new_session=True)


every = {"a": "1", "b": "2", "c": "3"}
answers = {}
for server in ("Granian", "Hypercorn"):
    for app in ("django", "litestar", "starlette"):
        port = free_port()
        process = serve(server, app, port)
        try:
            apart, joined = seen(port, ["a=1", "b=2", "c=3"]), seen(port, ["a=1; b=2; c=3"])
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        print(f"{server}, {app}: three fields {apart}, one field {joined}", flush=True)
        answers[server, app] = apart
        assert joined == every, "not even one field is read"
lost = {("Granian", "django"): {"a": "1,b=2,c=3"}, ("Granian", "litestar"): {"a": "1"}}
raise SystemExit(any(answer != lost.get(which, every) for which, answer in answers.items()))
PY
venv/bin/python run.py
