"""aiosend, a client of Crypto Pay that many use, against our Crypto Pay."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from aiosend import CryptoPay
from aiosend.client import Network
from aiosend.enums import Asset, CurrencyType, Fiat, InvoiceStatus
from aiosend.exceptions import APIError
from aiosend.types import Invoice
from aiosend.webhook import AiohttpManager

from tgsandbox import Sandbox
from tgsandbox.providers import cryptopay

# It tells aiohttp of its certificates in an older way.
pytestmark = pytest.mark.filterwarnings("ignore:ssl_context is deprecated:DeprecationWarning")


@pytest.fixture
def shop(tg: Sandbox) -> cryptopay.CryptoPay:
    shop = tg.bank.shop("cryptopay")
    assert isinstance(shop, cryptopay.CryptoPay)
    return shop


def network(shop: cryptopay.CryptoPay) -> Network:
    return Network("sandbox", f"{shop.base_url}/api/{{method}}")


@pytest_asyncio.fixture
async def client(shop: cryptopay.CryptoPay) -> CryptoPay:
    # It asks who it is at once, and waits for the answer with the loop in its hands.
    return await asyncio.to_thread(CryptoPay, shop.credentials["token"], network(shop))


async def test_it_creates_lists_and_deletes_invoices(
    shop: cryptopay.CryptoPay, client: CryptoPay
) -> None:
    made = await client.create_invoice(1.5, Asset.TON, payload="order-71", expires_in=600)
    assert (made.status, made.amount, made.payload) == ("active", 1.5, "order-71")
    assert made.expiration_date is not None
    assert (made.expiration_date - made.created_at).total_seconds() == 600
    assert shop.payments[-1].amount == 1_500_000_000
    other = await client.create_invoice(
        400,
        currency_type=CurrencyType.FIAT,
        fiat=Fiat.RUB,
        accepted_assets=[Asset.USDT, Asset.TON],
    )
    assert other.accepted_assets == ["USDT", "TON"]
    listed = await client.get_invoices(status=InvoiceStatus.ACTIVE)
    assert [each.invoice_id for each in listed] == [other.invoice_id, made.invoice_id]
    assert await made.delete() is True
    assert await client.get_invoice(made.invoice_id) is None
    with pytest.raises(APIError, match="INVOICE_NOT_FOUND"):
        await client.delete_invoice(made.invoice_id)


async def test_it_sees_a_paid_one(shop: cryptopay.CryptoPay, client: CryptoPay) -> None:
    made = await client.create_invoice(400, currency_type=CurrencyType.FIAT, fiat=Fiat.RUB)
    await shop.pay(str(made.invoice_id), asset="TON")
    await made.update()
    assert made.status == "paid"
    assert (made.paid_asset, made.paid_amount, made.paid_fiat_rate) == ("TON", 1, 400)
    assert (made.fee_asset, made.fee_amount) == ("TON", 0.03)
    assert made.paid_at is not None
    balance = await client.get_balance_by_asset(Asset.TON)
    assert balance.available == 0.97


async def test_it_knows_app_rates_and_currencies(
    shop: cryptopay.CryptoPay, client: CryptoPay
) -> None:
    assert (await client.get_me()).app_id == shop.app_id
    assert await client.exchange(2, Asset.TON, Fiat.RUB) == 800.0
    assert {each.code for each in await client.get_currencies()} >= {"USDT", "TON", "BTC", "UZS"}


async def test_it_transfers_once(shop: cryptopay.CryptoPay, client: CryptoPay) -> None:
    shop.top_up("USDT", 30_000_000)
    done = await client.transfer(1111, Asset.USDT, 20.5, spend_id="refund-71", comment="Возврат")
    assert (done.status, done.amount, done.user_id) == ("completed", 20.5, 1111)
    with pytest.raises(APIError, match="SPEND_ID_ALREADY_USED"):
        await client.transfer(1111, Asset.USDT, 20.5, spend_id="refund-71")
    with pytest.raises(APIError, match="INSUFFICIENT_FUNDS"):
        await client.transfer(1111, Asset.USDT, 20.5, spend_id="refund-72")
    found = await client.get_transfers(spend_id="refund-71")
    assert [each.transfer_id for each in found] == [done.transfer_id]
    assert shop.held() == {"USDT": 9_500_000}


async def test_it_makes_and_deletes_checks(shop: cryptopay.CryptoPay, client: CryptoPay) -> None:
    shop.top_up("TON", 2 * 10**9)
    check = await client.create_check(2, Asset.TON)
    assert [each.check_id for each in await client.get_checks()] == [check.check_id]
    assert (await client.get_balance_by_asset(Asset.TON)).onhold == 2
    assert await check.delete() is True
    assert shop.held() == {"TON": 2 * 10**9}


async def test_a_token_that_is_nobodys_is_refused(shop: cryptopay.CryptoPay) -> None:
    client = await asyncio.to_thread(CryptoPay, shop.credentials["token"], network(shop))
    shop.rotate()
    with pytest.raises(APIError, match="UNAUTHORIZED"):
        await client.get_me()


@pytest_asyncio.fixture
async def heard(
    shop: cryptopay.CryptoPay,
) -> AsyncIterator[tuple[CryptoPay, list[tuple[int, float | None]]]]:
    """A bot's web server, to which aiosend has added its webhook."""
    app = web.Application()
    manager = AiohttpManager(app, "/crypto")
    client = await asyncio.to_thread(
        lambda: CryptoPay(shop.credentials["token"], network(shop), webhook_manager=manager)
    )
    paid: list[tuple[int, float | None]] = []

    @client.invoice_paid()
    async def on_paid(invoice: Invoice) -> None:
        paid.append((invoice.invoice_id, invoice.paid_amount))

    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/crypto"
    yield client, paid
    await runner.cleanup()


async def test_it_verifies_the_webhook(
    shop: cryptopay.CryptoPay, heard: tuple[CryptoPay, list[tuple[int, float | None]]]
) -> None:
    client, paid = heard
    made = await client.create_invoice(400, currency_type=CurrencyType.FIAT, fiat=Fiat.RUB)
    await shop.pay(str(made.invoice_id), asset="TON")
    await shop.delivered()
    assert paid == [(made.invoice_id, 1)]
    assert [each.status for each in shop.sent] == [200]

    other = await client.create_invoice(5, Asset.USDT)
    shop.fault_in_callbacks("bad_signature")
    await shop.pay(str(other.invoice_id))
    await shop.delivered()
    assert paid == [(made.invoice_id, 1)]
    letter = shop.callback(str(other.invoice_id))
    async with httpx.AsyncClient() as http:
        for body, status in ((letter.body + b" ", 500), (letter.body, 200)):
            answer = await http.post(letter.url, content=body, headers=letter.headers)
            assert answer.status_code == status
    assert paid == [(made.invoice_id, 1), (other.invoice_id, None)]
