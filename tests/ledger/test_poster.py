"""Coalesced posting: few trips, and everybody gets their own answer."""

import asyncio

import pytest

from kassa import ledger
from kassa.db import Database
from kassa.errors import Unavailable
from kassa.ledger import InsufficientFunds, KeyConflict, Leg, Poster, Transfer
from tests.ledger.books import ANNA, BANK, BORIS, count, give, has, prove, purse, usd


async def test_many_at_once_share_a_trip(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    trips = 0
    fetchrow = db.fetchrow

    async def counted(query: str, *args: object) -> object:
        nonlocal trips
        trips += "ledger.post" in query
        return await fetchrow(query, *args)

    monkeypatch.setattr(db, "fetchrow", counted)
    async with Poster(db) as poster:
        posted = await asyncio.gather(
            *(poster.post(key=f"k{i}", legs=[Leg(BANK, purse(ANNA), usd(1))]) for i in range(400))
        )
    assert len({each.id for each in posted}) == 400
    assert [each.key for each in posted] == [f"k{i}" for i in range(400)]
    assert trips < 10
    assert await has(db, purse(ANNA)) == 400


async def test_one_that_breaks_a_rule_fails_alone(db: Database) -> None:
    await give(db, ANNA, 10, key="taken")
    async with Poster(db) as poster:
        results = await asyncio.gather(
            *(
                poster.post(key=f"k{i}", legs=[Leg(purse(ANNA), purse(BORIS), usd(1))])
                for i in range(8)
            ),
            poster.post(key="much", legs=[Leg(purse(ANNA), purse(BORIS), usd(100))]),
            poster.post(key="taken", legs=[Leg(purse(ANNA), purse(BORIS), usd(1))]),
            poster.post(key="nobody", legs=[Leg(purse(ANNA), "nobody", usd(1))]),
            poster.post(key="last", legs=[Leg(purse(ANNA), purse(BORIS), usd(2))]),
            return_exceptions=True,
        )
    errors = [type(r).__name__ for r in results if isinstance(r, Exception)]
    assert errors == [InsufficientFunds.__name__, KeyConflict.__name__, "UnknownAccount"]
    assert await has(db, purse(BORIS)) == 10
    await prove(db)


async def test_one_that_cannot_even_be_said_fails_alone(db: Database) -> None:
    """Its error would be the whole batch's: here, a year that PostgreSQL's driver cannot encode."""
    broken = Transfer("broken", [Leg(BANK, purse(ANNA), usd(1))], at="yesterday")  # type: ignore[arg-type]
    async with Poster(db) as poster:
        results = await asyncio.gather(
            *(poster.post(key=f"k{i}", legs=[Leg(BANK, purse(ANNA), usd(1))]) for i in range(20)),
            poster.post(key=broken.key, legs=broken.legs, at=broken.at),
            return_exceptions=True,
        )
    assert [isinstance(r, Exception) for r in results] == [False] * 20 + [True]
    assert await has(db, purse(ANNA)) == 20
    await prove(db)


async def test_without_a_database_everybody_is_told_at_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def away(*_: object) -> object:
        nonlocal tries
        tries += 1
        raise Unavailable("The database cannot be reached.")

    monkeypatch.setattr(db, "fetchrow", away)
    async with Poster(db) as poster:
        results = await asyncio.gather(
            *(poster.post(key=f"k{i}", legs=[Leg(BANK, purse(ANNA), usd(1))]) for i in range(50)),
            return_exceptions=True,
        )
    assert all(isinstance(result, Unavailable) for result in results)
    assert tries <= 2


async def test_the_same_key_in_one_moment(db: Database) -> None:
    async with Poster(db) as poster:
        posted = await asyncio.gather(
            *(poster.post(key="k", legs=[Leg(BANK, purse(ANNA), usd(1))]) for _ in range(5))
        )
    assert len({each.id for each in posted}) == 1
    assert sum(not each.replayed for each in posted) == 1  # of two lanes either may be first
    assert await count(db, "transfer") == 1


async def test_whoever_leaves_before_it_is_sent_sends_nothing(db: Database) -> None:
    async with Poster(db) as poster:
        task = asyncio.create_task(poster.post(key="k", legs=[Leg(BANK, purse(ANNA), usd(1))]))
        await asyncio.sleep(0)
        task.cancel()
        await poster.post(key="other", legs=[Leg(BANK, purse(ANNA), usd(1))])
    assert await has(db, purse(ANNA)) == 1


async def test_what_was_asked_for_is_posted_before_it_closes(db: Database) -> None:
    async with Poster(db, most=3) as poster:
        tasks = [
            asyncio.create_task(poster.post(key=f"k{i}", legs=[Leg(BANK, purse(ANNA), usd(1))]))
            for i in range(20)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert await has(db, purse(ANNA)) == 20
    with pytest.raises(Unavailable, match="closing"):
        await poster.post(key="late", legs=[Leg(BANK, purse(ANNA), usd(1))])


async def test_it_is_there_for_those_who_read_at_once(db: Database) -> None:
    async with Poster(db) as poster:
        for i in range(1, 6):
            await poster.post(key=f"k{i}", legs=[Leg(BANK, purse(ANNA), usd(1))])
            assert await has(db, purse(ANNA)) == i
    assert len(await ledger.statement(db, purse(ANNA))) == 5
