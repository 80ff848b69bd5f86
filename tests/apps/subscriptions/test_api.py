"""Subscriptions over HTTP: what is sold, paid, called off, and whose it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kassa import clock, ledger
from kassa.apps.subscriptions import promos, purchases
from kassa.ledger import wallet
from kassa.money import Money
from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.chat import panel_of, with_panel
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox

DAY = timedelta(days=1)


@pytest.fixture
def caller(till: Till, tg: Sandbox) -> Caller:
    return Caller(till, tg.user("Покупатель", language="ru"))


@pytest.fixture
async def panelled(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Caller]:
    """Who is let in by a panel."""
    async with with_panel(fresh, tg) as till:
        yield Caller(till, tg.user("Покупатель", language="ru"))


async def test_a_month_by_card_to_the_link(panelled: Caller) -> None:
    caller, till = panelled, panelled.till
    before = await caller.get("me")
    assert (before["status"], before["expires_at"], before["link"]) == ("none", None, "")
    assert (before["days_left"], before["trial_days"]) == (0, 3)

    made = (await caller.order(price=290)).json()
    assert (made["status"], made["kind"], made["amount"]) == ("pending", "requisites", 290.0)
    assert (made["currency"], made["plan"], made["months"]) == ("RUB", "1m", 1)
    named = {each["id"]: each for each in made["requisites"]}
    assert {"card", "holder", "bank"} <= named.keys()
    assert named["card"]["name"] == "Номер карты"
    assert (await caller.get(made["id"]))["status"] == "pending"

    await caller.paid(made)
    assert (await caller.get(made["id"]))["status"] == "succeeded"
    await till.provisioned(await till.user(caller.person))
    mine = await caller.get("me")
    user = panel_of(till).users
    assert mine["link"] == panel_of(till).page_of(next(iter(user.values())).short)
    assert (mine["status"], mine["preparing"], mine["trial_days"]) == ("active", False, 0)
    assert mine["days_left"] in (28, 29, 30, 31)
    assert mine["days_in_all"] == mine["days_left"]
    line = mine["history"]["items"][0]
    assert (line["kind"], line["title"], line["months"]) == ("paid", "Оплата", 1)
    await till.audited()


async def test_by_a_phone_a_page_and_an_invoice(caller: Caller) -> None:
    by_phone = (await caller.order(method="sbp")).json()
    assert by_phone["requisites"][0]["id"] == "phone"
    page = (await caller.order(provider="stripe", method="card", currency="USD")).json()
    assert (page["kind"], page["amount"], page["currency"]) == ("redirect", 3.0, "USD")
    assert page["payment_url"].startswith(caller.till.tg.url)
    assert page["id"] == by_phone["id"]  # one purchase, whatever way is tried
    bare = await caller.till.http.post(
        "/api/subscriptions", json={"plan": "1m", "provider": "oneplat"}, headers=caller.headers()
    )
    assert bare.json()["id"] == page["id"]
    stars = (await caller.order(provider="stars", method="stars", price=150)).json()
    assert (stars["kind"], stars["amount"]) == ("invoice", 150)
    assert stars["invoice_url"].startswith("https://t.me/")


async def test_prices_are_the_servers(caller: Caller) -> None:
    told = await caller.refused(400, "wrong_price", price=1)
    assert "290" in told["detail"]
    assert told["detail"].endswith("в запросе 1. Обновите страницу, пожалуйста.")
    await caller.refused(400, "wrong_price", price="290")
    await caller.refused(400, "wrong_price", price=True)
    await caller.refused(400, "wrong_plan", plan="2m")
    await caller.refused(400, "wrong_plan", plan=None)
    await caller.refused(400, "wrong_currency", currency="EUR")
    await caller.refused(400, "no_method", provider="nobody")
    await caller.refused(400, "no_method", method="cash")
    await caller.refused(400, "no_method", provider="")
    await caller.refused(400, "no_auto", auto=True)
    await caller.refused(400, "bad_request", gift="yes")
    await caller.refused(400, "bad_request", promo=7)
    assert await caller.till.db.fetchval("SELECT count(*) FROM subscriptions.purchase") == 0


async def test_two_taps_are_one_purchase(caller: Caller) -> None:
    answers = await asyncio.gather(*(caller.order(key="one-tap-of-it") for _ in range(4)))
    assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
    assert len({each.json()["payment_id"] for each in answers}) == 1
    await caller.refused(409, "other_key", key="one-tap-of-it", plan="3m")
    await caller.paid(answers[0].json())
    again = (await caller.order(key="one-tap-of-it")).json()
    assert (again["id"], again["status"]) == (answers[0].json()["id"], "succeeded")
    assert len(caller.till.shops["oneplat"].payments) == 1


async def test_from_the_balance_once(caller: Caller) -> None:
    till = caller.till
    poor = await caller.refused(402, "not_enough", provider="balance", method="")
    assert "290" in poor["detail"]
    await caller.has("580")
    assert (await caller.get("plans"))["balance"] == {"RUB": 580.0}
    await caller.refused(400, "needs_key", provider="balance", method="", key=None)
    answers = await asyncio.gather(
        *(caller.order(provider="balance", method="", key="by-balance") for _ in range(3))
    )
    assert {each.json()["status"] for each in answers} == {"succeeded"}
    user = await till.user(caller.person)
    left = await ledger.balance(till.db, wallet(user.id, "RUB"))
    assert left.available == Money(29000, "RUB")
    assert (await caller.get("me"))["status"] == "active"
    await till.audited()


async def test_what_is_sold(caller: Caller) -> None:
    found = await caller.get("plans")
    month, quarter, *_ = found["plans"]
    assert [each["name"] for each in found["plans"]] == ["1m", "3m", "6m", "12m"]
    assert quarter["prices"] == {"RUB": 790.0, "USD": 8.0, "XTR": 400}
    assert (month["saving"]["RUB"], quarter["saving"]["RUB"]) == (0, 9)
    ways = {(each["provider"], each["method"], each["currency"]): each for each in month["ways"]}
    assert ("oneplat", "card", "RUB") in ways
    assert ways["stars", "stars", "XTR"]["auto"]
    assert not ways["oneplat", "card", "RUB"]["auto"]
    assert not any(each["provider"] == "stars" and each["auto"] for each in quarter["ways"])
    assert not any(each["provider"] == "balance" for each in month["ways"])
    await caller.has("790")
    found = await caller.get("plans")
    rich = [each["name"] for each in found["plans"] if "balance" in str(each["ways"])]
    assert rich == ["1m", "3m"]


async def test_called_off_and_its_code_is_free(caller: Caller) -> None:
    till = caller.till
    await till.db.run(lambda tx: promos.create(tx, "ВЕСНА", "percent", value=50, most=1))
    made = (await caller.order(promo="весна", price=145)).json()
    assert made["amount"] == 145.0
    assert (await caller.get("plans"))["plans"][0]["prices"]["RUB"] == 145.0
    off = await caller.post(f"{made['id']}/cancel")
    assert (off["status"], off["did"]) == ("canceled", "called_off")
    assert (await till.payments.get(till.db, int(made["payment_id"]))).status == "canceled"
    assert await till.db.fetchval("SELECT used FROM subscriptions.promo") == 0
    assert (await caller.get("plans"))["plans"][0]["prices"]["RUB"] == 290.0
    again = (await caller.order(promo="ВЕСНА", price=145)).json()
    assert again["id"] != made["id"]
    by_phone = (await caller.order(promo="ВЕСНА", price=145, method="sbp")).json()
    assert by_phone["id"] == again["id"]  # the code is with it already
    await caller.paid(again)
    nothing = await caller.post(f"{again['id']}/cancel")
    assert (nothing["status"], nothing["did"]) == ("succeeded", "nothing")
    await till.audited()


async def test_codes_by_themselves(caller: Caller) -> None:
    till = caller.till
    await till.db.run(lambda tx: promos.create(tx, "DAYS5", "days", value=5))
    await till.db.run(lambda tx: promos.create(tx, "TENTH", "percent", value=10))
    assert (await caller.post("me/promo", {"code": "days5"}))["days"] == 5
    assert (await caller.get("me"))["days_left"] == 5
    lower = await caller.post("me/promo", {"code": "tenth", "plan": "12m"})
    year = lower["plans"][-1]
    assert (lower["days"], year["prices"]["RUB"], year["usual"]["RUB"]) == (0, 2421.0, 2690.0)
    assert (await caller.order(plan="12m", price=2421)).status_code == 200
    no = await caller.post("me/promo", {"code": "nothing"}, status=404)
    assert no["code"] == "promo_none"
    for _ in range(promos.GUESSES - 1):
        await till.db.run(lambda tx: promos.guessed(tx, 1))
    no = await caller.post("me/promo", {"code": "days5"}, status=429)
    assert no["code"] == "promo_many"
    await caller.refused(429, "promo_many", promo="tenth")


async def test_of_a_paid_one_the_renewal_is_switched_off(caller: Caller, tg: Sandbox) -> None:
    till = caller.till
    made = (await caller.order(provider="yookassa", method="card", auto=True)).json()
    assert made["auto"]
    await caller.paid(made, "yookassa")
    mine = await caller.get("me")
    assert (mine["auto"]["on"], mine["auto"]["now"]["kind"]) == (True, "saved")
    ends = mine["expires_at"]
    off = await caller.post(f"{made['id']}/cancel")
    assert (off["status"], off["did"]) == ("succeeded", "auto_off")
    mine = await caller.get("me")
    assert (mine["auto"]["on"], mine["expires_at"]) == (False, ends)

    code = next(each["code"] for each in mine["auto"]["ways"] if each["kind"] == "saved")
    assert (await caller.post("me/auto", {"on": True, "by": code}))["auto"]["on"]
    assert not (await caller.post("me/auto", {"on": False}))["auto"]["on"]
    no = await caller.post("me/auto", {"on": True, "by": "stars"}, status=409)
    assert no["code"] == "no_auto"
    await till.audited()


async def test_how_one_stands(caller: Caller) -> None:
    till = caller.till
    await caller.post("me/trial")
    assert (await caller.call("GET", "me/qr.svg")).json()["code"] == "no_link"
    user, now = await till.user(caller.person), clock.now()
    ends = "UPDATE subscriptions.subscription SET expires_at = $2, grace_until = $3, link = 'x'"
    for expires, grace, status, link in (
        (now + DAY, None, "active", "x"),
        (now - DAY, now + DAY, "grace", "x"),
        (now - DAY, None, "expired", ""),
        (now - 3 * DAY, now - DAY, "expired", ""),
    ):
        await till.db.execute(f"{ends} WHERE user_id = $1", user.id, expires, grace)
        mine = await caller.get("me")
        assert (mine["status"], mine["link"]) == (status, link)
        assert mine["days_left"] == (1 if status == "active" else 0)
        assert mine["trial_days"] == 0


async def test_others_are_not_there(caller: Caller, tg: Sandbox) -> None:
    made = (await caller.order()).json()
    other = Caller(caller.till, tg.user("Другой"))
    for method, path in (("GET", ""), ("POST", "/check"), ("POST", "/cancel")):
        for number in (made["id"], "0", "x", "9" * 30):
            answer = await other.call(method, f"{number}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_purchase")
    assert (await caller.get(made["id"]))["status"] == "pending"


async def test_who_asks(caller: Caller, tg: Sandbox) -> None:
    http, path = caller.till.http, "/api/subscriptions/"
    for name in ("plans", "me", "me/qr.svg", "1"):
        answer = await http.get(path + name)
        assert (answer.status_code, answer.json()["code"]) == (401, "unproved")
        assert answer.headers["www-authenticate"] == "Bearer"
    data = caller.headers()["X-Telegram-Init-Data"]
    login = await http.post(
        "/api/users/auth/telegram-login/",
        json={"telegram_chat_id": caller.person.id, "init_data": data},
    )
    bearer = {"Authorization": f"Bearer {login.json()['access']}"}
    assert (await http.get(path + "me", headers=bearer)).json()["status"] == "none"
    spoilt = {"X-Telegram-Init-Data": data.replace("auth_date=1", "auth_date=2")}
    assert (await http.get(path + "me", headers=spoilt)).status_code == 401


async def test_devices_traffic_and_another_link(panelled: Caller) -> None:
    caller, till = panelled, panelled.till
    answer = await caller.call("GET", "me/devices")
    assert (answer.status_code, answer.json()["code"]) == (404, "none_yet")
    assert (await caller.call("GET", "me/qr.svg")).json()["code"] == "no_link"
    await caller.post("me/trial")
    again = await caller.call("POST", "me/trial", {})
    assert (again.status_code, again.json()["code"]) == (409, "had_trial")
    mine = await till.provisioned(await till.user(caller.person))
    panel = panel_of(till)
    panel.connect(mine.username, "1", model="Pixel")
    panel.connect(mine.username, "2", model="Desk / Top")
    panel.use(mine.username, 5 * 1024**3)
    found = await caller.get("me/devices")
    assert (len(found["devices"]), found["most"], found["used"]) == (2, 3, 5 * 1024**3)
    slashed = next(each for each in found["devices"] if "/" in each)
    left = await caller.call("DELETE", f"me/devices/{slashed.replace('/', '%2F')}")
    assert [each for each in left.json()["devices"] if "/" in each] == []
    assert len(panel.users[mine.username].devices) == 1

    qr = await caller.call("GET", "me/qr.svg")
    assert qr.headers["content-type"] == "image/svg+xml"
    assert qr.text.startswith("<svg")
    newer = await caller.post("me/link")
    assert newer["link"] != mine.link
    assert newer["link"] == panel.page_of(panel.users[mine.username].short)
    now = await till.provisioned(await till.user(caller.person))
    assert (now.wanted, now.link) == (mine.wanted + 1, newer["link"])

    panel.fault("*", "down", times=None)
    answer = await caller.call("GET", "me/devices")
    assert (answer.status_code, answer.json()["code"]) == (503, "panel")


async def test_their_time(caller: Caller) -> None:
    assert (await caller.get("me"))["zone_chosen"] is False
    mine = await caller.post("me/zone", {"zone": "Asia/Tashkent"})
    assert (mine["zone"], mine["zone_chosen"]) == ("Asia/Tashkent", True)
    assert (await caller.post("me/zone", {"zone": "Mars/Base"}, status=400))["code"] == "bad_zone"
    await caller.post("me/zone", {"zone": 5}, status=400)


async def test_history_by_pages(caller: Caller) -> None:
    till = caller.till
    user = await till.user(caller.person)
    await till.db.run(lambda tx: promos.create(tx, "DAY", "days", value=1, each=25))
    sold = till.options
    for _ in range(25):
        await till.db.run(lambda tx: promos.redeem(tx, "DAY", user.id, sold, bot=""))
    first = (await caller.get("me"))["history"]
    rest = (await caller.get(f"me?before={first['next']}"))["history"]
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (20, 5, None)
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 25
    assert {each["days"] for each in rest["items"]} == {1}


async def test_terms_come_first(fresh: Fresh, tg: Sandbox) -> None:
    rules = {"TERMS_URL": "https://example.com/terms", "TERMS_VERSION": "2"}
    async with a_till(fresh, tg, **rules) as till:
        caller = Caller(till, tg.user("Покупатель"))
        told = await caller.refused(403, "terms")
        assert told["terms_url"] == rules["TERMS_URL"]
        assert (await caller.order(terms=True)).status_code == 200
        assert (await till.user(caller.person)).terms_version == "2"
        assert (await caller.order()).status_code == 200


async def test_the_provider_is_silent(caller: Caller) -> None:
    shop = caller.till.shops["stripe"]
    shop.fault("*", "down", times=None)
    told = await caller.refused(503, "down", provider="stripe", method="card", currency="USD")
    assert "oneplat.card" in told["others"]
    assert "stripe.card" not in told["others"]


async def test_a_gift_gives_no_time_to_its_buyer(caller: Caller) -> None:
    made = (await caller.order(gift=True)).json()
    assert made["gift"]
    await caller.paid(made)
    assert (await caller.get(made["id"]))["status"] == "succeeded"
    assert (await caller.get("me"))["status"] == "none"


async def test_money_that_went_back_is_told(caller: Caller) -> None:
    till = caller.till
    card = {"provider": "stripe", "method": "card", "currency": "USD"}
    made = (await caller.order(**card)).json()
    await caller.paid(made, "stripe")
    found = await purchases.get(till.db, int(made["id"]))
    assert found.paid_by is not None
    await till.payments.refund(found.paid_by, key="all-of-it")

    async def told() -> bool:
        return bool((await caller.get(made["id"]))["status"] == "refunded")

    await eventually(told)


async def test_not_too_often(caller: Caller) -> None:
    answers = [await caller.order(plan="none") for _ in range(3)]
    assert {each.status_code for each in answers} == {400}
    many = [await caller.order(key=None) for _ in range(12)]
    last = many[-1]
    assert (last.status_code, last.json()["code"]) == (429, "too_many")
    assert int(last.headers["retry-after"]) > 0


async def test_it_is_described(caller: Caller) -> None:
    described = (await caller.till.http.get("/openapi.json")).json()["paths"]
    ours = {each for each in described if each.startswith("/api/subscriptions")}
    assert {"/api/subscriptions/plans", "/api/subscriptions/me", "/api/subscriptions/"} <= ours
    order = described["/api/subscriptions/"]["post"]
    assert order["requestBody"]["content"]["application/json"]["example"]["plan"] == "3m"
    assert order["security"] == [{"bearer": []}]


@pytest.mark.parametrize("code", [400, 500])
async def test_telegram_that_gives_no_invoice_is_told_of(
    caller: Caller, tg: Sandbox, code: int
) -> None:
    tg.fault("createInvoiceLink", error=(code, "No"))
    await caller.refused(503, "down", provider="stars", method="stars", price=150)
