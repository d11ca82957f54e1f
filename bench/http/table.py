"""Medians of what `run` measured: `table.py DIRECTORY`; `bench/run` is told the ratios too."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from results import record  # noqa: E402

NAMES = {
    "ours": "ours",
    "exported": "ours, every span exported",
    "sampled": "ours, 1 % exported",
    "hung": "ours, collector hung",
    "gone": "ours, collector gone",
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
        held = (pathlib.Path(sys.argv[1]) / f"held.{name}").read_text().split()
        self.held = [int(round_held) / 1024 for round_held in held]
        self.failed = sum(int(row[2]) for row in self.rounds)

    def cost_ratios(self, ours):
        """Its cost by ours, round by round."""
        return [its[0] / own[0] for its, own in zip(self.rounds, ours.rounds)]


ours = Measured("ours")
print(f"{'':<28}{'CPU us':>8}{'its / ours':>11}{'seen/s':>9}{'ours / it':>10}{'failed':>7}{'MiB, first to last':>20}")
for name, label in NAMES.items():
    it = Measured(name)
    print(f"{label:<28}{it.cost:>8.1f}{it.cost / ours.cost:>11.2f}{it.seen:>9.0f}"
          f"{ours.seen / it.seen:>10.2f}{it.failed:>7}{it.held[0]:>12.1f} to {it.held[-1]:>4.1f}")
    if name in AIMS:
        record(f"GET /: CPU time of {label} by ours", it.cost_ratios(ours), *AIMS[name])
for name, aim in (("exported", 1.10), ("sampled", 1.02), ("hung", 1.02), ("gone", 1.02)):
    record(f"GET /: {NAMES[name]}, by none", Measured(name).cost_ratios(ours), "<=", aim)
