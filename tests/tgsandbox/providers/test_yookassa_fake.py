"""YooKassa in a box: its API as shops see it, and its books."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from tests.conftest import until
from tgsandbox import Sandbox
from tgsandbox.providers.bank import Impossible
from tgsandbox.providers.yookassa import YooKassa

Json = dict[str, Any]
TEA: Json = {
    "amount": {"value": "599.00", "currency": "RUB"},
    "confirmation": {"type": "redirect", "return_url": "https://example.com/back"},
    "capture": True,
    "description": "Чай",
    "metadata": {"order_id": "71"},
}
LINE = {
    "description": "Чай",
    "quantity": "2.00",
    "amount": {"value": "299.50", "currency": "RUB"},
    "vat_code": 1,
}
RECEIPT: Json = {"customer": {"email": "buyer@example.com"}, "items": [LINE]}


@dataclass
class Till:
    """A shop's own side: what it asks and what it hears."""

    shop: YooKassa
    http: httpx.AsyncClient
    heard: list[Json] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # the next ones; 200 after them
    keys: int = 0

    async def ask(
        self, verb: str, path: str, body: Any = None, *, key: str | None = None, **params: Any
    ) -> httpx.Response:
        if key is None:
            self.keys += 1
            key = f"key-{self.keys}"
        auth = (self.shop.credentials["shop_id"], self.shop.credentials["secret_key"])
        headers = {"Idempotence-Key": key} if verb == "POST" and key else {}
        return await self.http.request(
            verb, f"{self.shop.base_url}{path}", json=body, auth=auth, headers=headers,
            params={name.replace("__", "."): value for name, value in params.items()},
        )  # fmt: skip

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Json:
        return good(await self.ask("POST", path, body, key=key))

    async def get(self, path: str, **params: Any) -> Json:
        return good(await self.ask("GET", path, **params))

    async def refused(self, path: str, body: Any = None, *, key: str | None = None) -> Json:
        answer = await self.ask("POST", path, body, key=key)
        assert answer.status_code == 400, answer.text
        error: Json = answer.json()
        assert error["type"] == "error"
        assert error["code"] == "invalid_request"
        return error

    def events(self) -> list[str]:
        return [each["event"] for each in self.heard]


