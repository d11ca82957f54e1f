"""Start to ready, and memory at rest, of one binary: `start.py BINARY STARTS`.

Ready means that /readyz answers 200. A client is never ready without its server, so for a client
it is the first answer of /livez: its process serves from then on.

Memory at rest is that of a container where root asks for it: names are found by /etc/hosts and DNS, as in
the image. What this machine has beside them (/etc/nsswitch.conf) would be loaded into a client together
with the C library that it is for, 1.1 MiB.
"""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import free_port, resident
from results import record

POLL = 0.0005
PATIENCE = 10
REST = 3  # what is held for the start alone is given back by then


def answers(port, path):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bars\r\n\r\n".encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def is_client(binary):
    return binary.name.endswith(("client", "cliente"))


# As the images have it.
NAMES = "hosts: files dns\n"


def contained(binary, names):
    """The command that runs it with such a /etc/nsswitch.conf."""
    apart = ["unshare", "--mount"]
    if not shutil.which("unshare") or subprocess.call([*apart, "true"], stderr=subprocess.DEVNULL):
        return [binary]
    names.write(NAMES)
    names.flush()
    return [*apart, "sh", "-c", 'mount --bind "$1" /etc/nsswitch.conf; exec "$0"', binary, names.name]


class Process:
    def __init__(self, binary, command=None):
        self.port = free_port()
        admin = f"127.0.0.1:{self.port}"
        settings = {
            "ADMIN_LISTEN": admin,
            "LOG_LEVEL": "error",
            "DRAIN_DELAY": "0s",
            # The exporter is part of what runs; nobody listens there.
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        }
        environment = {"PATH": os.environ["PATH"], **settings}
        if is_client(binary):
            # Something to do for those that would end with their input.
            environment |= {"NAMES": "Ana", "COUNT": "0"}
        else:
            environment["LISTEN"] = "127.0.0.1:0"
        self.path = "/livez" if is_client(binary) else "/readyz"
        self.started = time.perf_counter()
        nowhere = subprocess.DEVNULL
        self.child = subprocess.Popen(
            command or [binary], env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )

    def ready(self):
        while not answers(self.port, self.path):
            if self.child.poll() is not None:
                sys.exit(f"ended with {self.child.returncode} before it was ready")
            if time.perf_counter() - self.started > PATIENCE:
                sys.exit(f"not ready after {PATIENCE} s")
            time.sleep(POLL)
        return (time.perf_counter() - self.started) * 1000

    def memory(self):
        return resident(self.child.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def main():
    binary, starts = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    times = []
    for _ in range(starts):
        with Process(binary) as process:
            times.append(process.ready())
    p50 = statistics.median(times)
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    what = "start to live" if is_client(binary) else "start to ready"
    record(f"{binary.name}: {what}", [p50], "<=", 15, "ms")
    print(f"{what}\tp50 {p50:.1f} ms, p95 {p95:.1f} ms of {starts}")
    with tempfile.NamedTemporaryFile("w") as names, Process(binary, contained(binary, names)) as process:
        process.ready()
        time.sleep(REST)
        memory = process.memory()
        record(f"{binary.name}: memory at rest", [memory], "<=", 9, "MiB")
        print(f"memory at rest\t{memory:.1f} MiB resident")


main()
