from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from docs.examples.payments.tinypay import Tinypay
from kassa import clock, ledger
from kassa.config import Settings
from kassa.db import Database
from kassa.ledger import clearing, wallet
from kassa.money import Money
from kassa.payments import Inbox, Looking, Payment, Payments, Started, Status, api, letters
from kassa.payments.providers.protocol import Created, Order, Report, State, Why
from kassa.payments.reconcile import compare
from kassa.payments.wallet import TOPUP
from kassa.web import create_app
from tgsandbox import Sandbox
from tgsandbox.providers import bank
from tgsandbox.providers.shop import Shop
from tgsandbox.server import Listener

PRICE = Money(5_00, "USD")


@dataclass
class Till:
    """Tinypay's fake, our adapter, and HTTP between them in both directions."""

    db: Database
    bank: Shop
    tinypay: Tinypay
    payments: Payments
    inbox: Inbox

    async def begin(self) -> Started:
        payment = await self.db.run(
            lambda tx: self.payments.create(
                tx, user=17, amount=PRICE, purpose="wallet.topup", description="A top-up"
            )
        )
        return await self.payments.start(payment.id, provider="tinypay")

    async def arrive(self) -> None:
        """The callbacks that are on their way come, and are settled."""
        await self.bank.delivered()
        await self.inbox.drain()

    async def get(self, started: Started) -> Payment:
        return await self.payments.get(self.db, started.payment.id)

    async def wallet(self) -> int:
        return (await ledger.balance(self.db, wallet(17, "USD"))).posted.amount

    async def agree(self) -> None:
        """Their books and ours, to the cent."""
        ours = (await ledger.balance(self.db, clearing("tinypay", "USD"))).posted.amount
        assert -ours == self.bank.held().get("USD", 0)
        assert await ledger.audit(self.db) == []


@pytest.fixture
async def till(db: Database, tg: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Till]:
    place = "docs.examples.payments.tinypay_bank:TinypayBank"
    monkeypatch.setitem(bank.PROVIDERS, "tinypay", place)
    app = create_app(lambda app: nullcontext(), routes=api.routes)
    listener = Listener(app)
    await listener.start()
    url = f"http://127.0.0.1:{listener.port}/pay/tinypay/callback"
    shop = tg.bank.shop("tinypay", callback_url=url)
    keys = shop.credentials
    tinypay = Tinypay(keys["key"], [keys["secret"]], base_url=shop.base_url)
    payments = Payments(db, providers={"tinypay": tinypay}, purposes=[TOPUP])
    inbox = app.state.inbox = Inbox(payments)
    app.state.settings = Settings()
    yield Till(db, shop, tinypay, payments, inbox)
    await payments.close()
    await listener.stop()


def ref(started: Started) -> str:
    assert started.attempt.ref is not None, started.why
    return started.attempt.ref


async def test_paid_and_told_five_times_is_credited_once(till: Till) -> None:
    started = await till.begin()
    await till.bank.pay(ref(started))
    await till.arrive()
    await till.bank.send_again(times=4, at_once=True)
    await till.arrive()

    payment = await till.get(started)
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
    assert await till.wallet() == 5_00
    assert till.bank.held() == {"USD": 4_90}  # 2 % are Tinypay's
    await till.agree()


async def test_declined(till: Till) -> None:
    started = await till.begin()
    await till.bank.decline(ref(started))
    await till.arrive()

    assert (await till.get(started)).status is Status.FAILED
    await till.agree()


async def test_an_answer_that_is_lost_is_looked_for(till: Till) -> None:
    till.bank.fault("create", "timeout_after")
    started = await till.begin()
    assert (started.checkout, started.why) == (None, Why.DOWN)
    assert started.attempt.status == "unknown"

    await Looking(till.payments).look(started.payment.id)
    (attempt,) = await till.payments.attempts(started.payment.id)
    (made,) = till.bank.payments
    assert (attempt.status, attempt.ref) == ("ok", made.ref)
    assert attempt.checkout is not None


async def test_the_same_key_is_the_same_payment(till: Till) -> None:
    order = Order("kassa-1", PRICE, "A mug", user=17)
    one, other = [await till.tinypay.create(order) for _ in range(2)]
    assert isinstance(one, Created)
    assert one == other


async def test_without_a_connection_nothing_has_happened(till: Till) -> None:
    till.payments.providers["tinypay"] = Tinypay("key", [], base_url="http://127.0.0.1:9")
    started = await till.begin()
    assert started.attempt.status == "declined"


async def test_one_that_is_called_off_cannot_be_paid(till: Till) -> None:
    started = await till.begin()
    await till.payments.cancel(started.payment.id)
    with pytest.raises(bank.Impossible, match="canceled"):
        await till.bank.pay(ref(started))


async def test_a_callback_that_is_lost_is_found_in_the_list(till: Till) -> None:
    started = await till.begin()
    till.bank.fault_in_callbacks("lost")
    await till.bank.pay(ref(started))
    await till.arrive()
    assert await till.wallet() == 0

    now, hour = clock.now(), timedelta(hours=1)
    found = await compare(till.payments, "tinypay", since=now - hour, until=now + hour)
    assert [(each.what, each.mended) for each in found.findings] == [("only there", True)]
    assert await till.wallet() == 5_00
    await till.agree()


async def test_a_part_goes_back_by_us_and_the_rest_from_outside(till: Till) -> None:
    started = await till.begin()
    await till.bank.pay(ref(started))
    await till.arrive()

    refund = await till.payments.refund(started.payment.id, Money(2_00, "USD"), key="a")
    assert (refund.status, await till.wallet()) == ("done", 3_00)
    await till.arrive()  # the callback of our own refund is nothing new
    assert await till.wallet() == 3_00

    await till.bank.refund(ref(started))
    await till.arrive()
    assert await till.wallet() == 0
    assert (await till.get(started)).delivery == "taken_back"
    await till.agree()


async def test_a_refund_whose_answer_is_lost_is_made_once(till: Till) -> None:
    started = await till.begin()
    await till.bank.pay(ref(started))
    await till.arrive()
    till.bank.fault("refund", "timeout_after")
    till.bank.fault_in_callbacks("lost")
    refund = await till.payments.refund(started.payment.id, Money(2_00, "USD"), key="a")
    assert refund.status == "unknown"

    with clock.moved(lambda: datetime.now(UTC) + timedelta(minutes=2)):
        await Looking(till.payments).look(started.payment.id)
    (refund,) = await till.payments.refunds(started.payment.id)
    assert (refund.status, till.bank.payment(ref(started)).refunded) == ("done", 2_00)
    await till.agree()


async def test_what_a_stranger_has_signed_is_refused(till: Till) -> None:
    started = await till.begin()
    forged = till.bank.callback(ref(started), "payment.paid", state="paid", paid=5_00, forged=True)
    async with httpx.AsyncClient() as http:
        answer = await http.post(forged.url, content=forged.body, headers=forged.headers)

    assert answer.status_code == 403
    assert await letters.page(till.db) == []
    assert (await till.get(started)).status is Status.AWAITING_PAYER


async def test_what_the_doctor_and_kassa_simulate_do(till: Till) -> None:
    assert [each.fine for each in await till.tinypay.check()] == [True]

    started = await till.begin()
    told = Report(ref(started), State.PAID, amount=PRICE)
    await till.inbox.take("tinypay", till.tinypay.simulate(told, at=clock.now()))
    await till.inbox.drain()
    assert await till.wallet() == 5_00
