#!/usr/bin/env bash
# robfig/cron 3.0.1 (Kubernetes' CronJob), Spring 7.0.1, Quartz 2.5.2, APScheduler 3.11.3, croniter 7.0.0, cronsim 2.8,
# cron-parser 5.10.6, croner 11.0.1: when clocks change, one crontab line with a time zone runs in other nights.
#
# Expected: a daily job runs once a day, each half-hourly one each half hour; Debian's cron makes it so.
# Seen: in Santiago the clocks go from 23:59 to 01:00, as in Cairo: that day has no midnight, and robfig, Spring, Quartz
#   and APScheduler do not run `0 0 * * *`, the other four run it at 01:00. In autumn robfig, Spring, APScheduler and
#   croniter run `30 23 * * *` twice. Quartz leaves out one of the two hours of a name: `*/30` in New York has no run
#   for 90 minutes, and an hourly job one run less than hours.
# Matters: the day's books are closed twice or not at all. "Not between two and three in the night" is known; that the
#   hour is midnight elsewhere is not. A line tried with croner or cron-parser does otherwise as a CronJob.
# Documented: robfig's package says that jobs in the leap are not run, Quartz's tutorial warns of a skip or a repeat,
#   not of the 90 minutes. Twice is open as kubernetes/kubernetes 121594, whose pages on timeZone say nothing of either.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    apscheduler==3.11.3 croniter==7.0.0 cronsim==2.8 tzdata==2026.6; } || exit 2
npm install --silent --no-audit --no-fund cron-parser@5.10.6 croner@11.0.1 > npm.log || exit 2
cat > pom.xml <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.springframework</groupId><artifactId>spring-context</artifactId><version>7.0.1</version></dependency>
    <dependency><groupId>org.quartz-scheduler</groupId><artifactId>quartz</artifactId><version>2.5.2</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > mvn.log 2>&1 || { tail -5 mvn.log; exit 2; }

# Name, zone, from and to in UTC, the line; and Quartz's form of it.
cat > cases <<'END'
midnight|America/Santiago|2025-09-06T12:00:00Z|2025-09-08T12:00:00Z|0 0 * * *|0 0 0 * * ?
late|America/Santiago|2025-04-05T12:00:00Z|2025-04-06T12:00:00Z|30 23 * * *|0 30 23 * * ?
half-hourly|America/New_York|2025-11-02T04:15:00Z|2025-11-02T07:15:00Z|*/30 * * * *|0 */30 * * * ?
END
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	for _, line := range strings.Split(strings.TrimSpace(string(must(os.ReadFile("cases")))), "\n") {
		fields := strings.Split(line, "|")
		zone := must(time.LoadLocation(fields[1]))
		at, end := must(time.Parse(time.RFC3339, fields[2])).In(zone), must(time.Parse(time.RFC3339, fields[3]))
		runs := ""
		for schedule := must(cron.ParseStandard(fields[4])); ; {
			if at = schedule.Next(at); !at.Before(end) {
				break
			}
			runs += at.UTC().Format(" 02T15:04")
		}
		fmt.Println(fields[0] + ", robfig:" + runs)
	}
}
GO
{ (go mod init finding && go get github.com/robfig/cron/v3@v3.0.1 && go build -o by-robfig .) \
    > go.log 2>&1; } || { tail -5 go.log; exit 2; }
cat > Run.java <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Date;
import java.util.TimeZone;
import java.util.function.UnaryOperator;
import org.springframework.scheduling.support.CronExpression;

public class Run {
    static void show(String name, String[] fields, UnaryOperator<Instant> next) {
        var runs = new StringBuilder();
        var end = Instant.parse(fields[3]);
        var at = next.apply(Instant.parse(fields[2]));
        for (; at != null && at.isBefore(end); at = next.apply(at)) {
            runs.append(' ').append(at.toString(), 8, 16);
        }
        System.out.println(fields[0] + ", " + name + ":" + runs);
    }

