"""A few transfers to show, dump, restore and corrupt."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kassa import ledger
from kassa.db import APP, Database, EmbeddedServer
from kassa.ledger import Leg, revenue, wallet
from kassa.money import Money

SELLER = wallet(7, "RUB")


async def sell(db: Database, number: int) -> None:
    await ledger.post(
        db,
        key=f"sale:{number}",
        legs=[Leg(revenue("shop", "RUB"), SELLER, Money(100_00 + number, "RUB"))],
    )


@asynccontextmanager
async def opened(home: Path, role: str = APP) -> AsyncIterator[Database]:
    server = EmbeddedServer(home)
    server.start()
    try:
        async with Database(server.address(role)) as db:
            yield db
    finally:
        server.stop()
