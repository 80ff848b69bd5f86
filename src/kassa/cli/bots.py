"""`kassa webhook` and `kassa updates`: where Telegram brings updates, and those that failed."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kassa.cli.common import MOST_NUMBER, settings, table, with_database
from kassa.config import Settings, secret_key
from kassa.errors import Invalid
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.telegram import Bot, Bots

webhook = typer.Typer(help="Where Telegram brings updates.", no_args_is_help=True)
updates = typer.Typer(help="Updates that could not be done.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="One bot, by name or number; all of them.")]


@webhook.command("set")
def set_webhook(bot: Name = None) -> None:
    """Tell Telegram to bring all kinds of updates to TELEGRAM_WEBHOOK_URL."""
    found = settings()
    if not found.telegram_webhook_url:
        raise Invalid(
            "TELEGRAM_WEBHOOK_URL is not set: Kassa asks Telegram for updates, and needs no "
            "webhook."
        )
    key = secret_key(found)

    async def work(each: "Bot") -> None:
        from kassa.telegram.webhook import address, register

        await register(found, key, each)
        print(f"{each.name}: {address(found, each)}")

    _each(found, bot, work)


@webhook.command()
def info(bot: Name = None) -> None:
    """Show what Telegram knows of the webhook, and its last error."""

    async def work(each: "Bot") -> None:
        told: dict[str, Any] = await each.api.call("getWebhookInfo")
        print(f"{each.name}: {told.get('url') or 'no webhook: Telegram is asked for updates'}")
        print(f"  waiting: {told.get('pending_update_count', 0)}")
        if told.get("last_error_message"):
            at = datetime.fromtimestamp(told.get("last_error_date", 0), UTC)
            print(f"  last error: {told['last_error_message']} ({at:%Y-%m-%d %H:%M:%S} UTC)")
        if told.get("url"):
            print(f"  kinds: {', '.join(told.get('allowed_updates') or ['the usual ones'])}")

    _each(settings(), bot, work)


@webhook.command()
def delete(bot: Name = None) -> None:
    """Tell Telegram to bring nothing. What waits there is kept for whoever asks."""

    async def work(each: "Bot") -> None:
        await each.api.call("deleteWebhook")
        print(f"{each.name}: deleted")

    _each(settings(), bot, work)


@updates.command("list")
def list_updates(
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """List updates that were set aside, the latest first."""
    from kassa.telegram import keeping

    found = with_database(lambda opened: keeping.list_dead(opened.database, most=most))
    if not found:
        print("No update was set aside.")
        return
    rows = [
        (each.bot, each.id, each.chat, f"{each.dead_at:%Y-%m-%d %H:%M}", each.error)
        for each in found
    ]
    print(table(("bot", "update", "chat", "set aside", "error"), rows, right=(0, 1, 2)))


Number = Annotated[int, typer.Argument(help="The update's number.", min=0, max=MOST_NUMBER)]
BotId = Annotated[int, typer.Argument(help="The bot's number.", min=1, max=MOST_NUMBER)]


@updates.command()
def show(bot: BotId, number: Number) -> None:
    """Show an update as Telegram brought it. It holds what a person wrote."""
    from kassa.telegram import keeping

    print(with_database(lambda opened: keeping.body_of(opened.database, bot, number)))


@updates.command()
def replay(
    bot: Annotated[int | None, typer.Argument(help="The bot's number.", min=1)] = None,
    number: Annotated[int | None, typer.Argument(help="The update's number.", min=0)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that were set aside.")] = False,
) -> None:
    """Try updates again that were set aside. `kassa run` does it within seconds."""
    if (bot is None) != everything:
        raise Invalid("Say which bot's, or --all.")
    from kassa.telegram import keeping

    async def work(opened: Opened) -> int:
        return await opened.database.run(lambda tx: keeping.replay(tx, bot=bot, number=number))

    done = with_database(work)
    print(f"{done} will be tried again." if done else "There was nothing to try again.")


def _each(found: Settings, name: str | None, work: "Callable[[Bot], Awaitable[None]]") -> None:
    """One that fails, such as by a token that was revoked, is told of; the others are done."""
    from kassa.botapi import NotDone, NotKnown, Refused
    from kassa.telegram.bots import from_settings

    async def call(bots: "Bots") -> bool:
        done = True
        try:
            for each in [bots[name]] if name else bots.all:
                try:
                    await work(each)
                except (Refused, NotDone, NotKnown) as error:
                    print(f"{each.name}: {error}", file=sys.stderr)
                    done = False
        finally:
            await bots.close()
        return done

    if not found.bots:
        raise Invalid("There is no bot: set TELEGRAM_BOT_TOKEN, or write [[bot]] tables.")
    if not asyncio.run(call(from_settings(found))):
        raise typer.Exit(1)
