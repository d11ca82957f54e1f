#!/usr/bin/env bash
# Helm 4.2.3 (by helm-python-sdk 0.2.2): null removes a default, but not in a parent chart's values.yaml.
#
# Expected: a value of null removes the key that a chart's defaults set; a parent chart's values.yaml
#   overrides those of its subcharts as a user's values do.
# Seen: `sub: {resources: null}` removes the subchart's default when a user gives it, as a whole or for
#   one key below. The same lines in the parent's values.yaml do nothing: the default stays, and
#   nothing is said. Any other value there overrides as expected.
# Matters: an umbrella chart that takes away a limit, a probe or an annotation of a subchart works when
#   it is tried with `-f`, and no longer when the tried lines are moved into the chart.
# Documented: Helm's guide to values names null for the user's overrides and does not tell the two
#   apart.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q helm-python-sdk==0.2.2; } || exit 2

cat > run.py <<'PY'
import json, pathlib, re, sys
import helm_python as helm

def write(folder, name, values, **more):
    (folder / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": name, "version": "1.0.0"} | more
    (folder / "Chart.yaml").write_text(json.dumps(about))
    (folder / "values.yaml").write_text(json.dumps(values))

def seen_by_subchart(parent, user):
    folder = pathlib.Path("parent-" + str(len(list(pathlib.Path(".").glob("parent-*")))))
    write(folder, "parent", parent, dependencies=[{"name": "sub", "version": "1.0.0"}])
    sub = folder / "charts/sub"
    write(sub, "sub", {"resources": {"cpu": 1, "memory": 2}})
    (sub / "templates/map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sub}\ndata: {seen: {{ .Values.resources | toJson | squote }}}\n")
    config = helm.Config(namespace="x")
    manifest = config.install(str(folder), "release", user, dry_run="client")["manifest"]
    return re.search("seen: '(.*)'", manifest)[1]

print("Helm", helm.helm_sdk_version())
DEFAULT = '{"cpu":1,"memory":2}'
EXPECTED = {  # override: as the parent's values.yaml has it, as the user's values have it
    '{"sub": {"resources": {"cpu": 5}}}': ('{"cpu":5,"memory":2}', '{"cpu":5,"memory":2}'),
    '{"sub": {"resources": null}}': (DEFAULT, "null"),
    '{"sub": {"resources": {"cpu": null}}}': (DEFAULT, '{"memory":2}'),
}
changed = False
for text, expected in EXPECTED.items():
    override = json.loads(text)
    seen = seen_by_subchart(override, {}), seen_by_subchart({}, override)
    print(f"{text}: in the parent's values.yaml {seen[0]}, by the user {seen[1]}")
    changed |= seen != expected
sys.exit(changed)
PY
venv/bin/python run.py
