"""Whatever a page sends, it is answered in words, and the world still makes sense."""

import asyncio
import json
import random
from collections import Counter
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.tgsandbox.fuzz import Fuzz
from tests.tgsandbox.fuzz_fields import RUBBISH
from tests.tgsandbox.methods.place import png
from tests.tgsandbox.test_fuzz import examples
from tgsandbox import BotAccess
from tgsandbox.telegram import acts, invites
from tgsandbox.telegram.files import file_id
from tgsandbox.telegram.records import Chat
from tgsandbox.web.doing import ACTS
from tgsandbox.web.page import Page
from tgsandbox.web.paying import STEPS

from .client import KEYS, Json, sells
from .test_paying import GEMS, TEA
from .test_people import MONTHLY
from .test_writing import ARTICLE

METHODS = ["getRequestedContact", *(f"{do}StorageValue{s}" for do, s in (
    *(("save", ""), ("get", "s"), ("delete", "s")),
)), "getStorageKeys"]  # fmt: skip


class Browsers(Fuzz):
    """Pages of three people, who send what is nearly right."""

    def __init__(self, draw: Any, chance: random.Random, done: Counter[str]) -> None:
        super().__init__(draw, chance)
        self.done = done
        self.keys: dict[int, list[str]] = {each.id: ["x"] for each in self.people}
        self.links: list[str] = ["https://t.me/$nothing"]
        self.requests: list[asyncio.Task[None]] = []
        transport = httpx.ASGITransport(app=Page(self.tg))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def begin(self) -> None:
        await super().begin()
        club = self.world.new_group("Чай", self.people[0], kind="channel")
        for group, owner in ((self.group, self.people[1]), (club, self.people[0])):
            for asks in (False, True):
                code = invites.new_link(self.world, group, owner, asks=asks)
                self.links += [invites.address(code)] * 2
            acts.join_by(self.world, self.people[2], self.links[-1])
        app = {"text": "Открыть", "web_app": {"url": "https://shop.example/"}}
        to = {"chat_id": self.people[0].id}
        for record in self.bots:
            bot = BotAccess(self.tg, record)
            sells(self.tg, bot)
            record.main_app = app["web_app"]["url"]  # type: ignore[index]
            if bot.id != self.bots[0].id:
                continue
            query = acts.ask_inline(self.world, self.people[0], record, chat=self.group, text="чай")
            await bot.call("answerInlineQuery", inline_query_id=query.id, results=[ARTICLE])
            keys: Json
            for keys in (
                KEYS,
                {"inline_keyboard": [[app]]},
                {"keyboard": [[app, "Чай"], ["Кофе"]]},
            ):
                await bot.call("sendMessage", **to, text="?", reply_markup=keys)
            tea = TEA | {"provider_token": bot.provider_token}
            await bot.call("sendInvoice", **to, **tea)
            for about in (tea, GEMS, MONTHLY):
                self.links.append(await bot.call("createInvoiceLink", **about))
            photo = self.world.files.add("photo", png())
            media = [{"type": "photo", "media": file_id(photo)}]
            await bot.call("sendPaidMedia", **to, star_count=1, media=media)

    async def end(self) -> None:
        for each in self.requests:
            each.cancel()
        await asyncio.gather(*self.requests, return_exceptions=True)
        await self.http.aclose()
        await super().end()

    # --- what is sent

    async def request(self) -> None:
        self.who = self.people[self.once_in(3) + self.once_in(4)]
        chats = [*self.world.chats_of(self.who.id), None]
        home = self.world.private_chat(self.who, self.bots[0])
        self.there: Chat | None = self.random.choice(chats) if self.once_in(3) else home
        match self.random.randrange(12):
            case 0:
                content = self.random.choice([self.content(), b"\x1aE\xdf\xa3x"])
                said = {
                    each: str(self.field(each))
                    for each in ("kind", "name", "mime", "caption", "duration")
                    if self.once_in(2)
                }
                await self.send("upload", content=content, params=said)
            case 1:
                about: Json = {
                    "bot": self.random.choice(self.bots).id,
                    "update": self.field("update"),
                }
                await self.send_json("replay", self.spoiled(about))
            case 2 | 3 | 4:
                step = self.random.choice(
                    [*STEPS, "open", "pay", "pay", "pay", "confirm", "confirm"]
                )
                await self.send_json(f"checkout/{step}", self.body(STEPS[step]))
            case _:
                act = self.random.choice(list(ACTS))
                await self.send_json(f"do/{act}", self.body(ACTS[act][1]))

    async def send_json(self, path: str, body: Json) -> None:
        """Also what is no JSON in truth: Infinity."""
        headers = {"content-type": "application/json"}
        await self.send(path, content=json.dumps(body), headers=headers)

    async def send(self, path: str, **more: Any) -> None:
        params = {"person": str(self.who.id), "chat": self.there.key if self.there else "x"}
        params |= more.pop("params", {})
        work = asyncio.ensure_future(self.judged(path, params, more))
        self.requests.append(work)
        await asyncio.wait([work], timeout=0.02)  # a bank may take its time
        if work.done():
            work.result()

    async def judged(self, path: str, params: Json, more: Json) -> None:
        response = await self.http.post(f"/page/api/{path}", params=params, **more)
        told = response.json()
        assert response.status_code in (200, 400, 402, 403, 404, 409), (path, more, told)
        if response.status_code == 200:
            self.done[path] += 1
            if path == "checkout/open":
                self.keys[int(params["person"])].append(told["id"])
        else:
            assert isinstance(told["detail"], str)
            assert told["detail"], (path, more)
        for look in ("chats", "chat", "people"):
            found = await self.http.get(f"/page/api/{look}", params=params)
            assert found.status_code in (200, 404), found.text

    def body(self, names: tuple[str, ...]) -> Json:
        return self.spoiled({each: self.field(each) for each in names if not self.once_in(12)})

    def spoiled(self, about: Json) -> Json:
        if self.once_in(20):
            about = about | {"unknown": 1}
        elif self.once_in(8) and about:
            name = self.random.choice(list(about))
            about = about | {name: self.mutated(about[name])}
        return about

    def field(self, name: str) -> Any:  # noqa: PLR0911, PLR0912
        pick, world = self.random.choice, self.world
        match name:
            case "message" | "reply_to":
                return self.number_of_message()
            case "row" | "column":
                return pick([0, 0, 0, 0, 1, 2])
            case "account":
                asking = [int(each) for each in self.there.requests] if self.there else []
                return pick([*self.accounts, *asking * 9])
            case "members":
                return [pick(self.accounts) for _ in range(self.random.randrange(3))]
            case "chat" | "to":
                return pick(list(world.chats))
            case "bot":
                return pick(["nobody_bot", *(each.username for each in [self.bots[0], *self.bots])])
            case "result":
                answers = (each.data for each in world.events.since(0) if each.kind == "answered")
                results = [each["answer"].get("results", []) for each in answers]
                return pick([{}, *[each for some in results for each in some]])
            case "update":
                pending = [
                    each for some in world.inboxes.values() for each in some.pending.values()
                ]
                return pick([{}, *[{each.type: each.body} for each in pending[-9:]]])
            case "method":
                return pick(["x", *METHODS])
            case "params":
                return {"key": pick(["a", "b c"]), "value": self.text(), "keys": ["a", 5]}
            case "info":
                return {"name": self.text(), "phone_number": "+998901234567", "email": "a@b.co"}
            case "id":
                return pick([*self.keys[self.who.id][-1:] * 2, *world.till.subscriptions.known])
            case "charge":
                return pick(["x", *world.till.charges])
            case "link":
                return pick(self.links)
            case "card":
                return pick(["ok", "ok", "3ds", "3ds", "3ds", "declined", "hang", "gold"])
            case "kind":
                return pick(["photo", "voice", "document", "video", "audio", "sticker", "gif"])
            case "shipping_option":
                return pick([None, None, "post", "x"])
            case "emoji":
                return pick(["👍", "🔥", "x", None])
            case "deactivated" | "blocked":
                return self.once_in(20)
            case "premium" | "go_on" | "agreed" | "channel":
                return pick([True, False])
            case "tip":
                return pick([0, 0, 5, -1, 501])
            case "amount" | "latitude" | "longitude" | "duration":
                return pick([0, 5, 5, 500, -1])
            case "username":
                return pick([None, "shop_bot", f"person{self.random.randrange(10**9)}"])
        return self.text()

    def number_of_message(self) -> int:
        """More often of one with something to press or to pay for."""
        there = list(self.there.messages.values()) if self.there else []
        more = [each for each in there if each.markup or "paid_media" in each.body]
        return self.random.choice([0, 99, *(each.id for each in [*there[-8:], *more * 4])])

    # --- what must hold

    def check(self) -> None:
        super().check()
        world = self.world
        told = Counter(
            message.body["successful_payment"]["telegram_payment_charge_id"]
            for chat in world.chats.values()
            for message in chat.messages.values()
            if "successful_payment" in message.body
        )
        assert set(told) <= set(world.till.charges), "nobody says of himself that he has paid"
        assert all(count == 1 for count in told.values())
        assert all(each.stars >= 0 for each in world.users.values())
        for chat in world.chats.values():
            assert not (chat.private and chat.members)
            assert all(0 <= each <= chat.last_id for each in chat.read.values())
        for user in world.users.values():
            assert user.first_name
            assert all(len(each) <= 1024 for each in user.cloud.values())


