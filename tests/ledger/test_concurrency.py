"""Many at once: never below the floor, nothing lost, nothing twice, no deadlock."""

import asyncio
import random

import pytest

from kassa import ledger
from kassa.db import Database, Tx
from kassa.ledger import (
    AlreadyResolved,
    InsufficientFunds,
    KeyConflict,
    LedgerError,
    Leg,
    Poster,
    Transfer,
    clearing,
    revenue,
)
from tests.conftest import Fresh
from tests.ledger.books import ANNA, BANK, BORIS, count, free, give, has, prove, purse, usd

SHOP = revenue("shop", "USD")
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def settled(*calls: object) -> list[object]:
    """All at once; errors of the ledger are results, others are not expected."""
    results = await asyncio.gather(*calls, return_exceptions=True)  # type: ignore[call-overload]
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, LedgerError):
            raise result
    return list(results)


def good(results: list[object]) -> int:
    return sum(not isinstance(result, LedgerError) for result in results)


async def test_200_spends_of_one_balance(db: Database) -> None:
    await give(db, ANNA, 1000)
    results = await settled(
        *(
            ledger.post(db, key=f"s{i}", legs=[Leg(purse(ANNA), purse(BORIS), usd(30))])
            for i in range(200)
        )
    )
    assert good(results) == 33
    assert all(isinstance(r, InsufficientFunds) for r in results if isinstance(r, LedgerError))
    assert (await has(db, purse(ANNA)), await has(db, purse(BORIS))) == (10, 990)
    await prove(db)


async def test_200_holds_of_one_balance(db: Database) -> None:
    await give(db, ANNA, 1000)
    results = await settled(
        *(ledger.hold(db, key=f"h{i}", account=purse(ANNA), amount=usd(30)) for i in range(200))
    )
    assert good(results) == 33
    assert all(isinstance(r, InsufficientFunds) for r in results if isinstance(r, LedgerError))
    assert await free(db, purse(ANNA)) == 10
    await prove(db)


async def test_captures_and_voids_of_one_hold_race_and_one_wins(db: Database) -> None:
    await give(db, ANNA, 1000)
    for i in range(20):
        await ledger.hold(db, key=f"h{i}", account=purse(ANNA), amount=usd(50))
    calls = [
        call
        for i in range(20)
        for call in (
            ledger.capture(db, hold=f"h{i}", to=SHOP),
            ledger.void(db, hold=f"h{i}"),
            ledger.capture(db, hold=f"h{i}", to=SHOP, amount=usd(20)),
            ledger.capture(db, hold=f"h{i}", to=purse(BORIS)),
        )
    ]
    results = await settled(*calls)
    for i in range(20):
        four = results[4 * i : 4 * i + 4]
        assert good(four) == 1
        assert sum(isinstance(r, AlreadyResolved) for r in four) == 3
    assert await free(db, purse(ANNA)) == await has(db, purse(ANNA))
    await prove(db)


async def test_200_mixed_spends_captures_and_voids(db: Database) -> None:
    """Everything that can happen to one balance happens to it at the same time."""
    await give(db, ANNA, 3000)
    chance = random.Random(7)
    for i in range(60):
        await ledger.hold(db, key=f"h{i}", account=purse(ANNA), amount=usd(30))
    calls = []
    for i in range(60):
        calls += [
            ledger.capture(db, hold=f"h{i}", to=SHOP, amount=usd(chance.randint(1, 30))),
            ledger.void(db, hold=f"h{i}"),
            ledger.post(db, key=f"s{i}", legs=[Leg(purse(ANNA), purse(BORIS), usd(40))]),
            ledger.hold(db, key=f"new{i}", account=purse(ANNA), amount=usd(25)),
        ]
    chance.shuffle(calls)
    await settled(*calls)
    balance = await ledger.balance(db, purse(ANNA))
    assert balance.available.amount >= 0
    total = balance.posted.amount + await has(db, SHOP) + await has(db, purse(BORIS))
    assert total == 3000
    await prove(db)


