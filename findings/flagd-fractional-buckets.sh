#!/usr/bin/env bash
# flagd's evaluation within the process: openfeature-provider-flagd 0.6.1 (Python, with openfeature-flagd-core 2.0.0)
# and @openfeature/flagd-core 4.0.1 (npm, in flagd-provider 0.16.1) draw the same users into other variants. 0.5.2 with
# core 1.0.0 (Python) is beside them.
#
# Expected: the operator `fractional` hashes the targetingKey, so that a user of a flag has one variant in all services,
#   whatever they are written in; flagd calls its assignments consistent across providers.
# Seen: at 50:50 half of 1000 users have another variant in Python than in Node, as if it were drawn again. Python
#   hashes the CBOR of [flag key, targeting key], Node the two texts joined; with a key of one's own it is the same.
#   0.5.2 and Node agree on every user, and other rules are the same in all three.
# Matters: the page shows the new checkout and the service behind it does the old one; an experiment's groups are
#   mixed, with shares that look right. All packages are the newest; an upgrade in one of two services is enough, and
#   it moves half of that service's users over.
# Documented: not for those who install. The new hash is in flagd's decision records; in open-feature/java-sdk-contrib
#   1831 the maintainers want one release for all languages, lest users are drawn differently. Python's came first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
install() {
    python3 -m venv "venv-$2" && "venv-$2/bin/pip" install -q --disable-pip-version-check \
        "openfeature-provider-flagd==$1" "openfeature-flagd-core==$2" openfeature-sdk==0.10.0
}
{ install 0.5.2 1.0.0 && install 0.6.1 2.0.0; } || exit 2
npm install --silent --no-audit --no-fund @openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0 > npm.log || exit 2

cat > flags.json <<'JSON'
{"flags": {
  "checkout": {"state": "ENABLED", "variants": {"old": "old", "new": "new"}, "defaultVariant": "old",
    "targeting": {"fractional": [["old", 50], ["new", 50]]}},
  "by-mail": {"state": "ENABLED", "variants": {"old": "old", "new": "new"}, "defaultVariant": "old",
    "targeting": {"fractional": [{"cat": ["salt", {"var": "mail"}]}, ["old", 50], ["new", 50]]}},
  "starts": {"state": "ENABLED", "variants": {"old": "old", "new": "new"}, "defaultVariant": "old",
    "targeting": {"if": [{"starts_with": [{"var": "mail"}, "user-1"]}, "new", "old"]}}
}}
JSON
cat > ask.mjs <<'JS'
import fs from 'node:fs';
import { FlagdCore } from '@openfeature/flagd-core';

const core = new FlagdCore();
core.setConfigurations(fs.readFileSync('flags.json', 'utf8'));
for (const flag of ['checkout', 'by-mail', 'starts'])
  for (let i = 0; i < 1000; i++) {
    const context = { targetingKey: `user-${i}`, mail: `user-${i}@example.org` };
    console.log(flag, core.resolveStringEvaluation(flag, 'none', context, console).value);
  }
JS
cat > ask.py <<'PY'
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

core = FlagdCore()
with open("flags.json") as file:
    core.set_flags(file.read())
for flag in ("checkout", "by-mail", "starts"):
    for i in range(1000):
        context = EvaluationContext(f"user-{i}", {"mail": f"user-{i}@example.org"})
        print(flag, core.resolve_string_value(flag, "none", context).value)
PY
node ask.mjs > node.seen
venv-1.0.0/bin/python ask.py > python-1.0.0.seen
venv-2.0.0/bin/python ask.py > python-2.0.0.seen
cat > compare.py <<'PY'
def read(name):
    with open(name + ".seen") as file:
        return [line.split() for line in file]


node, older, newer = read("node"), read("python-1.0.0"), read("python-2.0.0")
for flag in ("checkout", "by-mail", "starts"):
    for name, other in (("1.0.0", older), ("2.0.0", newer)):
        new = sum(row == [flag, "new"] for row in other)
        differ = sum(a != b for a, b in zip(node, other) if a[0] == flag)
        print(f"{flag}, Python's core {name}: {new} of 1000 users have the new one,",
              f"{differ} not what they have in Node")
PY
python3 compare.py | tee seen
diff seen - <<'END'
checkout, Python's core 1.0.0: 495 of 1000 users have the new one, 0 not what they have in Node
checkout, Python's core 2.0.0: 510 of 1000 users have the new one, 495 not what they have in Node
by-mail, Python's core 1.0.0: 496 of 1000 users have the new one, 0 not what they have in Node
by-mail, Python's core 2.0.0: 507 of 1000 users have the new one, 483 not what they have in Node
starts, Python's core 1.0.0: 111 of 1000 users have the new one, 0 not what they have in Node
starts, Python's core 2.0.0: 111 of 1000 users have the new one, 0 not what they have in Node
END
