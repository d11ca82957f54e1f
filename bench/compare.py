"""Two revisions side by side: `compare.py REV ROUNDS [PART...]`, parts http tcp grpc chat.

Both are built in release mode, REV in a worktree of its own that goes away again. Servers have
core 0, the load core 1; rounds are interleaved, every other one the other way round. What counts is
CPU time a request, by the kernel's count of nanoseconds, and the median over the rounds of the ratio
of each round's pair. Exits with 1 where this checkout needs over 3 % more.
"""

import contextlib
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from processes import free_port, used

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORSE = 1.03
PARTS = ("http", "tcp", "grpc", "chat")
CONNECTIONS = 10_000
PACKAGES = ["desafio1", "sockets", "grpc", "chat"]
NOWHERE = subprocess.DEVNULL


def build(source):
    """Builds the programs of a checkout; the folder that holds them."""
    target = os.environ.get("CARGO_TARGET_DIR") or source / "target"
    packages = [argument for package in PACKAGES for argument in ("-p", package)]
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(target), *packages]
    subprocess.run(command, cwd=source, check=True)
    return pathlib.Path(target) / "release"


@contextlib.contextmanager
def checkout(revision):
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", place, revision], cwd=ROOT, check=True)
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=ROOT, check=True)


class Server:
    """A program on core 0."""

    def __init__(self, program, **settings):
        self.address = f"127.0.0.1:{free_port()}"
        environment = {"PATH": os.environ["PATH"], "ADMIN_LISTEN": "127.0.0.1:0", "LOG_LEVEL": "error"}
        environment |= {"LISTEN": self.address, **settings}
        command = ["taskset", "-c", "0", str(program)]
        self.child = subprocess.Popen(command, env=environment, stdin=NOWHERE, stdout=NOWHERE)

    def used(self):
        """CPU time so far, in microseconds."""
        return used(self.child.pid)

    def listening(self):
        host, port = self.address.rsplit(":", 1)
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return self
            time.sleep(0.01)
        sys.exit(f"{self.child.args[-1]} does not listen")

    def end(self):
        self.child.kill()
        self.child.wait()


def load(*command, stdin=None):
    with open(stdin, "rb") if stdin else contextlib.nullcontext(NOWHERE) as source:
        pinned = ["taskset", "-c", "1", *map(str, command)]
        done = subprocess.run(pinned, stdin=source, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def interleaved(rounds, measure):
    """Costs of both, by rounds; `measure` is told which one it is. The first round only warms up."""
    costs = {"base": [], "new": []}
    for at in range(rounds + 1):
        for which in ("base", "new") if at % 2 else ("new", "base"):
            cost = measure(which)
            if at:
                costs[which].append(cost)
    return costs


def http(bins, rounds, _):
    servers = {which: Server(bins[which] / "desafio1-servidor").listening() for which in bins}

    def measure(which):
        server = servers[which]
        before = server.used()
        said = load("wrk", "-t1", "-c64", "-d2s", f"http://{server.address}/")
        return (server.used() - before) / int(re.search(r"(\d+) requests in", said).group(1))

    yield "GET /", interleaved(rounds, measure)
    for server in servers.values():
        server.end()


def tcp(bins, rounds, work):
    subprocess.run(["go", "build", "-o", work / "tcp", "bench/tcp/load.go"], cwd=ROOT, check=True)
    servers = {which: Server(bins[which] / "sockets-server").listening() for which in bins}

    def measure(which):
        before = servers[which].used()
        load(work / "tcp", servers[which].address, CONNECTIONS, 32)
        return (servers[which].used() - before) / CONNECTIONS

    yield "a TCP connection", interleaved(rounds, measure)
    for server in servers.values():
        server.end()


def grpc(bins, rounds, work):
    subprocess.run(["bench/grpc/stubs", work], cwd=ROOT, check=True, stdout=NOWHERE)
    subprocess.run(["go", "build", "-o", work / "grpc", "./load"], cwd=work / "go", check=True)
    address = free_address()
    store = ["redis-server", "--bind", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--save", ""]
    store = subprocess.Popen(["taskset", "-c", "1", *store, "--dir", work], stdout=NOWHERE)
    settings = {"REDIS_TIMEOUT": "3s"}
    servers, gateways = {}, {}
    for which in bins:
        redis = {"REDIS_URL": f"redis://{address}"}
        server = Server(bins[which] / "grpc-servidor", **settings, **redis).listening()
        more = {"SERVER_ADDRESS": server.address, "MAX_REQUESTS_PER_SECOND": "0"}
        servers[which] = server
        gateways[which] = Server(bins[which] / "grpc-cliente", **settings, **more).listening()
    (work / "ids").write_text(load(work / "grpc", "seed", servers["new"].address, 1000))

    def reads(kind, asked, processes):
        before = sum(process.used() for process in processes)
        said = load(work / "grpc", kind, asked.address, 64, 2, 0, stdin=work / "ids").split()
        if int(said[4]):
            sys.exit(f"{said[4]} reads by {kind} failed")
        return (sum(process.used() for process in processes) - before) / int(said[3])

    yield "a read by gRPC", interleaved(rounds, lambda at: reads("grpc", servers[at], [servers[at]]))
    both = lambda at: reads("http", gateways[at], [gateways[at], servers[at]])  # noqa: E731
    yield "a read by REST", interleaved(rounds, both)
    for process in (*servers.values(), *gateways.values()):
        process.end()
    store.kill()
    store.wait()


def chat(bins, rounds, work):
    files = ["bench/chat/load.go", "bench/chat/client.go"]
    subprocess.run(["go", "build", "-o", work / "chat", *files], cwd=ROOT, check=True)
    plenty = {"RATE": "1000000", "RATE_BURST": "1000000", "MAX_CONNECTIONS_PER_ADDRESS": "20000"}
    for kind, options in (("full", []), ("single", ["-window", "1"])):

        def measure(which, options=options):
            server = Server(bins[which] / "chat", **plenty).listening()
            port = server.address.rsplit(":", 1)[1]
            common = ["-clients", 500, "-port", port, "-path", "/ws/{}", "-pid", server.child.pid, "-seconds", 2]
            delivered, _, _, used, *_ = map(float, load(work / "chat", *common, *options).split())
            server.end()
            return used / delivered

        yield f"a delivery, {kind}", interleaved(rounds, measure)


def main():
    revision, rounds, parts = sys.argv[1], int(sys.argv[2]), sys.argv[3:] or PARTS
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"no comparison of {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    worse = False
    with tempfile.TemporaryDirectory() as folder, checkout(revision) as base:
        bins = {"base": build(base), "new": build(ROOT)}
        print(f"{'CPU time, µs':<22}{revision[:12]:>12}{'here':>9}{'ratio':>8}   of rounds")
        for part in parts:
            for what, costs in globals()[part](bins, rounds, pathlib.Path(folder)):
                pairs = [new / old for old, new in zip(costs["base"], costs["new"])]
                ratio = statistics.median(pairs)
                worse |= ratio > WORSE
                old, new = (statistics.median(costs[which]) for which in ("base", "new"))
                print(f"{what:<22}{old:>12.2f}{new:>9.2f}{ratio:>8.3f}   {min(pairs):.3f} to {max(pairs):.3f}")
    sys.exit(1 if worse else 0)


main()
