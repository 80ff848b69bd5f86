"""For the tests of apps: Kassa itself, in this process, against a Telegram of the sandbox.

async def test_a_gift(tg: Sandbox) -> None:
    async with running(donations.APP, tg=tg) as kassa:
        giver = tg.user("Даритель", stars=100)
        await giver.send(kassa.bot, "/donate")
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.types import Receive, Scope, Send

from kassa.apps import App, Kassa, given
from kassa.config import load
from kassa.db import Database
from kassa.payments import Payments
from kassa.runtime import application
from kassa.telegram.webhook import register
from tgsandbox import BotAccess, Sandbox
from tgsandbox.server import Listener


@dataclass(frozen=True, slots=True)
class Running:
    """Kassa while it runs: what people talk to, and what can be looked into."""

    tg: Sandbox
    bot: BotAccess
    kassa: Kassa
    url: str  # of its HTTP

    @property
    def database(self) -> Database:
        return self.kassa.database

    @property
    def payments(self) -> Payments:
        return self.kassa.payments


@asynccontextmanager
async def running(
    *apps: App, tg: Sandbox | None = None, bot: str = "test_bot", **settings: str
) -> AsyncIterator[Running]:
    """All that `kassa run` does, with one bot that shows these apps.

    `settings` are those of the environment: SUPPORT_CONTACT="@help", DATABASE_URL=…; the
    environment itself counts for nothing. Without a database of yours, there is a new one in a
    folder that is thrown away.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_plain_log())
        if tg is None:
            tg = await stack.enter_async_context(Sandbox())
        access = tg.bot(bot)
        home = stack.enter_context(_home())

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        listener = Listener(serve)
        stack.push_async_callback(listener.stop)  # if nothing starts, too
        url = f"http://127.0.0.1:{listener.port}"
        environ = {
            "KASSA_HOME": str(home),
            "KASSA_APPS": ",".join(each.name for each in apps),
            "TELEGRAM_BOT_TOKEN": access.token,
            "TELEGRAM_API_URL": access.api,
            "TELEGRAM_WEBHOOK_URL": f"{url}/telegram/webhook/",
            "PUBLIC_BASE_URL": url,
            **settings,
        }
        found = load(environ, home)
        with given(apps):
            app = application(found)
            await stack.enter_async_context(app.router.lifespan_context(app))
        stack.push_async_callback(listener.stop)  # before the lifespan ends
        await listener.start()
        kassa: Kassa = app.state.kassa
        for each in kassa.bots.all:  # sooner than by itself
            await register(found, app.state.secret_key, each)
        yield Running(tg, access, kassa, url)


@contextmanager
def _plain_log() -> Iterator[None]:
    """Drawn with its local variables, an exception in the log takes seconds. A log that the tests
    have configured stays as it is."""
    if structlog.is_configured():
        yield
        return
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    try:
        yield
    finally:
        structlog.reset_defaults()


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kassa-") as folder:
        Path(folder).chmod(0o711)  # where root starts it, the database is another user's
        yield Path(folder)
