#!/usr/bin/env bash
# glibc 2.36 (Debian 12) below waitress 3.0.2: what eight threads have freed stays with the process, and malloc_trim(3)
# gives nothing of it back.
#
# Expected: 8 MiB asked for in one piece, because the size is known, are far above the 128 KiB from which malloc asks the
#   system for a piece of its own (M_MMAP_THRESHOLD), which it takes back at once. And malloc_trim frees "in all arenas
#   and in all chunks with whole free pages", by its manual.
# Seen: the first such piece that is freed raises that threshold to its size (up to 32 MiB), and the one from which a
#   heap is cut at its top to twice as much. The next come from the heap of the thread that asks. What is free at the top
#   of such a heap is in no list of free chunks: malloc_trim passes it by, for it cuts the top of the main heap alone.
#   With MALLOC_MMAP_THRESHOLD_ set, to whatever value, nothing is raised, and all of it comes back by itself.
# Matters: whoever decompresses or reads large bodies in a pool of threads rests at that size times the threads. A pod
#   that is well with one is killed with eight, no profiler of the program finds it, for nothing leaks, and who calls
#   malloc_trim after a crowd believes that all was done that can be.
# Documented: the raise in mallopt(3). What malloc_trim leaves: in no manual, malloc_trim(3) says the contrary; found by
#   others in single programs (lgse/strata issue 841, of 2026, with the lines of glibc 2.44).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check waitress==3.0.2; } || exit 2
getconf GNU_LIBC_VERSION || exit 2 # another C library: nothing to see

cat > app.py <<'PY'
import ctypes
import zlib


def resident():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024


def app(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read()
        said = len(zlib.decompress(body, bufsize=int(environ["HTTP_X_SIZE"])))
    elif environ["PATH_INFO"] == "/trim":
        said = ctypes.CDLL(None).malloc_trim(0)
    else:
        said = resident()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(said).encode()]
PY
cat > run.py <<'PY'
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zlib

THREADS, SIZE = 8, 8 << 20
BODY = zlib.compress(bytes(SIZE))


def measured(**environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", f"--threads={THREADS}", "app:app"]
    server = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)

    def ask(path="/", body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"X-Size": str(SIZE)})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.read())

    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                before = ask()
                break
            time.sleep(0.1)
        for _ in range(6):
            crowd = [threading.Thread(target=ask, args=("/", BODY)) for _ in range(THREADS)]
            for one in crowd:
                one.start()
            for one in crowd:
                one.join()
        after = ask()
        ask("/trim")
        return before, after, ask()
    finally:
        server.terminate()
        server.wait(30)


print(f"{THREADS} threads, 48 bodies that become {SIZE >> 20} MiB; resident MB before, after, after malloc_trim:")
usual = measured()
print("as it comes                       ", *usual)
apart = measured(MALLOC_MMAP_THRESHOLD_=str(4 << 20))
print("MALLOC_MMAP_THRESHOLD_=4194304    ", *apart)
kept = THREADS * SIZE // 2 >> 20
sys.exit(not (usual[2] - usual[0] >= kept and apart[2] - apart[0] < kept / 2))
PY
venv/bin/python run.py