def test_any_acts_in_any_order() -> None:
    done: Counter[str] = Counter()

    @examples(4)
    @given(data=st.data(), seed=st.integers(0, 2**32), steps=st.integers(60, 180))
    def run(world: int, data: Any, seed: int, steps: int) -> None:
        async def live() -> None:
            browsers = Browsers(data.draw, random.Random(f"{world} {seed}"), done)
            try:
                await browsers.begin()
                for number in range(steps):
                    await browsers.request()
                    if number % 4 == 0:
                        browsers.check()
                browsers.check()
            finally:
                await browsers.end()

        asyncio.run(live())

    for world in range(8):
        run(world)
    paths = {f"do/{each}" for each in ACTS} | {f"checkout/{each}" for each in STEPS}
    never = (paths | {"upload", "replay"}) - set(done)
    assert len(never) <= 6, f"nearly each was done, and not refused only: {never}"


@examples(200)
@given(act=st.sampled_from(list(ACTS)), data=st.data())
def test_any_json(act: str, data: Any) -> None:
    """Rubbish under the names that the act knows."""
    names = ACTS[act][1]

    async def ask() -> None:
        browsers = Browsers(data.draw, random.Random(0), Counter())
        try:
            browsers.who = browsers.people[0]
            browsers.there = browsers.world.private_chat(browsers.who, browsers.bots[0])
            body = {each: data.draw(RUBBISH) for each in names}
            await browsers.send_json(f"do/{act}", body)
            browsers.check()
        finally:
            await browsers.end()

    asyncio.run(ask())
