#!/usr/bin/env bash
# pcapng: dpkt 1.9.8, scapy 2.8.0 and python-pcapng 2.1.1 read other times, or packets, from valid files.
#
# Expected: a pcapng file gives each interface its own time resolution and offset, numbers interfaces
#   anew in each section, lets a snap length of 0 mean "no limit", and has packets without a time.
# Seen: one second of 2023, written in five valid ways.
#   - two interfaces (microseconds, nanoseconds): dpkt reads the second by the first one's resolution,
#     53,000 years late;
#   - two sections, as `cat a.pcapng b.pcapng` makes: dpkt and scapy read the second section by the
#     first one's interfaces, 1970; dpkt drops it without a word if its byte order differs;
#   - if_tsoffset, here the whole seconds: scapy and python-pcapng ignore it, 1970;
#   - a simple packet of an interface without a limit: dpkt skips it, scapy hands out no byte of it.
# Matters: captures of several interfaces, merged captures and files joined with cat are like this.
#   Nothing raises: the packets are just in the wrong place on the time line, or absent.
# Documented: no; the format's draft (draft-ietf-opsawg-pcapng) says how each is to be read.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q dpkt==1.9.8 scapy==2.8.0 python-pcapng==2.1.1; } || exit 2

cat > run.py <<'PY'
import io, logging, struct, sys

logging.disable()
import dpkt
from pcapng.blocks import EnhancedPacket, SimplePacket
from pcapng.scanner import FileScanner
from scapy.utils import RawPcapNgReader

SECOND, PACKET = 1_700_000_000, bytes(60)

def block(kind, body, order="<"):
    size = len(body) + 12
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)

def section(order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)

def interface(options=b"", order="<"):
    return block(1, struct.pack(order + "HHI", 1, 0, 0) + (options and options + bytes(4)), order)

def packet(number, ticks, order="<"):
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(PACKET), len(PACKET))
    return block(6, head + PACKET, order)

NANO = struct.pack("<HHB3x", 9, 1, 9)
OFFSET = struct.pack("<HHq", 14, 8, SECOND)
FILES = {
    "one interface": section() + interface() + packet(0, SECOND * 10**6),
    "two interfaces": section() + interface() + interface(NANO) + packet(0, SECOND * 10**6) + packet(1, SECOND * 10**9),
    "two sections": section() + interface(NANO) + packet(0, SECOND * 10**9)
                    + section() + interface() + packet(0, SECOND * 10**6),
    "two byte orders": section() + interface() + packet(0, SECOND * 10**6)
                       + section(">") + interface(order=">") + packet(0, SECOND * 10**6, ">"),
    "offset": section() + interface(OFFSET) + packet(0, 0),
    "simple packet": section() + interface() + block(3, struct.pack("<I", len(PACKET)) + PACKET),
}

def by_dpkt(file):
    return [(float(time), len(data)) for time, data in dpkt.pcapng.Reader(file)]

def by_scapy(file):
    # The time of a simple packet, which has none, is None.
    return [(None if meta.tshigh is None else ((meta.tshigh << 32) + meta.tslow) / meta.tsresol, len(data))
            for data, meta in RawPcapNgReader(file)]

def by_python_pcapng(file):
    return [(getattr(found, "timestamp", None), len(found.packet_data))
            for found in FileScanner(file) if isinstance(found, (EnhancedPacket, SimplePacket))]

GOOD, TIMELESS = (SECOND, 60), (None, 60)
RIGHT = {name: [GOOD] * (2 if name.startswith("two") else 1) for name in FILES} | {"simple packet": [TIMELESS]}
WRONG = {
    ("two interfaces", "by_dpkt"): [GOOD, (SECOND * 1000, 60)],
    ("two sections", "by_dpkt"): [GOOD, (SECOND / 1000, 60)],
    ("two sections", "by_scapy"): [GOOD, (SECOND / 1000, 60)],
    ("two byte orders", "by_dpkt"): [GOOD],
    ("offset", "by_scapy"): [(0, 60)],
    ("offset", "by_python_pcapng"): [(0, 60)],
    ("simple packet", "by_dpkt"): [],
    ("simple packet", "by_scapy"): [(None, 0)],
}
changed = False
for name, content in FILES.items():
    for read in (by_dpkt, by_scapy, by_python_pcapng):
        seen = read(io.BytesIO(content))
        print(f"{name:16} {read.__name__:17} {'right' if seen == RIGHT[name] else seen}")
        changed |= seen != WRONG.get((name, read.__name__), RIGHT[name])
sys.exit(changed)
PY
venv/bin/python run.py
