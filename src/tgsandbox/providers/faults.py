"""What is to go wrong on purpose between a shop and its provider."""

from dataclasses import dataclass, field

CALL_FAULTS = ("timeout_before", "timeout_after", "error_before", "error_after", "down")
CALLBACK_FAULTS = ("lost", "twice", "late", "swap", "bad_signature", "old")


@dataclass(slots=True)
class CallFault:
    call: str  # "*" for all
    what: str  # one of CALL_FAULTS, or the provider's own
    times: int | None = 1  # None: until it is mended
    status: int = 500


@dataclass(slots=True)
class CallbackFault:
    what: str = ""  # one of CALLBACK_FAULTS; "" when all goes well
    times: int | None = 1
    seconds: float = 0
    copies: int = 1


@dataclass(slots=True)
class Faults:
    calls: list[CallFault] = field(default_factory=list)
    callbacks: list[CallbackFault] = field(default_factory=list)

    def for_call(self, call: str) -> CallFault | None:
        for fault in self.calls:
            if fault.call in ("*", call):
                if _used_up(fault):
                    self.calls.remove(fault)
                return fault
        return None

    def for_callback(self) -> CallbackFault:
        if not self.callbacks:
            return CallbackFault()
        fault = self.callbacks[0]
        if _used_up(fault):
            self.callbacks.remove(fault)
        return fault

    def clear(self) -> None:
        self.calls.clear()
        self.callbacks.clear()


def _used_up(fault: CallFault | CallbackFault) -> bool:
    if fault.times is None:
        return False
    fault.times -= 1
    return fault.times <= 0
