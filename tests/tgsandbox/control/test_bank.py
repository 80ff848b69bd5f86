"""The payment providers, steered by a tester in another language."""

from typing import Any

import pytest

from tgsandbox import Sandbox
from tgsandbox.providers.records import Payment

from .remote import Remote

pytestmark = pytest.mark.sandbox(control=True)
SHOP = "/bank/oneplat/shop"


def ordered(tg: Sandbox, ref: str = "ref-1", amount: int = 14_500) -> Payment:
    """As if the shop had called; the providers' own tests make calls."""
    shop = tg.bank.shop("yookassa")
    data: dict[str, Any] = {
        **{"capture": True, "confirmation": None, "metadata": {}, "customer": ""},
        **{"receipt": False, "save": False, "card": ref, "refunds": []},
    }
    payment = Payment(ref, "71", amount, "RUB", created=shop.now(), title="Чай", data=data)
    return shop.add(payment)


async def test_a_shop_is_made_and_shown(remote: Remote) -> None:
    assert (await remote.get("/bank"))["shops"] == []
    url = "http://127.0.0.1:9/callback"
    made = await remote.post("/bank", provider="oneplat", callback_url=url)
    assert (made["title"], made["name"], made["callback_url"]) == ("1Plat", "shop", url)
    assert set(made["credentials"]) == {"shop_id", "secret", "merchant_id"}
    assert (await remote.get("/bank"))["shops"] == [made]
    assert await remote.get(SHOP) == made
    assert (await remote.refused("/bank", {"provider": "piggy"}))[0] == 409
    assert (await remote.ask("GET", "/bank/oneplat/other"))[0] == 404


async def test_a_payment_is_paid_and_refunded(tg: Sandbox, remote: Remote) -> None:
    ordered(tg)
    path = "/bank/yookassa/shop/payments/ref-1"
    shown = (await remote.get("/bank/yookassa/shop"))["payments"][0]
    assert (shown["state"], shown["acts"]) == ("waiting", ["pay", "start", "decline", "expire"])
    assert (await remote.refused(f"{path}/refund", {}))[0] == 409  # nothing is paid yet
    paid = await remote.post(f"{path}/pay")
    assert (paid["state"], paid["paid"], paid["acts"]) == ("paid", 14_500, ["refund"])
    assert (await remote.post(f"{path}/refund", amount=500))["refunded"] == 500
    shown = await remote.get("/bank/yookassa/shop")
    assert [each["kind"] for each in shown["books"]] == ["refund", "fee", "paid"]  # newest first
    assert shown["held"] == [{"amount": 13_492, "currency": "RUB", "exponent": 2}]

    assert (await remote.refused(f"{path}/steal", {}))[0] == 409
    assert (await remote.refused(f"{path}/refund", {"amount": 0.5}))[0] == 400
    assert (await remote.refused("/bank/yookassa/shop/payments/ref-2/pay", {}))[0] == 409


async def test_faults_are_switched_on_and_off(tg: Sandbox, remote: Remote) -> None:
    await remote.post("/bank", provider="oneplat")
    faults = tg.bank.shop("oneplat").faults
    await remote.post(f"{SHOP}/faults", call="create", what="no_requisites", times=None)
    await remote.post(f"{SHOP}/faults", what="down")
    await remote.post(f"{SHOP}/faults", callbacks="late", seconds=30)
    assert [(each.call, each.what, each.times) for each in faults.calls] == [
        ("create", "no_requisites", None),
        ("*", "down", 1),
    ]
    assert [(each.what, each.seconds) for each in faults.callbacks] == [("late", 30)]
    await remote.post(f"{SHOP}/faults", call="create", what="no_requisites", off=True)
    await remote.post(f"{SHOP}/faults", callbacks="late", off=True)
    assert [each.what for each in faults.calls] == ["down"]
    assert faults.callbacks == []
    for wrong in ({"what": "rain"}, {"call": "dance", "what": "down"}, {"callbacks": "rain"}):
        assert (await remote.refused(f"{SHOP}/faults", wrong))[0] == 400
    assert (await remote.ask("DELETE", f"{SHOP}/faults"))[0] == 200
    assert faults.calls == []


async def test_the_key_is_changed_and_callbacks_are_said_again(tg: Sandbox, remote: Remote) -> None:
    old = (await remote.post("/bank", provider="oneplat"))["credentials"]
    new = (await remote.post(f"{SHOP}/rotate"))["credentials"]
    assert new["secret"] != old["secret"]
    assert (await remote.refused(f"{SHOP}/send_again", {}))[0] == 409  # nothing was sent

    ordered(tg)
    await remote.post("/bank", provider="yookassa", callback_url=f"{tg.url}/nothing-here")
    await remote.post("/bank/yookassa/shop/payments/ref-1/pay")
    shop = tg.bank.shop("yookassa")
    await shop.delivered()
    again = (await remote.post("/bank/yookassa/shop/send_again", index=0, times=2))["sent"]
    assert [each["status"] for each in again] == [404, 404]
    assert [each["event"] for each in again] == ["payment.succeeded"] * 2
    shown = (await remote.get("/bank/yookassa/shop"))["sent"]
    assert [each["index"] for each in shown] == [2, 1, 0]


async def test_what_waits_for_the_next_one_goes_when_that_is_over(
    tg: Sandbox, remote: Remote
) -> None:
    ordered(tg)
    shop = tg.bank.shop("yookassa", callback_url=f"{tg.url}/nothing-here")
    await remote.post("/bank/yookassa/shop/faults", callbacks="swap")
    await remote.post("/bank/yookassa/shop/payments/ref-1/pay")
    await shop.delivered()
    assert shop.sent == []
    await remote.post("/bank/yookassa/shop/faults", callbacks="swap", off=True)
    await shop.delivered()
    assert [each.event for each in shop.sent] == ["payment.succeeded"]
