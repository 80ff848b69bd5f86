"""What the cases of money that comes have in common."""

import hashlib
import hmac

import httpx
import pytest

from kassa.payments import Started, Status, letters
from tests.payments import steps
from tests.payments.rig import EVERYBODY, KINDS, Rig, ref
from tgsandbox.providers.records import Sent
from tgsandbox.providers.stripe import Stripe

ALL = pytest.mark.parametrize("kind", EVERYBODY.values(), ids=EVERYBODY)
ASKED = steps.of(steps.ASKED)
OUTSIDE = steps.of(steps.OUTSIDE)


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", [KINDS[name] for name in names], ids=names)


async def looked(rig: Rig, times: int = 1) -> None:
    for _ in range(times):
        while await rig.looking.turn():
            pass
        await rig.arrive()


async def kinds_of_events(rig: Rig, started: Started) -> list[str]:
    return [each.kind for each in await rig.payments.timeline(started.payment.id, public=False)]


async def has_sold(rig: Rig, started: Started) -> None:
    """It is paid, delivered, and in the books once."""
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
    assert payment.paid_at is not None
    assert [charge.fit for charge in await rig.payments.charges(payment.id)] == ["exact"]
    assert await rig.goods_given() == {payment.id: 0}
    assert (await rig.wallet(), await rig.revenue()) == (0, rig.price.amount)
    await rig.agree()


async def has_kept(rig: Rig, started: Started, status: Status, fit: str, amount: int = 0) -> None:
    """Nothing was sold; the money is in the wallet, and the payer and the operator know it."""
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (status, "none")
    assert [charge.fit for charge in await rig.payments.charges(payment.id)] == [fit]
    assert await rig.goods_given() == {}
    assert (await rig.wallet(), await rig.revenue()) == (amount or rig.price.amount, 0)
    assert await rig.said() == [f"telegram: payment-{fit}", f"operator: payment-{fit}"]
    await rig.agree()


async def post(rig: Rig, sent: Sent, *, path: str = "") -> httpx.Response:
    """What was made to be sent is sent, as its provider would."""
    url = rig.url + path if path else sent.url
    return await rig.http.request(sent.method, url, content=sent.body, headers=sent.headers)


async def letters_kept(rig: Rig) -> int:
    return int(await rig.db.fetchval("SELECT count(*) FROM payments.inbox"))


async def nothing_came(rig: Rig, started: Started) -> None:
    await rig.inbox.drain()
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (Status.AWAITING_PAYER, "none")
    assert await rig.payments.charges(payment.id) == []
    assert await rig.db.fetchval("SELECT count(*) FROM payments.charge") == 0
    assert await rig.goods_given() == {}
    assert await rig.said() == []
    await rig.agree()


async def sells(rig: Rig, started: Started) -> None:
    """After all that, it can be paid, once."""
    if rig.shop.payment(ref(started)).state != "paid":
        await rig.shop.pay(ref(started))
    await rig.arrive()
    payment = await rig.get(started)
    assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
    assert await rig.revenue() == rig.price.amount
    await rig.agree()


async def sign_and_post(rig: Rig, body: bytes) -> httpx.Response:
    """A body of ours, signed with the provider's secret."""
    if rig.kind.name == "stripe":
        stamp = int(rig.shop.now())
        secret = rig.shop.credentials["webhook_secret"].encode()
        mark = hmac.new(secret, b"%d." % stamp + body, hashlib.sha256).hexdigest()
        headers = {"stripe-signature": f"t={stamp},v1={mark}"}
    elif rig.kind.name == "cryptopay":
        key = hashlib.sha256(rig.shop.credentials["token"].encode()).digest()
        mark = hmac.new(key, body, hashlib.sha256).hexdigest()
        headers = {"crypto-pay-api-signature": mark}
    else:
        headers = {}
    headers["content-type"] = "application/json"
    return await rig.http.post(rig.shop.callback_url, content=body, headers=headers)


async def letter(rig: Rig) -> letters.Letter:
    """The only one."""
    (found,) = await letters.page(rig.db)
    return found


def one_event_each(rig: Rig) -> None:
    """Stripe sends several for the same; here they are to be counted."""
    if isinstance(rig.shop, Stripe):
        rig.shop.enabled_events = ["checkout.session.completed", "checkout.session.expired"]
