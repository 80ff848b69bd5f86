"""What `kassa doctor` finds out about a bot."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from kassa.botapi import NotDone, NotKnown, Refused
from kassa.config import Settings
from kassa.payments.providers.protocol import Finding
from kassa.telegram.bots import Bot
from kassa.telegram.hearing import KINDS
from kassa.telegram.webhook import PATH, address

_MANY = 100  # updates that wait: nobody seems to fetch them


async def examine(settings: Settings, bot: Bot) -> list[Finding]:
    try:
        return [each async for each in _examine(settings, bot)]
    except (NotDone, NotKnown) as error:
        return [Finding("Bot API", None, str(error))]
    except Refused as error:
        return [Finding("Bot API", False, error.words)]


async def _examine(settings: Settings, bot: Bot) -> AsyncIterator[Finding]:
    me: dict[str, Any] = await bot.api.call("getMe")
    yield Finding("token", True, f"it is @{me.get('username')}")
    info: dict[str, Any] = await bot.api.call("getWebhookInfo")
    url: str = info.get("url") or ""
    wanted = ""
    if settings.telegram_webhook_url:
        wanted = address(settings, bot)
    if url == wanted:
        detail = url or "none; Kassa asks for updates"
        yield Finding("webhook", True, detail)
    elif not wanted:
        yield Finding("webhook", None, f"{url} is set; kassa run deletes it, since it polls")
    else:
        yield Finding("webhook", False, f"{url or 'none'}; kassa webhook set makes it {wanted}")
    if wanted and urlsplit(settings.telegram_webhook_url).path.rstrip("/") != PATH:
        detail = f"Kassa serves {PATH}; TELEGRAM_WEBHOOK_URL has another that a proxy must rewrite"
        yield Finding("webhook path", None, detail)
    if url and (missing := set(KINDS) - set(info.get("allowed_updates") or KINDS)):
        yield Finding("kinds of updates", False, f"{', '.join(sorted(missing))} never arrive")
    if words := info.get("last_error_message"):
        yield Finding("last error", None, words)
    if (waiting := info.get("pending_update_count", 0)) > _MANY:
        yield Finding("updates", False, f"{waiting} wait; is kassa run running?")
    if not settings.public_base_url.startswith("https://"):
        words = "PUBLIC_BASE_URL is not https://…: Telegram would not open it"
        yield Finding("Mini App", None, words)
