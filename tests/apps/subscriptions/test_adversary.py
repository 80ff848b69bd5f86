"""Who wants more than they pay for, by whatever a client can send."""

import asyncio
import json
from typing import Any

import pytest

from kassa.apps.subscriptions import promos, purchases, service
from kassa.apps.subscriptions.admin.keys import MOST_KEY
from kassa.apps.subscriptions.older import file
from kassa.apps.subscriptions.panels import keys
from kassa.ledger import balance, wallet
from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.chat import begun, sells, shows
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.subscriptions.test_bot_buying import too_old
from tests.conftest import Fresh
from tgsandbox import Sandbox


@pytest.fixture
def caller(till: Till, tg: Sandbox) -> Caller:
    return Caller(till, tg.user("Покупатель", language="ru"))


@pytest.fixture
async def pooled(caller: Caller) -> Caller:
    """Who is given keys of a pool."""
    sells(caller.till, panel="keys")
    await caller.till.db.run(lambda tx: keys.add(tx, [f"key {number}" for number in range(20)]))
    return caller


async def left(till: Till) -> int:
    found: int = await till.db.fetchval(
        "SELECT count(*) FROM subscriptions.key WHERE user_id IS NULL AND taken_back_at IS NULL"
    )
    return found


async def test_nobody_empties_the_pool_of_keys(pooled: Caller, tg: Sandbox) -> None:
    till, person = pooled.till, pooled.person
    await begun(till, person)
    await pooled.post("me/trial")
    user = await till.user(person)
    assert (await till.provisioned(user)).link == "key 0"
    answer = await pooled.call("POST", "me/link", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_link")
    for data in ("sub:relink", "sub:relink:yes"):
        await person.press("x", under=await shows(till, person, data))
    assert await left(till) == 19
    # Nor does whoever has no time any more.
    await till.db.run(
        lambda tx: service.take_back(
            tx, user.id, 9 * 86_400, rate=100, kind="admin", cause="admin:1"
        )
    )
    assert (await till.provisioned(user)).link == ""
    assert (await pooled.call("POST", "me/link", {})).json()["code"] == "no_link"
    assert (await pooled.call("GET", "me/qr.svg")).json()["code"] == "no_link"
    assert await left(till) == 19


async def test_whoever_pays_sees_the_longest_key_there_can_be(till: Till, tg: Sandbox) -> None:
    sells(till, panel="keys")
    key = "&k" * (MOST_KEY // 2)
    await till.db.run(lambda tx: keys.add(tx, [key]))
    person = tg.user("Покупатель")
    await begun(till, person)
    await Caller(till, person).post("me/trial")
    assert key in (await person.reply("🎁")).text
    await person.send(till.kassa.bot, "/subscription")
    assert key in (await person.reply("🔗")).text


async def test_a_link_is_no_picture_when_its_time_is_over(caller: Caller) -> None:
    till = caller.till
    await caller.post("me/trial")
    user = await till.user(caller.person)
    await till.provisioned(user)
    await till.db.execute(
        "UPDATE subscriptions.subscription SET link = 'https://x.test/', expires_at = now()"
    )
    assert (await caller.call("GET", "me/qr.svg")).json()["code"] == "no_link"


async def test_two_taps_on_an_old_button_pay_once(till: Till, tg: Sandbox) -> None:
    """Each would begin a purchase anew and pay it; so it is asked once more, of a new one."""
    person = tg.user("Покупатель")
    user = await begun(till, person)
    await Caller(till, person).has("1000")
    old = await till.chooses(user)
    await too_old(till)
    shown = await shows(till, person, f"sub:pay:{old.id}:balance::RUB")
    await asyncio.gather(person.press("x", under=shown), person.press("x", under=shown))
    ways = await person.edited("Как вам удобнее заплатить?")
    assert (await balance(till.db, wallet(user.id, "RUB"))).posted.amount == 100000
    await asyncio.gather(*(person.press("👛", under=ways) for _ in range(2)))
    await person.edited("Оплачено с баланса")
    await person.reply("🎉")
    assert (await balance(till.db, wallet(user.id, "RUB"))).posted.amount == 71000
    await till.audited()


async def test_the_balance_does_not_say_that_it_goes_on(caller: Caller) -> None:
    await caller.has("290")
    await caller.refused(400, "no_auto", provider="balance", method="", auto=True)


async def test_days_for_a_code_come_after_the_terms(fresh: Fresh, tg: Sandbox) -> None:
    rules = {"TERMS_URL": "https://example.com/terms", "TERMS_VERSION": "2"}
    async with a_till(fresh, tg, **rules) as till:
        caller = Caller(till, tg.user("Покупатель"))
        await till.db.run(lambda tx: promos.create(tx, "DAY", "days", value=1))
        await caller.post("me/promo", {"code": "DAY"}, status=403)
        assert (await caller.post("me/promo", {"code": "DAY", "terms": True}))["days"] == 1


async def test_a_code_that_is_refused_takes_back_no_promise(till: Till, tg: Sandbox) -> None:
    person = tg.user("Покупатель")
    user = await begun(till, person)
    await till.db.run(lambda tx: promos.create(tx, "SPRING", "percent", value=10))
    promised = await till.chooses(user, "1m")
    await till.db.run(lambda tx: promos.apply(tx, "SPRING", promised, till.options))
    await person.send(till.kassa.bot, "/promo SPRING")  # which cannot be, for this one has it
    await person.reply("промокод")
    await till.chooses(user, "3m")
    await till.db.execute("UPDATE subscriptions.promo SET closed_at = now()")
    await person.send(till.kassa.bot, "/promo SPRING")
    await person.reply("промокод")
    found = await purchases.get(till.db, promised.id)
    assert (found.status, found.promo) == ("open", "SPRING")
    await too_old(till)
    await person.send(till.kassa.bot, "/promo SPRING")
    await person.reply("промокод")
    assert (await purchases.get(till.db, promised.id)).status == "open"
    await till.audited()


NONSENSE: list[dict[str, Any]] = [
    {"provider": "a\0b"},
    {"provider": "\ud800"},
    {"method": "\ud800\0"},
    {"promo": "\0"},
    {"promo": "\ud800"},
    {"plan": "1m\0"},
    {"currency": "ß" * 64},
    {"price": 10**400},
    {"price": -290},
]


async def test_nonsense_is_refused_and_is_no_fault_of_ours(caller: Caller) -> None:
    for number, said in enumerate(NONSENSE):
        asked = {"plan": "1m", "provider": "oneplat", "method": "card", **said}
        assert await told(caller, "", asked, key=f"nonsense{number}") == 400 or "promo" in said
    for path, asked in (
        ("me/promo", {"code": "\ud800\0"}),
        ("me/promo", {"code": "\ud800\0", "plan": "\0"}),
        ("me/zone", {"zone": "\ud800\0"}),
        ("me/auto", {"on": True, "by": "\ud800\0"}),
    ):
        assert await told(caller, path, asked) in (400, 404, 409)
    for method, path in (
        ("DELETE", "me/devices/%00%ff"),
        ("GET", "%00"),
        ("GET", "me?before=99999999999999999999"),
    ):
        assert 400 <= (await caller.call(method, path)).status_code < 429


async def told(caller: Caller, path: str, asked: dict[str, Any], *, key: str = "") -> int:
    """As a client writes it that does not look at what it writes."""
    headers = caller.headers(**{"Content-Type": "application/json"})
    if key:
        headers["Idempotency-Key"] = key
    answer = await caller.till.http.post(
        f"/api/subscriptions/{path}", headers=headers, content=json.dumps(asked)
    )
    assert answer.status_code < 429, (asked, answer.text)
    return answer.status_code


def test_a_number_of_months_is_no_longer_than_it_says() -> None:
    said = b"telegram_id,paid_at,amount,currency,months\n1,2026-01-02,5,RUB,0000001209999999999\n"
    (wrong,) = file.read(said, tiers=["standard"]).wrong
    assert "is no number from 0 to 120" in wrong.what
