"""The ledger: durable transfers per second, and whether they stay fast when there are many."""

import random
import statistics
import time

from bench.common import Figure, Pgbench, against, database, rate, server
from kassa import ledger
from kassa.db import Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.ledger import Account, Leg, Poster, Transfer, clearing, revenue, wallet
from kassa.money import Money

PEOPLE = 10_000
CALLERS = 256
PRICE, FEE = Money(100, "USD"), Money(10, "USD")
SHOP = revenue("market", "USD")
WALLETS = [wallet(person, "USD") for person in range(PEOPLE)]


async def run(*, quick: bool) -> list[Figure]:
    seconds = 1 if quick else 10
    async with server() as running:
        pgbench = Pgbench(running)
        await pgbench.prepare()
        async with (
            database(running, "small", connections=8) as small,
            database(running, "grown", connections=8) as grown,
        ):
            await people(small)
            await people(grown)
            figures = await speeds(small, pgbench, seconds)
            return figures + await growth(running, small, grown, seconds)


async def people(db: Database) -> None:
    """Everybody has money, and 10,000 transfers are stored."""
    for at in range(0, PEOPLE, 500):
        await ledger.post_many(
            db,
            [
                Transfer(f"seed:{i}", [Leg(clearing("x", "USD"), WALLETS[i], Money(10**9, "USD"))])
                for i in range(at, at + 500)
            ],
        )


def pair() -> tuple[Account, Account]:
    one, two = random.sample(range(PEOPLE), 2)
    return WALLETS[one], WALLETS[two]


def plain() -> list[Leg]:
    payer, payee = pair()
    return [Leg(payer, payee, PRICE)]


def with_fee() -> list[Leg]:
    payer, payee = pair()
    return [Leg(payer, payee, PRICE - FEE), Leg(payer, SHOP, FEE)]


async def speeds(db: Database, pgbench: Pgbench, seconds: int) -> list[Figure]:
    measured: dict[str, list[float]] = {"random": [], "one_fee_account": [], "single": []}
    async with Poster(db) as poster:
        for turn in range(2):  # in turns, since a machine's speed drifts

            async def coalesced(number: int, i: int, turn: int = turn) -> None:
                await poster.post(key=f"random{turn}:{number}:{i}", legs=plain())

            async def fee(number: int, i: int, turn: int = turn) -> None:
                await poster.post(key=f"fee{turn}:{number}:{i}", legs=with_fee())

            async def single(number: int, i: int, turn: int = turn) -> None:
                await ledger.post(db, key=f"single{turn}:{number}:{i}", legs=plain())

            await pgbench.measure(seconds)
            measured["random"].append(await rate(CALLERS, seconds, coalesced))
            measured["one_fee_account"].append(await rate(CALLERS, seconds, fee))
            await pgbench.measure(seconds)
            measured["single"].append(await rate(8, seconds, single))
    return [
        against(name, statistics.mean(values), "transfers/s", pgbench.name, pgbench.mean)
        for name, values in measured.items()
    ]


async def growth(
    running: EmbeddedServer, small: Database, grown: Database, seconds: int
) -> list[Figure]:
    await fill(running)
    results: dict[str, list[float]] = {"small": [], "grown": []}
    for turn in range(2):
        for name, db in (("small", small), ("grown", grown)):
            async with Poster(db) as poster:

                async def call(
                    number: int, i: int, turn: int = turn, poster: Poster = poster
                ) -> None:
                    await poster.post(key=f"grown{turn}:{number}:{i}", legs=plain())

                results[name].append(await rate(CALLERS, seconds, call))
    many, few = await read(grown, "big"), await read(grown, "few")
    return [
        against(
            "grown",
            statistics.mean(results["grown"]),
            "transfers/s",
            "with 10 thousand transfers stored, not 2 million",
            statistics.mean(results["small"]),
        ),
        against("read_grown", many, "ms", "at 1 thousand entries, not 1 million", few),
    ]


