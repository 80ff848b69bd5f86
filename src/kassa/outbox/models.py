"""A job, and what a handler can say of it by raising."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kassa.errors import Conflict, KassaError


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to put. `after` is how long from now, or when."""

    kind: str
    payload: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    after: timedelta | datetime | None = None
    most: int = 15


@dataclass(frozen=True, slots=True)
class Job:
    """A job in a handler's hands. It may be its second time: a worker may have died with it."""

    id: int
    kind: str
    key: str | None
    payload: dict[str, Any]
    attempt: int
    most: int
    claim: int  # the number of this taking; whoever takes the job next has another
    request_id: str | None  # of what put it


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job as it stands in the table."""

    id: int
    kind: str
    key: str | None
    payload: dict[str, Any]
    due_at: datetime
    attempts: int
    most: int
    last_error: str | None
    dead_at: datetime | None
    running: bool


Handler = Callable[[Job], Awaitable[None]]


class TryLater(KassaError):
    """Not now: the other side has said when. It counts as no failure."""

    def __init__(self, after: timedelta, reason: str = "later") -> None:
        self.after = after
        super().__init__(reason)


class GiveUp(KassaError):
    """Trying again will not help: the job is set aside at once."""


class LeaseLost(Conflict):
    """We were too slow: another worker has the job now, or it is gone."""
