"""The streams of the page: who hears what, and what becomes of readers that are slow or gone."""

import asyncio

import aiohttp
import pytest

from tests.tgsandbox.delivery.plain import eventually
from tgsandbox import BotAccess, Group, Person, Sandbox

from .client import KEYS, Client, Json, Stream, sells
from .test_paying import GEMS

pytestmark = pytest.mark.sandbox(page=True)


async def hello(stream: Stream) -> Json:
    kind, data, number = await stream.next()
    assert (kind, number) == ("hello", "")
    return data


async def test_it_says_which_run_of_the_sandbox_this_is(
    client: Client, http: aiohttp.ClientSession
) -> None:
    boot = (await client.get("people"))["boot"]
    assert (await client.get("chats"))["boot"] == boot
    for what in ("live", "log"):
        async with client.follow(what) as stream:
            assert (await hello(stream))["boot"] == boot
    async with Sandbox(page=True) as again:
        person = again.user("Покупатель")
        other = Client(http, again, person, "")
        assert (await other.get("people"))["boot"] != boot


async def happens(client: Client, stream: Stream, *kinds: str) -> list[Json]:
    """These are heard, in this order, and nothing else before them."""
    found = []
    for wanted in kinds:
        kind, data, number = await stream.next()
        assert (kind, bool(number)) == (wanted, True), data
        found.append(data)
    return found


