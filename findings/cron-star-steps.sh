#!/usr/bin/env bash
# Cron's "*/2" beside a day of the week: robfig/cron 3.0.1 (Go, below the CronJob of Kubernetes), croniter 7.0.0
# (Python), cron-parser 5.10.6 and croner 11.0.1 (npm) run on other days than cron. Beside them cronsim 2.8 (Python),
# which follows Debian's cron.
#
# Expected: a line of a crontab runs at the same times wherever it is moved. Of its two fields for days cron takes
#   either one if both are restricted, that is, contain no "*" (crontab(5) of cronie); else both must match. "*/2" has
#   one, and "1-7 * */7" is the usual way to say "the first Sunday of the month".
# Seen: "0 9 */2 * 1", each Monday with an odd date, runs twice in November 2026 by cron's rule. The four take a step
#   for a restriction, like "1-31/2", and run on all odd days and all Mondays, 18 times. The first Sunday of a month
#   becomes each day of the first week and each Sunday, 11 times. Without a step, and with "*/1" in Go, all agree.
# Matters: a monthly report, an invoice or a failover drill is moved into the cluster, or into the service, and is
#   carried out eleven times, beginning on the right day. Fields by themselves, as one tries them, are the same.
# Documented: by cronsim for its release 2.2, and by croniter, which calls it a bug of cron and has the option
#   implement_cron_bug. robfig/cron has it in issue 70 alone, cron-parser and croner speak of "or" without steps, and
#   Kubernetes' page on CronJob explains steps by cron's manual.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check croniter==7.0.0 cronsim==2.8; } || exit 2
npm install --silent --no-audit --no-fund cron-parser@5.10.6 croner@11.0.1 > npm.log || exit 2

cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	for _, line := range os.Args[1:] {
		schedule, err := cron.ParseStandard(line)
		if err != nil {
			panic(err)
		}
		fmt.Printf("robfig/cron, %s:", line)
		start := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
		for at := schedule.Next(start); at.Month() == time.November; at = schedule.Next(at) {
			fmt.Print(" ", at.Day())
		}
		fmt.Println()
	}
}
GO
{ (go mod init finding && go get github.com/robfig/cron/v3@v3.0.1 && go build -o finding .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }
cat > run.py <<'PY'
import sys
from datetime import datetime

from croniter import croniter
from cronsim import CronSim

start = datetime(2026, 11, 1)
for line in sys.argv[1:]:
    for name, times in (("cronsim", CronSim(line, start)), ("croniter", croniter(line, start, ret_type=datetime))):
        days = []
        for at in times:
            if at.month != 11:
                break
            days.append(at.day)
        print(f"{name}, {line}:", *days)
PY
cat > run.mjs <<'JS'
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';

const start = new Date('2026-11-01T00:00:00Z');
for (const line of process.argv.slice(2)) {
  const parsed = CronExpressionParser.parse(line, { currentDate: start, tz: 'UTC' });
  const times = {
    'cron-parser': Array.from({ length: 40 }, () => parsed.next().toDate()),
    croner: new Cron(line, { timezone: 'UTC', paused: true }).nextRuns(40, start),
  };
  for (const [name, list] of Object.entries(times)) {
    const days = list.filter((at) => at.getUTCMonth() === 10 && at.getUTCFullYear() === 2026);
    console.log(`${name}, ${line}:`, ...days.map((at) => at.getUTCDate()));
  }
}
JS
lines=('0 9 */2 * 1' '0 9 1-7 * */7' '0 9 * * 1')
{ venv/bin/python run.py "${lines[@]}" && ./finding "${lines[@]}" '0 9 */1 * 1' && node run.mjs "${lines[@]}"; } \
    | tee seen
diff seen - <<'END'
cronsim, 0 9 */2 * 1: 9 23
croniter, 0 9 */2 * 1: 1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29 30
cronsim, 0 9 1-7 * */7: 1
croniter, 0 9 1-7 * */7: 1 2 3 4 5 6 7 8 15 22 29
cronsim, 0 9 * * 1: 2 9 16 23 30
croniter, 0 9 * * 1: 2 9 16 23 30
robfig/cron, 0 9 */2 * 1: 1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29 30
robfig/cron, 0 9 1-7 * */7: 1 2 3 4 5 6 7 8 15 22 29
robfig/cron, 0 9 * * 1: 2 9 16 23 30
robfig/cron, 0 9 */1 * 1: 2 9 16 23 30
cron-parser, 0 9 */2 * 1: 1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29 30
croner, 0 9 */2 * 1: 1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29 30
cron-parser, 0 9 1-7 * */7: 1 2 3 4 5 6 7 8 15 22 29
croner, 0 9 1-7 * */7: 1 2 3 4 5 6 7 8 15 22 29
cron-parser, 0 9 * * 1: 2 9 16 23 30
croner, 0 9 * * 1: 2 9 16 23 30
END
