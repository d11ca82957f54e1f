"""Values at random from the charts' schemas, for charts/generated.

    generated.py COUNT SEED
"""

import collections
import json
import pathlib
import random
import re
import re._parser as regex
import string
import subprocess
import sys
import tempfile

import jsonschema
import yaml

CHARTS = ["desafio1", "hello", "grpc", "chat", "sockets", "jaeger", "lab"]
# Where they are asked of.
NAMESPACE = "generated-values"
# How likely a key is said at all, by its depth: most of what people write is shallow.
SAID = [0.25, 0.3, 0.5, 0.6]
# What a template refuses in words is as good as a refusal by the schema.
REFUSED = re.compile(r"execution error at .*?: (.*)")
# What this cluster lacks is no fault of the values: another family of addresses, a port that somebody has.
LACKING = ["not configured on this cluster", "not configured for dual-stack", "provided port is already allocated", "no matches for kind", "ensure CRDs are installed first", "could not find the requested resource"]


class Values:
    """Values of one chart."""

    def __init__(self, chart, schema, rng):
        self.chart, self.schema, self.rng = chart, schema, rng

    def make(self):
        """A set that the schema takes. What contradicts itself by chance is made anew."""
        services = yaml.safe_load(pathlib.Path(self.chart, "values.yaml").read_text()).get("services", {})
        while True:
            values = self.object(self.schema, 0)
            for key in ["global", "common", "tags", "enabled", "services", "namespace", "extraObjects"]:
                values.pop(key, None)
            if services:
                rows = self.schema["properties"]["services"]["additionalProperties"]
                values["services"] = {name: self.row(rows, row) for name, row in services.items() if self.rng.random() < 0.7}
            if self.rng.random() < 0.2 and services:
                ours = self.resolve(self.schema["properties"]["global"]["properties"]["malha"])
                values["global"] = {"malha": self.object(ours, 1)}
                values["global"]["malha"].pop("extraObjects", None)
            if self.chart == "lab":
                self.shows(values)
            self.agree(values, services)
            if jsonschema.Draft7Validator(self.schema).is_valid(self.whole(values, services)):
                return values

    def row(self, schema, given):
        made = self.object(schema, 1)
        # The exercise's own names: others would lead nowhere.
        made.pop("calls", None)
        if "service" in made:
            made["service"] = {k: v for k, v in (made["service"] or {}).items() if k not in ("name", "port", "protocol")} if "service" in given else None
            if not made["service"]:
                del made["service"]
        return made

    def shows(self, values):
        """What the lab is told, whose Roles follow from it: namespaces that there are."""
        row = values.setdefault("services", {}).setdefault("lab", {})
        row["env"] = row.get("env") or {}
        row["env"]["NAMESPACES"] = self.rng.choice(["", NAMESPACE, f" {NAMESPACE},, {NAMESPACE} "])
        for name in ("BREAKS", "LOGS"):
            # A chart's own word, or one for every row; now and then one that is none.
            at = self.rng.choice([row, row, values])
            if self.rng.random() < 0.6:
                at["env"] = {**(at.get("env") or {}), name: self.rng.choice(["on", "off", "on", "off", "on", "off", "yes", True, None])}

    def agree(self, values, services):
        """What hangs together across keys, so that most sets get past the templates' refusals."""
        everywhere = [values, values.get("serviceDefaults"), values.get("redis"), *(values.get("services") or {}).values()]
        everywhere += [(values.get("global") or {}).get("malha"), ((values.get("global") or {}).get("malha") or {}).get("serviceDefaults"), ((values.get("global") or {}).get("malha") or {}).get("redis")]
        everywhere = [each for each in everywhere if isinstance(each, dict)]
        for each in everywhere:
            if self.rng.random() < 0.95:
                # Mounts belong to volumes: one level's only, or another level's would replace them.
                names = [volume["name"] for volume in each.get("volumes") or []]
                each["volumeMounts"] = [{**mount, "name": names[0], "mountPath": f"/extra/{at}"} for at, mount in enumerate(each.get("volumeMounts") or [])] if names else []
                each["volumes"] = [{**volume, "name": f"extra-{at}"} for at, volume in enumerate(each.get("volumes") or [])]
                for mount in each["volumeMounts"]:
                    mount["name"] = "extra-0"
                if not each["volumes"]:
                    del each["volumes"], each["volumeMounts"]
            if (each.get("minReadySeconds") or 0) > 100 and self.rng.random() < 0.9:
                each["minReadySeconds"] = self.rng.randint(0, 100)
            if isinstance(each.get("service"), dict) and "nodePort" in each["service"] and self.rng.random() < 0.9:
                each["service"].pop("nodePort")
            for way in ("route", "ingress"):
                if isinstance(each.get(way), dict):
                    each[way].pop("enabled", None)
            each.pop("calls", None)
            if isinstance(each.get("resources"), dict) and self.rng.random() < 0.9 and each["resources"].get("requests") and each["resources"].get("limits"):
                each["resources"].pop("requests")
        # A container's name is another in each pod: only a row can know it.
        for name, each in [*(values.get("services") or {}).items(), ("redis", values.get("redis") or {}), (self.chart, values)]:
            self.know(each.get("volumes"), name)
        for name, row in (values.get("services") or {}).items():
            speaks = services[name].get("service", {}).get("protocol")
            if speaks and self.rng.random() < 0.3:
                row["route"] = {**(row.get("route") or {}), "enabled": True, "parentRefs": self.parents()}
                if speaks == "tcp":
                    row["route"]["hostnames"] = None
                else:
                    row["ingress"] = {**(row.get("ingress") or {}), "enabled": True}
                values["networkPolicy"] = {**(values.get("networkPolicy") or {}), "allowExternal": True}
        for each in (values, (values.get("global") or {}).get("malha")):
            if isinstance(each, dict) and isinstance(each.get("serviceDefaults"), dict) and isinstance(each["serviceDefaults"].get("service"), dict):
                each["serviceDefaults"]["service"] = {k: v for k, v in each["serviceDefaults"]["service"].items() if k not in ("name", "port", "protocol")}
            if isinstance(each, dict) and isinstance(each.get("redis"), dict):
                for key in ("url", "enabled", "maxmemory"):
                    each["redis"].pop(key, None)

    def know(self, volumes, name):
        """Says who the container is, wherever volumes ask for what it may use."""
        for volume in volumes or []:
            sources = [*(volume.get("projected") or {}).get("sources", []), volume]
            for item in [item for source in sources for item in (source.get("downwardAPI") or {}).get("items", [])]:
                if "resourceFieldRef" in item and self.rng.random() < 0.95:
                    item["resourceFieldRef"]["containerName"] = name

    def parents(self):
        """Gateways of a route, now and then the same one twice."""
        parents = [{"name": "web", "namespace": "gateways"} for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]
        for parent in parents:
            for key, choices in {"sectionName": ["http", "https", "grpc"], "port": [80, 443], "kind": ["Gateway", "Service"], "group": ["gateway.networking.k8s.io", ""]}.items():
                if self.rng.random() < (0.8 if key == "sectionName" and len(parents) > 1 else 0.2):
                    parent[key] = self.rng.choice(choices)
        return parents

    def whole(self, values, services):
        """With the chart's own rows beneath, as Helm checks them."""
        whole = json.loads(json.dumps(values))
        if services:
            for name, row in services.items():
                mine = whole.setdefault("services", {}).setdefault(name, {})
                if "service" in row:
                    mine["service"] = {**row["service"], **(mine.get("service") or {})}
        return whole

    def resolve(self, schema):
        while "$ref" in schema:
            at = self.schema
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            schema = at
        return schema

    def any(self, schema, depth):
        schema = self.resolve(schema)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.any(self.rng.choice(schema[key]), depth)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        kinds = schema.get("type", "object")
        kind = self.rng.choice(kinds) if isinstance(kinds, list) else kinds
        if kind == "null" and kinds != "null" and self.rng.random() < 0.5:
            kind = next(each for each in kinds if each != "null")
        return getattr(self, kind)(schema, depth)

    def null(self, schema, depth):
        return None

    def boolean(self, schema, depth):
        return self.rng.random() < 0.5

    def integer(self, schema, depth):
        low, high = schema.get("minimum", 0), schema.get("maximum", 1000)
        return self.rng.choice([low, high, self.rng.randint(low, high), self.rng.randint(low, min(high, low + 9))])

    def number(self, schema, depth):
        return self.rng.choice([1, 2.5, 40000000])

    def array(self, schema, depth):
        size = self.rng.randint(schema.get("minItems", 0), min(schema.get("maxItems", 3), 3))
        made = [self.any(schema["items"], depth + 1) for _ in range(size)]
        if schema.get("uniqueItems"):
            made = list({json.dumps(each): each for each in made}.values())
        return made

    def object(self, schema, depth):
        schema = self.resolve(schema)
        known, needed = schema.get("properties", {}), schema.get("required", [])
        said = SAID[min(depth, len(SAID) - 1)]
        if "maxProperties" in schema:
            free = [key for key in known if key not in needed and "properties" in self.resolve(known[key])] or list(known)
            keys = needed + self.rng.sample(free, schema["maxProperties"] - len(needed))
        else:
            keys = [key for key in known if key in needed or self.rng.random() < said]
            if schema.get("minProperties") and not keys:
                keys = [self.rng.choice(list(known))] if known else []
        made = {key: self.any(known[key], depth + 1) for key in keys}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and not known:
            for _ in range(self.rng.randint(0, 2)):
                names = self.resolve(schema.get("propertyNames", {}))
                made[self.matching(names.get("pattern", "^[a-z]{3}$"))] = self.any(more, depth + 1)
        return made

    def string(self, schema, depth):
        if schema is self.schema["definitions"].get("cidr"):
            return self.rng.choice(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "192.0.2.128/25", "0.0.0.0/0", "10.1.2.3/8"])
        if "pattern" not in schema:
            return "".join(self.rng.choices(string.ascii_letters + string.digits + " %{}\"':#ã\\", k=self.rng.randint(0, 12)))
        while True:
            text = self.matching(schema["pattern"])
            if len(text) <= schema.get("maxLength", 10**6) and not ("not" in schema and jsonschema.Draft7Validator(schema["not"]).is_valid(text)):
                return text

    def matching(self, pattern):
        """A text of a pattern."""
        return "".join(self.part(part) for part in regex.parse(pattern))

    def part(self, part):
        kind, value = str(part[0]), part[1]
        if kind == "LITERAL":
            return chr(value)
        if kind == "IN":
            return self.one(value)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = value
            most = min(int(high), low + 8)
            if self.rng.random() < 0.05 and int(high) < 300:
                most = low = int(high)
            return "".join("".join(self.part(each) for each in inner) for _ in range(self.rng.randint(low, most)))
        if kind == "SUBPATTERN":
            return "".join(self.part(each) for each in value[-1])
        if kind == "BRANCH":
            return "".join(self.part(each) for each in self.rng.choice(value[1]))
        if kind == "NOT_LITERAL":
            return self.rng.choice(string.ascii_letters)
        if kind == "AT":
            return ""
        raise ValueError(f"{kind} in a pattern")

    def one(self, choices):
        if str(choices[0][0]) == "NEGATE":
            return self.rng.choice(string.ascii_letters + string.digits)
        at = self.rng.choice(choices)
        return chr(at[1]) if str(at[0]) == "LITERAL" else chr(self.rng.randint(*at[1]))


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True)


