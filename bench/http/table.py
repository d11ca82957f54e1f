"""Medians of what `run` measured: `table.py DIRECTORY`; `bench/run` is told the ratios too."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from results import record  # noqa: E402

NAMES = {
    "ours": "ours",
    "exported": "ours, every span exported",
    "off": "ours, without the SDK",
    "axum": "axum alone",
    "hyper": "hyper alone",
    "nginx": "nginx",
    "go": "Go net/http",
}
AIMS = {"axum": (">=", 1 / 1.15), "nginx": (">=", 0.85), "go": (">=", 1.4)}


class Measured:
    def __init__(self, name):
        text = (pathlib.Path(sys.argv[1]) / f"result.{name}").read_text()
        self.rounds = [tuple(map(float, line.split())) for line in text.splitlines()]
        self.cost, self.seen = (statistics.median(row[at] for row in self.rounds) for at in (0, 1))
        self.failed = sum(int(row[2]) for row in self.rounds)

    def cost_ratios(self, ours):
        """Its cost by ours, round by round."""
        return [its[0] / own[0] for its, own in zip(self.rounds, ours.rounds)]


ours = Measured("ours")
print(f"{'':<28}{'CPU us':>8}{'its / ours':>11}{'seen/s':>9}{'ours / it':>10}{'failed':>7}")
for name, label in NAMES.items():
    it = Measured(name)
    print(f"{label:<28}{it.cost:>8.1f}{it.cost / ours.cost:>11.2f}{it.seen:>9.0f}"
          f"{ours.seen / it.seen:>10.2f}{it.failed:>7}")
    if name in AIMS:
        record(f"GET /: CPU time of {label} by ours", it.cost_ratios(ours), *AIMS[name])
exported = Measured("exported").cost_ratios(ours)
record("GET /: every span exported, by none", exported, "<=", 1.10)
