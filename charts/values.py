"""Two small helps of charts/check, with Python's standard library alone.

    values.py --without KIND FILE        FILE's documents but those of a kind
    values.py --readme CHART [--update]  whether CHART/README.md has its values' table as it is
"""

import pathlib
import re
import sys


def without(kind, path):
    documents = pathlib.Path(path).read_text().split("\n---\n")
    print("\n---\n".join(d for d in documents if not re.search(rf"^kind: {kind}$", d, re.M)))


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


if sys.argv[1] == "--without":
    without(sys.argv[2], sys.argv[3])
else:
    readme(pathlib.Path(sys.argv[2]), "--update" in sys.argv)
