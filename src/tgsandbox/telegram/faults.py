"""What is to go wrong on purpose."""

import itertools
from dataclasses import dataclass, field
from typing import TypeVar

from tgsandbox.telegram.records import Bot


@dataclass(slots=True)
class Fault:
    """An answer spoilt: refused, late, or lost although the call took effect."""

    method: str = "*"  # in any case; * for all
    bot: int | None = None
    chat: str | None = None
    error: tuple[int, str] | None = None
    retry_after: int | None = None
    delay: float = 0.0
    lose_answer: bool = False
    times: int | None = None  # None: until it is taken away
    after: int = 0  # calls that go well before
    id: int = 0

    def hits(self, bot: int, method: str, chat: str) -> bool:
        if self.method != "*" and self.method.lower() != method:
            return False
        if self.bot is not None and self.bot != bot:
            return False
        return self.chat is None or self.chat == chat


@dataclass(slots=True)
class UpdateFault:
    """An update delivered twice, late, or after the one that follows it."""

    type: str = "*"
    bot: int | None = None
    twice: bool = False
    late: float = 0.0
    swap: bool = False
    times: int | None = 1
    id: int = 0


_GOES_WELL = UpdateFault()


@dataclass(slots=True)
class Faults:
    calls: list[Fault] = field(default_factory=list)
    updates: list[UpdateFault] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault | UpdateFault) -> int:
        fault.id = next(self._ids)
        if isinstance(fault, Fault):
            self.calls.append(fault)
        else:
            self.updates.append(fault)
        return fault.id

    def remove(self, fault_id: int) -> bool:
        before = len(self.calls) + len(self.updates)
        self.calls = [each for each in self.calls if each.id != fault_id]
        self.updates = [each for each in self.updates if each.id != fault_id]
        return len(self.calls) + len(self.updates) < before

    def clear(self) -> None:
        self.calls, self.updates = [], []

    def for_call(self, bot: int, method: str, chat: str) -> Fault | None:
        """What happens to this call; a fault with a count has one less to go."""
        for fault in self.calls:
            if not fault.hits(bot, method, chat):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            self.calls = _counted(self.calls, fault)
            return fault
        return None

    def for_update(self, bot: Bot, kind: str) -> UpdateFault:
        for fault in self.updates:
            if fault.type in ("*", kind) and fault.bot in (None, bot.id):
                self.updates = _counted(self.updates, fault)
                return fault
        return _GOES_WELL


_Any = TypeVar("_Any", Fault, UpdateFault)


def _counted(faults: list[_Any], used: _Any) -> list[_Any]:
    if used.times is None:
        return faults
    used.times -= 1
    return faults if used.times > 0 else [each for each in faults if each is not used]