    public static void main(String[] args) throws Exception {
        for (var line : Files.readAllLines(Path.of("cases"))) {
            var fields = line.split("\\|");
            var zone = ZoneId.of(fields[1]);
            var spring = CronExpression.parse("0 " + fields[4]);
            show("Spring", fields, at -> {
                var next = spring.next(at.atZone(zone));
                return next == null ? null : next.toInstant();
            });
            var quartz = new org.quartz.CronExpression(fields[5]);
            quartz.setTimeZone(TimeZone.getTimeZone(zone));
            show("Quartz", fields, at -> {
                var next = quartz.getNextValidTimeAfter(Date.from(at));
                return next == null ? null : next.toInstant();
            });
        }
    }
}
JAVA
cat > run.mjs <<'JS'
import fs from 'node:fs';
import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';

for (const line of fs.readFileSync('cases', 'utf8').trim().split('\n')) {
  const [name, tz, from, to, crontab] = line.split('|');
  const parsed = CronExpressionParser.parse(crontab, { currentDate: new Date(from), tz });
  const croner = new Cron(crontab, { timezone: tz });
  const libraries = { 'cron-parser': () => parsed.next().toDate(), croner: (at) => croner.nextRun(at) };
  for (const [library, next] of Object.entries(libraries)) {
    let runs = '';
    for (let at = next(new Date(from)); at < new Date(to); at = next(at)) {
      runs += ` ${at.toISOString().slice(8, 16)}`;
    }
    console.log(`${name}, ${library}:${runs}`);
  }
}
JS
cat > run.py <<'PY'
import datetime
from zoneinfo import ZoneInfo

import cronsim
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter

UTC = datetime.timezone.utc


def apscheduler(crontab, at):
    trigger = CronTrigger.from_crontab(crontab, timezone=at.tzinfo)
    while at := trigger.get_next_fire_time(at, at):
        yield at


def by_croniter(crontab, at):
    runs = croniter(crontab, at)
    while True:
        yield runs.get_next(datetime.datetime)


LIBRARIES = {"APScheduler": apscheduler, "croniter": by_croniter, "cronsim": cronsim.CronSim}
with open("cases") as file:
    for line in file:
        name, zone, start, end, crontab, _ = line.strip().split("|")
        start, end = map(datetime.datetime.fromisoformat, (start, end))
        for library, runs in LIBRARIES.items():
            seen = ""
            for at in runs(crontab, start.astimezone(ZoneInfo(zone))):
                at = at.astimezone(UTC)
                if at >= end:
                    break
                seen += f" {at:%dT%H:%M}"
            print(f"{name}, {library}:{seen}")
PY
{ ./by-robfig; java -cp 'lib/*' Run.java 2> java.log; node run.mjs; venv/bin/python run.py; } > runs
for name in midnight late half-hourly; do grep "^$name," runs; done | tee seen
diff seen - <<'END'
midnight, robfig: 08T03:00
midnight, Spring: 08T03:00
midnight, Quartz: 08T03:00
midnight, cron-parser: 07T04:00 08T03:00
midnight, croner: 07T04:00 08T03:00
midnight, APScheduler: 08T03:00
midnight, croniter: 07T04:00 08T03:00
midnight, cronsim: 07T04:00 08T03:00
late, robfig: 06T02:30 06T03:30
late, Spring: 06T02:30 06T03:30
late, Quartz: 06T03:30
late, cron-parser: 06T02:30
late, croner: 06T02:30
late, APScheduler: 06T02:30 06T03:30
late, croniter: 06T02:30 06T03:30
late, cronsim: 06T02:30
half-hourly, robfig: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, Spring: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, Quartz: 02T04:30 02T06:00 02T06:30 02T07:00
half-hourly, cron-parser: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, croner: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, APScheduler: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, croniter: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
half-hourly, cronsim: 02T04:30 02T05:00 02T05:30 02T06:00 02T06:30 02T07:00
END
