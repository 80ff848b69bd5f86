"""`kassa simulate`: a provider's callbacks, sent to an instance that runs."""

import asyncio
import json
from pathlib import Path

import pytest

from kassa.cli.providers import here
from kassa.config import Settings
from kassa.payments import Status
from kassa.payments.providers.oneplat_wire import signature
from tests.cli.process import Running, free_port
from tests.cli.shops import TOPUP, Shop
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Kind, a_rig, ref

FIRST = "is asked first"


async def test_a_signed_callback_is_sent_to_kassa_run_and_booked_once(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path, PORT=str(free_port()))
        started = await rig.begin(purpose="wallet.topup")
        simulate = ["simulate", "stripe", "--payment", started.payment.id, "--status"]
        nobody = await shop.kassa(*simulate, "paid")
        assert (nobody.returncode, nobody.stdout) == (1, "")
        assert nobody.stderr.startswith(f"Nobody answers at http://127.0.0.1:{shop.port}/pay/")
        with Running(tmp_path, **shop.settings) as running:
            await running.ready()
            said = await shop.said(*simulate, "paid", "--bad-signature")
            assert said.startswith("400 {")
            assert "refused" in said
            assert await rig.db.fetchval("SELECT count(*) FROM payments.inbox") == 0
            said = await shop.said(*simulate, "paid", "--times", 50)
            assert said.splitlines()[0] == '200 {"ok":true}  (50 times)'
            assert "kassa reconcile will find it" in said
            async with asyncio.timeout(20):
                while (await rig.get(started)).is_open:
                    await asyncio.sleep(0.05)
        assert (await rig.get(started)).delivery == "done"
        assert await rig.wallet() == 500


async def test_where_the_signature_proves_nothing_the_provider_is_asked_first(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["oneplat"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        started = await rig.begin(purpose="wallet.topup")
        simulate = ["simulate", "oneplat", "--payment", started.payment.id, "--url", rig.url]
        said = await shop.said(*simulate, "--status", "paid")
        assert said.startswith("200 ")
        assert FIRST in said
        await rig.inbox.drain()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        assert await rig.wallet() == 0
        rig.shop.fault_in_callbacks("lost", times=None)
        await rig.shop.pay(ref(started))
        await shop.said(*simulate, "--status", "paid")
        await rig.inbox.drain()
        assert await rig.wallet() == 50_000


async def test_1plats_five_statuses_are_sent_signed_as_they_are(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["oneplat"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        started = await rig.begin(purpose="wallet.topup")
        simulate = ["simulate", "oneplat", "--payment", started.payment.id, "--url", rig.url]
        secret, guid = rig.shop.credentials["secret"], ref(started)
        for number in (-2, -1, 0, 1, 2):
            said = await shop.said(*simulate, "--status", number, "--amount", "400")
            assert said.startswith("200 ")
            row = await rig.db.fetchrow("SELECT body FROM payments.inbox ORDER BY id DESC LIMIT 1")
            assert row is not None
            sent = json.loads(row["body"])
            assert (sent["guid"], sent["amount"], sent["status"]) == (guid, 40_000, number)
            del sent["signature_v2"]
            assert sent.pop("signature") == signature(sent, secret)
        forged = await shop.said(*simulate, "--status", 2, "--bad-signature")
        assert forged.startswith(("400 ", "403 "))
        assert "must have been refused above" in forged


async def test_yookassas_callback_comes_from_its_address_where_our_word_for_it_is_taken(
    fresh: Fresh, tmp_path: Path
) -> None:
    async with a_rig(fresh, KINDS["yookassa"], purposes=[TOPUP]) as rig:
        port = str(free_port())
        shop = Shop(fresh, rig, tmp_path, PORT=port, TRUSTED_PROXIES="127.0.0.1")
        started = await rig.begin(purpose="wallet.topup")
        simulate = ["simulate", "yookassa", "--payment", started.payment.id, "--status", "paid"]
        with Running(tmp_path, **shop.settings) as running:
            await running.ready()
            said = await shop.said(*simulate)
            assert said.startswith("200 ")
            assert "TRUSTED_PROXIES" not in said
            forged = await shop.said(*simulate, "--bad-signature")
            assert forged.startswith('403 {"detail":"It does not come from YooKassa."}')


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_what_is_paid_already_is_known_by_the_name_of_its_charge(
    fresh: Fresh, tmp_path: Path, kind: Kind
) -> None:
    """Whoever simulates it, it is booked once, and the books agree with the fake's."""
    async with a_rig(fresh, kind, purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        started = await rig.begin(purpose="wallet.topup")
        await rig.shop.pay(ref(started))
        await rig.arrive()
        simulate = ["simulate", kind.name, "--payment", started.payment.id, "--url", rig.url]
        said = await shop.said(*simulate, "--status", "paid")
        assert said.startswith("200 ")
        assert (FIRST in said) is not rig.provider.abilities.signed
        assert ("TRUSTED_PROXIES" in said) is (kind.name == "yookassa")
        await rig.inbox.drain()
        assert await rig.wallet() == kind.price.amount
        await rig.agree()


async def test_what_cannot_be_simulated_is_told(fresh: Fresh, tmp_path: Path) -> None:
    async with a_rig(fresh, KINDS["stripe"], purposes=[TOPUP]) as rig:
        shop = Shop(fresh, rig, tmp_path)
        payment = await rig.new(purpose="wallet.topup")
        started = await rig.begin(purpose="wallet.topup")
        for provider, number, status, words in (
            ("oneplat", started.payment.id, "paid", "oneplat is not set up here; what is: stripe."),
            ("stripe", payment.id, "paid", "Payment 1 was never started at stripe."),
            ("stripe", 100, "paid", "There is no payment 100."),
            ("stripe", started.payment.id, "1", "A status is one of waiting, processing,"),
        ):
            done = await shop.kassa("simulate", provider, "--payment", number, "--status", status)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith(words)
            assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("shop.internal", "http://shop.internal:8000"),
    ],
)
def test_the_running_instance_is_called_where_it_listens(host: str, url: str) -> None:
    assert here(Settings(host=host)) == url