async def test_what_happens_in_a_chat_is_heard_in_it(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    """And by nobody else: the stranger has the same bot, and hears of himself only."""
    to, here = {"chat_id": client.person.id}, client.home
    async with client.follow() as stream, stranger.follow() as others:
        await hello(stream)
        await hello(others)
        await client.do("send", text="Чай?")
        (told,) = await happens(client, stream, "message")
        assert (told["chat"], told["message"]["text"]) == (here, "Чай?")
        sent = await bot.call("sendMessage", **to, text="Да", reply_markup=KEYS)
        number = sent["message_id"]
        await bot.call("editMessageText", **to, message_id=number, text="Нет")
        told = (await happens(client, stream, "message", "edited"))[1]
        assert told["message"]["text"] == "Нет"
        await client.do("react", message=number, emoji="👍")
        assert "reactions" in (await happens(client, stream, "edited"))[0]["message"]
        await bot.call("sendChatAction", **to, action="typing")
        (told,) = await happens(client, stream, "typing")
        assert told == {"chat": here, "bot": "shop_bot", "action": "typing"}
        await bot.call("sendMessage", **to, text="?", reply_markup={"keyboard": [["Да"]]})
        told = (await happens(client, stream, "message", "keyboard"))[1]
        assert told["keyboard"] == tg.world.chats[here].keyboard
        await bot.call("deleteMessage", **to, message_id=number)
        assert await happens(client, stream, "deleted") == [{"chat": here, "id": number}]
        await client.do("pin", message=1)
        await client.do("pin", message=1)
        await happens(client, stream, "message", "around")
        await client.do("block")
        assert await happens(client, stream, "around") == [{"chat": here}]
        await client.do("block", blocked=False)
        await happens(client, stream, "around")

        await stranger.do("send", text="Это я")
        (told,) = await happens(stranger, others, "message")
        assert told["message"]["text"] == "Это я"
        await client.do("send", text="И я")
        (told,) = await happens(client, stream, "message")
        assert told["message"]["text"] == "И я"


async def test_answers_payments_and_deliveries_are_for_one_person(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    sells(tg, bot)
    await bot.call("getUpdates", offset=bot.pending[-1]["update_id"] + 1)
    markup = await bot.call("sendMessage", chat_id=client.person.id, text="?", reply_markup=KEYS)
    link = await bot.call("createInvoiceLink", **GEMS)
    key = (await client.step("open", link=link))["id"]
    async with client.follow() as stream, stranger.follow() as others:
        await hello(stream)
        await hello(others)
        query = (await client.do("press", message=markup["message_id"]))["query"]
        await bot.call("answerCallbackQuery", callback_query_id=query, text="Готово")
        (told,) = await happens(client, stream, "answered")
        assert (told["query"], told["type"]) == (query, "callback")
        assert told["answer"]["text"] == "Готово"
        await client.step("pay", id=key)
        told = (await happens(client, stream, "answered", "message", "people"))[2]
        assert told["me"]["stars"] == 70
        sent = (await client.do("send", text="Чай"))["message"]["message_id"]
        await happens(client, stream, "message")
        last = bot.pending[-1]["update_id"]
        await bot.call("getUpdates", offset=last + 1)
        heard = await happens(client, stream, "delivered", "delivered")
        assert [each["id"] for each in heard] == [sent - 1, sent]
        assert heard[0]["chat"] == client.home
        assert (await client.messages())[-1]["taken"] is True

        await stranger.do("send", text="Конец")
        await happens(stranger, others, "message")


async def test_what_concerns_everybody(
    client: Client, stranger: Client, tg: Sandbox, bot: BotAccess
) -> None:
    async with client.follow() as stream, stranger.follow() as others:
        await hello(stream)
        await hello(others)
        await client.do("buy_stars", amount=5)
        await client.do("change", language="en")
        tg.bot("new_bot")
        button = {"type": "commands"}
        await bot.call("setChatMenuButton", menu_button=button)
        for who, heard in ((client, stream), (stranger, others)):
            told = await happens(who, heard, "people", "people", "people", "around")
            assert [each["me"]["id"] for each in told[:3]] == [who.person.id] * 3
            assert told[3] == {"bot": bot.id}
        assert "stars" in told[0]["me"]


@pytest.fixture
def group(tg: Sandbox, bot: BotAccess, other: Person) -> Group:
    """Not the buyer's."""
    group = tg.group("Чайная", other, bot)
    group.promote(bot)
    return group


async def test_a_group_is_heard_by_those_who_are_in_it(
    client: Client, stranger: Client, tg: Sandbox, group: Group
) -> None:
    key, third = group.chat.key, tg.user("Третий")
    async with client.follow() as stream, stranger.follow() as others:
        await hello(stream)
        await hello(others)
        await stranger.do("send", chat=key, text="Тайна")
        await stranger.do("add", chat=key, account=third.id)
        await happens(stranger, others, "message", "around", "message")
        await stranger.do("add", chat=key, account=client.person.id)
        assert (await happens(client, stream, "around"))[0] == {"chat": key}, "the first he hears"
        assert "new_chat_members" in (await happens(client, stream, "message"))[0]["message"]
        await happens(stranger, others, "around", "message")
        await stranger.do("remove", chat=key, account=client.person.id)
        await happens(client, stream, "around")
        await stranger.do("send", chat=key, text="Ушёл")
        await client.do("send", text="Дома")
        (told,) = await happens(client, stream, "message")
        assert told["message"]["text"] == "Дома"


async def test_a_group_does_not_tick_the_messages_of_the_chat_with_the_bot(
    stranger: Client, bot: BotAccess, group: Group
) -> None:
    await stranger.do("send", chat=group.chat.key, text="/start")
    await bot.call("getUpdates", offset=-1)
    async with stranger.follow() as stream:
        await hello(stream)
        await bot.call("getUpdates", offset=bot.pending[-1]["update_id"] + 1)
        await stranger.do("send", text="Конец")
        await happens(stranger, stream, "message")


# --- going on


async def test_a_reader_goes_on_where_it_was(client: Client, bot: BotAccess) -> None:
    """Nothing is lost and nothing comes twice, however often the line breaks."""
    number, texts = "0", []
    for at in range(6):
        await client.do("send", text=f"{at} a")
        await client.do("send", text=f"{at} b")
        headers = {"Last-Event-ID": number}
        async with client.follow(headers=headers) as stream:
            await hello(stream)
            heard = ""
            while heard != f"{at} a":  # hangs up before the second
                kind, data, number = await stream.next()
                heard = data["message"]["text"] if kind == "message" else ""
                texts += [heard] if kind == "message" else []
    async with client.follow(headers={"Last-Event-ID": number}) as stream:
        await hello(stream)
        texts.append((await stream.next())[1]["message"]["text"])
    assert texts == ["/start", *[f"{at} {half}" for at in range(6) for half in "ab"]]


@pytest.mark.parametrize("after", ["", "x", "99999999", "9" * 30, "-1"])
async def test_a_number_of_another_time_is_now(client: Client, after: str) -> None:
    async with client.follow(params={"after": after}) as stream:
        await hello(stream)
        await client.do("send", text="Чай")
        assert (await stream.next())[1]["message"]["text"] == "Чай"


async def test_whoever_missed_too_much_is_told_to_look_anew(client: Client, tg: Sandbox) -> None:
    boot = (await client.get("people"))["boot"]
    for _ in range(20_001):
        tg.world.events.emit("much")
    await client.do("send", text="Чай")
    async with client.follow(params={"after": "1"}) as stream:
        assert (await hello(stream))["boot"] == boot
        assert (await hello(stream))["boot"] != boot
        assert (await stream.next())[1]["message"]["text"] == "Чай"


@pytest.mark.parametrize("what", ["live", "log"])
async def test_a_reader_that_vanishes_leaves_nothing_behind(
    client: Client, tg: Sandbox, what: str
) -> None:
    events, listeners = tg.world.events, len(tg.world.events.listeners)
    for _ in range(5):
        async with client.follow(what) as stream:
            await hello(stream)
            await eventually(lambda: events._waiting)
            stream.response.close()
        await eventually(lambda: not [each for each in events._waiting if not each.done()])
    await client.do("send", text="Чай")
    assert events._waiting == []
    assert len(events.listeners) == listeners


async def test_a_slow_reader_holds_nobody_up(client: Client, tg: Sandbox) -> None:
    host, port = tg.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    path = f"/page/api/live?person={client.person.id}&after=0"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    here = tg.world.chats[client.home]
    begun = asyncio.get_running_loop().time()
    async with client.follow() as quick:
        await hello(quick)
        for at in range(60):
            for _ in range(50):
                tg.world.say(here, client.person.user, {"text": "x" * 4000}, to_bots=False)
            await client.do("read", message=at)
            for _ in range(50):
                assert (await quick.next())[0] == "message"
    assert asyncio.get_running_loop().time() - begun < 10
    writer.close()


async def test_a_stream_ends_with_the_sandbox(http: aiohttp.ClientSession) -> None:
    async with Sandbox(page=True) as tg:
        client = Client(http, tg, tg.user("Покупатель"), "")
        params = {"person": client.person.id}
        responses = [
            await http.get(client.address(each), params=params) for each in ("live", "log")
        ]
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 1
    for response in responses:
        assert (await response.content.read()).startswith(b"event: hello\n")


async def test_strange_texts_do_not_end_a_stream(client: Client, tg: Sandbox) -> None:
    here = tg.world.chats[client.home]
    async with client.follow() as stream:
        await hello(stream)
        tg.world.say(here, client.person.user, {"text": "a\ud800\n\ndata: x\r"}, to_bots=False)
        (told,) = await happens(client, stream, "message")
        assert told["message"]["text"] == "a?\n\ndata: x\r"


# --- the log


async def test_the_log_tells_of_calls_and_updates(
    client: Client, tg: Sandbox, bot: BotAccess
) -> None:
    async with client.follow("log") as stream:
        assert (await hello(stream))["last"] == tg.world.events.last
        await client.do("send", text="Чай")
        await bot.call("getMe")
        kind, data, number = await stream.next()
        assert (kind, data["update"]["message"]["text"]) == ("update", "Чай")
        assert int(number) == data["number"]
        kind, data, number = await stream.next()
        assert (kind, data["method"].lower(), data["bot"]["username"]) == (
            "call",
            "getme",
            "shop_bot",
        )
        await bot.call("getUpdates", offset=bot.pending[-1]["update_id"] + 1)
        assert await stream.kinds(2) == ["delivered", "delivered"]
    async with client.follow("log", headers={"Last-Event-ID": number}) as stream:
        await hello(stream)
        assert await stream.kinds(2) == ["delivered", "delivered"]
