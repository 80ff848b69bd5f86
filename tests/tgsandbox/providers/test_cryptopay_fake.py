"""Crypto Pay in a box: its API as apps see it, what it tells them, and its books."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from tests.tgsandbox.providers.hearing import Heard, hearing
from tgsandbox import Sandbox
from tgsandbox.providers.bank import Impossible
from tgsandbox.providers.cryptopay import CryptoPay
from tgsandbox.providers.cryptopay_assets import ASSETS, FIATS, in_asset, minor, rate, shown

Json = dict[str, Any]
TEN: Json = {"asset": "USDT", "amount": "10", "payload": "order-71"}
PRICED: Json = {"currency_type": "fiat", "fiat": "RUB", "amount": "400.00", "payload": "order-72"}


class Till:
    """An app that sells for coins, and hears of it."""

    def __init__(self, shop: CryptoPay, http: httpx.AsyncClient, heard: Heard) -> None:
        self.shop = shop
        self.http = http
        self.heard = heard

    async def ask(
        self, method: str, body: Any = None, *, verb: str = "POST", **more: Any
    ) -> httpx.Response:
        headers = {"Crypto-Pay-API-Token": self.shop.credentials["token"]}
        url = f"{self.shop.base_url}/api/{method}"
        if body is not None:
            more["json"] = body
        return await self.http.request(verb, url, headers=headers, **more)

    async def call(self, method: str, body: Any = None, **more: Any) -> Any:
        answer = (await self.ask(method, body, **more)).json()
        assert answer["ok"] is True, answer
        return answer["result"]

    async def refused(self, method: str, body: Any = None, *, status: int = 400) -> str:
        answer = await self.ask(method, body)
        said = answer.json()
        assert (answer.status_code, said["ok"], said["error"]["code"]) == (status, False, status)
        return str(said["error"]["name"])

    async def invoices(self, **filters: Any) -> list[Json]:
        items: list[Json] = (await self.call("getInvoices", filters))["items"]
        return items

    async def balance(self, asset: str) -> str:
        rows = await self.call("getBalance")
        return str(next(each["available"] for each in rows if each["currency_code"] == asset))


@asynccontextmanager
async def opened(tg: Sandbox) -> AsyncIterator[Till]:
    async with hearing() as heard, httpx.AsyncClient() as http:
        shop = tg.bank.shop("cryptopay", callback_url=heard.url)
        assert isinstance(shop, CryptoPay)
        yield Till(shop, http, heard)


@pytest_asyncio.fixture
async def till(tg: Sandbox) -> AsyncIterator[Till]:
    async with opened(tg) as till:
        yield till


def signature_of(body: bytes, token: str) -> str:
    key = hashlib.sha256(token.encode()).digest()
    return hmac.new(key, body, hashlib.sha256).hexdigest()


async def test_ten_usdt_come_and_9_7_are_the_apps(till: Till) -> None:
    made = await till.call("createInvoice", TEN)
    assert (made["status"], made["currency_type"], made["asset"]) == ("active", "crypto", "USDT")
    assert (made["amount"], made["payload"]) == ("10", "order-71")
    assert "expiration_date" not in made
    assert made["bot_invoice_url"].endswith(f"/bank/cryptopay/{made['invoice_id']}")
    ref = str(made["invoice_id"])
    payment = till.shop.payments[-1]
    assert (payment.ref, payment.key, payment.state) == (ref, "order-71", "waiting")

    await till.shop.pay(ref)

    (paid,) = await till.invoices(invoice_ids=ref)
    assert (paid["status"], paid["fee_asset"], paid["fee_amount"]) == ("paid", "USDT", "0.3")
    assert "paid_asset" not in paid
    books = [(each.kind, each.ref, each.amount, each.currency) for each in till.shop.books()]
    assert books == [("paid", ref, 10_000_000, "USDT"), ("fee", ref, 300_000, "USDT")]
    assert till.shop.held() == {"USDT": 9_700_000}
    assert await till.balance("USDT") == "9.7"
    assert await till.balance("TON") == "0"


async def test_400_rubles_are_one_ton(till: Till) -> None:
    made = await till.call("createInvoice", PRICED | {"accepted_assets": "USDT, TON"})
    assert (made["fiat"], made["amount"], made["accepted_assets"]) == (
        "RUB",
        "400",
        ["USDT", "TON"],
    )
    ref = str(made["invoice_id"])
    with pytest.raises(Impossible, match="takes USDT, TON"):
        await till.shop.pay(ref, asset="BTC")
    await till.shop.pay(ref, asset="TON")
    (paid,) = await till.invoices(status="paid")
    assert (paid["paid_asset"], paid["paid_amount"], paid["paid_fiat_rate"]) == ("TON", "1", "400")
    assert (paid["fee_asset"], paid["fee_amount"]) == ("TON", "0.03")
    assert till.shop.held() == {"TON": 970_000_000}
    assert (till.shop.payments[-1].paid, till.shop.payments[-1].paid_currency) == (10**9, "TON")

    other = await till.call("createInvoice", PRICED)
    assert other["accepted_assets"] == list(ASSETS)
    await till.shop.pay(str(other["invoice_id"]))
    assert till.shop.payments[-1].paid_currency == "USDT"


async def test_the_app_hears_of_it_once_signed_over_the_raw_body(till: Till) -> None:
    made = await till.call("createInvoice", PRICED | {"description": "Месяц"})
    await till.shop.pay(str(made["invoice_id"]))
    await till.shop.delivered()
    ((method, _, headers, body),) = till.heard.requests
    said = json.loads(body)
    assert (method, said["update_type"]) == ("POST", "invoice_paid")
    assert body.startswith(b'{"update_id":')
    assert said["payload"] == (await till.invoices())[0]
    token = till.shop.credentials["token"]
    assert headers["crypto-pay-api-signature"] == signature_of(body, token)
    assert signature_of(body, f"{token}1") != headers["crypto-pay-api-signature"]


async def test_a_callback_can_be_had_before_anything_was_paid(till: Till) -> None:
    ref = str((await till.call("createInvoice", PRICED))["invoice_id"])
    made = till.shop.callback(ref, amount="1")
    assert made.headers["crypto-pay-api-signature"] == signature_of(
        made.body, till.shop.credentials["token"]
    )
    said = made.json["payload"]
    assert (said["status"], said["amount"], said["paid_amount"]) == ("paid", "1", "5")
    forged = till.shop.callback(ref, forged=True)
    assert forged.headers["crypto-pay-api-signature"] != signature_of(
        forged.body, till.shop.credentials["token"]
    )
    assert [each["status"] for each in await till.invoices()] == ["active"]
    assert till.heard.requests == []


async def test_calls_come_as_query_form_or_json(till: Till) -> None:
    await till.call("createInvoice", verb="GET", params=TEN)
    await till.call("createInvoice", verb="POST", params=TEN)
    await till.call("createInvoice", data=TEN)
    await till.call("createInvoice", {**TEN, "amount": 10, "description": None})
    await till.call("createInvoice", {**TEN, "amount": 10.0})
    shown_amounts = {each["amount"] for each in await till.invoices()}
    assert shown_amounts == {"10"}
    assert [each.amount for each in till.shop.payments] == [10_000_000] * 5
    me = await till.call("getMe", verb="GET")
    assert me["app_id"] == till.shop.app_id


async def test_what_is_wrong_has_a_name(till: Till) -> None:
    async def name(**changes: Any) -> str:
        return await till.refused("createInvoice", TEN | changes)

    assert await name(currency_type="shells") == "CURRENCY_TYPE_INVALID"
    assert await name(asset="SHELL") == "ASSET_INVALID"
    assert await name(asset=["USDT"]) == "ASSET_INVALID"
    assert await name(currency_type="fiat") == "FIAT_INVALID"
    for amount in ("", "ten", "-1", "0", "NaN", "1e999", True, "0.0000001", None):
        assert await name(amount=amount) == "AMOUNT_INVALID"
    assert await name(accepted_assets="USDT") == "ACCEPTED_ASSETS_INVALID"
    assert await name(currency_type="fiat", fiat="USD", accepted_assets="USDT,SHELL") == (
        "ACCEPTED_ASSETS_INVALID"
    )
    assert await name(expires_in=0) == "EXPIRES_IN_INVALID"
    assert await name(expires_in=2_678_401) == "EXPIRES_IN_INVALID"
    assert await name(expires_in="soon") == "EXPIRES_IN_INVALID"
    assert await name(description="x" * 1025) == "DESCRIPTION_TOO_LONG"
    assert await name(payload="ж" * 2049) == "PAYLOAD_TOO_LONG"
    assert await name(payload={"order": 71}) == "PAYLOAD_INVALID"
    assert await name(swap_to="SHELL") == "SWAP_TO_INVALID"
    assert await name(paid_btn_name="buy") == "PAID_BTN_NAME_INVALID"
    assert await name(paid_btn_name="callback") == "PAID_BTN_URL_INVALID"
    assert await name(allow_comments="perhaps") == "ALLOW_COMMENTS_INVALID"
    listed = PRICED | {"accepted_assets": ["USDT"]}
    assert await till.refused("createInvoice", listed, status=500) == "APP_ERROR"
    assert await till.refused("createInvoice", []) == "BODY_INVALID"
    assert await till.refused("confirmPayment", {}, status=405) == "METHOD_NOT_FOUND"
    for filters, error in (
        ({"asset": "SHELL"}, "ASSET_INVALID"),
        ({"fiat": "SHELL"}, "FIAT_INVALID"),
        ({"status": "expired"}, "STATUS_INVALID"),
        ({"count": 1001}, "COUNT_INVALID"),
        ({"offset": -1}, "OFFSET_INVALID"),
    ):
        assert await till.refused("getInvoices", filters) == error
    assert till.shop.payments == []


async def test_all_that_was_given_comes_back(till: Till) -> None:
    extras = {
        "description": "Месяц",
        "paid_btn_name": "callback",
        "paid_btn_url": "https://example.com/back",
        "swap_to": "TON",
        "allow_comments": False,
        "allow_anonymous": "false",
    }
    made = await till.call("createInvoice", TEN | extras | {"hidden_message": "Спасибо"})
    assert {name: made[name] for name in extras} == extras | {"allow_anonymous": False}
    assert "hidden_message" not in made
    ref = str(made["invoice_id"])
    await till.shop.pay(ref)
    (paid,) = await till.invoices(invoice_ids=ref)
    assert (paid["hidden_message"], paid["is_swapped"]) == ("Спасибо", False)


async def test_invoices_come_newest_first_in_pages(till: Till) -> None:
    ids = [(await till.call("createInvoice", TEN))["invoice_id"] for _ in range(4)]
    ids.append((await till.call("createInvoice", PRICED))["invoice_id"])
    await till.shop.pay(str(ids[1]))
    assert [each["invoice_id"] for each in await till.invoices()] == ids[::-1]
    assert [each["invoice_id"] for each in await till.invoices(offset=1, count=2)] == [
        ids[3],
        ids[2],
    ]
    both = f"{ids[0]}, {ids[4]},999"
    assert [each["invoice_id"] for each in await till.invoices(invoice_ids=both)] == [
        ids[4],
        ids[0],
    ]
    assert [each["invoice_id"] for each in await till.invoices(status="paid")] == [ids[1]]
    assert [each["invoice_id"] for each in await till.invoices(fiat="RUB")] == [ids[4]]
    assert len(await till.invoices(asset="USDT", status="active")) == 3


async def test_an_invoice_expires_and_is_not_paid_any_more(tg: Sandbox, till: Till) -> None:
    made = await till.call("createInvoice", TEN | {"expires_in": 600})
    ref = str(made["invoice_id"])
    lasts = datetime.fromisoformat(made["expiration_date"])
    assert (lasts - datetime.fromisoformat(made["created_at"])).total_seconds() == 600
    await tg.clock.move(601)
    (expired,) = await till.invoices()
    assert expired["status"] == "expired"
    with pytest.raises(Impossible, match="expired"):
        await till.shop.pay(ref)
    assert till.shop.books() == []
    assert till.heard.requests == []

    endless = await till.call("createInvoice", TEN)
    await till.shop.expire(str(endless["invoice_id"]))
    (expired, _) = await till.invoices()
    assert expired["status"] == "expired"
    assert datetime.fromisoformat(expired["expiration_date"]).timestamp() <= tg.clock.now() + 1


async def test_an_invoice_is_paid_once_and_in_full(till: Till) -> None:
    ref = str((await till.call("createInvoice", TEN))["invoice_id"])
    with pytest.raises(Impossible, match="in full"):
        await till.shop.pay(ref, amount=5_000_000)
    with pytest.raises(Impossible, match="takes USDT"):
        await till.shop.pay(ref, asset="TON")
    await till.shop.pay(ref)
    with pytest.raises(Impossible):
        await till.shop.pay(ref, again=True)
    with pytest.raises(Impossible):
        await till.shop.cancel(ref)
    for act in (till.shop.refund, till.shop.dispute):
        with pytest.raises(Impossible, match="Crypto Pay cannot"):
            await act(ref)
    assert len(till.shop.books()) == 2


async def test_a_deleted_invoice_is_gone(till: Till) -> None:
    first, second, third = [(await till.call("createInvoice", TEN))["invoice_id"] for _ in range(3)]
    assert await till.call("deleteInvoice", {"invoice_id": first}) is True
    await till.shop.cancel(str(second))
    await till.shop.pay(str(third))
    assert [each["invoice_id"] for each in await till.invoices()] == [third]
    with pytest.raises(Impossible):
        await till.shop.pay(str(first))
    for gone in (first, second, 1):
        assert await till.refused("deleteInvoice", {"invoice_id": gone}) == "INVOICE_NOT_FOUND"
    assert await till.refused("deleteInvoice", {"invoice_id": third}) == "INVOICE_ALREADY_PAID"


async def test_a_spend_id_is_taken_once(till: Till) -> None:
    till.shop.top_up("USDT", 50_000_000)
    order = {"user_id": 1111, "asset": "USDT", "amount": "20.5", "spend_id": "refund-71"}
    done = await till.call("transfer", order | {"comment": "Возврат"})
    assert (done["status"], done["amount"], done["user_id"]) == ("completed", "20.5", 1111)
    assert await till.refused("transfer", order) == "SPEND_ID_ALREADY_USED"
    assert await till.refused("transfer", order | {"amount": "1"}) == "SPEND_ID_ALREADY_USED"
    assert (await till.call("getTransfers", {"spend_id": "refund-71"}))["items"] == [done]
    assert (await till.call("getTransfers", {"spend_id": "refund-72"}))["items"] == []
    assert await till.balance("USDT") == "29.5"
    assert [(each.kind, each.amount) for each in till.shop.books()] == [
        ("topup", 50_000_000),
        ("payout", 20_500_000),
    ]


async def test_a_transfer_whose_answer_was_lost_is_found_by_its_spend_id(till: Till) -> None:
    till.shop.top_up("TON", 10 * 10**9)
    order = {"user_id": 1111, "asset": "TON", "amount": "1.5", "spend_id": "refund-71"}
    till.shop.fault("transfer", "timeout_after")
    with pytest.raises(httpx.RemoteProtocolError):
        await till.ask("transfer", order)
    (found,) = (await till.call("getTransfers", {"spend_id": "refund-71"}))["items"]
    assert found["amount"] == "1.5"
    assert await till.refused("transfer", order) == "SPEND_ID_ALREADY_USED"
    assert till.shop.held() == {"TON": 8_500_000_000}


async def test_a_transfer_needs_coins_a_person_and_permission(till: Till) -> None:
    till.shop.top_up("USDT", 5_000_000)
    order = {"user_id": 1111, "asset": "USDT", "amount": "5", "spend_id": "a"}

    async def name(**changes: Any) -> str:
        return await till.refused("transfer", order | changes)

    assert await name(amount="5.000001") == "INSUFFICIENT_FUNDS"
    assert await name(asset="TON") == "INSUFFICIENT_FUNDS"
    assert await name(amount="0.99") == "AMOUNT_TOO_SMALL"
    assert await name(amount="25001") == "AMOUNT_TOO_BIG"
    assert await name(amount="much") == "AMOUNT_INVALID"
    assert await name(asset="SHELL") == "ASSET_INVALID"
    assert await name(spend_id=None) == "SPEND_ID_REQUIRED"
    assert await name(spend_id="x" * 65) == "SPEND_ID_TOO_LONG"
    assert await name(comment="x" * 1025) == "COMMENT_TOO_LONG"
    assert await name(user_id=0) == "USER_ID_INVALID"
    till.shop.users = frozenset({2222})
    assert await name() == "USER_NOT_FOUND"
    till.shop.transfers_enabled = False
    assert await till.refused("transfer", order, status=403) == "METHOD_DISABLED"
    assert till.shop.held() == {"USDT": 5_000_000}
    till.shop.transfers_enabled, till.shop.users = True, None
    await till.call("transfer", order)
    assert till.shop.held() == {"USDT": 0}


async def test_a_check_holds_its_coins_until_it_is_deleted(till: Till) -> None:
    till.shop.top_up("TON", 3 * 10**9)
    made = await till.call("createCheck", {"asset": "TON", "amount": "2"})
    assert (made["status"], made["amount"]) == ("active", "2")
    (ton,) = [e for e in await till.call("getBalance") if e["currency_code"] == "TON"]
    assert (ton["available"], ton["onhold"]) == ("1", "2")
    assert (await till.call("getChecks", {"status": "active"}))["items"] == [made]
    assert (await till.call("getChecks", {"check_ids": "1"}))["items"] == []
    assert await till.call("deleteCheck", {"check_id": made["check_id"]}) is True
    assert await till.refused("deleteCheck", {"check_id": made["check_id"]}) == "CHECK_NOT_FOUND"
    assert till.shop.held() == {"TON": 3 * 10**9}


async def test_seventeen_tries_in_three_days_then_the_webhook_is_off(
    tg: Sandbox, till: Till
) -> None:
    assert sum(till.shop.ladder) == 3 * 86_400
    till.heard.answers = [500] * 17
    made = await till.call("createInvoice", TEN)
    await till.shop.pay(str(made["invoice_id"]))
    for pause in till.shop.ladder:
        await till.shop.delivered()
        assert till.shop.webhook_is_on
        await tg.clock.move(pause)
    await till.shop.delivered()
    assert len(till.heard.requests) == 17
    assert not till.shop.webhook_is_on
    dates = [json.loads(each)["request_date"] for each in till.heard.bodies]
    assert dates == sorted(set(dates))

    other = await till.call("createInvoice", TEN)
    await till.shop.pay(str(other["invoice_id"]))
    await till.shop.delivered()
    assert len(till.heard.requests) == 17
    assert len(await till.invoices(status="paid")) == 2

    await tg.clock.move(1)
    till.shop.turn_webhook_on()
    third = await till.call("createInvoice", TEN)
    await till.shop.pay(str(third["invoice_id"]))
    await till.shop.delivered()
    assert len(till.heard.requests) == 18


async def test_the_seventeenth_try_can_be_the_one_that_is_taken(tg: Sandbox, till: Till) -> None:
    till.heard.answers = [500] * 16
    made = await till.call("createInvoice", TEN)
    await till.shop.pay(str(made["invoice_id"]))
    for pause in till.shop.ladder:
        await till.shop.delivered()
        await tg.clock.move(pause)
    await till.shop.delivered()
    assert [each.status for each in till.shop.sent] == [500] * 16 + [200]
    assert till.shop.webhook_is_on


async def test_a_rotated_token_opens_and_signs(tg: Sandbox, till: Till) -> None:
    made = await till.call("createInvoice", TEN)
    old = till.shop.credentials["token"]
    new = till.shop.rotate()["token"]
    url = f"{till.shop.base_url}/api/getMe"
    for stranger in (old, "", tg.bank.shop("cryptopay", name="second").callback_secret(9)):
        answer = await till.http.get(url, headers={"Crypto-Pay-API-Token": stranger})
        assert (answer.status_code, answer.json()["error"]["name"]) == (401, "UNAUTHORIZED")
    await till.shop.pay(str(made["invoice_id"]))
    await till.shop.delivered()
    ((_, _, headers, body),) = till.heard.requests
    assert headers["crypto-pay-api-signature"] == signature_of(body, new)


async def test_another_app_sees_none_of_it(tg: Sandbox, till: Till) -> None:
    made = await till.call("createInvoice", TEN)
    other = tg.bank.shop("cryptopay", name="second")
    headers = {"Crypto-Pay-API-Token": other.credentials["token"]}
    url = f"{other.base_url}/api/getInvoices?invoice_ids={made['invoice_id']}"
    answer = await till.http.get(url, headers=headers)
    assert answer.json() == {"ok": True, "result": {"items": []}}


async def test_rates_and_currencies_fit_what_is_taken(till: Till) -> None:
    rates = {(e["source"], e["target"]): e["rate"] for e in await till.call("getExchangeRates")}
    assert (rates["TON", "RUB"], rates["TRX", "USD"], rates["BTC", "UZS"]) == (
        "400",
        "0.25",
        "1250000000",
    )
    decimals = {e["code"]: e["decimals"] for e in await till.call("getCurrencies")}
    assert (decimals["USDT"], decimals["TON"], decimals["BTC"], decimals["RUB"]) == (6, 9, 8, 2)
    assert set(decimals) == {*ASSETS, *FIATS}


@pytest.mark.parametrize(("what", "status", "name"), [
    ("down", 503, "SERVICE_UNAVAILABLE"),
    ("error_before", 500, "APP_ERROR"),
    ("limit", 429, "TOO_MANY_REQUESTS"),
])  # fmt: skip
async def test_faults_speak_its_language(till: Till, what: str, status: int, name: str) -> None:
    till.shop.fault("create", what)
    assert await till.refused("createInvoice", TEN, status=status) == name
    assert till.shop.payments == []
    till.shop.fault("create", "error_after")
    assert await till.refused("createInvoice", TEN, status=500) == "APP_ERROR"
    assert len(await till.invoices()) == 1


async def test_the_app_is_there_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg, opened(tg) as till:
        made = await till.call("createInvoice", TEN)
        await till.shop.pay(str(made["invoice_id"]))
        order = {"user_id": 1111, "asset": "USDT", "amount": "2", "spend_id": "refund-71"}
        await till.call("transfer", order)
        await till.shop.delivered()
    async with Sandbox(data=tmp_path) as tg, opened(tg) as till:
        assert [each["status"] for each in await till.invoices()] == ["paid"]
        assert await till.balance("USDT") == "7.7"
        assert await till.refused("transfer", order) == "SPEND_ID_ALREADY_USED"
        later = await till.call("createInvoice", TEN)
        assert later["invoice_id"] == made["invoice_id"] + 1


@given(st.sampled_from([*ASSETS, "RUB"]), st.integers(min_value=1, max_value=10**18))
def test_amounts_are_written_and_read_to_the_last_unit(code: str, amount: int) -> None:
    text = shown(amount, code)
    assert minor(text, code) == amount
    assert "e" not in text.lower()


@given(
    st.sampled_from(list(ASSETS)),
    st.sampled_from(list(FIATS)),
    st.integers(min_value=1, max_value=10**10),
)
def test_a_price_in_coins_is_never_less_than_the_price(asset: str, fiat: str, amount: int) -> None:
    units = in_asset(amount, fiat, asset)
    worth = units * rate(asset, fiat) * 100 / 10 ** ASSETS[asset].decimals
    one_less = (units - 1) * rate(asset, fiat) * 100 / 10 ** ASSETS[asset].decimals
    assert one_less < amount <= worth
