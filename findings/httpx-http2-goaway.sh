#!/usr/bin/env bash
# httpx 0.28.1 with httpcore 1.0.9 and h2 4.4.1: a graceful HTTP/2 GOAWAY fails the requests in flight.
#
# Expected: GOAWAY lets requests up to its last stream id end normally (RFC 9113 6.8); servers and
#   proxies send it, with 2^31-1 and NO_ERROR first, exactly in order not to lose any.
# Seen: the server answers 200 in full a moment after the GOAWAY, on the same connection, and the
#   client raises RemoteProtocolError(<ConnectionTerminated error_code:0 ...>) instead of reading it.
# Matters: each rolling restart, and each `max connection age`, of a server behind HTTP/2 loses every
#   request that is under way, POSTs included, though the server has done and answered them.
# Documented: no; httpcore has threads on races around GOAWAY with *later* streams (discussion 1041,
#   pull request 1054), none on this.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q httpx==0.28.1 httpcore==1.0.9 h2==4.4.1; } || exit 2

cat > run.py <<'PY'
import socket, sys, threading, time
import h2.config, h2.connection, h2.events
import httpx

GOAWAY = bytes([0, 0, 8, 7, 0, 0, 0, 0, 0]) + (2**31 - 1).to_bytes(4, "big") + bytes(4)
answered = []

def serve(listener, goaway):
    peer, _ = listener.accept()
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    peer.sendall(state.data_to_send())
    while data := peer.recv(65536):
        for event in state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                peer.sendall(state.data_to_send() + goaway)
                time.sleep(0.3)  # the work of this request
                state.send_headers(event.stream_id, [(":status", "200")])
                state.send_data(event.stream_id, b"done", end_stream=True)
                answered.append(event.stream_id)
        try:
            peer.sendall(state.data_to_send())
        except OSError:
            break

def ask(goaway):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, goaway), daemon=True).start()
        with httpx.Client(http1=False, http2=True, timeout=10) as client:
            try:
                answer = client.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", content=b"order")
                return f"{answer.status_code} {answer.text}"
            except httpx.HTTPError as error:
                time.sleep(0.5)
                return repr(error)

plain, graceful = ask(b""), ask(GOAWAY)
print("without GOAWAY:", plain)
print("with GOAWAY:   ", graceful)
print("requests answered by the server:", len(answered))
sys.exit(not (plain == "200 done" and "RemoteProtocolError" in graceful and len(answered) == 2))
PY
venv/bin/python run.py
