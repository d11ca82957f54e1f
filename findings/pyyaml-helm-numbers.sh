#!/usr/bin/env bash
# PyYAML 6.0.4 writes some strings without quotes that Helm 4.2.3 (by helm-python-sdk 0.2.2) reads as numbers.
#
# Expected: `yaml.safe_dump` quotes a string wherever a reader could take it for something else, as it does with
#   '017' and '1234567'; values written by Python reach a chart as the strings that they were.
# Seen: '0183456' and '08' (digits behind a zero with an 8 or a 9 among them) and '123e456', '1e3' (digits with one e)
#   are written bare. PyYAML reads them back as strings; Helm has 183456, 8 and 1000. '123e456' is too large for a
#   float and survives, '123e45' becomes 1.23e+47; 'y' and 'n' become true and false.
# Matters: a commit's short hash as an image tag, a build number or a month made of digits is right for weeks, and one
#   day names another tag, or fails a schema that wants a string, by the luck of its digits alone.
# Documented: by issues (yaml/pyyaml 98 and 794, kapicorp/kapitan 1370), by neither manual. PyYAML is right by YAML 1.1,
#   Go's reader mixes 1.1 and 1.2.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check pyyaml==6.0.4 helm-python-sdk==0.2.2; } || exit 2

cat > run.py <<'PY'
import json
import pathlib
import re
import sys

import helm_python as helm
import yaml

EXPECTED = {  # a tag: what a chart has of it
    "017": "017", "1234567": "1234567", "a83456": "a83456", "123e456": "123e456",
    "08": 8, "0183456": 183456, "1e3": 1000, "123e45": 1.23e47, "y": True, "n": False,
}
written = yaml.safe_dump({"tags": [{"tag": tag} for tag in EXPECTED]})
assert [each["tag"] for each in yaml.safe_load(written)["tags"]] == list(EXPECTED), "PyYAML reads otherwise"
chart = pathlib.Path("chart")
(chart / "templates").mkdir(parents=True)
(chart / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": "chart", "version": "1.0.0"}))
(chart / "values.yaml").write_text(written)
(chart / "templates/map.yaml").write_text(
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {seen: {{ .Values.tags | toJson | squote }}}\n")
manifest = helm.Config(namespace="x").install("chart", "release", {}, dry_run="client")["manifest"]
seen = [each["tag"] for each in json.loads(re.search("seen: '(.*)'", manifest)[1])]
print("Helm", helm.helm_sdk_version(), "PyYAML", yaml.__version__)
for tag, line, has in zip(EXPECTED, written.splitlines()[1:], seen):
    print(f"{tag!r:11} written as {line[2:]:16} Helm has {has!r}")
sys.exit(seen != list(EXPECTED.values()))
PY
venv/bin/python run.py