def good(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@asynccontextmanager
async def listening(till: Till) -> AsyncIterator[str]:
    async def hear(request: web.Request) -> web.Response:
        till.heard.append(await request.json())
        return web.Response(status=till.answers.pop(0) if till.answers else 200)

    app = web.Application()
    app.router.add_post("/pay/yookassa", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/pay/yookassa"
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture
async def till(tg: Sandbox) -> AsyncIterator[Till]:
    shop = tg.bank.shop("yookassa")
    assert isinstance(shop, YooKassa)
    async with httpx.AsyncClient(timeout=10) as http:
        till = Till(shop, http)
        async with listening(till) as url:
            shop.callback_url = url
            yield till
            await shop.callbacks.stop()


async def test_a_payment_is_made_paid_and_booked(till: Till) -> None:
    made = await till.post("/payments", TEA)
    assert made["status"] == "pending"
    assert made["test"] is True
    assert made["paid"] is False
    assert made["confirmation"]["confirmation_url"] == till.shop.page_of(made["id"])
    assert made["metadata"] == {"order_id": "71"}
    assert till.shop.payments[0].key == "71"
    assert till.shop.payments[0].title == "Чай"

    await till.shop.pay(made["id"])
    await till.shop.delivered()
    paid = await till.get(f"/payments/{made['id']}")
    assert paid["status"] == "succeeded"
    assert paid["income_amount"]["value"] == "578.03"  # 599.00 less 3.5 %, which is 20.965
    assert paid["payment_method"]["title"] == "Bank card *4477"
    assert "confirmation" not in paid
    assert till.heard == [{"type": "notification", "event": "payment.succeeded", "object": paid}]
    assert [(each.kind, each.amount) for each in till.shop.books()] == [
        ("paid", 59_900),
        ("fee", 2_097),
    ]
    assert till.shop.held() == {"RUB": 57_803}


async def test_money_is_held_captured_in_part_and_given_back(till: Till) -> None:
    made = await till.post("/payments", TEA | {"capture": False})
    await till.shop.pay(made["id"])
    held = await till.get(f"/payments/{made['id']}")
    assert (held["status"], held["paid"]) == ("waiting_for_capture", True)
    assert till.shop.held() == {}

    more = {"amount": {"value": "599.01", "currency": "RUB"}}
    path = f"/payments/{made['id']}/capture"
    assert (await till.refused(path, more))["parameter"] == "amount.value"
    part = await till.post(path, {"amount": {"value": "500.00", "currency": "RUB"}})
    assert (part["status"], part["amount"]["value"]) == ("succeeded", "500.00")
    await till.refused(path)  # it is captured already
    assert till.shop.held() == {"RUB": 48_250}

    other = await till.post("/payments", TEA | {"capture": False})
    with pytest.raises(Impossible, match="only what is held is canceled"):
        await till.shop.cancel(other["id"])
    path = f"/payments/{other['id']}/cancel"
    assert (await till.refused(path))["parameter"] == "payment_id"  # nothing is held yet
    await till.shop.authorize(other["id"])
    canceled = await till.post(path)
    assert canceled["cancellation_details"] == {
        "party": "merchant",
        "reason": "canceled_by_merchant",
    }
    await till.shop.delivered()
    assert sorted(till.events()) == [
        "payment.canceled",
        "payment.succeeded",
        "payment.waiting_for_capture",
        "payment.waiting_for_capture",
    ]


async def test_nobody_pays_after_an_hour_and_a_hold_ends_after_a_week(
    tg: Sandbox, till: Till
) -> None:
    late = await till.post("/payments", TEA)
    held = await till.post("/payments", TEA | {"capture": False})
    await till.shop.pay(held["id"])
    await tg.clock.move(3601)
    details = (await till.get(f"/payments/{late['id']}"))["cancellation_details"]
    assert details == {"party": "yoo_money", "reason": "expired_on_confirmation"}
    with pytest.raises(Impossible, match="is expired for good"):
        await till.shop.pay(late["id"])

    await tg.clock.move(days=7)
    details = (await till.get(f"/payments/{held['id']}"))["cancellation_details"]
    assert details == {"party": "yoo_money", "reason": "expired_on_capture"}


async def test_a_payer_is_declined_or_pays_later_but_never_less_nor_twice(till: Till) -> None:
    first, second = [(await till.post("/payments", TEA))["id"] for _ in range(2)]
    await till.shop.decline(first)
    details = (await till.get(f"/payments/{first}"))["cancellation_details"]
    assert details == {"party": "payment_network", "reason": "general_decline"}

    with pytest.raises(Impossible, match="no more and no less"):
        await till.shop.pay(second, amount=100)
    await till.shop.start(second)
    assert (await till.get(f"/payments/{second}"))["status"] == "pending"
    await till.shop.pay(second)
    with pytest.raises(Impossible, match="takes a payment once"):
        await till.shop.pay(second, again=True)
    await till.shop.delivered()
    assert sorted(till.events()) == ["payment.canceled", "payment.succeeded"]


async def test_the_same_key_is_answered_alike_for_a_day(tg: Sandbox, till: Till) -> None:
    made = await till.post("/payments", TEA, key="order-71")
    await till.shop.pay(made["id"])
    again = await till.post("/payments", TEA, key="order-71")
    assert again == made  # as it was then
    other = await till.refused("/payments", TEA | {"description": "Кофе"}, key="order-71")
    assert other["description"] == "Idempotence key duplicated"
    assert other["parameter"] == "Idempotence-Key"
    assert len(till.shop.payments) == 1

    await tg.clock.move(days=1)
    assert (await till.post("/payments", TEA, key="order-71"))["id"] != made["id"]
    assert (await till.refused("/payments", TEA, key=""))["parameter"] == "Idempotence-Key"
    await till.refused("/payments", TEA, key="k" * 65)


async def test_a_lost_answer_is_had_by_asking_again_with_the_same_key(till: Till) -> None:
    for what in ("timeout_after", "error_after"):
        till.shop.fault("create", what)
        if what == "timeout_after":
            with pytest.raises(httpx.TransportError):
                await till.ask("POST", "/payments", TEA, key=what)
        else:
            answer = await till.ask("POST", "/payments", TEA, key=what)
            assert answer.status_code == 500
            assert answer.json()["code"] == "internal_server_error"
        made = await till.post("/payments", TEA, key=what)
        assert till.shop.payments[-1].ref == made["id"]
    assert len(till.shop.payments) == 2

    till.shop.fault("create", "timeout_before")
    with pytest.raises(httpx.TransportError):
        await till.ask("POST", "/payments", TEA)
    till.shop.fault("*", "limit")
    assert (await till.ask("GET", "/me")).status_code == 429
    assert len(till.shop.payments) == 2


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"amount": None}, "amount"),
        ({"amount": {"value": 599, "currency": "RUB"}}, "amount"),
        ({"amount": {"value": "599,00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "599.001", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "0.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "-5.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "599.00", "currency": "USD"}}, "amount.currency"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": {"type": "pigeon"}}, "confirmation.type"),
        ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
        ({"confirmation": {"type": "redirect", "return_url": "/x"}}, "confirmation.return_url"),
        ({"capture": "yes"}, "capture"),
        ({"description": "ч" * 129}, "description"),
        ({"metadata": {f"k{n}": "v" for n in range(17)}}, "metadata"),
        ({"metadata": {"k": ["v"]}}, "metadata.k"),
        ({"payment_method_data": {"type": "barter"}}, "payment_method_data.type"),
        ({"payment_method_id": "unknown"}, "payment_method_id"),
    ],
)
async def test_what_is_wrong_is_named(till: Till, changes: Json, parameter: str) -> None:
    assert (await till.refused("/payments", TEA | changes))["parameter"] == parameter
    assert till.shop.payments == []


