"""Medians of what `run` measured: `table.py DIRECTORY`, one line of the load per round."""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from results import record  # noqa: E402

AIMS = {"full": 2.0, "single": 1.3, "paced": 1.8}
FIELDS = "delivered missed seconds used sent p50 p99 most lost own".split()


def served(each):
    """Deliveries by a second of the server's CPU time."""
    return each["delivered"] / each["used"] * 1e6


class Measured:
    def __init__(self, name):
        lines = (pathlib.Path(sys.argv[1]) / name).read_text().splitlines()
        self.rounds = [dict(zip(FIELDS, map(float, line.split()))) for line in lines]

    def median(self, of):
        return statistics.median(of(each) for each in self.rounds)

    def seen(self):
        return self.median(lambda each: each["delivered"] / each["seconds"])

    def served(self):
        return self.median(served)

    def load(self):
        """Share of the load's core."""
        return self.median(lambda each: each["own"] / each["seconds"] / 1e6)

    def ms(self, field):
        return self.median(lambda each: each[field] / 1000)

    def total(self, field):
        return sum(int(each[field]) for each in self.rounds)

    def range(self, field):
        values = [each[field] / 1000 for each in self.rounds]
        return f"{min(values):.1f}..{max(values):.1f}"


def table(title, *names):
    print(f"{title:<18}{'seen/s':>9}{'ours / it':>10}{'per CPU s':>10}{'ours / it':>10}{'load':>6}"
          f"{'p50 ms':>9}{'p99 ms':>9}{'of rounds':>16}{'missed':>8}{'lost':>6}")
    ours = Measured(names[0])
    for name in names:
        it = Measured(name)
        print(f"{name:<18}{it.seen():>9.0f}{ours.seen() / it.seen():>10.2f}"
              f"{it.served():>10.0f}{ours.served() / it.served():>10.2f}{it.load():>6.0%}"
              f"{it.ms('p50'):>9.1f}{it.ms('p99'):>9.1f}{it.range('p99'):>16}"
              f"{it.total('missed'):>8}{it.total('lost'):>6}")


def is_measured(kind):
    return (pathlib.Path(sys.argv[1]) / f"{kind}-ours").exists()


peers = ("ours", "gorilla", "fastapi", "floor")
for kind in filter(is_measured, ("full", "single", "paced")):
    table(kind, *(f"{kind}-{name}" for name in peers))
    pairs = zip(Measured(f"{kind}-ours").rounds, Measured(f"{kind}-gorilla").rounds)
    ratios = [served(ours) / served(hub) for ours, hub in pairs]
    record(f"chat, {kind}: deliveries by CPU time, ours by the hub's", ratios, ">=", AIMS[kind])
if is_measured("stuck"):
    table("one stuck reader", "without-ours", "stuck-ours")
    without, stuck = Measured("without-ours"), Measured("stuck-ours")
    for field in ("p50", "p99"):
        pairs = sorted(b[field] / a[field] for a, b in zip(without.rounds, stuck.rounds))
        print(f"{field} with a stuck reader / without, each round's pair, sorted: "
              f"{', '.join(f'{pair:.2f}' for pair in pairs)}; median {statistics.median(pairs):.2f}")
