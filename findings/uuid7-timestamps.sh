#!/usr/bin/env bash
# uuid7 0.1.0 (PyPI): its version 7 is not RFC 9562's. Beside it uuid6 2025.0.1 (PyPI) and uuid 14.0.3 (npm), read by
# google/uuid 1.6.0 (Go).
#
# Expected: a UUID of version 7 begins with the milliseconds since 1970 in 48 bits (RFC 9562, 5.7), so that those of
#   all libraries and databases sort by their time and tell it.
# Seen: uuid7 writes the layout of an early draft, whole seconds in 36 bits and fractions behind them, under the same
#   version. Go reads the time of one made today as a day in 2203, and it sorts behind each one that the others will
#   make until then. Among themselves its UUIDs are in order.
# Matters: it is the package of that name. Where its ids meet others (Python 3.14's own uuid7, PostgreSQL's uuidv7(), a
#   service in Node) newest-first lists and cursors show the one side alone, partitions by time go wrong and what is
#   older than a month is never deleted; each side alone passes its tests.
# Documented: its page describes the layout and names the draft. stevesimmons/uuid7, issue 1, is open; pull request 2
#   mended it in 2023, and no release has that.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check uuid7==0.1.0 uuid6==2025.0.1; } || exit 2
npm install --silent --no-audit --no-fund uuid@14.0.3 > npm.log || exit 2
cat > main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		id := uuid.MustParse(lines.Text())
		seconds, _ := id.Time().UnixTime()
		fmt.Println(lines.Text(), id.Version(), time.Unix(seconds, 0).UTC().Format("2006-01-02"))
	}
}
GO
{ (go mod init finding && go get github.com/google/uuid@v1.6.0 && go mod tidy \
    && go build -o finding .) > go.log 2>&1; } || { tail -5 go.log; exit 2; }

cat > run.py <<'PY'
import datetime
import subprocess
import sys
import time

import uuid6
import uuid_extensions


def by_node():
    script = "console.log(require('uuid').v7())"
    return subprocess.run(["node", "-e", script], check=True, capture_output=True, text=True).stdout.strip()


makers = {"uuid7": lambda: str(uuid_extensions.uuid7()), "uuid6": lambda: str(uuid6.uuid7()), "uuid (npm)": by_node}
ids = []
for _ in range(2):
    for name, make in makers.items():
        ids.append((name, make()))
        time.sleep(0.01)
lines = "\n".join(each for _, each in ids)
read = subprocess.run(["./finding"], input=lines, check=True, capture_output=True, text=True)
years, today = {}, datetime.datetime.now(datetime.timezone.utc).year
for (name, _), line in zip(ids, read.stdout.splitlines()):
    print(f"{name}: {line}")
    years.setdefault(name, set()).add(int(line.split()[-1].split("-")[0]))
    assert " VERSION_7 " in line
order = [name for name, _ in sorted(ids, key=lambda pair: pair[1])]
print("made in turns, sorted:", ", ".join(order))
right = order[:4] == ["uuid6", "uuid (npm)"] * 2 and all(years[name] <= {today, today + 1} for name in order[:4])
sys.exit(not (right and order[4:] == ["uuid7"] * 2 and min(years["uuid7"]) > today + 100))
PY
venv/bin/python run.py
