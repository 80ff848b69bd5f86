"""Spoilt callbacks straight through verify and parse: refused, or understood, and nothing else."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from random import Random

from kassa.payments.providers.protocol import Callback, Incoming, Refused
from tests.fuzz.spoil import spoilt
from tests.fuzz.targets import NOW, Target, targets

LONGEST = 255  # of an event's name
_SHOWN = 5  # examples of what went wrong
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Outcome:
    seed: int
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def total(self, what: str) -> int:
        return sum(each[what] for each in self.counts.values())

    @property
    def count(self) -> int:
        return sum(each.total() for each in self.counts.values())

    @property
    def good(self) -> bool:
        return not self.total("unhandled") and not self.total("unsigned")

    def __str__(self) -> str:
        lines = [f"count         {self.count}"]
        for name, each in self.counts.items():
            lines.append(f"{name:13} refused {each['refused']}, accepted {each['accepted']}")
        lines.append(f"unhandled     {self.total('unhandled')}")
        lines.append(f"unsigned accepted {self.total('unsigned')}")
        lines.append(f"speed         {self.seconds / max(1, self.count) * 1e6:.0f} µs each")
        return "\n".join(lines + self.examples)


def run(count: int, seed: int, only: list[Target] | None = None) -> Outcome:
    random = Random(seed)
    outcome = Outcome(seed)
    against = targets() if only is None else only
    outcome.counts = {each.name: Counter() for each in against}
    begun = time.perf_counter()
    for number in range(count):
        target = against[number % len(against)]
        origin = random.choice(target.seeds)
        given, signed = spoilt(target, origin, random)
        what, why = judge(target, origin, given, signed=signed)
        outcome.counts[target.name][what] += 1
        if why and len(outcome.examples) < _SHOWN:
            outcome.examples.append(f"{target.name}: {what}: {why}\n    {given!r:.1500}")
    outcome.seconds = time.perf_counter() - begun
    return outcome


def judge(target: Target, origin: Callback, given: Callback, *, signed: bool) -> tuple[str, str]:
    try:
        target.provider.verify(given, at=NOW)
        incoming = target.provider.parse(given)
    except Refused:
        return "refused", ""
    except Exception as error:  # noqa: BLE001  it is what we look for
        return "unhandled", f"{type(error).__name__}: {error}"
    if trouble := _not_to_be_kept(incoming):
        return "unhandled", trouble
    if not signed and not target.proven(origin, given, incoming):
        return "unsigned", str(incoming)
    return "accepted", ""


def _not_to_be_kept(incoming: Incoming) -> str:
    """Names are bounded and to be shown, and all texts are what PostgreSQL takes."""
    if not isinstance(incoming, Incoming):
        return "it is no Incoming"
    for name in (incoming.event, incoming.kind):
        if not 0 < len(name) <= LONGEST or not name.isprintable():
            return f"{name!r:.80} is no name of an event"
    for report in incoming.reports:
        for each in (getattr(report, one.name) for one in fields(report)):
            if isinstance(each, str) and ("\x00" in each or _LONE.search(each)):
                return f"{each!r:.80} cannot be kept"
    return ""
