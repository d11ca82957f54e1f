"""What a benchmark tells `bench/run`: a line of JSON for each figure that has an aim.

A benchmark by itself prints its table and nothing more; `bench/run` names a file in MALHA_RESULTS.
"""

import json
import os
import statistics


def record(what, rounds, relation, aim, unit=""):
    """A figure by rounds, and what it should be: `relation` is <= or >=."""
    path = os.environ.get("MALHA_RESULTS")
    if not path or not rounds:
        return
    figure = {
        "what": what,
        "median": statistics.median(rounds),
        "low": min(rounds),
        "high": max(rounds),
        "relation": relation,
        "aim": aim,
        "unit": unit,
    }
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(figure) + "\n")
