"""Updates carried to a bot's webhook: queue by queue, tried again until they are taken."""

import asyncio
import json
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from tgsandbox.telegram.args import Args, parse_json
from tgsandbox.telegram.records import Bot, Json, Update
from tgsandbox.telegram.updates import shown

if TYPE_CHECKING:
    from tgsandbox.telegram.world import World

ANSWER_LIMIT = 60.0
LONGEST_PAUSE = 64.0
_REPLY_LIMIT = 1 << 20

Perform = Callable[[Bot, str, Args], Awaitable[Json]]


class Webhooks:
    """Those of all bots, and the connections that they share."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._hooks: dict[int, _Hook] = {}
        self._session: aiohttp.ClientSession | None = None
        self.perform: Perform | None = None  # carries out the method in a reply

    def start(self) -> None:
        for bot in self._world.bots.values():
            if bot.webhook:
                self.set(bot)

    def set(self, bot: Bot) -> None:
        self.remove(bot)
        self._hooks[bot.id] = _Hook(self._world, self, bot)

    def remove(self, bot: Bot) -> None:
        hook = self._hooks.pop(bot.id, None)
        if hook:
            hook.stop()

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
                auto_decompress=False,
            )
        return self._session

    async def stop(self) -> None:
        hooks, self._hooks = list(self._hooks.values()), {}
        for hook in hooks:
            hook.stop()
        await asyncio.gather(
            *(task for hook in hooks for task in hook.tasks), return_exceptions=True
        )
        if self._session:
            await self._session.close()
            self._session = None


@dataclass(slots=True)
class _Answer:
    """What came of one attempt."""

    taken: bool
    error: str = ""
    wait: float | None = None  # what Retry-After asks for
    call: Json | None = None


class _Hook:
    """One bot's: a task for each queue that has something to deliver."""

    def __init__(self, world: "World", all_: Webhooks, bot: Bot) -> None:
        self._world = world
        self._all = all_
        self._bot = bot
        self._queues: dict[str, deque[Update]] = {}
        self._room = asyncio.Semaphore(bot.webhook["max_connections"] if bot.webhook else 1)
        self.tasks: set[asyncio.Task[None]] = set()
        self.error = ""
        self.error_at = 0
        self._inbox = world.inboxes[bot.id]
        self._inbox.on_new = self._take
        for update in self._inbox.pending.values():
            self._take(update)

    def stop(self) -> None:
        self._inbox.on_new = None
        for task in self.tasks:
            task.cancel()

    def _take(self, update: Update) -> None:
        waiting = self._queues.get(update.queue)
        if waiting is not None:
            waiting.append(update)
            return
        self._queues[update.queue] = deque([update])
        task = asyncio.get_running_loop().create_task(self._drain(update.queue))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _drain(self, queue: str) -> None:
        waiting = self._queues[queue]
        while waiting:
            await self._deliver(waiting[0])
            waiting.popleft()
        del self._queues[queue]

    async def _deliver(self, update: Update) -> None:
        """Until the bot takes it, or nobody wants it any more."""
        failures = 0
        while update.id in self._inbox.pending:
            if update.until <= self._world.clock.time():
                self._inbox.done(update)
                return
            async with self._room:
                answer = await self._post(update)
            if answer.taken:
                if update.id in self._inbox.twice:
                    self._inbox.twice.discard(update.id)
                    continue
                self._inbox.done(update)
                if answer.call:
                    await self._carry_out(answer.call)
                return
            self.error, self.error_at = answer.error, self._world.clock.now()
            self._world.events.emit("refused", bot=self._bot, update=update, error=answer.error)
            # At once, then after 2, 4, 8 ... seconds.
            pause = 0.0 if failures == 0 else min(2.0**failures, LONGEST_PAUSE)
            failures += 1
            await self._world.clock.sleep(pause if answer.wait is None else answer.wait)

    async def _post(self, update: Update) -> _Answer:
        hook = self._bot.webhook
        if hook is None:
            return _Answer(taken=False, error="Webhook was deleted")
        headers = {"Content-Type": "application/json"}
        if hook["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook["secret"]
        body = json.dumps(shown(update), ensure_ascii=False).encode()
        try:
            async with self._all.session().post(
                hook["url"], data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await response.content.read(_REPLY_LIMIT)
                status, reason = response.status, response.reason or ""
                retry_after = response.headers.get("Retry-After", "")
        except TimeoutError:
            return _Answer(taken=False, error="Read timeout expired")
        except aiohttp.ClientConnectorError:
            return _Answer(taken=False, error="Connection refused")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _Answer(
                taken=False, error=f"Wrong response from the webhook: {type(error).__name__}"
            )
        if 200 <= status < 300:
            return _Answer(taken=True, call=_method_in(content))
        wait = float(retry_after[:6]) if re.fullmatch(r"\d+", retry_after) else None
        return _Answer(
            taken=False, error=f"Wrong response from the webhook: {status} {reason}", wait=wait
        )

    async def _carry_out(self, call: Json) -> None:
        name = str(call.pop("method"))
        if self._all.perform:
            await self._all.perform(self._bot, name, Args(values=call))


def _method_in(content: bytes) -> Json | None:
    """The call that a reply asks for. Nobody hears how it went; nonsense is nothing."""
    try:
        found = parse_json(content) if content.lstrip()[:1] == b"{" else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("method"), str) else None


def _any_certificate() -> ssl.SSLContext:
    """A laptop's certificate is signed by nobody; whose it is does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
