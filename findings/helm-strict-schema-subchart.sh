#!/usr/bin/env bash
# Helm 4.2.3 (by helm-python-sdk 0.2.2): a chart with a strict schema cannot be anybody's dependency.
#
# Expected: a chart that validates its own values ("additionalProperties": false) and installs alone
#   installs as a subchart too, with the same values.
# Seen: alone it is taken. As a dependency it fails with "additional properties 'global' not allowed",
#   though nobody set a global: Helm puts an empty `global` into the subchart's values before it
#   validates them. Where the parent's `condition` is sub.enabled, true, `enabled` is refused as well;
#   false skips the check.
# Matters: the chart's own tests pass. Whoever depends on it can do nothing but turn the validation of
#   the whole release off; its author must allow `global`, and names that other people's conditions use.
# Documented: no; Helm's chapter on schema files says that subcharts' schemas are checked, no more.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q helm-python-sdk==0.2.2; } || exit 2

cat > run.py <<'PY'
import json, pathlib, re, shutil, sys
import helm_python as helm

def write(folder, name, values, dependency=None):
    (folder / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": name, "version": "1.0.0"}
    if dependency:
        about["dependencies"] = [dependency]
    (folder / "Chart.yaml").write_text(json.dumps(about))
    (folder / "values.yaml").write_text(json.dumps(values))
    (folder / "templates/map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    return folder

def verdict(chart):
    try:
        helm.Config(namespace="x").install(str(chart), "release", {}, dry_run="client")
        return "taken"
    except helm.HelmError as error:
        return "refused: " + ", ".join(sorted(re.findall("'(\\w+)'", str(error).splitlines()[-1])))

sub = write(pathlib.Path("sub"), "sub", {"port": 80})
(sub / "values.schema.json").write_text(json.dumps(
    {"type": "object", "additionalProperties": False, "properties": {"port": {"type": "integer"}}}))

def parent(name, values, **condition):
    chart = write(pathlib.Path(name), "parent", values, {"name": "sub", "version": "1.0.0"} | condition)
    shutil.copytree(sub, chart / "charts/sub")
    return chart

print("Helm", helm.helm_sdk_version())
charts = {
    "alone": sub,
    "as a dependency": parent("plain", {}),
    "with its condition true": parent("on", {"sub": {"enabled": True}}, condition="sub.enabled"),
    "with its condition false": parent("off", {"sub": {"enabled": False}}, condition="sub.enabled"),
}
seen = {name: verdict(chart) for name, chart in charts.items()}
for name, said in seen.items():
    print(f"{name}: {said}")
sys.exit(seen != {
    "alone": "taken",
    "as a dependency": "refused: global",
    "with its condition true": "refused: enabled, global",
    "with its condition false": "taken",
})
PY
venv/bin/python run.py
