"""1Plat in a box: its API as shops see it, what it tells them, and its books."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import pytest_asyncio

from tests.tgsandbox.providers.hearing import Heard, hearing
from tgsandbox import Sandbox
from tgsandbox.providers.bank import Impossible
from tgsandbox.providers.oneplat import OnePlat

Json = dict[str, Any]
MONTH: Json = {"merchant_order_id": "71", "user_id": 1111, "amount": 14500, "method": "card"}


class Till:
    """A shop that sells for 145 rubles, and hears of it."""

    def __init__(self, shop: OnePlat, http: httpx.AsyncClient, heard: Heard) -> None:
        self.shop = shop
        self.http = http
        self.heard = heard

    async def ask(self, verb: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        mine = self.shop.credentials
        signed = {"x-shop": mine["shop_id"], "x-secret": mine["secret"]}
        url = f"{self.shop.base_url}/api/merchant/{path}/by-api"
        return await self.http.request(verb, url, json=body, headers=signed | headers)

    async def create(self, **changes: Any) -> Json:
        answer = await self.ask("POST", "order/create", MONTH | changes)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        assert made["success"] == 1
        return made

    async def refused(self, **changes: Any) -> str:
        answer = await self.ask("POST", "order/create", MONTH | changes)
        assert (answer.status_code, answer.json()["success"]) == (400, 0)
        return str(answer.json()["error"])

    async def info(self, guid: str) -> Json:
        answer = await self.ask("GET", f"order/info/{guid}")
        payment: Json = answer.json()["payment"]
        return payment

    async def rows(self, since: str = "2020-01-01 00:00:00", **filters: Any) -> list[Json]:
        answer = await self.ask("POST", "order/list", {"date_start": since, **filters})
        rows: list[Json] = answer.json()["payments"]
        return rows

    async def told(self) -> list[Json]:
        await self.shop.delivered()
        return [json.loads(each) for each in self.heard.bodies]


@asynccontextmanager
async def opened(tg: Sandbox) -> AsyncIterator[Till]:
    async with hearing() as heard, httpx.AsyncClient() as http:
        shop = tg.bank.shop("oneplat", callback_url=heard.url)
        assert isinstance(shop, OnePlat)
        yield Till(shop, http, heard)


@pytest_asyncio.fixture
async def till(tg: Sandbox) -> AsyncIterator[Till]:
    async with opened(tg) as till:
        yield till


def hmac_of(fields: Json, secret: str) -> str:
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def md5_of(fields: Json, shop: OnePlat) -> str:
    mine = shop.credentials
    text = f"{fields['merchant_id']}{fields['amount']}{mine['shop_id']}{mine['secret']}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def test_145_rubles_by_card_come_and_123_25_are_the_shops(till: Till) -> None:
    made = await till.create()
    assert made["payment"]["status"] == 0
    assert made["payment"]["amount"] == 14500
    assert made["payment"]["note"] == {
        "currency": "RUB",
        "pan": "2200 0000 0000 0000",
        "bank": "ТЕСТБАНК",
        "fio": "ТЕСТОВЫЙ ПОЛУЧАТЕЛЬ",
    }
    assert made["url"].endswith(f"/bank/oneplat/{made['guid']}")
    payment = till.shop.payments[-1]
    assert (payment.ref, payment.key, payment.state) == (made["guid"], "71", "waiting")

    await till.shop.pay(made["guid"])

    (said,) = await till.told()
    assert said["guid"] == made["guid"]
    assert said["payment_id"] == str(made["payment"]["id"])
    assert said["merchant_id"] == till.shop.credentials["merchant_id"]
    assert (said["user_id"], said["status"]) == ("1111", 1)
    assert (said["amount"], said["amount_to_pay"], said["amount_to_shop"]) == (14500, 14500, 12325)
    assert "merchant_order_id" not in said
    assert (await till.info(made["guid"]))["status"] == 1
    assert (payment.state, payment.paid, payment.paid_currency) == ("paid", 14500, "RUB")
    assert payment.paid_at >= payment.created > 0
    books = [(each.kind, each.ref, each.charge, each.amount) for each in till.shop.books()]
    assert books == [
        ("paid", made["guid"], said["payment_id"], 14500),
        ("fee", made["guid"], said["payment_id"], 2175),
    ]
    assert till.shop.held() == {"RUB": 12325}


async def test_each_method_has_its_requisites(till: Till) -> None:
    by_phone = (await till.create(method="sbp"))["payment"]["note"]
    assert by_phone["phone"] == "+70000000000"
    assert "pan" not in by_phone
    code = (await till.create(method="qr"))["payment"]["note"]
    assert code["qr"].startswith("http")
    assert code["qr_img"].startswith("data:image/")
    coins = (await till.create(method="crypto", currency="USDT", amount=90_00))["payment"]["note"]
    assert coins["currency"] == "USDT"
    assert (coins["amount_in_currency"], coins["amount_rub"]) == ("1.00", 9000)
    assert coins["course"] == "90.00"
    assert coins["address"].startswith("TSANDBOX")


async def test_a_draft_has_no_requisites_until_a_method_is_chosen(till: Till) -> None:
    draft = await till.create(method=None)
    assert (draft["payment"]["status"], draft["payment"]["note"]) == (-1, None)
    await till.shop.start(draft["guid"])
    chosen = await till.info(draft["guid"])
    assert (chosen["status"], chosen["method_group"]) == (0, "card")
    with pytest.raises(Impossible):
        await till.shop.start(draft["guid"])

    other = await till.create(method=None)
    await till.shop.pay(other["guid"])
    assert (await till.info(other["guid"]))["status"] == 1


async def test_who_waits_for_the_same_sum_gets_one_of_their_own(till: Till) -> None:
    sums = [(await till.create())["payment"]["amount_to_pay"] for _ in range(3)]
    assert sums == [14500, 14600, 14700]
    odd = (await till.create(amount=20050))["payment"]
    assert (odd["amount"], odd["amount_to_pay"]) == (20050, 20100)
    await till.shop.pay(till.shop.payments[1].ref)
    (said,) = await till.told()
    assert (said["amount"], said["amount_to_pay"]) == (14500, 14600)
    assert (await till.create())["payment"]["amount_to_pay"] == 14600


async def test_what_is_wrong_is_refused_in_words(till: Till) -> None:
    assert "merchant_order_id" in await till.refused(merchant_order_id="")
    assert "user_id" in await till.refused(user_id=None)
    assert "user_id" in await till.refused(user_id="buyer")
    assert "amount" in await till.refused(amount="a lot")
    assert "amount" in await till.refused(amount=True)
    assert "amount" in await till.refused(amount="NaN")
    assert "копеек" in await till.refused(amount="145.5")
    assert "method" in await till.refused(method="cash")
    assert "currency" in await till.refused(method="crypto")
    assert "email" in await till.refused(email="buyer")
    assert "лимиты" in await till.refused(amount=99_99)
    assert "лимиты" in await till.refused(amount=500_000_01)
    assert (await till.ask("POST", "order/create", [])).status_code == 400
    assert till.shop.payments == []
    await till.create(amount="14500", user_id="1111", email="buyer@example.com")
    await till.create(method="crypto", currency="TRX", amount=1_00)
    answer = await till.ask("GET", "order/info/nothing")
    assert (answer.status_code, answer.json()["success"]) == (404, 0)
    assert (await till.ask("GET", "order/refund")).status_code == 404
    assert (await till.ask("GET", "order/create")).status_code == 405


async def test_the_methods_come_with_their_limits_in_rubles(till: Till) -> None:
    systems = (await till.ask("GET", "payments/methods")).json()["systems"]
    assert {each["system_group"]: (each["min"], each["max"]) for each in systems} == {
        "card": (100, 500_000),
        "sbp": (100, 500_000),
        "qr": (100, 500_000),
        "crypto": (1, 500_000),
    }


async def test_another_shops_secret_opens_nothing(tg: Sandbox, till: Till) -> None:
    made = await till.create()
    other = tg.bank.shop("oneplat", name="second").credentials
    mine = till.shop.credentials
    assert other != mine
    guid = made["guid"]
    theirs = {"x-shop": other["shop_id"], "x-secret": other["secret"]}
    assert (await till.ask("GET", f"order/info/{guid}", **theirs)).status_code == 404
    mixed = {"x-shop": mine["shop_id"], "x-secret": other["secret"]}
    answer = await till.ask("GET", f"order/info/{guid}", **mixed)
    assert (answer.status_code, answer.json()["success"]) == (401, 0)


async def test_both_signatures_can_be_checked_and_either_left_out(till: Till) -> None:
    made = await till.create()
    for kept in (("signature", "signature_v2"), ("signature",), ("signature_v2",)):
        till.shop.signatures = kept
        letter = till.shop.callback(made["guid"], amount=1, bank="ТЕСТБАНК").json
        signed = {k: v for k, v in letter.items() if not k.startswith("signature")}
        expected = {
            "signature": hmac_of(signed, till.shop.credentials["secret"]),
            "signature_v2": md5_of(signed, till.shop),
        }
        assert {k: v for k, v in letter.items() if k.startswith("signature")} == {
            name: expected[name] for name in kept
        }
        assert (letter["status"], letter["amount"]) == (1, 1)
    forged = till.shop.callback(made["guid"], forged=True).json
    assert forged["signature_v2"] != md5_of(forged, till.shop)


async def test_a_payload_can_be_what_is_signed(till: Till) -> None:
    till.shop.callback_shape = "payload"
    till.shop.says_order_id = True
    made = await till.create()
    await till.shop.pay(made["guid"])
    (said,) = await till.told()
    assert said["signature"] == hmac_of(said["payload"], till.shop.credentials["secret"])
    assert said["payload"]["merchant_order_id"] == "71"
    assert said["guid"] == said["payload"]["guid"] == made["guid"]


async def test_a_callback_by_get_carries_strings(till: Till) -> None:
    till.shop.callback_method = "GET"
    till.shop.callback_url += "?from=1plat"
    made = await till.create()
    await till.shop.pay(made["guid"])
    await till.shop.delivered()
    method, query, _, body = till.heard.requests[0]
    said = dict(parse_qsl(query))
    assert (method, body, said.pop("from")) == ("GET", b"", "1plat")
    signature, md5 = said.pop("signature"), said.pop("signature_v2")
    assert signature == hmac_of(said, till.shop.credentials["secret"])
    assert md5 == md5_of(said, till.shop)
    assert (said["status"], said["amount"]) == ("1", "14500")


async def test_in_rubles_all_amounts_are_whole_ones(till: Till) -> None:
    till.shop.unit = "rubles"
    made = await till.create(amount=145)
    assert made["payment"]["amount"] == 145
    assert till.shop.payments[-1].amount == 14500
    await till.shop.pay(made["guid"])
    (said,) = await till.told()
    assert (said["amount"], said["amount_to_shop"]) == (145, 123)
    assert till.shop.held() == {"RUB": 12300}
    rounded = await till.create(amount=150.5)
    assert rounded["payment"]["amount"] == 151
    with pytest.raises(Impossible):
        await till.shop.pay(rounded["guid"], amount=14550)
    assert (await till.info(rounded["guid"]))["status"] == 0


@pytest.mark.parametrize("came", [10000, 20000])
async def test_less_or_more_is_said_as_it_came(till: Till, came: int) -> None:
    made = await till.create()
    await till.shop.pay(made["guid"], amount=came)
    (said,) = await till.told()
    assert (said["amount"], said["amount_to_pay"]) == (came, 14500)
    assert (await till.info(made["guid"]))["amount"] == came
    assert till.shop.payments[-1].paid == came
    assert till.shop.held() == {"RUB": came * 85 // 100}
    with pytest.raises(Impossible):
        await till.shop.pay((await till.create())["guid"], currency="USD")


async def test_a_second_transfer_is_another_payment_of_the_same_guid(till: Till) -> None:
    made = await till.create()
    with pytest.raises(Impossible):
        await till.shop.pay(made["guid"], again=True)
    await till.shop.pay(made["guid"])
    with pytest.raises(Impossible):
        await till.shop.pay(made["guid"])
    await till.shop.delivered()
    await till.shop.pay(made["guid"], again=True)
    first, second = await till.told()
    assert first["guid"] == second["guid"]
    assert first["payment_id"] != second["payment_id"]
    assert [str(each["id"]) for each in await till.rows()] == [
        first["payment_id"],
        second["payment_id"],
    ]
    assert str((await till.info(made["guid"]))["id"]) == second["payment_id"]
    assert {each.charge for each in till.shop.books()} == {
        first["payment_id"],
        second["payment_id"],
    }
    assert till.shop.held() == {"RUB": 24650}
    assert [each.paid for each in till.shop.payments] == [29000]


async def test_or_another_order_of_the_same_key(till: Till) -> None:
    till.shop.again_is = "order"
    made = await till.create()
    await till.shop.pay(made["guid"])
    await till.shop.delivered()
    await till.shop.pay(made["guid"], again=True, amount=14600)
    first, second = await till.told()
    assert first["guid"] == made["guid"] != second["guid"]
    assert second["amount"] == 14600
    twin = await till.info(second["guid"])
    assert (twin["merchant_order_id"], twin["method_group"]) == ("71", "card")
    assert twin["note"] == made["payment"]["note"]
    assert [each.paid for each in till.shop.payments] == [14500, 14600]


async def test_a_confirmed_payment_is_told_of_twice_and_booked_once(till: Till) -> None:
    made = await till.create()
    with pytest.raises(Impossible):
        await till.shop.confirm(made["guid"])
    await till.shop.pay(made["guid"])
    await till.shop.delivered()
    await till.shop.confirm(made["guid"])
    statuses = {each["status"]: each["payment_id"] for each in await till.told()}
    assert statuses == {1: str(made["payment"]["id"]), 2: str(made["payment"]["id"])}
    assert (await till.info(made["guid"]))["status"] == 2
    assert [each.kind for each in till.shop.books()] == ["paid", "fee"]


async def test_a_declined_one_is_told_of(till: Till) -> None:
    made = await till.create()
    await till.shop.decline(made["guid"])
    (said,) = await till.told()
    assert said["status"] == -2
    assert (await till.info(made["guid"]))["status"] == -2
    assert till.shop.books() == []
    with pytest.raises(Impossible, match="failed already"):
        await till.shop.decline(made["guid"])
    await till.shop.pay(made["guid"])  # the requisites were known
    assert till.shop.held() == {"RUB": 12325}


async def test_an_order_can_be_let_expire_before_its_time(tg: Sandbox, till: Till) -> None:
    made = await till.create()
    await till.shop.expire(made["guid"])
    shown = await till.info(made["guid"])
    assert datetime.fromisoformat(shown["expired"]).timestamp() <= tg.clock.now() + 1


async def test_an_order_expires_in_silence_and_can_be_paid_late(tg: Sandbox, till: Till) -> None:
    made = await till.create()
    await tg.clock.move(31 * 60)
    payment = till.shop.payments[-1]
    assert payment.state == "expired"
    shown = await till.info(made["guid"])
    assert shown["status"] == 0
    assert datetime.fromisoformat(shown["expired"]).timestamp() < tg.clock.now()
    assert await till.told() == []
    await till.shop.pay(made["guid"])
    (said,) = await till.told()
    assert (said["status"], payment.state) == (1, "paid")


async def test_without_requisites_the_order_has_failed(till: Till) -> None:
    till.shop.fault("create", "no_requisites")
    made = await till.create()
    assert (made["payment"]["status"], made["payment"]["note"]) == (-2, None)
    with pytest.raises(Impossible):
        await till.shop.pay(made["guid"])
    till.shop.refuses_in_words = True
    till.shop.fault("create", "no_requisites")
    assert "реквизиты" in await till.refused()
    assert (await till.create())["payment"]["status"] == 0
    assert len(till.shop.payments) == 2
    till.shop.fault("create", "limit")
    assert (await till.ask("POST", "order/create", MONTH)).status_code == 429


async def test_a_lost_answer_leaves_an_order_that_the_list_shows(till: Till) -> None:
    till.shop.fault("create", "timeout_after")
    with pytest.raises(httpx.RemoteProtocolError):
        await till.create()
    (row,) = await till.rows()
    assert (row["merchant_order_id"], row["status"]) == ("71", 0)
    till.shop.unique_order_ids = True
    assert "уже существует" in await till.refused()
    till.shop.unique_order_ids = False
    assert (await till.create())["guid"] != row["guid"]
    till.shop.fault("create", "timeout_before")
    with pytest.raises(httpx.RemoteProtocolError):
        await till.create()
    assert len(await till.rows()) == 2


async def test_the_list_is_filtered_by_time_and_status(tg: Sandbox, till: Till) -> None:
    early = await till.create()
    await till.shop.pay(early["guid"])
    await tg.clock.move(days=1)
    since = datetime.fromtimestamp(tg.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")
    late = await till.create()
    assert [each["guid"] for each in await till.rows(since)] == [late["guid"]]
    assert [each["guid"] for each in await till.rows(status=1)] == [early["guid"]]
    assert [each["guid"] for each in await till.rows(status=0)] == [late["guid"]]
    for wrong in ({}, {"date_start": "yesterday"}, {"date_start": since, "status": 7}):
        assert (await till.ask("POST", "order/list", wrong)).status_code == 400


async def test_what_is_not_taken_is_said_again(tg: Sandbox, till: Till) -> None:
    till.heard.answers = [500, 204, 201]
    made = await till.create()
    await till.shop.pay(made["guid"])
    for tries, pause in ((1, 60), (2, 300), (3, 900), (3, 86400)):
        assert len(await till.told()) == tries
        await tg.clock.move(pause)
    assert len(set(till.heard.bodies)) == 1
    assert [each.status for each in till.shop.sent] == [500, 204, 201]


async def test_a_rotated_secret_opens_and_signs(till: Till) -> None:
    made = await till.create()
    old = dict(till.shop.credentials)
    new = till.shop.rotate()
    assert new["secret"] != old["secret"]
    answer = await till.ask("GET", f"order/info/{made['guid']}", **{"x-secret": old["secret"]})
    assert answer.status_code == 401
    await till.shop.pay(made["guid"])
    (said,) = await till.told()
    assert said.pop("signature_v2") == md5_of(said, till.shop)
    assert said.pop("signature") == hmac_of(said, new["secret"])


async def test_orders_are_there_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg, opened(tg) as till:
        made = await till.create()
        await till.shop.pay(made["guid"])
        await till.shop.delivered()
    async with Sandbox(data=tmp_path) as tg, opened(tg) as till:
        assert (await till.info(made["guid"]))["status"] == 1
        assert till.shop.held() == {"RUB": 12325}
        await till.shop.pay(made["guid"], again=True)
        ids = [each["id"] for each in await till.rows()]
        assert ids == [made["payment"]["id"], made["payment"]["id"] + 1]


async def test_what_1plat_does_not_do_is_said_so(till: Till) -> None:
    made = await till.create()
    for act in (till.shop.cancel, till.shop.authorize):
        with pytest.raises(Impossible, match="1Plat cannot"):
            await act(made["guid"])
    await till.shop.pay(made["guid"])
    for more in (till.shop.refund, till.shop.dispute):
        with pytest.raises(Impossible, match="1Plat cannot"):
            await more(made["guid"])