async def test_the_same_key_at_the_same_time_posts_once(db: Database) -> None:
    await give(db, ANNA, 1000)
    await ledger.open_accounts(db, purse(BORIS))
    legs = [Leg(purse(ANNA), purse(BORIS), usd(5))]
    posted = await asyncio.gather(*(ledger.post(db, key="k", legs=legs) for _ in range(50)))
    assert len({each.id for each in posted}) == 1
    assert sum(not each.replayed for each in posted) == 1
    assert await has(db, purse(BORIS)) == 5
    await prove(db)


async def test_the_same_key_on_deferred_accounts_posts_once(db: Database) -> None:
    """No account is locked here; the key alone decides."""
    for n in range(10):
        posted = await asyncio.gather(
            *(ledger.post(db, key=f"k{n}", legs=[Leg(BANK, SHOP, usd(5))]) for _ in range(10))
        )
        assert len({each.id for each in posted}) == 1
        assert sum(not each.replayed for each in posted) == 1
    assert await has(db, SHOP) == 50
    await prove(db)


async def test_one_key_with_two_contents_posts_one_of_them(db: Database) -> None:
    await give(db, ANNA, 1000)
    results = await settled(
        *(
            ledger.post(db, key="k", legs=[Leg(BANK, clearing(f"p{i}", "USD"), usd(5))])
            for i in range(20)
        )
    )
    assert good(results) == 1
    assert sum(isinstance(r, KeyConflict) for r in results) == 19
    await prove(db)


async def test_the_same_hold_at_the_same_time_holds_once(db: Database) -> None:
    await give(db, ANNA, 1000)
    held = await asyncio.gather(
        *(ledger.hold(db, key="h", account=purse(ANNA), amount=usd(5)) for _ in range(30))
    )
    assert len({each.id for each in held}) == 1
    assert await free(db, purse(ANNA)) == 995
    await prove(db)


async def test_one_hold_on_several_accounts_is_one_of_them(db: Database) -> None:
    """They lock different rows; the key alone decides."""
    people = range(1, 9)
    for person in people:
        await give(db, person, 100)
    for n in range(12):
        results = await settled(
            *(ledger.hold(db, key=f"h{n}", account=purse(p), amount=usd(1)) for p in people)
        )
        assert good(results) == 1
        assert sum(isinstance(r, KeyConflict) for r in results) == 7
    assert await count(db, "hold") == 12
    await prove(db)


async def test_a_transfer_is_reversed_once(db: Database) -> None:
    await give(db, ANNA, 1000, key="top")
    await ledger.post(db, key="between", legs=[Leg(BANK, SHOP, usd(5))])
    for original in ("top", "between"):
        results = await settled(
            *(ledger.reverse(db, key=f"{original}:{i}", original=original) for i in range(20))
        )
        assert good(results) == 1
        assert sum(isinstance(r, ledger.AlreadyReversed) for r in results) == 19
    assert (await has(db, purse(ANNA)), await has(db, SHOP)) == (0, 0)
    await prove(db)


async def test_expiry_races_with_captures(db: Database) -> None:
    from kassa import clock

    await give(db, ANNA, 1000)
    for i in range(50):
        await ledger.hold(
            db, key=f"h{i}", account=purse(ANNA), amount=usd(10), expires_at=clock.now()
        )
    results = await settled(
        *(ledger.capture(db, hold=f"h{i}", to=SHOP) for i in range(50)),
        *(ledger.expire_holds(db) for _ in range(5)),
    )
    captured = good(results[:50])
    assert sum(r for r in results[50:] if isinstance(r, int)) == 50 - captured
    assert await has(db, SHOP) == captured * 10
    await prove(db)


async def test_folding_goes_on_beside_posting(db: Database) -> None:
    await give(db, ANNA, 100_000)
    done = asyncio.Event()

    async def folding() -> int:
        folded = 0
        while not done.is_set():
            folded += await ledger.fold(db, most=20)
        return folded

    folders = [asyncio.create_task(folding()) for _ in range(3)]
    readers = [asyncio.create_task(_totals(db, done)) for _ in range(2)]
    async with Poster(db) as poster:
        await asyncio.gather(
            *(poster.post(key=f"k{i}", legs=[Leg(purse(ANNA), SHOP, usd(1))]) for i in range(3000))
        )
    done.set()
    folded = sum(await asyncio.gather(*folders))
    while more := await ledger.fold(db):
        folded += more
    assert folded == 3001
    assert await has(db, SHOP) == 3000
    assert (await ledger.statement(db, SHOP))[0].after == usd(3000)
    assert min(await asyncio.gather(*readers)) > 0
    await prove(db)


