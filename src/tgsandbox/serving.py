"""The sandbox as a server of its own, until it is told to stop."""

import asyncio
import signal
from typing import Any

import uvloop

from tgsandbox.hosts import checked_hosts
from tgsandbox.sandbox import Sandbox
from tgsandbox.store import CannotKeep
from tgsandbox.telegram.names import checked_username


class CannotServe(Exception):
    """Why it does not start, in words."""


def run(bots: list[str], **options: Any) -> None:
    uvloop.run(_serve(bots, options))


async def _serve(bots: list[str], options: dict[str, Any]) -> None:
    try:
        checked_hosts(options["allow_hosts"])
        for name in bots:
            checked_username(name)
    except ValueError as error:
        raise CannotServe(str(error)) from None
    told = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    try:
        sandbox = await Sandbox(**options).start()
    except CannotKeep as error:
        raise CannotServe(str(error)) from None
    except OSError as error:
        where = f"{options['host']}:{options['port']}"
        raise CannotServe(f"Cannot listen on {where} ({error.strerror}).") from None
    except UnicodeError:
        raise CannotServe(f"{options['host']!r} is no address to listen on.") from None
    try:
        _tell(sandbox, bots, control=options["control"], page=options["page"])
        await told.wait()
    finally:
        await sandbox.stop()


def _tell(sandbox: Sandbox, bots: list[str], *, control: bool, page: bool) -> None:
    lines = [f"Telegram is at {sandbox.url}"]
    if page:
        lines.append(f"  Its chats: open {sandbox.url}/ in a browser")
    for name in bots:
        bot = sandbox.bot(name)
        lines.append(f"  @{bot.username}  {bot.token}")
    if not bots:
        lines.append("  A token for any bot:  tgsandbox token NAME_bot")
    if control:
        lines.append(f"  Control is at {sandbox.url}/control")
    lines.append("Ctrl-C ends it.")
    print("\n".join(lines), flush=True)  # noqa: T201
