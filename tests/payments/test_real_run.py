"""`kassa run` as it is run: callbacks over HTTP to a real process, killed when it has answered."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx

from kassa import ledger
from kassa.config import Settings
from kassa.db import Database
from kassa.ledger import wallet
from kassa.money import Money
from kassa.payments import Payer, Payments, Status
from kassa.payments.providers import configured
from kassa.payments.wallet import TOPUP
from tests.cli.process import Running, free_port, on
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.providers.shop import Shop

USER = 5
PRICE = Money(50_000, "RUB")


def settings(shop: Shop) -> dict[str, str]:
    return {
        "ONEPLAT_SHOP_ID": shop.credentials["shop_id"],
        "ONEPLAT_SHOP_SECRET": shop.credentials["secret"],
        "ONEPLAT_BASE_URL": shop.base_url,
        "ONEPLAT_TXT": "this domain is ours",
        "TRUSTED_PROXIES": "127.0.0.1",
    }


async def waiting(payments: Payments) -> tuple[int, str]:
    """A payment that waits for its payer: its number, and the provider's name of it."""
    payment = await payments.database.run(
        lambda tx: payments.create(
            tx, user=USER, amount=PRICE, purpose="wallet.topup", description="Баланс", payer=Payer()
        )
    )
    started = await payments.start(payment.id, provider="oneplat", method="sbp")
    assert started.attempt.ref is not None
    return payment.id, started.attempt.ref


async def test_a_callback_that_was_answered_is_settled_by_whoever_comes_after_a_kill(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    port = str(free_port())
    async with Sandbox() as tg, httpx.AsyncClient() as http:
        shop = tg.bank.shop("oneplat", callback_url=f"http://127.0.0.1:{port}/1plat-webhook")
        given = settings(shop)
        ours: dict[str, Any] = {name.lower(): value for name, value in given.items()}
        payments = Payments(db, providers=configured(Settings(**ours)), purposes=[TOPUP])
        numbers = []
        for _ in range(2):
            number, ref = await waiting(payments)
            numbers.append(number)
            with Running(tmp_path, PORT=port, **given, **on(fresh)) as running:
                await running.ready()
                shop.fault_in_callbacks("lost")
                await shop.pay(ref)
                await shop.delivered()
                letter = shop.sent[-1]
                answer = await http.post(letter.url, content=letter.body, headers=letter.headers)
                os.killpg(running.process.pid, signal.SIGKILL)
                assert (answer.status_code, answer.json()) == (200, {"ok": True})
        await payments.close()

        with Running(tmp_path, PORT=port, **given, **on(fresh)) as running:
            await running.ready()

            async def succeeded() -> bool:
                found = [await payments.get(db, number) for number in numbers]
                return all(each.status is Status.SUCCEEDED for each in found)

            for _ in range(1000):
                if await succeeded():
                    break
                await asyncio.sleep(0.02)
            else:
                raise AssertionError(running.log)
            assert running.http.get("/1plat.txt").text == "this domain is ours"
            assert running.http.post("/1plat-webhook", content=b"{}").status_code == 403
            assert running.http.post("/pay/paypal/callback", content=b"{}").status_code == 404
            assert "kassa_inbox_due 0.0" in running.http.get("/metrics").text
        balance = await ledger.balance(db, wallet(USER, "RUB"))
        assert balance.posted == PRICE * len(numbers)
        assert await ledger.audit(db) == []
        assert await db.fetch("SELECT * FROM payments.audit()") == []
