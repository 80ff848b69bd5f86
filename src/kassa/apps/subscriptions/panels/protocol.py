"""What a panel is to subscriptions: whoever lets people in, told in absolute values.

A call may be repeated at any time and changes nothing then. Down, Refused: as raised.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kassa.errors import KassaError, Unavailable


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody's access is to be, whatever it is now."""

    user: int
    username: str  # 3 to 36 characters, ours for ever
    telegram_id: int
    until: datetime  # access ends by itself then
    devices: int  # 0: as many as they like
    traffic: int  # bytes a month; 0: no limit
    tier: str
    panel_id: str = ""  # what the panel called them last time, "" if they are new to it


@dataclass(frozen=True, slots=True)
class Access:
    """How it is, by the panel's own word."""

    panel_id: str
    username: str
    until: datetime | None
    active: bool
    link: str  # what the person opens; "" where there is none
    devices: int = 0  # the limit
    traffic: int = 0  # the limit, bytes
    used: int = 0  # bytes
    connected: tuple[str, ...] = ()  # names of devices, where it is known


class Down(Unavailable):
    """It does not answer, or answers nonsense: nobody knows what it did; ask again later."""


class No(KassaError):
    """It refuses, and would refuse again: a person must look."""


class Panel(Protocol):
    name: str

    async def ensure(self, wanted: Wanted) -> Access:
        """Made or changed to be as wanted (an `until` in the past: shut). Raises Down or No."""

    async def read(self, wanted: Wanted) -> Access | None:
        """With devices and traffic; None if the panel does not know them. Raises Down or No."""

    def everybody(self) -> AsyncIterator[Access]:
        """All of whom the panel thinks that they are ours."""

    async def forget_device(self, wanted: Wanted, device: str) -> None:
        """So that another one has room. Raises Down or No."""

    async def new_link(self, wanted: Wanted) -> Access:
        """The old link, which somebody has passed on, opens nothing any more."""

    async def close(self) -> None: ...
