"""What the benchmarks ask of this machine: a free port, and what a process has used and holds."""

import contextlib
import pathlib
import re
import socket


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def used(pid):
    """CPU time so far, in microseconds: the kernel counts nanoseconds for each thread."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1000


def resident(pid):
    """Resident memory, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
