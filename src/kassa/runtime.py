"""Puts it all together: opens the database, and runs what runs beside the HTTP server."""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kassa import apps, ledger, outbox
from kassa.config import Settings, load, secret_key
from kassa.db import APP, OWNER, Address, Database, EmbeddedServer, lost_connection
from kassa.db.database import connect
from kassa.db.leader import Leader
from kassa.db.migrate import Step, migrate, pending, steps
from kassa.errors import Unavailable
from kassa.log import get
from kassa.payments import Inbox, Looking, Payments, Purpose, letters, notices, wallet
from kassa.payments.providers import configured
from kassa.payments.reconcile import daily
from kassa.secret import Secret
from kassa.users import codes, tokens

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from starlette.routing import BaseRoute

    from kassa.telegram.service import Telegram

# In the order in which their tables may refer to each other.
PACKAGES = ("kassa.ledger", "kassa.outbox", "kassa.users", "kassa.payments", "kassa.telegram")

_AGAIN_SECONDS = 1.0  # before what broke is begun again

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is open and migrated, and what was applied to it."""

    database: Database
    server: EmbeddedServer | None
    steps: list[Step]


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Opened]:
    """The database of the settings: our own, or the one that DATABASE_URL names."""
    server = None if settings.database_url else EmbeddedServer(settings.home)
    app: Address | str
    owner: Address | str
    try:
        if server is not None:
            server.start()  # not beside us: a start that is broken off leaves it running
            app, owner = server.address(APP), server.address(OWNER)
        else:
            from kassa.db import outside

            app = settings.database_url.reveal()
            owner = settings.database_owner_url.reveal() or app
            await outside.check(app)
        async with Database(app, server=server, connections=settings.db_connections) as database:
            role = APP if server else await database.fetchval("SELECT current_user")
            wanted = steps((*PACKAGES, *apps.packages(settings)), app=role)
            if await pending(database, wanted):
                connection = await connect(owner)
                try:
                    for step in await migrate(connection, wanted):
                        _log.info("migrated", package=step.package, file=step.file)
                finally:
                    await connection.close()
                if await pending(database, wanted):
                    raise Unavailable(
                        "DATABASE_URL and DATABASE_OWNER_URL name different databases: "
                        "what was migrated in one is not there in the other."
                    )
            yield Opened(database, server, wanted)
    finally:
        if server is not None:
            server.stop()


async def _only_logged(job: outbox.Job) -> None:
    """What is to be said where there is no bot that could say it."""
    _log.info(job.kind, **{"text": job.payload.get("text"), "args": job.payload.get("args")})


NOBODY_SPEAKS = {notices.TO_PERSON: _only_logged, notices.TO_OPERATOR: _only_logged}


class Runtime:
    """Everything that runs beside HTTP: bots, jobs, cron, folding, expiring holds, wake-ups."""

    def __init__(
        self,
        database: Database,
        *,
        payments: Payments | None = None,
        telegram: "Telegram | None" = None,
        handlers: Mapping[str, outbox.Handler] | None = None,
        schedule: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.telegram = telegram
        self.payments = payments or Payments(database, providers={}, purposes=[wallet.TOPUP])
        self.inbox = Inbox(self.payments)
        self.poster = ledger.Poster(database)
        nobody = {} if telegram else NOBODY_SPEAKS
        self.worker = outbox.Worker(database, {**nobody, **(handlers or {})})
        self._workers = [self.worker, *([telegram.worker] if telegram else [])]
        self.leader = Leader(
            database,
            {
                "ledger.fold": self._fold,
                "ledger.expire_holds": self._expire_holds,
                "payments.compare": lambda: daily(self.payments),
                "prune": self._prune,
                **(telegram.led if telegram else {}),
            },
        )
        self._beside: dict[str, Callable[[], Awaitable[None]]] = {
            "wake": database.wake.run,
            "leader": self.leader.run,
            "worker": self.worker.run,
            "inbox": self.inbox.run,
            "looking": Looking(self.payments).run,
            **(telegram.beside if telegram else {}),
        }
        if schedule:
            self._beside["cron"] = outbox.Cron(database, schedule).run

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Runtime"]:
        """What is under way when the block ends is finished first: jobs, then what they post."""
        async with self.poster:
            tasks = [asyncio.create_task(_keep(*each)) for each in self._beside.items()]
            try:
                yield self
                await asyncio.gather(*(worker.stop() for worker in self._workers))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.payments.close()
                if self.telegram is not None:
                    await self.telegram.close()

    async def _prune(self) -> None:
        """What nobody needs any more: handled callbacks, ended logins, codes that ran out."""
        while True:
            gone = [await self.database.run(each) for each in (letters.prune, tokens.prune)]
            await self.database.run(codes.prune)
            await asyncio.sleep(0.5 if any(gone) else 3600)

    async def _fold(self) -> None:
        while True:
            folded = await ledger.fold(self.database)
            await asyncio.sleep(0.05 if folded else 0.5)

    async def _expire_holds(self) -> None:
        while True:
            expired = await ledger.expire_holds(self.database)
            if expired:
                _log.info("ledger.holds_expired", count=expired)
            await asyncio.sleep(0.05 if expired else 2)


async def _keep(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs it, and again if it breaks: one task that dies must not be the end of the rest."""
    while True:
        try:
            await run()
            return
        except Exception as error:  # noqa: BLE001 (edge: job)
            if isinstance(error, Unavailable) or lost_connection(error):
                _log.warning("runtime.no_database", task=name, error=str(error))
            else:
                _log.exception("runtime.task_failed", task=name)
        await asyncio.sleep(_AGAIN_SECONDS)