@pytest.mark.parametrize(
    ("receipt", "parameter"),
    [
        (None, "receipt"),
        ("чек", "receipt"),
        ({"items": [LINE]}, "receipt.customer"),
        ({"customer": {}, "items": [LINE]}, "receipt.customer"),
        ({"customer": {"email": "buyer"}, "items": [LINE]}, "receipt.customer.email"),
        ({"customer": {"phone": "-"}, "items": [LINE]}, "receipt.customer.phone"),
        (RECEIPT | {"items": []}, "receipt.items"),
        (RECEIPT | {"items": [LINE | {"quantity": 1}]}, "receipt.items"),  # half of the sum
        (RECEIPT | {"items": [LINE | {"quantity": "0"}]}, "receipt.items[0].quantity"),
        (RECEIPT | {"items": [LINE | {"vat_code": 13}]}, "receipt.items[0].vat_code"),
        (RECEIPT | {"items": [LINE | {"vat_code": True}]}, "receipt.items[0].vat_code"),
        (RECEIPT | {"items": [LINE | {"description": ""}]}, "receipt.items[0].description"),
        (RECEIPT | {"items": [LINE | {"amount": None}]}, "receipt.items[0].amount"),
    ],
)
async def test_a_shop_with_receipts_sends_one_that_adds_up(
    till: Till, receipt: Any, parameter: str
) -> None:
    till.shop.receipts = True
    error = await till.refused("/payments", TEA | {"receipt": receipt})
    assert error["parameter"] == parameter
    made = await till.post("/payments", TEA | {"receipt": RECEIPT})
    await till.shop.pay(made["id"])
    paid = await till.get(f"/payments/{made['id']}")
    assert paid["receipt_registration"] == "succeeded"


async def test_a_saved_card_is_charged_without_its_owner(till: Till) -> None:
    first = await till.post("/payments", TEA | {"save_payment_method": True})
    await till.shop.pay(first["id"])
    card = (await till.get(f"/payments/{first['id']}"))["payment_method"]
    assert card["saved"] is True

    renewal = {"amount": TEA["amount"], "capture": True, "payment_method_id": card["id"]}
    second = await till.post("/payments", renewal)
    assert (second["status"], second["payment_method"]["id"]) == ("succeeded", card["id"])
    till.shop.fault("create", "declined")
    third = await till.post("/payments", renewal)
    assert third["cancellation_details"]["reason"] == "insufficient_funds"
    till.shop.revoke(card["id"])
    fourth = await till.post("/payments", renewal)
    assert fourth["cancellation_details"]["reason"] == "permission_revoked"
    assert till.shop.held() == {"RUB": 2 * 57_803}

    unsaved = await till.post("/payments", TEA)
    await till.shop.pay(unsaved["id"])
    await till.refused("/payments", renewal | {"payment_method_id": unsaved["id"]})


