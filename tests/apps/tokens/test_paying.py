"""Paying by the page's API, on real HTTP: what is bought, what is refused, and whose it is."""

import asyncio
import json
import uuid
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest

from kassa import clock
from kassa.apps.tokens import service
from kassa.money import Money
from kassa.payments import Status
from kassa.users import zones
from tests.apps.tokens.rig import PAID, Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def test_a_package_is_bought_by_card_once(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    asked = (await till.ask(person)).json()
    assert asked == {
        "success": True,
        "payment_id": asked["payment_id"],
        "payment_url": asked["payment_url"],
        "kind": "redirect",
        "amount": 5.0,
        "currency": "USD",
        "expires_at": asked["expires_at"],
    }
    assert asked["payment_url"].startswith(tg.url)
    made = till.stripe.payments[-1]
    assert (made.title, made.amount, made.currency) == ("100 токенов", 500, "USD")
    assert made.key in json.dumps(made.data)  # ours
    assert made.success_url == f"{till.kassa.url}/miniapp/success"
    assert made.cancel_url == f"{till.kassa.url}/miniapp/cancel"

    payment = await till.payment(int(asked["payment_id"]))
    assert payment.payer.email == "user@example.com"
    path = f"payment-status/{asked['payment_id']}"
    waiting = (await till.get(person, path)).json()
    assert (waiting["status"], waiting["amount"], waiting["credits"]) == ("pending", 5.0, 100)
    assert waiting["payment_url"] == asked["payment_url"]

    await till.stripe.pay(made.ref)
    await till.stripe.delivered()
    await till.stripe.send_again()
    assert (await person.reply("✅")).text == PAID
    assert (await till.post(person, f"payment-check/{asked['payment_id']}")).json()[
        "status"
    ] == "succeeded"
    assert (await till.get(person, path)).json()["status"] == "succeeded"
    assert await till.standing(person) == (100, 0, 100)
    state = (await till.get(person, "state")).json()
    assert (state["balance"], state["total_deposited"], state["email"]) == (
        *(100, 100),
        "user@example.com",
    )
    await till.audited()


async def test_what_the_first_view_shows(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель", language="en")
    state = (await till.get(person, "state")).json()
    assert state["user"] == {"id": person.id, "first_name": "Покупатель", "language": "en"}
    assert state["bot"] == {"name": str(till.kassa.bot.id), "username": "test_bot"}
    assert state["support"] == "@help"
    assert [each["credits"] for each in state["packages"]] == [100, 200, 500, 1000]
    assert state["packages"][0]["prices"] == {
        "USD": "5.00",
        "RUB": "490.00",
        "XTR": "250",
        "UZS": "63000.00",
    }
    assert state["methods"][0] == {"id": "card", "currency": "USD", "recommended": True}
    ways = {(each["id"], each["currency"]) for each in state["methods"]}
    assert ("stars", "XTR") in ways
    assert ("sbp", "RUB") in ways
    assert not any(currency == "UZS" for _, currency in ways)


async def test_two_taps_are_one_payment(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(till.ask(person, key=key) for _ in range(4)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["payment_id"] for each in answers}) == 1
    assert len({each.json()["payment_url"] for each in answers}) == 1
    assert len(till.stripe.payments) == 1
    answer = await till.ask(person, key=key, credits=200, amount=10)
    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (409, False, "other_key")
    assert said["detail"].startswith("Этот запрос уже был, и за другой пакет.")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"credits": 101}, "wrong_credits", "Пакета на 101 токенов нет. Есть: 100, 200, 500, 1000."),
    ({"credits": "100"}, "wrong_credits", "Пакета на 100 токенов нет."),
    ({"credits": True}, "wrong_credits", "Пакета на True"),
    ({"amount": 0.01}, "wrong_amount", "100 токенов стоят $5, а в запросе 0.01."),
    ({"amount": -5}, "wrong_amount", "100 токенов стоят $5, а в запросе -5."),
    ({"amount": "5"}, "wrong_amount", "а в запросе 5."),
    ({"amount": 5.001}, "wrong_amount", "а в запросе 5.001."),
    ({"amount": 1e300}, "wrong_amount", "$5"),
    ({"amount": None}, "wrong_amount", "$5"),
    ({"credits": 500, "amount": 5}, "wrong_amount", "500 токенов стоят $25, а в запросе 5."),
    ({"currency": "EUR"}, "wrong_currency", "В EUR мы не продаём. Можно в: USD, RUB, XTR."),
    ({"currency": ["USD"]}, "wrong_currency", "мы не продаём"),
    ({"currency": "UZS", "amount": 63000}, "wrong_currency", "В UZS мы не продаём."),
    ({"payment_method": "paypal"}, "no_method", "Выберите другой способ."),
    ({"payment_method": None}, "no_method", "Выберите другой способ."),
    ({"email": "это не почта"}, "bad_email", "Проверьте почту"),
    ({"email": ""}, "bad_email", "Проверьте почту"),
    ({"email": "a@b"}, "bad_email", "Проверьте почту"),
    ({"email": "a..b@example.com"}, "bad_email", "Проверьте почту"),
    ({"email": "a@" + "b" * 300 + ".com"}, "bad_email", "Проверьте почту"),
    ({"email": "a@example.com\r\nBcc: b@example.com"}, "bad_email", "Проверьте почту"),
    ({"email": 7}, "bad_email", "Проверьте почту"),
]