def application(
    settings: Settings,
    *,
    purposes: Sequence[Purpose] = (),
    handlers: Mapping[str, outbox.Handler] | None = None,
    schedule: Mapping[str, str] | None = None,
) -> "FastAPI":
    """The ASGI application; everything beside it runs while it is served. What is given here
    comes beside what the settings' apps bring."""
    from kassa.payments import api as payments_api
    from kassa.users import api as users_api
    from kassa.web import create_app

    found = apps.find(apps.named(settings))
    apps.refuse_conflicts(settings, found)
    key = secret_key(settings)

    @asynccontextmanager
    async def lifespan(app: "FastAPI") -> AsyncIterator[None]:
        async with open_database(settings) as opened:
            app.state.steps = opened.steps
            app.state.database = opened.database
            payments = Payments(
                opened.database,
                providers=configured(settings),
                purposes=[wallet.TOPUP, *_purposes(found), *purposes],
            )
            kassa = apps.Kassa.of(settings, opened.database, payments)
            runtime = Runtime(
                opened.database,
                payments=payments,
                telegram=_telegram(settings, key, kassa, found),
                handlers={**_jobs(kassa, found), **(handlers or {})},
                schedule={**_schedule(found), **(schedule or {})},
            )
            try:
                async with runtime.running():
                    app.state.kassa = kassa
                    app.state.payments, app.state.inbox = payments, runtime.inbox
                    app.state.updates = runtime.telegram and runtime.telegram.updates
                    obeying = _obey()
                    if obeying is not None:
                        gc.freeze()  # else now and then it is all looked through, for 0.1 s
                    _log.info("worker.started", pid=os.getpid())
                    yield
            finally:
                for close in kassa.closing:
                    await close()
                app.state.database = app.state.payments = app.state.inbox = None
                app.state.kassa = app.state.updates = None
        if obeying is not None:
            obeying.cancel()
        _log.info("worker.stopped", pid=os.getpid())

    routes: list[BaseRoute] = [*payments_api.routes]
    if settings.bots:
        from kassa.telegram import webhook  # with aiogram, half a second

        routes += webhook.routes
    app = create_app(
        lifespan,
        routes=routes,
        routers=[_limited(users_api.router), *(each.api for each in found if each.api)],
        trusted_proxies=settings.trusted_proxies,
        workers=settings.workers,
    )
    app.state.settings, app.state.secret_key = settings, key
    return app


def _limited(login: "APIRouter") -> "APIRouter":
    """Whoever guesses codes or keys does not guess for long; whoever proves who they are is not
    counted, however many there are behind one address."""
    from fastapi import APIRouter, Depends, Request

    from kassa.users import api
    from kassa.web.limits import Limited, limited, refusals

    guesses = limited("login", per_minute=30, burst=30)
    services = limited("login.services", per_minute=30, burst=300)  # many at once, of one address
    renewals = limited("login.renewals", per_minute=120, burst=300)

    def which(request: Request) -> Limited | None:
        endpoint = request.scope["endpoint"]
        if endpoint is api.telegram_login:
            return services if request.headers.get("x-kassa-key") else guesses
        return renewals if endpoint is api.refresh_token else None

    around = APIRouter(dependencies=[Depends(refusals(which), scope="function")])
    around.include_router(login)
    return around


def purposes_of(settings: Settings) -> list[Purpose]:
    """All that the settings' apps can be paid for, and what needs no app."""
    return [wallet.TOPUP, *_purposes(apps.find(apps.named(settings)))]


def _purposes(found: Sequence[apps.App]) -> list[Purpose]:
    return [purpose for app in found for purpose in app.purposes]


def _jobs(kassa: apps.Kassa, found: Sequence[apps.App]) -> dict[str, outbox.Handler]:
    return {kind: partial(work, kassa) for app in found for kind, work in app.jobs.items()}


def _schedule(found: Sequence[apps.App]) -> dict[str, str]:
    return {kind: cron for app in found for kind, cron in app.schedule.items()}


def _telegram(
    settings: Settings, key: Secret, kassa: apps.Kassa, found: Sequence[apps.App]
) -> "Telegram | None":
    if not settings.bots:
        return None
    from kassa.telegram.service import Telegram

    given = {"kassa": kassa, "payments": kassa.payments}
    return Telegram(
        settings,
        key=key,
        database=kassa.database,
        payments=kassa.payments,
        bots=kassa.bots,
        sender=kassa.sender,
        apps=found,
        given=given,
    )


def asgi() -> "FastAPI":
    """What a worker of the HTTP server serves; settings come from where it runs."""
    from kassa import log

    settings = load()
    log.configure(settings.log, settings.log_level)
    return application(settings)


SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def let_signals_wait() -> None:
    """In a worker of `kassa run`, from its first moment until it fetches them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _obey() -> asyncio.Task[None] | None:
    """A worker of `kassa run` ends when its parent says so, or is there no more.

    granian is deaf to a signal that comes while it starts, and hangs when there is a second one
    (the parent's, after one that was sent to all processes). So it gets one, when it listens.
    Ctrl-C in a terminal, or closing it, is the parent's to hear.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    pid = parent.pid
    let_signals_wait()

    async def obey() -> None:
        await asyncio.sleep(0.1)  # granian has begun to listen
        while os.getppid() == pid and signal.SIGTERM not in signal.sigpending():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        signal.raise_signal(signal.SIGTERM)  # if it waits already, it is still one
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        let_signals_wait()

    return asyncio.create_task(obey())