def main(count, seed):
    counted, refusals, faults = collections.Counter(), collections.Counter(), 0
    there = run("kubectl", "create", "namespace", NAMESPACE)
    if there.returncode and "already exists" not in there.stderr:
        sys.exit(there.stderr)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="generated-"))
    try:
        for index in range(count):
            rng = random.Random(f"{seed}/{index}")
            chart = CHARTS[index % len(CHARTS)]
            schema = json.loads(pathlib.Path(chart, "values.schema.json").read_text())
            path = folder / f"{chart}-{index}.json"
            path.write_text(json.dumps(Values(chart, schema, rng).make(), indent=1))
            name = "r" * rng.choice([1, 8, 53])
            rendered = run("helm", "template", name, chart, "-n", NAMESPACE, "--kube-version", "1.37.0", "--skip-tests", "-f", str(path))
            if rendered.returncode:
                said = REFUSED.search(rendered.stderr)
                if said:
                    counted["refused by a template"] += 1
                    refusals[re.sub(r"[\d.]+|\(.*?\)|\".*?\"", "…", said[1])[:110]] += 1
                    continue
                problem = "\n".join(line for line in rendered.stderr.splitlines() if "symbolic link" not in line)
            else:
                asked = run("kubectl", "apply", "--dry-run=server", "--validate=strict", "-n", NAMESPACE, "-f", "-", text=rendered.stdout)
                wrong = [line for line in asked.stderr.splitlines() if line.strip() and not line.startswith("Warning:") and not line.endswith("is invalid: ")]
                unknown = [line for line in wrong if not any(text in line for text in LACKING)]
                if not unknown:
                    counted["valid" if not wrong else "valid, but for what this cluster lacks"] += 1
                    continue
                problem = "\n".join(unknown)
            counted["FAILED"] += 1
            faults += 1
            print(f"FAILED  {chart}, set {index} of seed {seed}, release {name}: {path}\n        {problem[:1500]}", flush=True)
    finally:
        run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false")
    for text, times in refusals.most_common():
        print(f"refused {times:4}  {text}")
    print(", ".join(f"{times} {what}" for what, times in counted.items()))
    return faults > 0


sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
