"""Calls a server at a steady rate while its Redis hangs, and while it is gone; see `outage`."""

import asyncio
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

import grpc
from usuarios.v1 import usuarios_pb2 as pb
from usuarios.v1 import usuarios_pb2_grpc as rpc

DEADLINE = 5  # seconds: longer than anything that is waited for here


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Calls:
    """One call after another begins at its time, whatever became of those before."""

    def __init__(self, stub, user, rate):
        self.stub, self.user, self.rate = stub, user, rate
        self.enough = False
        self.seen = []  # (begun, took, code), in seconds of the monotonic clock

    async def one(self):
        begun = time.monotonic()
        try:
            await self.stub.ObterUsuario(pb.ObterUsuarioRequest(id=self.user), timeout=DEADLINE)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        self.seen.append((begun, time.monotonic() - begun, code))

    async def go_on(self):
        under_way, begun, due = set(), time.monotonic(), 0
        while not self.enough:
            call = asyncio.create_task(self.one())
            under_way.add(call)
            call.add_done_callback(under_way.discard)
            due += 1
            await asyncio.sleep(max(0, begun + due / self.rate - time.monotonic()))
        if under_way:
            await asyncio.wait(under_way)


def report(what, seen, began, back):
    during = [(took, code) for begun, took, code in seen if began <= begun < back]
    failed = sorted(took for took, code in during if code != "OK")
    codes = {code: sum(1 for _, one in during if one == code) for _, code in during}
    after = [(begun, took, code) for begun, took, code in seen if begun >= back]
    # Users are read again from the end of the first answer on after which nothing failed.
    last = max((begun + took for begun, took, code in after if code != "OK"), default=back)
    read = min((begun + took for begun, took, code in after if code == "OK" and begun + took >= last))
    p99 = statistics.quantiles(failed, n=100)[98] if len(failed) > 1 else float("nan")
    print(f"{what}: {codes}; refused after p50 {statistics.median(failed) * 1e3:.0f} ms, "
          f"p99 {p99 * 1e3:.0f} ms, at most {failed[-1] * 1e3:.0f} ms; "
          f"read again {(read - back) * 1e3:.0f} ms after it was back")


async def main(server, directory, seconds, rate):
    port, listen = free_port(), f"127.0.0.1:{free_port()}"
    data = pathlib.Path(directory) / "redis"
    data.mkdir()

    def start_redis():
        # With every write on disk before its answer, so that what was there is there again.
        return subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--dir", str(data), "--loglevel", "warning"],
            stdout=subprocess.DEVNULL)

    redis = start_redis()
    environment = {"LISTEN": listen, "ADMIN_LISTEN": "127.0.0.1:0", "LOG_LEVEL": "error",
                   "REDIS_URL": f"redis://127.0.0.1:{port}", "DRAIN_DELAY": "0s"}
    service = subprocess.Popen([server], env=os.environ | environment)
    try:
        async with grpc.aio.insecure_channel(listen) as channel:
            stub = rpc.UsuarioServiceStub(channel)
            request = pb.CriarUsuarioRequest(nome="Ana", email="ana@exemplo.com.br")
            for _ in range(100):
                try:
                    made = await stub.CriarUsuario(request, timeout=DEADLINE, wait_for_ready=True)
                    break
                except grpc.RpcError:
                    await asyncio.sleep(0.1)
            calls = Calls(stub, made.usuario.id, rate)
            going = asyncio.create_task(calls.go_on())
            await asyncio.sleep(2)

            began = time.monotonic()
            redis.send_signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            back = time.monotonic()
            redis.send_signal(signal.SIGCONT)
            await asyncio.sleep(5)
            report("Redis hangs", calls.seen, began, back)

            calls.seen.clear()
            began = time.monotonic()
            redis.kill()
            redis.wait()
            await asyncio.sleep(seconds)
            redis = start_redis()
            while True:  # it is back once it answers
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        one.sendall(b"PING\r\n")
                        if one.recv(64).startswith(b"+PONG"):
                            break
                await asyncio.sleep(0.01)
            back = time.monotonic()
            await asyncio.sleep(5)
            report("Redis is gone", calls.seen, began, back)
            calls.enough = True
            await going
    finally:
        service.terminate()
        redis.kill()
        service.wait()
        redis.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
