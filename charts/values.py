"""Small helps of charts/check, with Python's standard library alone.

    values.py --objects FILE             a line an object of FILE: kind, namespace, name
    values.py --rules DASHBOARD          the queries of a dashboard as rules, for promtool
    values.py --readme CHART [--update]  whether CHART/README.md has its values' table as it is
"""

import json
import pathlib
import re
import sys


def objects(path):
    found = set()
    for document in pathlib.Path(path).read_text().split("\n---\n"):
        kind = re.search(r"^kind: (.*)$", document, re.M)
        if not kind:
            continue
        metadata = re.search(r"^metadata:\n((?:  .*\n)*)", document, re.M)[1]
        of = lambda key: (re.search(rf'^  {key}: "?(.*?)"?$', metadata, re.M) or ["", "-"])[1]
        found.add(f"{kind[1]} {of('namespace')} {of('name')}")
    print("\n".join(sorted(found)))


def rules(path):
    panels = json.loads(pathlib.Path(path).read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    # JSON is YAML. Grafana puts a time in the place of this variable.
    records = [
        {"record": f"dashboard:query:{index}", "expr": query.replace("$__rate_interval", "5m")}
        for index, query in enumerate(queries)
    ]
    print(json.dumps({"groups": [{"name": "dashboard", "rules": records}]}))


def rows(path, chart_says_more):
    """(key, default, text) of every key below a `# -- text` comment."""
    keys, about, found = [], None, []
    for line in path.read_text().splitlines():
        if match := re.match(r" *# -- (.*)", line):
            about = match[1]
        elif match := re.match(r"( *)([A-Za-z][\w-]*):\s*(.*)", line):
            depth = len(match[1]) // 2
            keys[depth:] = [match[2]]
            if about:
                default = match[3] or ("see values.yaml" if chart_says_more else "")
                found.append((".".join(keys), default, about))
                about = None
        elif not line.strip():
            about = None
    return found


def table(chart):
    lines = ["| value | default | |", "|---|---|---|"]
    sources = [chart / "values.yaml"]
    if (chart / "charts" / "common").exists():
        sources.append(chart / "charts" / "common" / "values.yaml")
    for source in sources:
        for key, default, about in rows(source, True):
            lines.append(f"| `{key}` | `{default}` | {about} |")
    return "\n".join(lines)


def readme(chart, update):
    path = chart / "README.md"
    text = path.read_text()
    pattern = re.compile(r"(<!-- values -->\n).*?(\n<!-- /values -->)", re.S)
    if not pattern.search(text):
        sys.exit(f"{path}: no place for the values (<!-- values --> … <!-- /values -->)")
    current = pattern.sub(lambda match: match[1] + table(chart) + match[2], text)
    if update:
        path.write_text(current)
    elif current != text:
        sys.exit(f"{path} is stale: charts/check --update")


if sys.argv[1] == "--objects":
    objects(sys.argv[2])
elif sys.argv[1] == "--rules":
    rules(sys.argv[2])
else:
    readme(pathlib.Path(sys.argv[2]), "--update" in sys.argv)
