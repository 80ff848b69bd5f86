"""What all providers have in common, tried with Stripe: acts, faults, callbacks, what is kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from tests.tgsandbox.providers.hearing import Heard, hearing
from tgsandbox import Impossible, Sandbox
from tgsandbox.providers.bank import Payment, Shop
from tgsandbox.providers.stripe import Stripe

FORM = {
    "mode": "payment",
    "client_reference_id": "pay-1",
    "line_items[0][quantity]": "2",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "500",
    "line_items[0][price_data][product_data][name]": "Tea",
    "success_url": "https://shop.example/thanks",
}


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    async with hearing() as found:
        yield found


@pytest.fixture
def shop(tg: Sandbox, heard: Heard) -> Shop:
    return one_each(tg.bank.shop("stripe", callback_url=heard.url))


def one_each(shop: Shop) -> Shop:
    """One callback for each thing that happens."""
    assert isinstance(shop, Stripe)
    more = {"payment_intent.succeeded", "payment_intent.canceled", "refund.failed"}
    shop.enabled_events = [each for each in shop.enabled_events if each not in more]
    return shop


async def asked(shop: Shop, verb: str, path: str, **form: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {shop.credentials['secret_key']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        return await client.request(verb, f"{shop.base_url}{path}", data=form or None)


async def ordered(shop: Shop) -> Payment:
    answer = await asked(shop, "POST", "/v1/checkout/sessions", **FORM)
    assert answer.status_code == 200, answer.text
    return shop.payments[-1]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_payment_is_in_the_books(shop: Shop, heard: Heard) -> None:
    payment = await ordered(shop)
    assert (payment.key, payment.amount, payment.currency) == ("pay-1", 1000, "EUR")
    assert (payment.state, payment.title, payment.paid) == ("waiting", "Tea", 0)
    assert shop.books() == []

    await shop.pay(payment.ref)
    await shop.refund(payment.ref, 400)
    assert (payment.state, payment.paid, payment.refunded) == ("paid", 1000, 400)
    assert [(each.kind, each.amount) for each in shop.books()] == [
        ("paid", 1000),
        ("fee", 59),
        ("refund", 400),
    ]
    assert shop.held() == {"EUR": 1000 - 59 - 400}
    await shop.delivered()
    assert len(heard.bodies) == len(shop.sent) == 3
    assert {each.status for each in shop.sent} == {200}


async def test_what_could_not_happen_is_said(tg: Sandbox, shop: Shop) -> None:
    payment = await ordered(shop)
    for wrong in ({"amount": 999}, {"currency": "USD"}, {"amount": 0}):
        with pytest.raises(Impossible):
            await shop.pay(payment.ref, **wrong)
    with pytest.raises(Impossible, match="0 of"):
        await shop.refund(payment.ref)
    with pytest.raises(Impossible):
        await shop.dispute(payment.ref)
    with pytest.raises(Impossible, match="capture_method"):
        await shop.authorize(payment.ref)
    await shop.pay(payment.ref)
    with pytest.raises(Impossible, match="paid already"):
        await shop.pay(payment.ref)
    with pytest.raises(Impossible, match="paid once"):
        await shop.pay(payment.ref, again=True)
    with pytest.raises(Impossible, match="paid already"):
        await shop.expire(payment.ref)
    with pytest.raises(Impossible, match="no payment"):
        await shop.pay("cs_test_none")
    with pytest.raises(Impossible, match="no provider"):
        tg.bank.shop("nobody")
    with pytest.raises(ValueError, match="none of"):
        shop.fault("create", "no_such_thing")
    with pytest.raises(ValueError, match="none of"):
        shop.fault("no_such_call", "down")
    with pytest.raises(ValueError, match="none of"):
        shop.fault_in_callbacks("no_such_thing")
    assert shop.held() == {"EUR": 941}


async def test_two_shops_do_not_see_each_other(tg: Sandbox, shop: Shop) -> None:
    payment = await ordered(shop)
    second = tg.bank.shop("stripe", name="second")
    assert second.credentials["secret_key"] != shop.credentials["secret_key"]
    path = f"/v1/checkout/sessions/{payment.ref}"
    assert (await asked(shop, "GET", path)).status_code == 200
    assert (await asked(second, "GET", path)).status_code == 404
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{shop.base_url}{path}")
        nobody = await client.get(f"{tg.url}/providers/nobody/v1/things")
    assert answer.status_code == 401
    assert nobody.status_code == 404
    assert (await asked(shop, "GET", "/v1/nothing")).status_code == 404
    assert tg.bank.find("stripe", payment.ref) == (shop, payment)
    assert tg.bank.find("stripe", "cs_none") is None


async def test_calls_go_wrong_as_often_as_was_said(shop: Shop) -> None:
    payment = await ordered(shop)
    path = f"/v1/checkout/sessions/{payment.ref}"
    shop.fault("status", "error_before", times=2, status=502)
    shop.fault("*", "down", times=None)
    said = [(await asked(shop, "GET", path)).status_code for _ in range(5)]
    assert said == [502, 502, 503, 503, 503]
    shop.mend()
    assert (await asked(shop, "GET", path)).status_code == 200
    shop.fault("status", "timeout_after")
    with pytest.raises(httpx.RemoteProtocolError):
        await asked(shop, "GET", path)
    shop.fault("create", "error_after")
    answer = await asked(shop, "POST", "/v1/checkout/sessions", **FORM)
    assert (answer.status_code, len(shop.payments)) == (500, 2)


async def test_a_callback_that_is_not_taken_is_said_again(
    tg: Sandbox, shop: Shop, heard: Heard
) -> None:
    payment = await ordered(shop)
    heard.answers = [500, 302]
    await shop.pay(payment.ref)
    await shop.delivered()
    assert [each.status for each in shop.sent] == [500]
    await tg.clock.move(shop.ladder[0] - 10)
    await shop.delivered()
    assert len(shop.sent) == 1
    await tg.clock.move(10)
    await shop.delivered()
    await tg.clock.move(shop.ladder[1])
    await shop.delivered()
    assert [(each.number, each.status) for each in shop.sent] == [(1, 500), (2, 302), (3, 200)]
    assert len(set(heard.bodies)) == 1
    await tg.clock.move(days=4)
    await shop.delivered()
    assert len(shop.sent) == 3


async def test_the_ladder_has_an_end(tg: Sandbox, shop: Shop, heard: Heard) -> None:
    payment = await ordered(shop)
    heard.answers = [500] * 100
    await shop.pay(payment.ref)
    await shop.delivered()
    for pause in (*shop.ladder, 86_400):
        await tg.clock.move(pause)
        await shop.delivered()
    assert len(shop.sent) == 1 + len(shop.ladder)
    assert shop.callbacks.waiting == []


async def test_callbacks_are_lost_doubled_late_and_swapped(
    tg: Sandbox, shop: Shop, heard: Heard
) -> None:
    shop.fault_in_callbacks("lost")
    await shop.pay((await ordered(shop)).ref)
    await shop.delivered()
    assert heard.bodies == []
    assert shop.sent[-1].lost
    await shop.send_again()
    assert len(heard.bodies) == 1

    shop.fault_in_callbacks("twice", copies=3)
    await shop.pay((await ordered(shop)).ref)
    await shop.delivered()
    assert len(heard.bodies) == 4
    assert len(set(heard.bodies[1:])) == 1

    shop.fault_in_callbacks("late", seconds=600)
    await shop.pay((await ordered(shop)).ref)
    await shop.delivered()
    assert len(heard.bodies) == 4
    await tg.clock.move(600)
    await shop.delivered()
    assert len(heard.bodies) == 5

    shop.fault_in_callbacks("swap")
    first, second = await ordered(shop), await ordered(shop)
    await shop.pay(first.ref)
    await shop.delivered()
    assert len(heard.bodies) == 5
    await shop.pay(second.ref)
    await shop.delivered()
    assert [each.ref for each in shop.sent[-2:]] == [second.ref, first.ref]


async def test_a_callback_is_replayed_byte_for_byte(shop: Shop, heard: Heard) -> None:
    await shop.pay((await ordered(shop)).ref)
    await shop.delivered()
    copies = await shop.send_again(0, times=5, at_once=True)
    assert [each.status for each in copies] == [200] * 5
    assert len({(body, str(headers)) for _, _, headers, body in heard.requests}) == 1
    assert len(heard.bodies) == len(shop.sent) == 6


async def test_a_callback_made_by_hand_is_not_sent(shop: Shop, heard: Heard) -> None:
    payment = await ordered(shop)
    sent = shop.callback(payment.ref, "paid", amount_total=1, event_id="evt_TEST")
    assert sent.json["id"] == "evt_TEST"
    assert sent.json["data"]["object"]["amount_total"] == 1
    assert sent.json["data"]["object"]["payment_status"] == "paid"
    forged = shop.callback(payment.ref, "paid", forged=True, at=1.0)
    assert forged.headers["Stripe-Signature"].startswith("t=1,v1=")
    await shop.delivered()
    assert (heard.bodies, payment.state) == ([], "waiting")


async def test_a_payment_expires_by_the_sandbox_s_clock(
    tg: Sandbox, shop: Shop, heard: Heard
) -> None:
    payment = await ordered(shop)
    await tg.clock.move(days=1, seconds=-60)
    assert payment.state == "waiting"
    await tg.clock.move(61)
    await shop.delivered()
    assert payment.state == "expired"
    assert [each.event for each in shop.sent] == ["checkout.session.expired"]


async def test_a_shop_that_does_not_answer_holds_nobody_up(tg: Sandbox) -> None:
    """Neither the API nor the end of the sandbox."""
    asleep, woken = asyncio.Event(), asyncio.Event()

    async def sleep(_: web.Request) -> web.Response:
        asleep.set()
        await woken.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/callback", sleep)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Sandbox() as other:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
        shop = other.bank.shop("stripe", callback_url=url)
        for _ in range(20):
            await shop.pay((await ordered(shop)).ref)
        await asleep.wait()
        assert (await asked(shop, "GET", "/v1/balance")).status_code == 200
        assert 1 <= len(shop.sent) <= 8
    assert all(each.status is None for each in shop.sent)
    woken.set()
    await runner.cleanup()


async def test_nobody_listens(shop: Shop) -> None:
    shop.callback_url = "http://127.0.0.1:9/callback"
    await shop.pay((await ordered(shop)).ref)
    await shop.delivered()
    assert shop.sent[0].status is None
    assert "Error" in shop.sent[0].error
    assert len(shop.callbacks.waiting) == 1


async def test_everything_is_kept_over_a_restart(tmp_path: Path, heard: Heard) -> None:
    async with Sandbox(data=tmp_path, seed=7) as tg:
        shop = one_each(tg.bank.shop("stripe", callback_url=heard.url))
        paid, opened, held = await ordered(shop), await ordered(shop), await ordered(shop)
        assert held.ref != opened.ref
        heard.answers = [500]
        await shop.pay(paid.ref)
        await shop.delivered()
        secret = shop.rotate()["webhook_secret"]
        books, sent = shop.books(), len(shop.sent)
    async with Sandbox(data=tmp_path, seed=7) as tg:
        shop = tg.bank.shop("stripe")
        assert shop.books() == books
        assert shop.credentials["webhook_secret"] == secret
        assert [each.state for each in shop.payments] == ["paid", "waiting", "waiting"]
        assert len(shop.sent) == sent == 1
        assert (await ordered(shop)).ref not in (paid.ref, opened.ref, held.ref)
        await tg.clock.move(shop.ladder[0])
        await shop.delivered()
        assert shop.sent[-1].status == 200
        assert heard.bodies[0] == heard.bodies[1]
        await shop.refund(paid.ref)
        await tg.clock.move(days=2)
        assert opened.ref in [each.ref for each in shop.payments if each.state == "expired"]


async def test_it_is_saved_while_it_runs(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg:
        payment = await ordered(tg.bank.shop("stripe"))
        await until((tmp_path / "bank.json").exists)
        await until(lambda: payment.ref in (tmp_path / "bank.json").read_text())