async def read(db: Database, account: str) -> float:
    """A statement page and a balance, the median in milliseconds."""
    times = []
    for _ in range(300):
        begun = time.perf_counter()
        await ledger.statement(db, account)
        await ledger.balance(db, account)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


# Two million transfers as the ledger would have written them: a million in a ring of accounts,
# a million between two, a thousand between two others. (Posting them takes minutes.)
_FILL = """
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
ALTER TABLE ledger.transfer DROP CONSTRAINT transfer_key;
ALTER TABLE ledger.posting DROP CONSTRAINT posting_id;
ALTER TABLE ledger.entry DROP CONSTRAINT entry_id;
INSERT INTO ledger.account (code, currency, deferred)
    SELECT 'ring' || k, 'USD', false FROM generate_series(0, 9999) k
    UNION ALL SELECT unnest(ARRAY['big', 'big2', 'few', 'few2']), 'USD', false;
CREATE TEMP TABLE plan AS
    SELECT row_number() OVER () + 1000000 AS id, p.*
      FROM (SELECT 'ring:' || i AS key, r0 + i % 10000 AS debit, r0 + (i + 1) % 10000 AS credit,
                   CASE WHEN i % 10000 = 0 THEN 2 * (i / 10000) + 1
                        ELSE 2 * (i / 10000) + 2 END AS dv,
                   CASE WHEN i % 10000 = 9999 THEN 2 * (i / 10000) + 2
                        ELSE 2 * (i / 10000) + 1 END AS cv,
                   CASE WHEN i % 10000 = 0 THEN -1 ELSE 0 END AS da,
                   CASE WHEN i % 10000 = 9999 THEN 0 ELSE 1 END AS ca
              FROM generate_series(0, 999999) i,
                   (SELECT id AS r0 FROM ledger.account WHERE code = 'ring0') r
            UNION ALL
            SELECT a.code || ':' || i, CASE i % 2 WHEN 0 THEN a.id ELSE b.id END,
                   CASE i % 2 WHEN 0 THEN b.id ELSE a.id END, i + 1, i + 1,
                   CASE i % 2 WHEN 0 THEN -1 ELSE 0 END, CASE i % 2 WHEN 0 THEN 1 ELSE 0 END
              FROM (VALUES ('big', 1000000), ('few', 1000)) n (code, entries)
              JOIN ledger.account a ON a.code = n.code
              JOIN ledger.account b ON b.code = n.code || '2',
                   generate_series(0, n.entries - 1) i) p;
INSERT INTO ledger.transfer (id, key, kind, at) SELECT id, key, 'fill', now() FROM plan ORDER BY id;
INSERT INTO ledger.posting (transfer_id, n, debit, credit, currency, amount)
    SELECT id, 1, debit, credit, 'USD', 1 FROM plan ORDER BY id;
INSERT INTO ledger.entry (account_id, version, transfer_id, n, amount, after)
    SELECT debit, dv, id, 1, -1, da FROM plan UNION ALL SELECT credit, cv, id, 1, 1, ca FROM plan;
ALTER TABLE ledger.transfer ADD CONSTRAINT transfer_key UNIQUE (key);
ALTER TABLE ledger.posting ADD CONSTRAINT posting_id PRIMARY KEY (transfer_id, n);
ALTER TABLE ledger.entry ADD CONSTRAINT entry_id PRIMARY KEY (account_id, version);
UPDATE ledger.account a SET version = CASE a.code WHEN 'few' THEN 1000 WHEN 'few2' THEN 1000
                                                  WHEN 'big' THEN 1000000 WHEN 'big2' THEN 1000000
                                                  ELSE 200 END
 WHERE a.code ~ '^(ring|big|few)';
SELECT setval('ledger.transfer_number', 5000000);
VACUUM ANALYZE;
CHECKPOINT;
"""


async def fill(running: EmbeddedServer) -> None:
    root = await connect(running.address(SUPERUSER, "grown"))
    await root.execute("SET statement_timeout = 0")
    for statement in _FILL.split(";\n"):
        if statement.strip():
            await root.execute(statement)
    await root.close()
