"""With a folder everything is there again: after a stop, and after kill -9."""

import asyncio
import importlib
import itertools
import json
import pkgutil
import random
import signal
import sqlite3
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import tgsandbox
from tests.tgsandbox.control.remote import PIXEL
from tests.tgsandbox.delivery.plain import Client, eventually, hook
from tests.tgsandbox.serving import run, served
from tgsandbox import BotAccess, Sandbox
from tgsandbox.store import KINDS, CannotKeep, InUse
from tgsandbox.telegram.files import file_id, photo_size
from tgsandbox.telegram.records import Record, Update
from tgsandbox.telegram.world import World


def records() -> Iterator[type[Record]]:
    for module in pkgutil.walk_packages(tgsandbox.__path__, "tgsandbox."):
        importlib.import_module(module.name)
    todo = Record.__subclasses__()
    while todo:
        each = todo.pop()
        todo += each.__subclasses__()
        yield each


def test_every_kind_of_record_is_kept() -> None:
    # By name: of a class with slots the one without them may still be about.
    assert {each.kind for each in records()} == {each.kind for each in KINDS}
    assert len({each.kind for each in KINDS}) == len(KINDS)


def dump(world: World) -> dict[str, dict[str, Any]]:
    """All that is known, as it would be written."""
    till = world.till
    messages = [each for chat in world.chats.values() for each in chat.messages.values()]
    updates = [each for inbox in world.inboxes.values() for each in inbox.pending.values()]
    found: dict[str, dict[str, Any]] = {}
    for record in itertools.chain(
        world.users.values(),
        world.bots.values(),
        world.chats.values(),
        world.files.known.values(),
        messages,
        world.queries.values(),
        updates,
        till.invoices.values(),
        till.charges.values(),
        till.subscriptions.known.values(),
        till.saved.values(),
    ):
        found.setdefault(record.kind, {})[record.key] = json.loads(json.dumps(record.row()))
    found["media_payload"] = dict(till.media_payloads)
    return found


MONTH = 2_592_000
STARS = {"title": "Tea", "description": "Green", "payload": "tea", "currency": "XTR"}


async def answer_checkouts(bot: BotAccess, tg: Sandbox) -> None:
    inbox = tg.world.inboxes[bot.id]
    while True:
        for update in list(inbox.pending.values()):
            if update.type == "pre_checkout_query":
                inbox.done(update)
                query = update.body["id"]
                await bot.call("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)
        await asyncio.sleep(0.001)


async def a_busy_day(tg: Sandbox) -> str:
    """Of everything that is kept something; the link of a subscription."""
    bot, buyer = tg.bot("shop_bot", name="Лавка"), tg.user("Покупатель", stars=1000)
    friend = tg.user("Friend", language="uz", premium=True, username="friend1")
    await bot.call("getUpdates", allowed_updates=["message", "pre_checkout_query", "chat_member"])
    await bot.call("setMyCommands", commands=[{"command": "start", "description": "Begin"}])
    group = tg.group("Shop", friend, buyer, bot)
    group.promote(bot)
    await friend.send(group, "Hello")
    await buyer.start(bot)
    first = await buyer.document(b"price list", caption="Prices", name="price.txt")
    await buyer.send(bot, "an answer", reply_to=first)
    keyboard = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}]]}
    await bot.call("sendMessage", chat_id=buyer.id, text="Tea", reply_markup=keyboard)
    await bot.call("sendMessage", chat_id=buyer.id, text="x", reply_markup={"keyboard": [["Yes"]]})
    await buyer.press("Buy")
    friend.block(bot)
    serving = asyncio.create_task(answer_checkouts(bot, tg))
    prices = [{"label": "Tea", "amount": 40}]
    await buyer.pay(await bot.call("createInvoiceLink", **STARS, prices=prices))
    link: str = await bot.call(
        "createInvoiceLink", **STARS, prices=prices, subscription_period=MONTH
    )
    await buyer.pay(link)
    card: dict[str, Any] = {**STARS, "currency": "USD", "provider_token": bot.provider_token}
    dollars = [{"label": "Tea", "amount": 400}]
    await buyer.pay(await bot.call("createInvoiceLink", **card, prices=dollars, need_name=True))
    serving.cancel()
    await tg.clock.move(days=3)
    await buyer.send(bot, "Are you there?")
    await buyer.press("Buy")
    return link


