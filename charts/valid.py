"""Whether rendered objects are valid, by the schemas that are published for them.

    valid.py FILE...    each object of each file, for every Kubernetes below; a line for what is not

Kubernetes' schemas come from the package kubernetes-validate, in whose environment this runs. Those of the
Gateway API are in gateway-api.json. Objects of the Prometheus operator are not looked at.
"""

import functools
import json
import pathlib
import re
import sys

import jsonschema
import kubernetes_validate
import referencing
import yaml

VERSIONS = ["1.34", "1.35", "1.36", "1.37"]
SCHEMAS = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
GATEWAY_API = json.loads((pathlib.Path(__file__).parent / "gateway-api.json").read_text())


@functools.cache
def registry(version):
    definitions = json.loads((SCHEMAS / f"v{version}.0-local-strict" / "_definitions.json").read_text())
    resource = referencing.Resource.from_contents(definitions)
    return referencing.Registry().with_resource("_definitions.json", resource).crawl()


@functools.cache
def validator(version, api, kind):
    """None where nobody has published a schema that says so."""
    if api.startswith("gateway.networking.k8s.io/"):
        schema = GATEWAY_API["kinds"].get(f"{api.split('/')[1]}/{kind}")
        return schema and jsonschema.Draft202012Validator(schema)
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api)
    path = SCHEMAS / f"v{version}.0-local-strict" / f"{kind.lower()}-{group}.json"
    if not path.exists():
        return None
    return jsonschema.Draft202012Validator(json.loads(path.read_text()), registry=registry(version))


def wrong(document):
    api, kind = document["apiVersion"], document["kind"]
    if api.startswith("monitoring.coreos.com/"):
        return
    for version in VERSIONS:
        checked = validator(version, api, kind)
        if not checked:
            yield f"{api} {kind} is not known to Kubernetes {version}"
        else:
            for error in checked.iter_errors(document):
                yield f"{version}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


found = 0
for path in sys.argv[1:]:
    for document in yaml.load_all(pathlib.Path(path).read_text(), Loader=yaml.CSafeLoader):
        for text in wrong(document) if document else ():
            print(f"{path}: {document['kind']} {document['metadata']['name']}: {text}")
            found += 1
sys.exit(found > 0)
