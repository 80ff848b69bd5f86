"""The time that rules read. It is asked for here, so that a test can move it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: ContextVar[Callable[[], datetime]] = ContextVar("kassa_clock", default=_system)


def now() -> datetime:
    """The current time, in UTC."""
    return _source.get()()


@contextmanager
def moved(source: Callable[[], datetime]) -> Iterator[None]:
    """Within the block, `now()` is what `source` says (in this task and those it starts)."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
