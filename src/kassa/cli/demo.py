"""`kassa demo`: a Telegram with its banks, Kassa with bots that sell, and chats between you."""

import asyncio
import os
import signal
import webbrowser
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kassa.cli import demo_bots, demo_place, demo_terms
from kassa.cli.common import settings
from kassa.cli.demo_bots import BOTS, Language
from kassa.cli.demo_kassa import Kassa, nobody_left
from kassa.cli.demo_place import Place
from kassa.db import EmbeddedServer
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from tgsandbox import Sandbox

T = TypeVar("T")

_BEGIN_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """What was said on the command line; a port that was not is found."""

    language: Language
    port: int | None
    kassa_port: int | None
    browser: bool


def demo(
    *,
    language: Annotated[Language, typer.Option(help="What you and the bots speak.")] = Language.RU,
    port: Annotated[
        int | None, typer.Option(help="The port of the chat page.", min=1, max=65535)
    ] = None,
    kassa_port: Annotated[
        int | None, typer.Option(help="The port of Kassa itself.", min=1, max=65535)
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open the chat page, where there is a display.")
    ] = True,
) -> None:
    """Talk with bots that sell, and pay them, without any account. Ctrl-C ends it."""
    import uvloop

    folder = settings().home / "demo"
    with demo_place.alone(folder):
        uvloop.run(_demo(folder, Asked(language, port, kassa_port, browser)))


async def _demo(folder: Path, asked: Asked) -> None:
    told = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    with await nobody_left(folder) as alive:
        last = demo_place.last(folder)
        chat_port = demo_place.free(asked.port, last.chat, "--port")
        port = demo_place.free(asked.kassa_port, last.kassa, "--kassa-port", but=chat_port)
        kassa = Kassa(folder, alive)
    async with _postgresql(folder), kassa, _telegram(folder, chat_port) as tg:
        try:
            demo_bots.open_shops(tg, port)
            demo_bots.write(folder, tg, port, asked.language)
            kassa.run(port)
            moved = last.url != "" and last.kassa != port
            url = await _first(told, kassa, _begin(tg, kassa, asked.language, moved=moved))
            if url is not None:
                place = Place(chat_port, port, url)
                demo_place.keep(folder, place)
                _tell(place, asked)
                await _first(told, kassa, _show(url, told, browser=asked.browser))
            print("\nStopping ...", flush=True)
        finally:
            await kassa.stop()  # while there is a Telegram to speak with
    print("Stopped. The next start goes on where it was.")


@asynccontextmanager
async def _postgresql(folder: Path) -> AsyncIterator[None]:
    """Begins while everything else is loaded. Should it not start, Kassa will say why."""
    server = EmbeddedServer(folder)
    starting = asyncio.ensure_future(asyncio.to_thread(server.start))
    try:
        yield
    finally:
        await asyncio.gather(starting, return_exceptions=True)
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _telegram(folder: Path, port: int) -> "AsyncIterator[Sandbox]":
    from tgsandbox import Sandbox
    from tgsandbox.store import CannotKeep

    try:
        pages = {demo_terms.PATH: demo_terms.page()}
        tg = await Sandbox(port=port, data=folder / "telegram", page=True, pages=pages).start()
    except CannotKeep as error:
        raise Unavailable(f"{error} To begin anew, delete {folder}.") from None
    except OSError as error:
        raise demo_place.taken(port, "--port", error) from None
    try:
        yield tg
    finally:
        await tg.stop()


async def _begin(tg: "Sandbox", kassa: Kassa, language: Language, *, moved: bool) -> str:
    """The first chat's address, when the bots have said something in theirs. Their buttons lead to
    Kassa; if that is elsewhere now, Start is pressed again."""
    from tgsandbox.watching import Late

    person = demo_bots.guest(tg, language)
    chats = {bot: bot.chat_with(person.user) for bot in (each.among(tg, language) for each in BOTS)}
    silent = [
        bot
        for bot, chat in chats.items()
        if moved or all(each.sender != bot.id for each in chat.messages.values())
    ]
    for bot in silent:
        await person.start(bot)
    try:
        await kassa.ready(_BEGIN_SECONDS)
        for bot in silent:
            await person.reply(where=bot, timeout=_BEGIN_SECONDS)
    except (TimeoutError, Late):
        raise Unavailable(
            f"The bot is silent. This is what Kassa says:\n{kassa.log_tail()}"
        ) from None
    return f"{tg.url}/#{person.id}/{next(iter(chats.values())).key}"


def _tell(place: Place, asked: Asked) -> None:
    usual = Place()
    for port, was, wanted, option in (
        (place.chat, usual.chat, asked.port, "--port"),
        (place.kassa, usual.kassa, asked.kassa_port, "--kassa-port"),
    ):
        if wanted is None and port != was:
            print(f"Port {was} was taken, so it is {port}; {option} chooses another.")
    print(
        f"\nThe bots wait for you here:\n\n    {place.url}\n\n"
        "All money is play money. Ctrl-C ends it; the next start goes on where it was.",
        flush=True,
    )


async def _show(url: str, told: asyncio.Event, *, browser: bool) -> None:
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if browser and display:
        with suppress(webbrowser.Error):
            await asyncio.to_thread(webbrowser.open, url)
    await told.wait()


async def _first(told: asyncio.Event, kassa: Kassa, work: Awaitable[T]) -> T | None:
    """What the work comes to, unless we are told to end first. Kassa must live meanwhile."""
    doing = asyncio.ensure_future(work)
    beside = [asyncio.ensure_future(each) for each in (told.wait(), kassa.ended())]
    try:
        await asyncio.wait([doing, *beside], return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            return None
        if beside[1].done():
            raise Unavailable(f"Kassa has ended by itself:\n{kassa.log_tail()}")
        return doing.result()
    finally:
        for each in (doing, *beside):
            each.cancel()
        await asyncio.gather(doing, *beside, return_exceptions=True)
