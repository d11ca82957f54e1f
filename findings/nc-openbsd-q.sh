#!/usr/bin/env bash
# netcat-openbsd 1.219-1 (Debian 12): `nc -q 1` does not quit one second after the end of its input.
#
# Expected: its manual says of -q that nc waits so many seconds after EOF on standard input, then quits.
# Seen: of a server that answers six seconds after the half-close, nc -q 1 prints the answer, and quits
#   one second after the *server's* close; -q 0 waits as long. The option only adds the half-close.
# Matters: used as a time limit in probes and scripts, -q limits nothing: a server that is stuck keeps
#   the script. The limit for that is -w, or timeout(1). Traditional netcat's -q is such a limit.
# Documented: otherwise, in nc(1).
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
{ apt-get download -qq netcat-openbsd=1.219-1 2> apt.log && dpkg -x netcat-openbsd_*.deb .; } || exit 2

cat > server.py <<'PY'
import socket, threading, time

def serve(peer):
    with peer:
        while peer.recv(100):
            pass
        time.sleep(6)
        peer.sendall(b"late\n")

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PY
mkfifo port
python3 server.py > port &
server=$!
read -r port < port
for quit in 0 1; do
    begun=$SECONDS
    answer=$(echo hi | timeout 30 bin/nc.openbsd -q "$quit" 127.0.0.1 "$port" || echo "status $?")
    took=$((SECONDS - begun))
    echo "nc -q $quit: \"$answer\" after $took s"
    [ "$answer" = late ] && [ "$took" -ge 5 ]
done
