"""What is tried with each client, and what must come of it."""

import re
import secrets
import socket
import subprocess
import threading
from contextlib import contextmanager

PATIENCE = 30  # seconds for a client, far beyond what any machine needs


class Wrong(Exception):
    """A client did something else than it should."""


def run(command, *args, traceparent=None):
    """What a client prints, and whether it ended well."""
    environment = [f"TRACEPARENT={traceparent}"] if traceparent else []
    whole = ["env", *environment, *map(str, command), *map(str, args)]
    done = subprocess.run(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    return done.returncode == 0, done.stdout, done.stderr


def must_print(expected, command, *args, traceparent=None):
    ended_well, out, err = run(command, *args, traceparent=traceparent)
    if not ended_well or expected not in out:
        raise Wrong(f"expected {expected!r}, got {out!r} {err!r}")
    return out


def told(err, out=""):
    """What a user reads of an error: the last line that says something, without addresses."""
    lines = [line.strip() for line in (err or out).splitlines() if line.strip()]
    noise = ("at ", "Node.js v", "^", "}", "{", "...", "Emitted 'error'", "throw ", "Traceback", "File ", "details: ")
    shown = [line for line in lines if not line.startswith(noise)]
    named = [line for line in shown if re.match(r"[\w.\[\] ]*(Error|Exception)\b\]?(: |$)", line)]
    # A Python traceback ends with its error; others begin with it.
    line = (named or shown or ["(nothing)"])[-1 if "Traceback" in err else 0]
    if line.endswith("with:"):  # grpcio names the code and its text in the lines that follow
        follow = shown[shown.index(line) + 1 :][:2]
        line = ", ".join(each.split(" = ", 1)[-1] for each in follow)
    line = line.removeprefix('Exception in thread "main" ')
    return re.sub(r"(127\.0\.0\.1|localhost|\[::1\]):\d+", r"\1:PORT", line)[:110]


@contextmanager
def silent_server():
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def accept():
            while True:
                try:
                    kept.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection, _ in kept:
            connection.close()


def nobody():
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def desafio1(command, lab, trace):
    url = f"http://127.0.0.1:{lab.port('desafio1-servidor')}/"
    must_print("Olá", command, url, traceparent=trace)
    return dict(
        error=fails(command, url + "nada"),
        refused=fails(command, f"http://127.0.0.1:{nobody()}/"),
        silence=fails_in_silence(command, lambda port: [f"http://127.0.0.1:{port}/"]),
    )


def hello(command, lab, trace):
    at = ("127.0.0.1", lab.port("hello-server"))
    must_print("Olá, João!", command, *at, "João", traceparent=trace)
    return dict(
        error=must_print("Erro: ", command, *at, "a\tb").strip(),
        refused=fails(command, "127.0.0.1", nobody(), "João"),
        silence=fails_in_silence(command, lambda port: ["127.0.0.1", port, "João"]),
    )


def sockets(command, lab, trace):
    at = ("127.0.0.1", lab.port("sockets-server"))
    must_print("ÍMPAR", command, *at, 17, traceparent=trace)
    must_print("PAR", command, *at, 1000)
    must_print("12345678901", command, *at, 12345678901)
    return dict(
        error="none: every sequence of bytes is a number",
        refused=fails(command, "127.0.0.1", nobody(), 17),
        silence=fails_in_silence(command, lambda port: ["127.0.0.1", port, 17]),
    )


def grpc(command, lab, trace):
    from harness.languages import PROTO

    port = lab.port("grpc-servidor")
    out = must_print("João", command, "127.0.0.1", port, PROTO, traceparent=trace)
    lines = dict(line.split(": ", 1) for line in out.splitlines() if ": " in line)
    for code in ("ALREADY_EXISTS", "NOT_FOUND"):
        if code not in lines:
            raise Wrong(f"no {code} in {out!r}")
    return dict(
        error=re.sub(r"\S+@example\.com", "EMAIL", f"ALREADY_EXISTS: {lines['ALREADY_EXISTS']}"),
        refused=fails(command, "127.0.0.1", nobody(), PROTO),
        silence=fails_in_silence(command, lambda port: ["127.0.0.1", port, PROTO]),
    )


def chat(command, lab, trace):
    """Two people, each at a service of their own: what one says, the other hears over the relay."""
    a, b = (f"ws://127.0.0.1:{lab.port(service)}/ws/" for service in ("serviceA", "serviceB"))
    hears, says = secrets.randbelow(10**6) + 10**6, secrets.randbelow(10**6)
    command = [*map(str, command)]
    hearer = subprocess.Popen([*command, f"{b}{hears}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = hearer.stdout.readline()
        if first.strip() != f"Client #{hears} joined the chat":
            raise Wrong(f"the first line heard is {first!r}")
        must_print(f"Client #{says} joined the chat", command, f"{a}{says}", "fim")
        heard, err = hearer.communicate(timeout=PATIENCE)
    finally:
        hearer.kill()
        hearer.wait()
    expected = [f"Client #{says} joined the chat", f"Client #{says}: fim"]
    if heard.splitlines()[: len(expected)] != expected:
        raise Wrong(f"expected {expected}, heard {heard!r} {err!r}")
    return dict(
        error=fails(command, f"{a}nobody"),
        refused=fails(command, f"ws://127.0.0.1:{nobody()}/ws/1"),
        silence="none: who says nothing is let be",
    )


def fails(command, *args):
    ended_well, out, err = run(command, *args)
    if ended_well:
        raise Wrong(f"ended well with {out!r} where it should fail")
    return told(err, out)


def fails_in_silence(command, args):
    with silent_server() as port:
        return fails(command, *args(port))


CASES = dict(desafio1=desafio1, hello=hello, sockets=sockets, grpc=grpc, chat=chat)
SERVERS = dict(desafio1="desafio1-servidor", hello="hello-server", sockets="sockets-server", grpc="grpc-servidor")