async def _totals(db: Database, done: asyncio.Event) -> int:
    """Reads that must always add up to nothing, whatever is under way."""
    reads = 0
    while not done.is_set():
        total = await db.fetchval(
            """
            SELECT (SELECT sum(posted) FROM ledger.account)
                   + coalesce((SELECT sum(amount) FROM ledger.tail), 0)
            """
        )
        assert total == 0
        reads += 1
    return reads


@pytest.mark.parametrize("seed", [1, 2])
async def test_single_batch_and_in_transaction_mixed(fresh: Fresh, seed: int) -> None:
    """Every way of posting, on the same few accounts, from two processes' worth of pools."""
    chance = random.Random(seed)
    people = range(1, 9)
    async with Database(fresh.address()) as one, Database(fresh.address()) as two:
        for person in people:
            await give(one, person, 10_000)

        def leg() -> Leg:
            a, b = chance.sample(people, 2)
            return Leg(purse(a), chance.choice([purse(b), SHOP]), usd(chance.randint(1, 40)))

        async def in_transaction(db: Database, i: int) -> None:
            transfers = [Transfer(f"tx{i}:a", [leg()]), Transfer(f"tx{i}:b", [leg(), leg()])]
            async with db.transaction() as tx:
                await tx.fetchval("SELECT count(*) FROM ledger.account")
                await ledger.post_many(tx, transfers)
                await tx.fetchval("SELECT count(*) FROM ledger.account")

        async with Poster(one) as batches, Poster(two, lanes=3) as others:
            calls: list[object] = []
            for i in range(120):
                db = chance.choice([one, two])
                calls += [
                    ledger.post(db, key=f"single{i}", legs=[leg()]),
                    batches.post(key=f"batch{i}", legs=[leg(), leg()]),
                    others.post(key=f"other{i}", legs=[leg()]),
                    others.post(key=f"batch{i}:same", legs=[Leg(BANK, purse(1), usd(1))]),
                    batches.post(key=f"batch{i}:same", legs=[Leg(BANK, purse(1), usd(1))]),
                    in_transaction(db, i),
                    ledger.hold(
                        db, key=f"h{i}", account=purse(chance.choice(people)), amount=usd(5)
                    ),
                    ledger.fold(db, most=10),
                    ledger.post_many(db, [Transfer(f"m{i}:{n}", [leg()]) for n in range(3)]),
                ]
            results = await settled(*calls)
        assert good(results) > 1000
        assert await count(one, "transfer") >= 8 + 120 * 8
        assert await one.fetchval(DEADLOCKS) == 0
        total = sum([await has(one, purse(p)) for p in people]) + await has(one, SHOP)
        assert total == 80_000 + 120
        await prove(one)


async def test_two_calls_in_one_transaction_may_deadlock_and_are_done_again(db: Database) -> None:
    """One call has one order of locks; a transaction with two has its caller's."""
    await give(db, ANNA, 100)
    await give(db, BORIS, 100)
    both = asyncio.Barrier(2)
    tried: set[int] = set()

    async def work(tx: Tx, payer: int, payee: int) -> None:
        await ledger.hold(tx, key=f"hold:{payer}", account=purse(payer), amount=usd(10))
        if payer not in tried:
            tried.add(payer)
            await both.wait()
        await ledger.post(tx, key=f"pay:{payer}", legs=[Leg(purse(payer), purse(payee), usd(5))])

    await asyncio.gather(
        db.run(lambda tx: work(tx, ANNA, BORIS)), db.run(lambda tx: work(tx, BORIS, ANNA))
    )
    assert (await has(db, purse(ANNA)), await free(db, purse(BORIS))) == (100, 90)
    await prove(db)