async def test_what_does_not_agree_with_us_is_refused_in_words(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    for number, (changes, code, words) in enumerate(WRONG):
        answer = await till.ask(person, **changes)
        said = answer.json()
        assert (answer.status_code, said["success"], said["code"]) == (400, False, code), changes
        assert words in said["detail"], (number, said["detail"])
    other = tg.user("Чужой")
    said = (await till.ask(person, user_id=other.id)).json()
    assert said["code"] == "wrong_user"
    assert str(other.id) in said["detail"]
    assert str(person.id) in said["detail"]
    assert till.stripe.payments == []
    assert await till.kassa.database.fetchval("SELECT count(*) FROM payments.payment") == 0


async def test_who_does_not_prove_themselves_is_refused(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель", language="en")
    stranger = tg.bot("another_bot")
    good = till.data(person)
    old = till.data(person, at=int((clock.now() - timedelta(hours=1, minutes=1)).timestamp()))
    of_another = till.data(person, bot=stranger)
    for data in ("", old, of_another, good.replace("auth_date=", "auth_date=1"), good[:-1], "x"):
        answer = await till.ask(person, init_data=data)
        assert (answer.status_code, answer.json()["code"]) == (401, "unproved"), data
    headers = {"Accept-Language": "en-GB,en;q=0.9"}
    answer = await till.http.get("/api/miniapp/state", headers=headers)
    assert answer.json() == {
        "success": False,
        "detail": "Please open the page again from the bot: that is how we know that it is you.",
        "code": "unproved",
    }
    # What is an hour old is too old to pay by, and good enough to look.
    looked = await till.http.get("/api/miniapp/state", headers={"X-Telegram-Init-Data": old})
    assert looked.status_code == 200
    assert till.stripe.payments == []


async def test_a_payment_is_its_owners_alone(till: Till, tg: Sandbox) -> None:
    person, other = tg.user("Покупатель"), tg.user("Чужой")
    number = await till.buys(person)
    for path in (str(number), "0", "x", "9" * 30, "1%00"):
        answer = await till.get(other, f"payment-status/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_payment")
    assert (await till.post(other, f"payment-check/{number}")).status_code == 404
    assert (await till.post(other, f"payment-cancel/{number}")).status_code == 404
    # By a bearer token it is the same.
    await person.send(till.kassa.bot, "/login")
    code = (await person.reply("Ваш код для входа:")).text.partition(": ")[2][:7]
    login = {"telegram_chat_id": person.id, "code": code}
    tokens = (await till.http.post("/api/users/auth/telegram-login/", json=login)).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    path = f"/api/miniapp/payment-status/{number}"
    assert (await till.http.get(path, headers=bearer)).json()["status"] == "succeeded"
    wrong = {"Authorization": f"Bearer {tokens['access'][:-2]}"}
    assert (await till.http.get(path, headers=wrong)).status_code == 401
    assert (await till.http.get(path)).status_code == 401


async def test_another_site_cannot_pay_in_somebodys_name(till: Till, tg: Sandbox) -> None:
    """It knows no init data, and nothing that a browser sends by itself proves anybody."""
    person = tg.user("Покупатель")
    asked = {
        "email": "user@example.com",
        "credits": 100,
        "amount": 5,
        "currency": "USD",
        "payment_method": "card",
        "user_id": person.id,
    }
    path, evil = "/api/miniapp/create-payment", {"Origin": "https://evil.example"}
    assert (await till.http.post(path, json=asked, headers=evil)).status_code == 401
    preflight = await till.http.options(
        path,
        headers={
            **evil,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert not any(name.startswith("access-control") for name in preflight.headers)
    # A form can be sent without asking, only not as JSON: even with good data it is refused.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = await till.http.post(
            path,
            content=json.dumps({**asked, "init_data": till.data(person)}),
            headers={**evil, "Content-Type": kind},
        )
        assert answer.status_code == 415
    answer = await till.ask(person)
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert "set-cookie" not in answer.headers


async def test_a_body_that_is_none_is_refused(till: Till) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"[]", b"{", b'{"amount": NaN}', b"\xff", b"[" * 50_000):
        answer = await till.http.post("/api/miniapp/create-payment", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    large = b'{"a": "' + b"x" * 70_000 + b'"}'
    answer = await till.http.post("/api/miniapp/create-payment", content=large, headers=headers)
    assert (answer.status_code, answer.json()["success"]) == (413, False)


@pytest.mark.parametrize("code", [400, 500])
async def test_telegram_that_gives_no_invoice_is_told_of(
    till: Till, tg: Sandbox, code: int
) -> None:
    person = tg.user("Звёздный", stars=300)
    tg.fault("createInvoiceLink", error=(code, "No"))
    answer = await till.ask(person, payment_method="stars", currency="XTR", amount=250, email="")
    assert (answer.status_code, answer.json()["code"]) == (503, "down")
    assert person.stars == 300


async def test_stars_are_paid_by_an_invoice(till: Till, tg: Sandbox) -> None:
    person = tg.user("Звёздный", stars=300)
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    answer = await till.ask(person, payment_method="stars", currency="XTR", amount=250, email="")
    said = answer.json()
    assert (said["kind"], said["amount"]) == ("invoice", 250)
    await person.pay(said["invoice_url"])
    assert "Сумма: 250\N{NO-BREAK SPACE}⭐" in (await person.reply("✅")).text
    assert await till.standing(person) == (100, 0, 100)
    assert person.stars == 50


async def test_sbp_shows_what_to_send_and_where(till: Till, tg: Sandbox) -> None:
    person = tg.user("Рублёвый")
    asked: dict[str, Any] = {"payment_method": "sbp", "currency": "RUB", "amount": 490}
    said = (await till.ask(person, **asked)).json()
    assert (said["kind"], said["currency"]) == ("requisites", "RUB")
    names = {each["name"]: each["value"] for each in said["requisites"]}
    assert "Телефон" in names
    await till.oneplat.pay(till.oneplat.payments[-1].ref)
    await till.oneplat.delivered()
    await till.post(person, f"payment-check/{said['payment_id']}")
    assert await till.standing(person) == (100, 0, 100)

    till.oneplat.fault("create", "no_requisites")
    answer = await till.ask(person, **asked)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (409, "no_requisites")
    assert "card" in said["others"]


async def test_where_two_take_the_same_the_second_helps_out(fresh: Fresh, tg: Sandbox) -> None:
    kassa = tg.bank.shop("yookassa")
    given = {
        "YOOKASSA_SHOP_ID": kassa.credentials["shop_id"],
        "YOOKASSA_SECRET_KEY": kassa.credentials["secret_key"],
        "YOOKASSA_BASE_URL": kassa.base_url,
    }
    async with a_till(fresh, tg, **given) as till:
        till.oneplat.fault("create", "no_requisites")
        person = tg.user("Рублёвый")
        answer = await till.ask(person, payment_method="sbp", currency="RUB", amount=490)
        assert (answer.status_code, answer.json()["kind"]) == (200, "redirect")
        assert [each.amount for each in kassa.payments] == [490_00]
        await kassa.pay(kassa.payments[0].ref)
        await till.post(person, f"payment-check/{answer.json()['payment_id']}")
        assert await till.standing(person) == (100, 0, 100)


async def test_a_silent_provider_is_told_and_called_off(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    till.stripe.fault("create", "down")
    answer = await till.ask(person)
    assert (answer.status_code, answer.json()["code"]) == (503, "down")
    assert "stars" in answer.json()["others"]
    till.stripe.mend()

    said = (await till.ask(person)).json()
    path = f"payment-cancel/{said['payment_id']}"
    assert (await till.post(person, path)).json()["status"] == "canceled"
    assert (await till.post(person, path)).json()["status"] == "canceled"
    assert (await till.payment(int(said["payment_id"]))).status is Status.CANCELED


async def test_who_asks_too_often_waits(till: Till, tg: Sandbox) -> None:
    person = tg.user("Торопливый")
    answers = [await till.ask(person) for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert answers[-1].json()["code"] == "too_many"
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_a_callback_that_is_lost_is_found_by_asking(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    number = int((await till.ask(person)).json()["payment_id"])
    till.stripe.fault_in_callbacks("lost")
    await till.stripe.pay(till.stripe.payments[-1].ref)
    said = (await till.post(person, f"payment-check/{number}")).json()
    assert said["status"] == "succeeded"
    assert await till.standing(person) == (100, 0, 100)


async def test_a_refund_takes_tokens_as_the_money_went(till: Till, tg: Sandbox) -> None:
    person = tg.user("Передумавший")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    number = await till.buys(person)
    await person.reply("✅")
    # A third of the money, and so a third of the tokens, rounded in their favour.
    await till.payments.refund(number, Money(167, "USD"), key="a")
    assert await till.standing(person) == (67, 0, 67)
    await person.reply("Деньги вернулись, и 33 токена с баланса списаны.")
    await till.payments.refund(number, Money(167, "USD"), key="b")
    assert await till.standing(person) == (34, 0, 34)
    await till.payments.refund(number, key="c")
    assert await till.standing(person) == (0, 0, 0)
    assert (await till.get(person, f"payment-status/{number}")).json()["status"] == "refunded"
    await till.audited()


async def test_what_is_spent_already_is_owed_and_repaid_first(till: Till, tg: Sandbox) -> None:
    person = tg.user("Потративший")
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    number = await till.buys(person)
    await till.spends(person, 70)
    # By the provider, so that nobody could refuse: 30 are there, 70 are owed.
    await till.stripe.refund(till.stripe.payments[-1].ref, 500)
    await till.stripe.delivered()
    await till.kassa.payments.check(number)
    await said_at_last(till, person, (0, 70, 0))
    state = (await till.get(person, "state")).json()
    assert (state["balance"], state["debt"]) == (0, 70)
    await person.send(till.kassa.bot, "/balance")
    assert "Долг после возврата: 70 токенов" in (await person.reply("💰")).text

    await till.buys(person)
    assert "Из них погасили долг: 70" in (await person.reply("Из них", timeout=20)).text
    assert await till.standing(person) == (30, 0, 100)
    kinds = [
        (each["kind"], each["credits"])
        for each in (await till.get(person, "history")).json()["items"][:3]
    ]
    assert kinds == [("debt", -70), ("topup", 100), ("refund", -30)]
    await till.audited()


async def said_at_last(till: Till, person: Any, wanted: tuple[int, int, int]) -> None:
    async def there() -> bool:
        return await till.standing(person) == wanted

    await eventually(there)


async def test_a_refund_of_ours_takes_no_spent_tokens(till: Till, tg: Sandbox) -> None:
    person = tg.user("Потративший")
    number = await till.buys(person)
    await till.spends(person, 1)
    with pytest.raises(Exception, match="spent already"):
        await till.payments.refund(number, key="a")
    assert await till.standing(person) == (99, 0, 100)
    await till.payments.refund(number, key="b", even_if_spent=True)
    assert await till.standing(person) == (0, 1, 0)
    await till.audited()


async def test_history_by_pages_and_its_chart(till: Till, tg: Sandbox) -> None:
    person = tg.user("Историк")
    await till.buys(person)
    for number in range(25):
        await till.spends(person, 2, key=str(number))
    first = (await till.get(person, "history")).json()
    assert (len(first["items"]), first["success"]) == (20, True)
    assert first["items"][0]["title"] == "Списание"
    assert first["items"][0]["credits"] == -2
    today = clock.now().astimezone(zones.by_language("ru")).date()
    days = [str(today - timedelta(days=ago)) for ago in range(29, -1, -1)]
    assert [each["day"] for each in first["chart"]] == days  # those without anything, too
    assert first["chart"][-1] == {"day": str(today), "in": 100, "out": 50}
    assert {(each["in"], each["out"]) for each in first["chart"][:-1]} == {(0, 0)}
    second = (await till.get(person, f"history?before={first['next']}")).json()
    assert [each["kind"] for each in second["items"]] == ["spend"] * 5 + ["topup"]
    assert (second["next"], "chart" in second) == (None, False)
    assert (await till.get(person, "history?before=x")).json()["code"] == "bad_request"
    nobody = tg.user("Новый")
    empty = (await till.get(nobody, "history")).json()
    assert (empty["items"], empty["chart"]) == ([], [])


async def test_whoever_is_blocked_does_not_pay(till: Till, tg: Sandbox) -> None:
    person = tg.user("Закрытый")
    await till.get(person, "state")
    await till.kassa.database.execute("UPDATE users.person SET blocked_at = now()")
    answer = await till.ask(person)
    assert (answer.status_code, answer.json()["code"]) == (403, "blocked")


async def test_a_refund_waits_for_somebody_who_is_spending(till: Till, tg: Sandbox) -> None:
    """It counts what is there when they are done; guessing would leave the tokens untaken."""
    person = tg.user("Быстрый")
    number = await till.buys(person)
    user, db = await till.number(person), till.kassa.database
    async with db.transaction() as tx:
        await service.spend(tx, user, 60, key="x")
        refund = asyncio.create_task(
            till.payments.refund(number, key="a", even_if_spent=True),
            context=Context(),  # it is in no transaction
        )

        async def waits() -> bool:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            return bool(await db.fetchval(f"{waiting} AND datname = current_database()"))

        await eventually(waits)
    assert (await refund).taken_back == "done"
    assert await till.standing(person) == (0, 60, 0)
    failed = "SELECT count(*) FROM payments.event WHERE kind = 'taking_back_failed'"
    assert await db.fetchval(failed) == 0
    await till.audited()


async def test_the_documentation_shows_what_to_send(till: Till, tg: Sandbox) -> None:
    paths = (await till.http.get("/openapi.json")).json()["paths"]
    create = paths["/api/miniapp/create-payment"]["post"]
    example = create["requestBody"]["content"]["application/json"]["example"]
    person = tg.user("Читатель")
    mine = {**example, "user_id": person.id, "init_data": till.data(person)}
    answer = await till.http.post("/api/miniapp/create-payment", json=mine)
    shown = create["responses"]["200"]["content"]["application/json"]["example"]
    assert answer.json().keys() == shown.keys()
