#!/usr/bin/env bash
# Helm 4.2.3 (by helm-python-sdk 0.2.2): whether values.schema.json checks `format` hangs on `$schema`.
#
# Expected: a chart that declares {"type": "string", "format": "ipv4"} refuses "not-an-ip", or Helm
#   never checks formats: one or the other.
# Seen: with "$schema" of draft 7 the value is refused; with 2019-09, 2020-12, or without a "$schema",
#   it passes and is rendered. `pattern` and `type` are checked in all of them.
# Matters: schemas begin by copy and paste, mostly without the line or with the newest draft: their
#   formats look like validation and are comments. Adding the line, or upgrading it, silently turns
#   every format of the chart on or off, for its users' values too.
# Documented: by JSON Schema (from 2019-09 on `format` only annotates by default), not by Helm, whose
#   chapter on schema files names no draft. Helm 3.22 does the same.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q helm-python-sdk==0.2.2; } || exit 2

cat > run.py <<'PY'
import json, pathlib, sys
import helm_python as helm

chart = pathlib.Path("shop")
(chart / "templates").mkdir(parents=True)
(chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
(chart / "templates/map.yaml").write_text(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {ip: {{ .Values.ip | quote }}}\n")
DRAFTS = {
    "draft 7": "http://json-schema.org/draft-07/schema#",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "none": None,
}

def verdict(draft, rule):
    schema = {"properties": {"ip": {"type": "string"} | rule}}
    if draft:
        schema["$schema"] = draft
    (chart / "values.schema.json").write_text(json.dumps(schema))
    try:
        config = helm.Config(namespace="x")
        config.install(str(chart), "release", {"ip": "not-an-ip"}, dry_run="client")
        return "taken"
    except helm.HelmError as error:
        return "refused" if "schema" in str(error) else f"{error}"

print("Helm", helm.helm_sdk_version())
seen = {}
for name, draft in DRAFTS.items():
    seen[name] = verdict(draft, {"format": "ipv4"}), verdict(draft, {"pattern": "^[0-9.]+$"})
    print(f"$schema {name}: format {seen[name][0]}, pattern {seen[name][1]}")
newer = ("taken", "refused")
sys.exit(seen != {"draft 7": ("refused", "refused"), "2019-09": newer, "2020-12": newer, "none": newer})
PY
venv/bin/python run.py
