"""What the docs say is what is there: their snippets run, their links lead somewhere."""

import asyncio
import re
from pathlib import Path

import pytest

from docs.examples.jobs import welcome, worker
from docs.examples.paid import paid
from docs.examples.shop import shop
from kassa import ledger
from kassa.db import Database
from kassa.ledger import wallet
from kassa.money import Money
from tests.conftest import until

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_snippet_is_a_file_that_runs(page: Path) -> None:
    for block in re.findall(r"```(?:python|javascript)\n(.*?)```", page.read_text(), re.DOTALL):
        name, _, code = block.partition("\n")
        assert code == (ROOT / re.sub("^(#|//) ", "", name)).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
    for script in re.findall(r"scripts/(\w+)", page.read_text()):
        assert (ROOT / "scripts" / script).exists(), script


async def test_the_shop(db: Database) -> None:
    assert await shop(db) == [
        "$1.50 needed, $0.50 there",
        "$1.50 -> $2.00  shop.order:1:refund",
        "−$3.00 -> $0.50  shop.order:2:capture",
        "−$1.50 -> $3.50  shop.order:1:pay",
        "$5.00 -> $5.00  stripe:ch_1:paid",
    ]


async def test_paid_twice_is_credited_once(db: Database) -> None:
    for _ in range(2):
        await paid(db, "ch_1", 7, Money(5_00, "USD"), Money(45, "USD"))
    assert (await ledger.balance(db, wallet(7, "USD"))).posted == Money(5_00, "USD")
    assert await db.fetchval("SELECT count(*) FROM outbox.job") == 1
    assert await ledger.audit(db) == []


async def test_a_gift_is_given_once(db: Database) -> None:
    async with db.transaction() as tx:
        await welcome(tx, 7)
    working = worker(db)
    task = asyncio.create_task(working.run())
    done = asyncio.Event()

    async def look() -> None:
        while await db.fetchval("SELECT count(*) FROM outbox.job"):
            pass
        done.set()

    looking = asyncio.create_task(look())
    await until(done.is_set)
    await looking
    await working.stop()
    await task
    assert (await ledger.balance(db, wallet(7, "TOK"))).posted == Money(10, "TOK")
