"""Nothing is provisioned: whoever is let in is let in by our word."""

from collections.abc import AsyncIterator

from kassa import clock
from kassa.apps.subscriptions.panels.protocol import Access, Wanted


class Nothing:
    name = "none"

    async def ensure(self, wanted: Wanted) -> Access:
        active = wanted.until > clock.now()
        return Access("", wanted.username, wanted.until, active=active, link="")

    async def read(self, wanted: Wanted) -> Access | None:
        return await self.ensure(wanted)

    async def everybody(self) -> AsyncIterator[Access]:
        nobody: tuple[Access, ...] = ()
        for each in nobody:
            yield each

    async def forget_device(self, wanted: Wanted, device: str) -> None:
        """There are none."""

    async def new_link(self, wanted: Wanted) -> Access:
        return await self.ensure(wanted)

    async def close(self) -> None:
        """There is nothing to close."""
