"""From 1Plat's callback to a panel that lets somebody in, and the message that is put for them."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from bench import subscriptions_served
from bench.subscriptions_served import Served
from bench.update_served import KEY
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, purchases
from kassa.apps.subscriptions.buying import PURPOSE
from kassa.apps.subscriptions.purchases import Way
from kassa.config import Settings
from kassa.db import EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.payments import Payments
from kassa.payments.providers import configured
from kassa.secret import Secret
from kassa.users import service as people
from kassa.users.service import Who

COLD = 20  # the first ones find all cold


async def activations(running: EmbeddedServer, per_second: int, *, seconds: int) -> float:
    """Milliseconds in which 99 of 100 have access, the panel says so, and they are to be told."""
    program = [sys.executable, "-m", "bench.subscriptions_bank"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bank:
        assert bank.stdout is not None
        try:
            given = json.loads(await asyncio.to_thread(bank.stdout.readline))
            async with subscriptions_served.kassa(running, given) as served:
                await _watch(running)
                for count in (COLD, per_second * seconds):
                    refs = await _asked(served, given, count)
                    paid = await asyncio.to_thread(_pay, bank, served, list(refs), per_second)
                    done = await _done(running, set(refs.values()))
        finally:
            bank.terminate()
    took = [(done[user].timestamp() - paid[ref]) * 1000 for ref, user in refs.items()]
    return statistics.quantiles(took, n=100)[98]


def _pay(
    bank: "subprocess.Popen[bytes]", served: Served, refs: list[str], per_second: int
) -> dict[str, float]:
    """When each was paid."""
    assert bank.stdin is not None
    assert bank.stdout is not None
    asked = {
        "refs": refs,
        "per_second": per_second,
        "callback_url": f"http://127.0.0.1:{served.port}/1plat-webhook",
    }
    bank.stdin.write(json.dumps(asked).encode() + b"\n")
    bank.stdin.flush()
    paid: dict[str, float] = json.loads(bank.stdout.readline())
    return paid


async def _watch(running: EmbeddedServer) -> None:
    """Who is told what is remembered, in the transaction that puts it: its commit has a time."""
    root = await connect(running.address(SUPERUSER, "bench"))
    await root.execute(
        """
        CREATE SCHEMA bench;
        CREATE TABLE bench.told (user_id bigint PRIMARY KEY);
        CREATE FUNCTION bench.tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO bench.told VALUES ((NEW.payload->>'user')::bigint) ON CONFLICT DO NOTHING;
            RETURN NULL;
        END $$;
        CREATE TRIGGER told AFTER INSERT ON outbox.job FOR EACH ROW
            WHEN (NEW.kind = 'telegram.send' AND NEW.payload->>'text' = 'news-paid')
            EXECUTE FUNCTION bench.tell()
        """
    )
    await root.close()


async def _asked(served: Served, given: dict[str, str], count: int) -> dict[str, int]:
    """People who are about to pay, by what 1Plat calls their payments."""
    known: dict[str, Any] = {name.lower(): value for name, value in given.items()}
    for name in ("oneplat_shop_secret", "remnawave_token", "telegram_bot_token"):
        known[name] = Secret(known[name])
    settings = Settings(debug=True, secret_key=Secret(KEY), **known)
    db = served.database
    payments = Payments(db, providers=configured(settings), purposes=[PURPOSE])
    kassa = Kassa.of(settings, db, payments)
    sold = options.of(settings)
    plan = sold.plans[0]
    room = asyncio.Semaphore(4)
    found: dict[str, int] = {}
    first = 30_000_000 + time.monotonic_ns() // 1000

    async def one(number: int) -> None:
        async with room:
            user = await db.run(lambda tx: people.see(tx, Who(first + number, "Покупатель")))
            bot = str(kassa.bots.all[0].id)
            purchase = await db.run(lambda tx: purchases.begin(tx, user.id, plan, sold, bot=bot))
            way = Way("oneplat", "card", plan.prices["RUB"])
            payment = await db.run(lambda tx: purchases.payment(tx, kassa, user, purchase, way))
            started = await payments.start(payment.id, provider="oneplat", method="card")
            assert started.attempt.ref is not None
            found[started.attempt.ref] = user.id

    await asyncio.gather(*(one(number) for number in range(count)))
    await payments.close()
    await kassa.bots.close()
    return found


async def _done(running: EmbeddedServer, users: set[int]) -> dict[int, datetime]:
    """When each was told, once all are; the panel knows all of them by then."""
    root = await connect(running.address(SUPERUSER, "bench"))
    deadline = time.monotonic() + 60
    try:
        while True:
            rows = await root.fetch(
                """
                SELECT t.user_id, pg_xact_commit_timestamp(t.xmin) AS at,
                       s.provisioned = s.wanted AND s.link <> '' AS is_in
                  FROM bench.told t JOIN subscriptions.subscription s USING (user_id)
                 WHERE t.user_id = ANY ($1)
                """,
                list(users),
            )
            if len(rows) == len(users):
                assert all(row["is_in"] for row in rows), "the panel has not let everybody in"
                return {row["user_id"]: row["at"] for row in rows}
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(rows)} of {len(users)} were told")
            await asyncio.sleep(0.1)
    finally:
        await root.close()