async def test_refunds_in_parts_until_nothing_is_left(till: Till) -> None:
    made = await till.post("/payments", TEA)
    back = {"payment_id": made["id"], "amount": {"value": "99.00", "currency": "RUB"}}
    assert (await till.refused("/refunds", back))["parameter"] == "payment_id"  # not paid yet
    await till.shop.pay(made["id"])
    about = {"description": "Скол на кружке", "metadata": {"case": "7"}}
    refund = await till.post("/refunds", back | about)
    assert (refund["status"], refund["amount"]["value"]) == ("succeeded", "99.00")
    assert {name: refund[name] for name in about} == about
    assert "receipt_registration" not in refund
    assert (await till.get(f"/refunds/{refund['id']}")) == refund
    paid = await till.get(f"/payments/{made['id']}")
    assert (paid["refunded_amount"]["value"], paid["refundable"]) == ("99.00", True)

    rest = {"payment_id": made["id"], "amount": {"value": "500.01", "currency": "RUB"}}
    assert (await till.refused("/refunds", rest))["parameter"] == "amount.value"
    till.shop.fault("refund", "declined")
    rest["amount"] = {"value": "500.00", "currency": "RUB"}
    failed = await till.post("/refunds", rest)
    assert (failed["status"], failed["cancellation_details"]["reason"]) == (
        "canceled",
        "insufficient_funds",
    )
    await till.shop.refund(made["id"])  # in the cabinet: all that is left
    assert (await till.get(f"/payments/{made['id']}"))["refundable"] is False
    of_it = await till.get("/refunds", payment_id=made["id"], status="succeeded")
    assert [each["amount"]["value"] for each in of_it["items"]] == ["500.00", "99.00"]
    await till.shop.delivered()
    assert till.events().count("refund.succeeded") == 2
    assert till.shop.held() == {"RUB": -2_097}  # the fee is not given back


async def test_a_partial_refund_has_a_receipt_where_payments_have(till: Till) -> None:
    till.shop.receipts = True
    made = await till.post("/payments", TEA | {"receipt": RECEIPT})
    await till.shop.pay(made["id"])
    back = {"payment_id": made["id"], "amount": {"value": "299.50", "currency": "RUB"}}
    assert (await till.refused("/refunds", back))["parameter"] == "receipt"
    receipt = RECEIPT | {"items": [LINE | {"quantity": "1"}]}
    refund = await till.post("/refunds", back | {"receipt": receipt})
    assert (refund["status"], refund["receipt_registration"]) == ("succeeded", "succeeded")
    assert not {"description", "metadata"} & set(refund)


async def test_payments_are_listed_page_by_page(tg: Sandbox, till: Till) -> None:
    refs = []
    for _ in range(5):
        refs.append((await till.post("/payments", TEA))["id"])
        await tg.clock.move(60)
    await till.shop.pay(refs[4])
    first = await till.get("/payments", limit=2)
    assert [each["id"] for each in first["items"]] == [refs[4], refs[3]]
    second = await till.get("/payments", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in second["items"]] == [refs[2], refs[1]]
    last = await till.get("/payments", limit=2, cursor=second["next_cursor"])
    assert [each["id"] for each in last["items"]] == [refs[0]]
    assert "next_cursor" not in last

    paid = await till.get("/payments", status="succeeded")
    assert [each["id"] for each in paid["items"]] == [refs[4]]
    since = second["items"][0]["created_at"]
    found = await till.get("/payments", created_at__gte=since)
    assert [each["id"] for each in found["items"]] == [refs[4], refs[3], refs[2]]
    found = await till.get("/payments", created_at__lt=since)
    assert [each["id"] for each in found["items"]] == [refs[1], refs[0]]
    for wrong in ({"limit": 101}, {"cursor": "?"}, {"created_at__gte": "?"}, {"colour": "red"}):
        assert (await till.ask("GET", "/payments", **wrong)).status_code == 400


