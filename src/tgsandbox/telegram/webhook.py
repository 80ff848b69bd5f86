"""Updates carried to a bot's webhook: queue by queue, tried again until they are taken."""

import asyncio
import json
import logging
import math
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import aiohttp

from tgsandbox.telegram.args import Args
from tgsandbox.telegram.records import Bot, Json, Update
from tgsandbox.telegram.updates import shown
from tgsandbox.telegram.webhook_answer import Answer, failed, read

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World

log = logging.getLogger("tgsandbox")

ANSWER_LIMIT = 60.0  # seconds of our time: a bot at work must not suffer from a moved clock
LONGEST_PAUSE = 64.0
GONE_FOR = 23 * 3600  # after so long of nothing but 410 the webhook is taken away
# A bot may not steer its own delivery from a reply, and what is asked there nobody would hear.
_NOT_IN_REPLIES = {"setwebhook", "deletewebhook", "close", "logout"}

Perform = Callable[[Bot, str, Args], Awaitable[Json]]


class Webhooks:
    """Those of all bots, and the connections that they share."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._hooks: dict[int, _Hook] = {}
        self._session: aiohttp.ClientSession | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self.perform: Perform | None = None  # carries out the method in a reply
        self.answer_limit = ANSWER_LIMIT

    def start(self) -> None:
        for bot in self._world.bots.values():
            if bot.webhook:
                self.set(bot)

    def set(self, bot: Bot) -> None:
        """Begin to deliver to the address that the bot has."""
        self._hooks[bot.id] = _Hook(self._world, self, bot)

    def forget(self, bot: Bot) -> None:
        """The bot has no webhook any more. What was not taken waits."""
        hook = self._hooks.pop(bot.id, None)
        if hook:
            hook.stop()
        if bot.webhook is not None:
            bot.webhook = None
            self._world.save(bot)

    def trouble(self, bot: Bot) -> Json:
        hook = self._hooks.get(bot.id)
        if hook is None or not hook.error:
            return {}
        return {"last_error_date": hook.error_at, "last_error_message": hook.error}

    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=_any_certificate()),
                timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def carry_out(self, bot: Bot, args: Args) -> None:
        """The call in a reply. Nobody hears how it went."""
        name = args.text("method")
        lowered = name.lower()
        if self.perform is None or lowered in _NOT_IN_REPLIES or lowered.startswith("get"):
            return
        args.values.pop("method")

        async def call(perform: Perform) -> None:
            await perform(bot, name, args)

        task = asyncio.get_running_loop().create_task(call(self.perform))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def stop(self) -> None:
        hooks, self._hooks = list(self._hooks.values()), {}
        tasks = set(self._calls)
        for hook in hooks:
            tasks |= hook.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None


class _Hook:
    """One bot's: a task for each queue that has something to deliver."""

    def __init__(self, world: "World", all_: Webhooks, bot: Bot) -> None:
        assert bot.webhook
        self._world = world
        self._all = all_
        self._bot = bot
        self._url: str = bot.webhook["url"]
        self._url = self._url if "://" in self._url else f"https://{self._url}"
        self._headers = {"Content-Type": "application/json"}
        if bot.webhook["secret"]:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = bot.webhook["secret"]
        self._queues: dict[str, deque[Update]] = {}
        self._room = asyncio.Semaphore(bot.webhook["max_connections"])
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone_since = math.inf
        self.error = ""
        self.error_at = 0
        self._inbox = world.inboxes[bot.id]
        self._inbox.on_new = self._take
        for update in self._inbox.pending.values():
            self._take(update)

    def stop(self) -> set[asyncio.Task[None]]:
        self._inbox.on_new = None
        for task in self._tasks:
            task.cancel()
        return set(self._tasks)

    def _take(self, update: Update) -> None:
        waiting = self._queues.get(update.queue)
        if waiting is not None:
            waiting.append(update)
            return
        self._queues[update.queue] = deque([update])
        task = asyncio.get_running_loop().create_task(self._drain(update.queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, queue: str) -> None:
        waiting = self._queues[queue]
        while waiting:
            await self._deliver(waiting[0])
            waiting.popleft()
        del self._queues[queue]

    async def _deliver(self, update: Update) -> None:
        """Until the bot takes it, or nobody wants it any more."""
        clock, failures = self._world.clock, 0
        while update.id in self._inbox.pending:
            if update.until <= clock.time():
                self._inbox.drop(update)
                return
            async with self._room:
                answer = await self._post(update)
            self._note_gone(answer)
            if answer.taken:
                if answer.call:
                    self._all.carry_out(self._bot, answer.call)
                if update.id in self._inbox.twice:
                    self._inbox.twice.discard(update.id)
                    continue
                self._inbox.done(update)
                return
            self.error, self.error_at = answer.error, clock.now()
            self._world.events.emit("refused", bot=self._bot, update=update, error=answer.error)
            # At once, then after 2, 4, 8 ... seconds.
            pause = answer.wait or (min(2.0**failures, LONGEST_PAUSE) if failures else 0.0)
            failures += 1
            if clock.time() + pause > update.until:
                self._inbox.drop(update)
                return
            await clock.sleep(pause)

    def _note_gone(self, answer: Answer) -> None:
        """Who says for most of a day that there is nobody is believed."""
        now = self._world.clock.time()
        if answer.status != 410:
            self._gone_since = math.inf
        elif now > self._gone_since + GONE_FOR:
            self._all.forget(self._bot)
        else:
            self._gone_since = min(self._gone_since, now)

    async def _post(self, update: Update) -> Answer:
        body = json.dumps(shown(update), ensure_ascii=False).encode(errors="replace")
        try:
            async with self._all.session().post(
                self._url,
                data=body,
                headers=self._headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._all.answer_limit),
            ) as response:
                return await read(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return failed(error)
        except Exception as error:  # an edge: whatever a bot's server does, delivery goes on
            log.exception("delivery to %s failed", self._url)
            return failed(error)


def _any_certificate() -> ssl.SSLContext:
    """A laptop's certificate is signed by nobody; whose it is does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
