"""Runs what was asked for and prints the table."""

import secrets
import subprocess

from harness import languages
from harness.cases import CASES, SERVERS, Wrong
from harness.lab import Lab, until
from harness.languages import ROOT

DOCUMENT = ROOT / "docs/compatibility.md"
BEGIN, END = "<!-- e2e/clients/run --write -->", "<!-- end -->"


def main(args):
    write = "--write" in args
    names = [arg for arg in args if arg != "--write"]
    if write and names:
        print("--write goes with all languages: the document has one table")
        return 2
    known = {language.name: language for language in languages.ALL}
    for name in names:
        if name not in known:
            print(f"{name!r} is no language here; there are {', '.join(known)}")
            return 2
    rows, passed, failed, skipped = [], 0, 0, 0
    with Lab() as lab:
        for language in (known[name] for name in names or known):
            try:
                language.prepare()
            except languages.Missing as missing:
                print(f"SKIPPED {language.name}: {missing}", flush=True)
                skipped += 1
                continue
            for exercise in language.exercises:
                try:
                    rows.append(row(language, exercise, lab))
                    print(f"ok      {language.name} {exercise}", flush=True)
                    passed += 1
                except (Wrong, subprocess.TimeoutExpired, TimeoutError) as wrong:
                    print(f"FAILED  {language.name} {exercise}: {wrong}", flush=True)
                    failed += 1
    table = "\n".join(rows_of(rows))
    print(f"\n{table}\n")
    if write and not failed and not skipped:
        text = DOCUMENT.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def row(language, exercise, lab):
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    shown = CASES[exercise](language.command(exercise), lab, f"00-{trace}-{span}-01")
    if exercise in SERVERS:
        server = SERVERS[exercise]
        until(lambda: server in lab.services_of(trace), f"{server} has a span in the client's trace")
        context = "its spans are in the client's trace"
    else:
        context = "none: browsers' sockets carry no headers"
    version, libraries = language.versions()
    program = ", ".join(filter(None, [version, libraries.get(exercise)]))
    return [program, exercise, "yes", context, shown["error"], shown["refused"], shown["silence"]]


def rows_of(rows):
    yield "| program | exercise | works | trace | an error | nobody listens | the server says nothing |"
    yield "|---|---|---|---|---|---|---|"
    for cells in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
