"""Whether anybody can tell our service from one of the original's shape: `compare.py CHAT`.

The same conversation is held in four pairs of services, of ours and of the original's shape, by
plain clients of the `websockets` library. Every client must hear the same in all four, and bad
requests must be answered alike. Exits with 1 at the first difference."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import httpx
import websockets

CHAT, HERE = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
TEXTS = [
    "teste", "olá, ção 👋", "", " ", "x" * 9000, "two\nlines\r\n", '{"type":"send","text":"a"}',
    "Client #1: a lie", "Client #9 left the chat", "<script>alert(1)</script>", "\u0000\u2028",
]
BODIES = [
    {"content": "{}"}, {"content": '{"message": 5}'}, {"content": '{"message": null}'}, {"content": "[]"},
    {"content": '"text"'}, {"content": '{"text": "a"}'}, {"content": '{"message": ["a"]}'},
]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(kind, name, port, peer):
    ours = {"LISTEN": f"127.0.0.1:{port}", "ADMIN_LISTEN": "127.0.0.1:0", "LOG_LEVEL": "error", "DRAIN_DELAY": "0s"}
    shared = {"SERVICE_NAME": name, "PEER_URL": f"http://127.0.0.1:{peer}/relay"}
    uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "original:app", "--port", str(port),
               "--log-level", "warning"]
    command = [CHAT] if kind == "ours" else uvicorn
    process = subprocess.Popen(command, env={**os.environ, **ours, **shared})
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            assert process.poll() is None, f"{kind} has ended"
            time.sleep(0.1)
    raise AssertionError(f"{kind} does not listen")


def stop(process):
    process.terminate()
    process.wait(20)


class Room:
    """Clients at both services, and all that each has heard."""

    def __init__(self, ports):
        self.ports, self.clients, self.heard = ports, {}, {}

    async def all_hear(self, but=None):
        for number, client in self.clients.items():
            if number != but:
                self.heard[number].append(await asyncio.wait_for(client.recv(), 20))

    async def connect(self, number, service):
        uri = f"ws://127.0.0.1:{self.ports[service]}/ws/{number}"
        self.clients[number] = await websockets.connect(uri, max_size=None)
        self.heard[number] = []

    async def begin(self, one, two):
        """The first at each service. The other service tells nobody of the first join, or tells the
        second client of it if that is quick; from here on there is one order."""
        for at, number in enumerate((one, two)):
            await self.connect(number, at)
            # Who is connected is not in the room yet, and would miss what the other one says.
            await self.hears(number, f"Client #{number} joined the chat")
        for client in self.clients.values():
            await client.send("begin")
        for number, other in ((one, two), (two, one)):
            await self.hears(number, f"Client #{other}: begin")

    async def hears(self, number, text):
        while await asyncio.wait_for(self.clients[number].recv(), 20) != text:
            pass

    async def join(self, number, service):
        await self.connect(number, service)
        await self.all_hear()

    async def say(self, number, text):
        await self.clients[number].send(text)
        await self.all_hear(but=number)

    async def leave(self, number):
        client = self.clients.pop(number)
        await client.close()
        self.heard[number].append(client.close_code)
        await self.all_hear()


async def converse(ports):
    """What everybody heard. A text that came twice would stand where another is due."""
    room = Room(ports)
    await room.begin(261, 9)
    await room.join(7, 0)
    await room.join(-5, 1)
    for at, text in enumerate(TEXTS):
        await room.say((261, 9, 7, -5)[at % 4], text)
    await room.leave(7)
    await room.leave(9)
    await room.say(261, "still here")
    await room.join(9, 0)
    await room.say(9, "back, elsewhere")
    for number in (261, -5, 9):
        await room.leave(number)
    return room.heard


def answers(port):
    """What wrong requests get."""
    url = f"http://127.0.0.1:{port}/relay"
    headers = {"content-type": "application/json"}
    for body in BODIES:
        answer = httpx.post(url, headers=headers, **body)
        yield body["content"], answer.status_code, answer.json()
    answer = httpx.post(url, headers=headers, json={"message": "a", "more": 1})
    yield "more than a message", answer.status_code, answer.json()
    yield "GET", httpx.get(url).status_code


async def refusal(port):
    try:
        await websockets.connect(f"ws://127.0.0.1:{port}/ws/x")
        return "let in"
    except websockets.exceptions.InvalidStatus as refused:
        return refused.response.status_code


def run(pair):
    with ExitStack() as stack:
        ports = [free_port(), free_port()]
        for at, kind in enumerate(pair):
            process = start(kind, f"service{'AB'[at]}", ports[at], ports[1 - at])
            stack.callback(stop, process)
        return asyncio.run(converse(ports)), list(answers(ports[0])), asyncio.run(refusal(ports[0]))


def differences(expected, got, where=""):
    if isinstance(expected, (list, tuple, dict)) and type(expected) is type(got) and len(expected) == len(got):
        keys = expected if isinstance(expected, dict) else range(len(expected))
        for key in keys:
            yield from differences(expected[key], got[key], f"{where}[{key!r}]")
    elif expected != got:
        yield f"{where}\n    original {json.dumps(expected)[:300]}\n    ours     {json.dumps(got)[:300]}"


expected = run(("original", "original"))
heard = sum(len(each) for each in expected[0].values())
failed = 0
for pair in (("ours", "original"), ("original", "ours"), ("ours", "ours")):
    different = list(differences(expected, run(pair)))
    failed += len(different)
    print(f"{pair[0]} and {pair[1]}: {heard} texts and {len(expected[1])} answers, {len(different)} differ")
    for each in different:
        print("  " + each)
sys.exit(failed > 0)
