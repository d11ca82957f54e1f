#!/usr/bin/env python3
"""What a link of the lab adds to a request: p50 through the link and straight to the service.

Run it beside a lab: `cargo run --release -- desafio1`, then `bench/links/added.py [HOST:PORT of the page]`.
Rounds through the link and without it take turns, over one connection each, so that what else this
machine does meets both alike. The limit is 60 µs at p50; the exit code is 1 above it.
"""

import json
import socket
import statistics
import sys
import time
import urllib.request

LINK = "desafio1-client-to-desafio1-servidor"
ROUNDS, REQUESTS, WARM_UP = 20, 500, 200
LIMIT_US = 60
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(address):
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection):
    """One request over a connection that stays; how long its answer took, in µs."""
    began = time.perf_counter_ns()
    connection.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return (time.perf_counter_ns() - began) / 1000


def measured(page):
    """All links by name, and every time by way: straight to the service, and through its link."""
    with urllib.request.urlopen(f"http://{page}/lab/links") as answer:
        links = {link["name"]: link for link in json.load(answer)["links"]}
    link = links[LINK]
    ways = {"straight": connect(link["upstream"]), "through the link": connect(link["listen"])}
    times = {way: [] for way in ways}
    for connection in ways.values():
        for _ in range(WARM_UP):
            ask(connection)
    for _ in range(ROUNDS):
        for way, connection in ways.items():
            times[way].extend(ask(connection) for _ in range(REQUESTS))
    return links, times


def main():
    _, times = measured(sys.argv[1] if len(sys.argv) > 1 else "localhost:8888")
    medians = {way: statistics.median(each) for way, each in times.items()}
    for way, median in medians.items():
        p99 = statistics.quantiles(times[way], n=100)[98]
        print(f"{way:17} p50 {median:7.1f} µs   p99 {p99:7.1f} µs")
    added = medians["through the link"] - medians["straight"]
    print(f"a link adds {added:.1f} µs at p50; the limit is {LIMIT_US} µs")
    sys.exit(added > LIMIT_US)


if __name__ == "__main__":
    main()
