"""Delivery to a webhook: what is sent, in which order, and what becomes of it when it fails."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tgsandbox import BotAccess, Person, Sandbox

from .plain import Client, Hook, eventually, eventually_async, hook, said


async def settle(call: Client) -> None:
    """A few turns of everybody: whatever was to happen at once has happened."""
    for _ in range(3):
        await call("getMe")


async def test_an_update_arrives_as_json_with_the_secret(
    bot: BotAccess, buyer: Person, webhook: Hook
) -> None:
    await buyer.send(bot, "Чай")
    ((request, update),) = await eventually(lambda: webhook.requests)
    assert said(update) == "Чай"
    assert list(update) == ["update_id", "message"]
    assert request.method == "POST"
    assert request.content_type == "application/json"
    assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "a-secret_1"
    await eventually(lambda: bot.pending == [])


async def test_without_a_secret_there_is_no_header(
    bot: BotAccess, buyer: Person, call: Client
) -> None:
    async with hook() as made:
        assert (await call("setWebhook", url=made.url)).body["description"] == "Webhook was set"
        await buyer.send(bot, "hello")
        ((request, _),) = await eventually(lambda: made.requests)
        assert "X-Telegram-Bot-Api-Secret-Token" not in request.headers


async def test_each_chat_in_its_order_and_chats_side_by_side(
    tg: Sandbox, bot: BotAccess, webhook: Hook
) -> None:
    """Ten people write ten messages each; the bot takes a while for every one."""
    webhook.answer = lambda _: asyncio.sleep(0.003, web.Response())
    people = [tg.user(f"Buyer {number}") for number in range(10)]
    for number in range(10):
        for person in people:
            await person.send(bot, f"{person.name}: {number}")
    await eventually(lambda: not bot.pending)
    for person in people:
        own = [text for text in webhook.got if text.startswith(f"{person.name}:")]
        assert own == [f"{person.name}: {number}" for number in range(10)]
    assert len(webhook.got) == 100
    assert webhook.most == 10


@pytest.mark.parametrize("most", [1, 3])
async def test_max_connections_is_kept(tg: Sandbox, call: Client, most: int) -> None:
    async with hook() as made:
        made.answer = lambda _: asyncio.sleep(0.003, web.Response())
        await call("setWebhook", url=made.url, max_connections=most)
        for number in range(12):
            await tg.user(f"Buyer {number}").send(call.bot, "hello")
        await eventually(lambda: not call.bot.pending)
        assert made.most == most
        assert (await call("getWebhookInfo")).result["max_connections"] == most


async def test_an_update_that_fails_blocks_only_its_queue(
    tg: Sandbox, bot: BotAccess, buyer: Person, webhook: Hook
) -> None:
    async def answer(update: dict[str, Any]) -> web.Response:
        return web.Response(status=500 if said(update) == "bad" else 200)

    webhook.answer = answer
    await buyer.send(bot, "bad")
    await buyer.send(bot, "after bad")
    other = tg.user("Another buyer")
    await other.send(bot, "good")
    await eventually(lambda: webhook.got.count("bad") == 2 and "good" in webhook.got)
    assert "after bad" not in webhook.got
    webhook.answer = None
    await tg.clock.move(2)
    await eventually(lambda: not bot.pending)
    assert webhook.got[-2:] == ["bad", "after bad"]


async def test_presses_and_payments_pass_a_message_that_fails(
    bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    """Callback queries have a queue of their own for every person, and so has paying."""
    await buyer.start(bot)
    keyboard = {"inline_keyboard": [[{"text": "Press", "callback_data": "pressed"}]]}
    await call("sendMessage", chat_id=buyer.id, text="Tea", reply_markup=keyboard)
    await eventually(lambda: not bot.pending)

    async def answer(update: dict[str, Any]) -> web.Response:
        if "message" in update:
            return web.Response(status=500)
        if "pre_checkout_query" in update:
            query = update["pre_checkout_query"]["id"]
            agreed = {"method": "answerPreCheckoutQuery", "pre_checkout_query_id": query}
            return web.json_response(agreed | {"ok": True})
        return web.Response()

    webhook.answer = answer
    await buyer.send(bot, "bad")
    await buyer.press("Press")
    await eventually(lambda: "pressed" in webhook.got)
    invoice = {"title": "Tea", "description": "Tea", "payload": "tea", "currency": "XTR"}
    prices = [{"label": "Tea", "amount": 5}]
    link = (await call("createInvoiceLink", **invoice, prices=prices)).result
    buyer.buy_stars(5)
    receipt = await asyncio.wait_for(buyer.pay(link), 3)
    assert receipt.charge.amount == 5
    assert [said(each) for each in bot.pending] == ["bad", "message"]


async def test_the_ladder_of_retries_is_on_the_sandbox_s_clock(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    """At once, then after 2, 4, 8, 16, 32, 64, 64 seconds."""
    webhook.answers(*[500] * 9)
    await buyer.send(bot, "hello")
    await eventually(lambda: len(webhook.requests) == 2)
    for number, pause in enumerate((2, 4, 8, 16, 32, 64, 64), 3):
        await settle(call)
        assert len(webhook.requests) == number - 1
        await tg.clock.move(pause - 1)
        await settle(call)
        assert len(webhook.requests) == number - 1
        await tg.clock.move(1)
        await eventually(lambda number=number: len(webhook.requests) == number)  # type: ignore[misc]
    await tg.clock.move(64)
    await eventually(lambda: bot.pending == [])


@pytest.mark.parametrize(("asked", "seconds"), [("30", 30), ("999999", 3600)])
async def test_retry_after_is_honoured(
    *,
    tg: Sandbox,
    bot: BotAccess,
    buyer: Person,
    call: Client,
    webhook: Hook,
    asked: str,
    seconds: int,
) -> None:
    webhook.answers(web.Response(status=503, headers={"Retry-After": asked}))
    await buyer.send(bot, "hello")
    await eventually(lambda: webhook.requests)
    await settle(call)
    await tg.clock.move(seconds - 1)
    await settle(call)
    assert len(webhook.requests) == 1
    await tg.clock.move(1)
    await eventually(lambda: not bot.pending)
    assert len(webhook.requests) == 2


async def test_an_update_whose_time_would_be_over_is_not_tried_again(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    """The press is good for 150 seconds; after 128 of them the next try would be at 192."""
    await buyer.start(bot)
    keyboard = {"inline_keyboard": [[{"text": "Press", "callback_data": "pressed"}]]}
    await call("sendMessage", chat_id=buyer.id, text="Tea", reply_markup=keyboard)
    await eventually(lambda: not bot.pending)
    webhook.answers(*[500] * 99)
    await buyer.press("Press")
    tries = 2
    for pause in (2, 4, 8, 16, 32, 64):
        await eventually(lambda tries=tries: webhook.got.count("pressed") == tries)  # type: ignore[misc]
        await settle(call)
        await tg.clock.move(pause)
        tries += 1
    await eventually(lambda: bot.pending == [])
    assert webhook.got.count("pressed") == 8


async def test_a_bot_that_never_answers_is_given_up_after_a_while(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    assert tg.world.webhooks.answer_limit == 60
    tg.world.webhooks.answer_limit = 0.05

    async def never(_: dict[str, Any]) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    webhook.answer = never
    await buyer.send(bot, "hello")
    await eventually(lambda: [it.kind for it in tg.world.events.since(0)].count("refused") == 2)
    info = (await call("getWebhookInfo")).result
    assert info["last_error_message"] == "Read timeout expired"
    assert abs(info["last_error_date"] - tg.clock.now()) <= 1
    assert info["pending_update_count"] == 1
    webhook.answer = None
    tg.world.webhooks.answer_limit = 60
    await tg.clock.move(2)
    await eventually(lambda: not bot.pending)
    assert (await call("getWebhookInfo")).result["last_error_message"] == "Read timeout expired"


async def test_a_moved_clock_takes_no_time_from_a_bot_at_work(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    done = asyncio.Event()

    async def slow(_: dict[str, Any]) -> web.Response:
        await done.wait()
        return web.Response()

    webhook.answer = slow
    await buyer.send(bot, "hello")
    await eventually(lambda: webhook.requests)
    await tg.clock.move(days=30)
    done.set()
    await eventually(lambda: not bot.pending)
    assert len(webhook.requests) == 1
    assert "last_error_message" not in (await call("getWebhookInfo")).result


async def test_get_webhook_info_tells_everything(
    bot: BotAccess, buyer: Person, call: Client
) -> None:
    none = (await call("getWebhookInfo")).result
    assert none == {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    await buyer.send(bot, "hello")
    await call("setWebhook", url="http://127.0.0.1:9/x", allowed_updates=["message"])

    async def refused() -> Any:
        found = (await call("getWebhookInfo")).result
        return found if "last_error_message" in found else None

    info = await eventually_async(refused)
    assert info.pop("last_error_date") > 1_700_000_000
    assert info == {
        "url": "http://127.0.0.1:9/x",
        "has_custom_certificate": False,
        "pending_update_count": 1,
        "max_connections": 40,
        "ip_address": "127.0.0.1",
        "allowed_updates": ["message"],
        "last_error_message": "Connection refused",
    }
    await call("setWebhook", url="http://127.0.0.1:9/y", drop_pending_updates=True)
    info = (await call("getWebhookInfo")).result
    assert "last_error_message" not in info
    assert info["pending_update_count"] == 0


async def test_delete_webhook_while_a_delivery_hangs(
    bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    async def never(_: dict[str, Any]) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    webhook.answer = never
    await buyer.send(bot, "hello")
    await eventually(lambda: webhook.requests)
    deleted = await asyncio.wait_for(call("deleteWebhook"), 1)
    assert deleted.body == {"ok": True, "result": True, "description": "Webhook was deleted"}
    await eventually(lambda: webhook.under_way == 0)
    assert await call.updates() == ["hello"]
    again = await call("deleteWebhook", drop_pending_updates=True)
    assert again.body["description"] == "Webhook is already deleted"
    assert await call.updates() == []


async def test_what_waited_goes_to_a_webhook_that_is_set(
    bot: BotAccess, buyer: Person, call: Client
) -> None:
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    async with hook() as made:
        await call("setWebhook", url=made.url)
        await eventually(lambda: made.got == ["one", "two"])
        again = await call("setWebhook", url=made.url)
        assert again.body["description"] == "Webhook is already set"
        await buyer.send(bot, "three")
        await eventually(lambda: made.got == ["one", "two", "three"] and not bot.pending)


async def test_between_polling_and_webhook_nothing_is_lost_or_doubled(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client
) -> None:
    """While the buyer writes, the bot goes from the one to the other and back, again and again,
    each time when nothing is on its way to it."""
    wanted = [str(number) for number in range(120)]
    polled: list[tuple[int, str]] = []

    async def write() -> None:
        for text in wanted:
            await buyer.send(bot, text)
            await asyncio.sleep(0.001)

    async with hook() as made:
        writing, offset = asyncio.create_task(write()), 0
        while not writing.done() or bot.pending:
            await call("setWebhook", url=made.url)
            await settle(call)
            made.answer = lambda _: asyncio.sleep(0, web.Response(status=500))
            await eventually(lambda: made.under_way == 0)
            await call("deleteWebhook")
            for update in (await call("getUpdates", offset=offset, limit=7)).result:
                offset = update["update_id"] + 1
                polled.append((update["update_id"], said(update)))
            await call("getUpdates", offset=offset, limit=1)
            made.answer = None
        taken = [(each["update_id"], said(each)) for _, each in made.requests]
    assert {text for _, text in [*polled, *taken]} == set(wanted)
    assert len(polled) == len(set(polled))
    assert len(polled) > 5
    assert len({number for number, _ in [*polled, *taken]}) == len(wanted)


async def test_gone_for_most_of_a_day_ends_the_webhook(
    tg: Sandbox, bot: BotAccess, buyer: Person, call: Client, webhook: Hook
) -> None:
    """After 23 hours of nothing but 410; anything else in between begins them anew."""
    status = 410

    async def answer(_: dict[str, Any]) -> web.Response:
        return web.Response(status=status)

    async def tried(times: int) -> None:
        await eventually(lambda: len(webhook.requests) == times)
        await settle(call)

    webhook.answer = answer
    await buyer.send(bot, "one")
    await tried(2)
    status = 500
    await tg.clock.move(20 * 3600)
    await tried(3)
    status = 410
    await tg.clock.move(4)
    await tried(4)
    await tg.user("Another buyer").send(bot, "two")
    await tried(6)
    await tg.clock.move(22 * 3600)
    await tried(7)
    assert (await call("getWebhookInfo")).result["url"] == webhook.url
    await tg.clock.move(3700)
    await eventually(lambda: bot.record.webhook is None)
    assert await call.updates() == ["two"]


async def test_updates_twice_by_webhook(
    tg: Sandbox, bot: BotAccess, buyer: Person, webhook: Hook
) -> None:
    tg.fault_in_updates(twice=True)
    await buyer.send(bot, "one")
    await buyer.send(bot, "two")
    await eventually(lambda: not bot.pending)
    assert webhook.got == ["one", "one", "two"]
    assert webhook.requests[0][1] == webhook.requests[1][1]


async def test_a_restart_with_pending_updates_goes_on(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with hook() as made:
        made.answer = lambda _: asyncio.sleep(0, web.Response(status=500))
        async with Sandbox(data=tmp_path) as tg:
            bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
            await Client(http, bot)("setWebhook", url=made.url, secret_token="s")
            await buyer.send(bot, "one")
            await buyer.send(bot, "two")
            await eventually(lambda: made.requests)
        made.answer, made.requests = None, []
        async with Sandbox(data=tmp_path) as tg:
            bot = tg.bot("shop_bot")
            await eventually(lambda: not bot.pending)
            assert made.got == ["one", "two"]
            assert made.requests[0][0].headers["X-Telegram-Bot-Api-Secret-Token"] == "s"


async def test_the_sandbox_stops_quickly_while_a_bot_is_silent(
    http: aiohttp.ClientSession,
) -> None:
    async with hook() as made:
        made.answer = lambda _: asyncio.sleep(30, web.Response())
        async with Sandbox() as tg:
            bot = tg.bot("shop_bot")
            await Client(http, bot)("setWebhook", url=made.url)
            await tg.user("Buyer").send(bot, "hello")
            await eventually(lambda: made.requests)
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 1


async def test_https_with_a_certificate_that_nobody_signed(
    bot: BotAccess, buyer: Person, call: Client, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "laptop")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    made = Hook()
    app = web.Application()
    app.router.add_post("/hook", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        # The scheme may be left out: it is https then.
        await call("setWebhook", url=f"127.0.0.1:{runner.addresses[0][1]}/hook")
        await buyer.send(bot, "hello")
        await eventually(lambda: made.got == ["hello"] and not bot.pending)
    finally:
        await runner.cleanup()
