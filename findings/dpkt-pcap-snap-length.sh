#!/usr/bin/env bash
# dpkt 1.9.8 with libpcap 1.10.3 (by tcpdump 4.99.3): dpkt's pcap files lose the end of each packet over 1500 bytes.
#
# Expected: what dpkt.pcap.Writer writes without options is what tcpdump reads. Packets are as long as the link makes
#   them: 1514 bytes on plain Ethernet, 9014 with jumbo frames, 65 KB where the kernel puts segments together.
# Seen: the file's header says a snap length of 1500, and the packets are written whole all the same. libpcap believes
#   the header: it throws away what is beyond 1500 bytes of each packet and says that 1500 were captured. dpkt and scapy
#   read all of it. A full frame of plain Ethernet loses its last 14 bytes.
# Matters: a filter, an anonymiser or a merger in Python makes captures that are right in Python's tests and cut in
#   tcpdump and everything on libpcap: the last bytes of every full segment of a transfer are missing. Nothing warns.
# Documented: no; `snaplen=1500` stands in the constructor. scapy's own writer says 65535.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check dpkt==1.9.8 scapy==2.8.0; } || exit 2
{ apt-get download -qq tcpdump=4.99.3-1 libpcap0.8=1.10.3-1 2> apt.log \
    && for package in ./*.deb; do dpkg -x "$package" .; done; } || exit 2

cat > run.py <<'PY'
import glob
import io
import logging
import os
import subprocess
import sys

logging.disable()
import dpkt
from scapy.utils import RawPcapReader

lengths = [60, 1500, 1514, 9014]
packets = [bytes(12) + b"\x88\xb5" + b"x" * (length - 14) for length in lengths]
library = os.path.dirname(glob.glob("usr/lib/*/libpcap.so.0.8")[0])


def by_dpkt(content):
    return [len(data) for _, data in dpkt.pcap.Reader(io.BytesIO(content))]


def by_scapy(content):
    return [len(data) for data, _ in RawPcapReader(io.BytesIO(content))]


def by_libpcap(content):
    # tcpdump writes again what libpcap gave it.
    command = [*glob.glob("usr/*bin/tcpdump"), "-r", "-", "-w", "-"]
    again = subprocess.run(command, input=content, check=True, capture_output=True, timeout=30,
                           env=os.environ | {"LD_LIBRARY_PATH": library})
    return by_dpkt(again.stdout)


changed = False
for options in ({}, {"snaplen": 262144}):
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, **options)
    for packet in packets:
        writer.writepkt(packet, 1.5)
    for read in (by_dpkt, by_scapy, by_libpcap):
        seen = read(file.getvalue())
        print(f"Writer({options or ''}) {read.__name__:10} {seen}")
        changed |= seen != ([60, 1500, 1500, 1500] if read is by_libpcap and not options else lengths)
sys.exit(changed)
PY
venv/bin/python run.py