async def test_everything_comes_back_after_a_stop(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg:
        await a_busy_day(tg)
        before, now, books = dump(tg.world), tg.clock.now(), tg.books()
    assert {kind for kind, each in before.items() if each} >= {
        "user",
        "message",
        "update",
        "charge",
    }
    async with Sandbox(data=tmp_path) as tg:
        after = dump(tg.world)
        for query in [key for key in before["query"] if key not in after.get("query", {})]:
            assert before["query"].pop(query)["until"] <= now  # too old by the moved clock
        assert after.get("query", {}) == before.pop("query")
        after.pop("query", None)
        assert after == before
        assert 0 <= tg.clock.now() - now < 60
        assert tg.books() == books
        stored = next(iter(tg.world.files.known.values()))
        assert tg.world.files.content(stored) == b"price list"


async def test_what_is_known_of_a_file_comes_back(tmp_path: Path) -> None:
    """What was said of it, and its thumbnail, are there when it is sent again."""
    async with Sandbox(data=tmp_path) as tg:
        bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
        await buyer.start(bot)
        audio = tg.world.files.add("audio", b"music")
        audio.title, audio.performer, audio.duration = "Tea", "Samovar", 7
        audio.thumbnail = photo_size(tg.world.files.add("thumbnail", PIXEL))
        tg.world.save(audio)
        given = {"chat_id": buyer.id, "audio": file_id(audio)}
        first = await bot.call("sendAudio", **given)
    async with Sandbox(data=tmp_path) as tg:
        again = await tg.bot("shop_bot").call("sendAudio", **given)
        assert again["audio"] == first["audio"]
        assert (again["audio"]["title"], again["audio"]["performer"]) == ("Tea", "Samovar")
        assert tg.world.files.find(again["audio"]["thumbnail"]["file_id"])


async def test_ids_go_on(tmp_path: Path) -> None:
    async def one_of_each(tg: Sandbox, number: int) -> dict[str, Any]:
        bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
        said = await buyer.document(b"x", bot)
        press_under = {"inline_keyboard": [[{"text": f"Buy {number}", "callback_data": "buy"}]]}
        await bot.call("sendMessage", chat_id=buyer.id, text="Tea", reply_markup=press_under)
        await buyer.press(f"Buy {number}")
        return {
            "message": said.id,
            "update": bot.pending[-1]["update_id"],
            "query": int(bot.pending[-1]["callback_query"]["id"]),
            "person": tg.user(f"Person {number}").id,
            "group": -tg.group(f"Group {number}", buyer).id,
            "file": max(tg.world.files.known),
            "event": 0,
        }

    seen: list[dict[str, Any]] = []
    for number in range(3):
        async with Sandbox(data=tmp_path) as tg:
            seen.append(await one_of_each(tg, number))
    for name in ("message", "update", "query", "person", "group", "file"):
        first, second, third = (each[name] for each in seen)
        assert first < second < third, name


async def test_what_a_seed_brings_is_not_repeated(tmp_path: Path) -> None:
    links, albums = set(), set()
    for number in range(3):
        async with Sandbox(data=tmp_path, seed=7) as tg:
            bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
            albums.add((await buyer.album([PIXEL, PIXEL], bot))[0].message.album)
            buyer.buy_stars(5)
            serving = asyncio.create_task(answer_checkouts(bot, tg))
            prices = [{"label": "Tea", "amount": 5}]
            link = await bot.call("createInvoiceLink", **STARS, prices=prices)
            links.add(link)
            await buyer.pay(link)
            serving.cancel()
            charges = [each["telegram_payment_charge_id"] for each in tg.books()]
            assert len(set(charges)) == len(links) == len(albums) == number + 1


async def test_a_subscription_is_renewed_after_a_restart(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path) as tg:
        await a_busy_day(tg)
        assert len(tg.books()) == 3
    async with Sandbox(data=tmp_path) as tg:
        await tg.clock.move(days=28)
        assert len(tg.books()) == 4
        await tg.clock.move(days=30)
    async with Sandbox(data=tmp_path) as tg:
        assert [each["amount"] for each in tg.books()] == [40, 40, 400, 40, 40]


async def test_pending_updates_and_those_that_were_taken(
    tmp_path: Path,
) -> None:
    async with aiohttp.ClientSession() as http:
        async with Sandbox(data=tmp_path) as tg:
            bot, buyer = tg.bot("shop_bot"), tg.user("Buyer")
            for text in ("one", "two", "three"):
                await buyer.send(bot, text)
            two = bot.pending[1]["update_id"]
            await Client(http, bot)("getUpdates", offset=two)
        async with Sandbox(data=tmp_path) as tg:
            bot = tg.bot("shop_bot")
            assert await Client(http, bot).updates(timeout=1) == ["two", "three"]
            assert bot.pending[0]["update_id"] == two


# --- a kill at any moment


async def bots_and_people_write(url: str, acknowledged: list[tuple[float, str, int, str]]) -> None:
    """As fast as they can; what was acknowledged when, in whose chat, as which message."""
    async with aiohttp.ClientSession() as http:

        async def ask(path: str, **body: Any) -> Any:
            async with http.post(f"{url}/{path}", json=body) as response:
                assert response.status == 200, await response.text()
                return await response.json()

        async def one(number: int) -> None:
            bot = await ask("control/bots", username=f"shop{number}_bot")
            person = await ask("control/people", name=f"Buyer {number}", stars=100)
            path = f"control/people/{person['id']}"
            for count in itertools.count():
                text = f"{number}: {count}" + "я" * (count % 300)
                said = await ask(f"{path}/send", to=bot["username"], text=text)
                chat = f"{bot['id']}:{person['id']}"
                acknowledged.append((time.monotonic(), chat, said["id"], text))
                call = f"bot{bot['token']}/sendMessage"
                sent = (await ask(call, chat_id=person["id"], text=text))["result"]
                acknowledged.append((time.monotonic(), chat, sent["message_id"], text))
                if count % 10 == 0:
                    await ask(f"{path}/document", content=b64encode(b"hello" * 500).decode())

        await asyncio.gather(*(one(number) for number in range(4)))


@pytest.mark.parametrize("wait", [0.3, 0.5])
async def test_after_kill_9_what_was_acknowledged_is_there(tmp_path: Path, wait: float) -> None:
    acknowledged: list[tuple[float, str, int, str]] = []
    async with served("--data", str(tmp_path), "--control") as it:
        writing = asyncio.create_task(bots_and_people_write(it.url, acknowledged))
        await eventually(lambda: acknowledged, 10)
        await asyncio.sleep(wait + random.random() / 20)  # at any moment of a busy day
        it.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        await it.process.wait()
        with pytest.raises(aiohttp.ClientError):
            await writing
    with sqlite3.connect(tmp_path / "sandbox.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    async with Sandbox(data=tmp_path) as tg:
        chats = tg.world.chats
        early = [each for each in acknowledged if each[0] < killed - 0.1]
        assert len(early) > 20
        for _, key, number, text in early:
            assert chats[key].messages[number].text == text
        for chat in chats.values():
            numbers = list(chat.messages)
            assert numbers == list(range(1, len(numbers) + 1))  # no gaps: nothing torn
            assert chat.last_id == len(numbers)
            bot = tg.world.bots[chat.bot_id]
            pending = [each.body["message_id"] for each in pending_of(tg, bot.id)]
            people = [each.id for each in chat.messages.values() if each.sender == chat.user_id]
            assert pending == people
            said = await tg.person(tg.world.users[chat.user_id]).send(tg.bot(bot.username), "on")
            assert said.id == len(numbers) + 1
        for stored in tg.world.files.known.values():
            assert tg.world.files.content(stored) == b"hello" * 500


def pending_of(tg: Sandbox, bot: int) -> list[Update]:
    return list(tg.world.inboxes[bot].pending.values())


async def test_after_kill_9_delivery_and_the_moved_clock_go_on(tmp_path: Path) -> None:
    async with hook() as made, aiohttp.ClientSession() as http:
        made.answers(*[500] * 3)
        async with served("--data", str(tmp_path), "--control", "--bot", "shop_bot") as it:

            async def ask(path: str, **body: Any) -> None:
                async with http.post(f"{it.url}/{path}", json=body) as response:
                    assert response.status == 200, await response.text()

            token = it.said.partition("@shop_bot")[2].split()[0]
            await ask(f"bot{token}/setWebhook", url=made.url)
            await ask("control/people", name="Buyer")
            await ask("control/people/Buyer/send", to="shop_bot", text="hello")
            await eventually(lambda: len(made.requests) == 2)
            await ask("control/clock", move=36_000)
            await eventually(lambda: len(made.requests) == 3 and moved(tmp_path) > 35_000)
            it.process.kill()
            await it.process.wait()
        made.requests.clear()
        async with served("--data", str(tmp_path)):
            await eventually(lambda: made.got == ["hello"])
            await eventually(lambda: rows(tmp_path, "update") == 0)
        async with Sandbox(data=tmp_path) as tg:
            assert tg.clock.now() - time.time() == pytest.approx(36_000, abs=60)
            assert tg.bot("shop_bot").pending == []


def rows(folder: Path, kind: str) -> int:
    with sqlite3.connect(folder / "sandbox.db") as db:
        found = db.execute("SELECT count(*) FROM record WHERE kind = ?", (kind,)).fetchone()
    db.close()
    return int(found[0])


def moved(folder: Path) -> float:
    """By how much, as it is written."""
    with sqlite3.connect(folder / "sandbox.db") as db:
        row = db.execute("SELECT body FROM record WHERE kind = 'meta'").fetchone()
    db.close()
    return float(json.loads(row[0])["moved"])


async def test_only_the_clock_was_moved(tmp_path: Path) -> None:
    """Nothing else changed, and still it is written."""
    async with Sandbox(data=tmp_path) as tg:
        tg.bot("shop_bot")
        store = tg._store
        assert store
        await eventually(lambda: not store._changed and store._alarm is None)
        await tg.clock.move(100)
        await eventually(lambda: moved(tmp_path) > 99)


# --- what cannot be used


async def test_a_folder_is_of_one_sandbox(tmp_path: Path) -> None:
    async with Sandbox(data=tmp_path):
        with pytest.raises(InUse, match="Another sandbox is using"):
            await Sandbox(data=tmp_path).start()
        assert await run("serve", "--port", "0", "--data", str(tmp_path)) == (
            1,
            f"tgsandbox: Another sandbox is using {tmp_path}.\n",
        )
    async with Sandbox(data=tmp_path):
        pass


async def test_a_port_that_is_taken_does_not_keep_the_folder(tmp_path: Path) -> None:
    async with Sandbox() as other:
        port = int(other.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Sandbox(data=tmp_path, port=port).start()
    async with Sandbox(data=tmp_path):
        pass


async def kept(folder: Path) -> sqlite3.Connection:
    """The database of a sandbox that has run."""
    async with Sandbox(data=folder) as tg:
        await tg.user("Buyer").send(tg.bot("shop_bot"), "hello")
    return sqlite3.connect(folder / "sandbox.db")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE record SET body = '{' WHERE kind = 'message'", "damaged"),
        ("UPDATE record SET body = '[]' WHERE kind = 'message'", "damaged"),
        ("UPDATE record SET body = '{\"id\": 1}' WHERE kind = 'chat'", "damaged"),
        ("UPDATE record SET body = replace(body, '\"id\"', '\"no\"')", "damaged"),
        ("DELETE FROM record WHERE kind = 'chat'", "damaged"),
        ("DELETE FROM record WHERE kind = 'bot'", "damaged"),
        ("UPDATE record SET body = '{}' WHERE kind = 'meta'", "damaged"),
        (
            "UPDATE record SET body = json_set(body, '$.version', 99) WHERE kind = 'meta'",
            "of version 99, not 1",
        ),
        ("ALTER TABLE record RENAME COLUMN body TO text", "no such column"),
        ("PRAGMA application_id = 5", "is not a sandbox's"),
    ],
)
async def test_a_damaged_database_is_refused_in_words(
    tmp_path: Path, change: str, words: str
) -> None:
    db = await kept(tmp_path)
    with db:
        db.execute(change)
    db.close()
    for _ in range(2):  # and let go of each time
        with pytest.raises(CannotKeep, match=words):
            await Sandbox(data=tmp_path).start()


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\x00" * 300])
async def test_what_is_no_database_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sandbox.db").write_bytes(content)
    code, said = await run("serve", "--port", "0", "--data", str(tmp_path))
    assert code == 1
    assert said.startswith(f"tgsandbox: Cannot use {tmp_path / 'sandbox.db'}: ")
    assert said.count("\n") == 1
    assert (tmp_path / "sandbox.db").read_bytes() == content


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "sandbox.db") as db:
        db.execute("CREATE TABLE record (kind TEXT, key TEXT, body TEXT)")
    db.close()
    before = (tmp_path / "sandbox.db").read_bytes()
    with pytest.raises(CannotKeep, match="is not a sandbox's"):
        await Sandbox(data=tmp_path).start()
    assert (tmp_path / "sandbox.db").read_bytes() == before


async def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "folder"):
        code, said = await run("serve", "--port", "0", "--data", str(folder))
        assert (code, said.startswith(f"tgsandbox: Cannot use {folder}: ")) == (1, True), said


async def test_what_could_not_be_written_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Sandbox(data=tmp_path) as tg:
        other = sqlite3.connect(tmp_path / "sandbox.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await tg.user("Buyer").send(tg.bot("shop_bot"), "hello")
        begun = time.monotonic()
        await eventually(lambda: "it will be tried again" in caplog.text)
        assert time.monotonic() - begun < 2  # nobody else waits for it
        other.execute("ROLLBACK")
        store = tg._store
        assert store
        await eventually(lambda: not store._changed)
        query = "SELECT count(*) FROM record WHERE kind = 'message'"
        assert other.execute(query).fetchone() == (1,)
        other.close()
