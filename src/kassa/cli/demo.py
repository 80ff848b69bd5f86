"""`kassa demo`: a Telegram with its banks, Kassa with a bot that sells, and a chat between you."""

import asyncio
import os
import signal
import webbrowser
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kassa.cli import demo_place
from kassa.cli.common import settings
from kassa.cli.demo_kassa import Kassa, nobody_left
from kassa.cli.demo_place import Place
from kassa.db import EmbeddedServer
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from tgsandbox import Sandbox

T = TypeVar("T")

BOT, APP = "kassa_demo_bot", "tokens"
STARS = 5_000  # play money, as all of it

_BEGIN_SECONDS = 60


class Language(StrEnum):
    """Which the person in front of the chat speaks."""

    RU = "ru"
    UZ = "uz"
    EN = "en"


GUESTS = {Language.RU: "Гость", Language.UZ: "Mehmon", Language.EN: "Guest"}
NAMES = {Language.RU: "Художник", Language.UZ: "Rassom", Language.EN: "Artist"}


@dataclass(frozen=True)
class Asked:
    """What was said on the command line; a port that was not is found."""

    language: Language
    port: int | None
    kassa_port: int | None
    browser: bool


def demo(
    *,
    language: Annotated[Language, typer.Option(help="What you and the bot speak.")] = Language.RU,
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
    """Talk with a bot that sells, and pay it, without any account. Ctrl-C ends it."""
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
            _open_shops(tg, port)
            kassa.run(_wiring(tg, port))
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
        tg = await Sandbox(port=port, data=folder / "telegram", page=True).start()
    except CannotKeep as error:
        raise Unavailable(f"{error} To begin anew, delete {folder}.") from None
    except OSError as error:
        raise demo_place.taken(port, "--port", error) from None
    try:
        yield tg
    finally:
        await tg.stop()


def _open_shops(tg: "Sandbox", port: int) -> None:
    for name in ("stripe", "oneplat", "cryptopay", "yookassa"):
        tg.bank.shop(name, callback_url=f"http://127.0.0.1:{port}/pay/{name}/callback")


def _wiring(tg: "Sandbox", port: int) -> dict[str, str]:
    """Kassa's settings: everything it would call is here."""
    stripe, oneplat, cryptopay, yookassa = (
        tg.bank.shop(name) for name in ("stripe", "oneplat", "cryptopay", "yookassa")
    )
    return {
        "KASSA_APPS": APP,
        "KASSA_LOG": "text",
        "PORT": str(port),
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "TELEGRAM_API_URL": tg.url,
        "TELEGRAM_BOT_TOKEN": tg.bot(BOT).token,
        "STRIPE_BASE_URL": stripe.base_url,
        "STRIPE_SECRET_KEY": stripe.credentials["secret_key"],
        "STRIPE_WEBHOOK_SECRET": stripe.credentials["webhook_secret"],
        "ONEPLAT_BASE_URL": oneplat.base_url,
        "ONEPLAT_SHOP_ID": oneplat.credentials["shop_id"],
        "ONEPLAT_SHOP_SECRET": oneplat.credentials["secret"],
        "CRYPTOPAY_BASE_URL": cryptopay.base_url,
        "CRYPTOPAY_TOKEN": cryptopay.credentials["token"],
        "YOOKASSA_BASE_URL": yookassa.base_url,
        "YOOKASSA_SHOP_ID": yookassa.credentials["shop_id"],
        "YOOKASSA_SECRET_KEY": yookassa.credentials["secret_key"],
        "YOOKASSA_NETWORKS": "127.0.0.0/8",
    }


async def _begin(tg: "Sandbox", kassa: Kassa, language: Language, *, moved: bool) -> str:
    """The chat's address, when the bot has said something in it. Its buttons lead to Kassa; if
    that is elsewhere now, Start is pressed again."""
    from tgsandbox.watching import Late

    bot = tg.bot(BOT, name=NAMES[language])
    person = tg.user(GUESTS[language], language=language, stars=STARS)
    chat = bot.chat_with(person.user)
    greeted = any(each.sender == bot.id for each in chat.messages.values())
    if moved or not greeted:
        await person.start(bot)
    try:
        await kassa.ready(_BEGIN_SECONDS)
        if moved or not greeted:
            await person.reply(where=bot, timeout=_BEGIN_SECONDS)
    except (TimeoutError, Late):
        raise Unavailable(
            f"The bot is silent. This is what Kassa says:\n{kassa.log_tail()}"
        ) from None
    return f"{tg.url}/#{person.id}/{chat.key}"


def _tell(place: Place, asked: Asked) -> None:
    usual = Place()
    for port, was, wanted, option in (
        (place.chat, usual.chat, asked.port, "--port"),
        (place.kassa, usual.kassa, asked.kassa_port, "--kassa-port"),
    ):
        if wanted is None and port != was:
            print(f"Port {was} was taken, so it is {port}; {option} chooses another.")
    print(
        f"\nThe bot waits for you here:\n\n    {place.url}\n\n"
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
