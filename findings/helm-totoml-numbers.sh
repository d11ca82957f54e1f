#!/usr/bin/env bash
# Helm 4.2.3 (by helm-python-sdk 0.2.2): toToml writes the whole numbers of values.yaml as floats.
#
# Expected: `port: 8080` is an integer in YAML, and so is port = 8080 in TOML, which keeps integers and floats apart
#   (1.0.0, "Integer" and "Float"). toYaml and toJson of the same values write 8080.
# Seen: toToml writes port = 8080.0 and limit = 2e+07, for values of the chart, of the user and of fromYaml. A number of
#   the template, one from the function `int` and one from fromToml are integers.
# Matters: toToml is there for the settings of programs in Go and Rust, which read them into types: BurntSushi/toml
#   1.6.0 refuses the file, and the pod does not start. A program without types has a float for its port or its workers.
#   A field can be cast by its name, a map that is the user's own cannot.
# Documented: by issues: helm/helm 2474 (2017), 12987, and 32035 of 2026, which is open. Pull request 13533 mended it
#   and 30884 took that back.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
{ python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check \
    helm-python-sdk==0.2.2 PyYAML==6.0.4; } || exit 2
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/BurntSushi/toml"
)

func main() {
	for _, name := range os.Args[1:] {
		var settings struct{ Port int }
		_, err := toml.DecodeFile(name, &settings)
		fmt.Println("read by Go,", name+":", settings.Port, err)
	}
}
GO
{ (go mod init finding && go get github.com/BurntSushi/toml@v1.6.0 && go build -o by-go .) > go.log 2>&1; } \
    || { tail -5 go.log; exit 2; }
mkdir -p shop/templates
printf 'apiVersion: v2\nname: shop\nversion: 1.0.0\n' > shop/Chart.yaml
echo 'server: {port: 8080, limit: 20000000, ratio: 0.5}' > shop/values.yaml
cat > shop/templates/map.yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  values.toml: {{ toToml .Values.server | quote }}
  values.yaml: {{ toYaml .Values.server | quote }}
  values.json: {{ toJson .Values.server | quote }}
  template.toml: {{ toToml (dict "port" 8080 "limit" (int .Values.server.limit)) | quote }}
  from-yaml.toml: {{ toToml (fromYaml "port: 8080") | quote }}
  from-toml.toml: {{ toToml (fromToml "port = 8080") | quote }}
YAML
cat > run.py <<'PY'
import helm_python as helm
import yaml

config = helm.Config(namespace="x")
made = config.install("shop", "release", {"server": {"port": 8081}}, dry_run="client")["manifest"]
for name, text in yaml.safe_load(made)["data"].items():
    print(f"{name}:", *text.split("\n"))
    with open(name, "w") as file:
        file.write(text)
PY
{ venv/bin/python run.py; ./by-go values.toml template.toml; } | sed 's/ *$//' | tee seen
diff seen - <<'END'
values.toml: limit = 2e+07 port = 8081.0 ratio = 0.5
values.yaml: limit: 20000000 port: 8081 ratio: 0.5
values.json: {"limit":20000000,"port":8081,"ratio":0.5}
template.toml: limit = 20000000 port = 8080
from-yaml.toml: port = 8080.0
from-toml.toml: port = 8080
read by Go, values.toml: 0 toml: line 2 (last key "port"): incompatible types: TOML value has type float64; destination has type integer
read by Go, template.toml: 8080 <nil>
END