async def test_strangers_and_other_shops_see_nothing(tg: Sandbox, till: Till) -> None:
    made = await till.post("/payments", TEA)
    second = tg.bank.shop("yookassa", name="second")
    assert isinstance(second, YooKassa)
    answer = await Till(second, till.http).ask("GET", f"/payments/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    url = f"{till.shop.base_url}/payments"
    for auth in (None, (till.shop.credentials["shop_id"], "wrong")):
        answer = await till.http.get(url, auth=auth)
        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_credentials"
    old = dict(till.shop.credentials)
    new = till.shop.rotate()
    assert new["shop_id"] == old["shop_id"]
    assert (await till.http.get(url, auth=(old["shop_id"], old["secret_key"]))).status_code == 401
    assert (await till.get("/me"))["account_id"] == new["shop_id"]
    assert (await till.ask("GET", "/nothing")).status_code == 404


async def test_a_notification_is_said_until_the_answer_is_200(tg: Sandbox, till: Till) -> None:
    made = await till.post("/payments", TEA)
    till.answers = [500, 204]
    await till.shop.pay(made["id"])
    await till.shop.delivered()
    await tg.clock.move(10)
    await till.shop.delivered()
    await tg.clock.move(60)
    await till.shop.delivered()
    await tg.clock.move(days=2)
    await till.shop.delivered()
    assert [each.status for each in till.shop.sent] == [500, 204, 200]
    assert till.heard[0] == till.heard[2]


async def test_a_forged_notification_says_what_is_not_so(till: Till) -> None:
    made = await till.post("/payments", TEA)
    forged = till.shop.callback(made["id"], amount=1)
    assert forged.json["event"] == "payment.succeeded"
    assert forged.json["object"]["status"] == "succeeded"
    assert forged.json["object"]["amount"] == {"value": "0.01", "currency": "RUB"}
    answer = await till.http.post(forged.url, content=forged.body, headers=forged.headers)
    assert answer.status_code == 200
    assert (await till.get(f"/payments/{made['id']}"))["status"] == "pending"
    refund = till.shop.callback(made["id"], "refund")
    assert refund.json["object"]["payment_id"] == made["id"]


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg, httpx.AsyncClient() as http:
        shop = tg.bank.shop("yookassa")
        assert isinstance(shop, YooKassa)
        till = Till(shop, http)
        held = await till.post("/payments", TEA | {"capture": False}, key="order-1")
        await shop.pay(held["id"])
    async with Sandbox(data=tmp_path) as tg, httpx.AsyncClient() as http:
        shop = tg.bank.shop("yookassa")
        assert isinstance(shop, YooKassa)
        till = Till(shop, http)
        assert await till.post("/payments", TEA | {"capture": False}, key="order-1") == held
        await tg.clock.move(days=7)
        assert (await till.get(f"/payments/{held['id']}"))["status"] == "canceled"


async def test_what_is_done_beside_calls_is_kept_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bank.json"

    def kept() -> Json:
        shops = json.loads(file.read_bytes())["shops"] if file.exists() else []
        found: Json = shops[0] if shops else {}
        return found

    async with Sandbox(data=tmp_path) as tg, httpx.AsyncClient() as http:
        shop = tg.bank.shop("yookassa")
        assert isinstance(shop, YooKassa)
        till = Till(shop, http)
        ref = (await till.post("/payments", TEA | {"capture": False}))["id"]
        await shop.pay(ref)
        await until(lambda: bool(kept()) and kept()["payments"][0]["state"] == "authorized")
        shop.receipts = True
        await until(lambda: bool(kept()["memory"].get("receipts")))
        shop.rotate()
        await until(lambda: kept()["rotations"] == 1)
        shop.revoke(ref)
        await until(lambda: bool(kept()["payments"][0]["data"].get("revoked")))
        await tg.clock.move(days=7)
        await until(lambda: kept()["payments"][0]["state"] == "expired")
