"""Where Telegram brings updates. 200 is said when an update is committed, or set aside for good."""

import hashlib
import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from kassa.config import Settings
from kassa.log import get
from kassa.secret import Secret
from kassa.telegram.bots import Bot
from kassa.telegram.hearing import KINDS, NotTaken, parse
from kassa.telegram.updates import Updates
from kassa.web.bounds import most_bytes

PATH = "/telegram/webhook"
MOST = 4 * 2**20  # bytes of an update; a hundred times what the longest message needs

_HEADER = b"x-telegram-bot-api-secret-token"

_log = get(__name__)


def secret_of(key: Secret, bot: int) -> str:
    """What Telegram proves itself with: made from SECRET_KEY, and so never configured."""
    words = f"kassa.telegram.webhook:{bot}".encode()
    return hmac.new(key.reveal().encode(), words, hashlib.sha256).hexdigest()


def address(settings: Settings, bot: Bot) -> str:
    """The setting itself for a single bot; below it, by its name, for each of several."""
    url = settings.telegram_webhook_url
    return url if len(settings.bots) == 1 else f"{url.rstrip('/')}/{bot.name}"


async def register(settings: Settings, key: Secret, bot: Bot) -> None:
    """Tells Telegram where to bring updates, and that all kinds are wanted."""
    await bot.api.call(
        "setWebhook",
        {
            "url": address(settings, bot),
            "secret_token": secret_of(key, bot.id),
            "allowed_updates": KINDS,
            "max_connections": 100,
        },
    )


async def ensure(settings: Settings, key: Secret, bot: Bot) -> None:
    """Registers if Telegram does not know; where we poll, it is told to bring nothing."""
    info: dict[str, Any] = await bot.api.call("getWebhookInfo")
    if not settings.telegram_webhook_url:
        if info.get("url"):
            await bot.api.call("deleteWebhook")
            _log.info("webhook.deleted", bot=bot.name)
        return
    known = info.get("url") == address(settings, bot)
    known = known and sorted(info.get("allowed_updates") or ()) == sorted(KINDS)
    if not known or " 401 " in f" {info.get('last_error_message', '')} ":
        await register(settings, key, bot)
        _log.info("webhook.set", bot=bot.name)


@most_bytes(MOST)
async def take(request: Request) -> Response:
    updates: Updates | None = getattr(request.app.state, "updates", None)
    if updates is None:
        return _answer(503, "Not available right now. Please try again.")
    bot = _bot(updates, request.path_params.get("bot", ""))
    if bot is None:
        return _answer(404, "There is no such bot here.")
    if not _is_telegram(request, bot):
        _log.warning("webhook.not_telegram", bot=bot.name)
        return _answer(401, "The secret token is wrong.")
    return await _take(updates, bot, await request.body())


async def _take(updates: Updates, bot: Bot, body: bytes) -> Response:
    try:
        update = parse(body)
    except (ValueError, RecursionError):
        return _answer(400, "The body is not the JSON of an update.")
    try:
        await updates.take(bot, update, body)
    except NotTaken as error:
        _log.warning("webhook.not_taken", bot=bot.name, error=str(error))
        return _answer(500, "It could not be done now.")
    return JSONResponse({"ok": True})


class _Route(Route):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self}  # whose path the metrics go by


routes = [
    _Route(f"{PATH}/", take, methods=["POST"]),
    _Route(PATH, take, methods=["POST"]),
    _Route(PATH + "/{bot}", take, methods=["POST"]),
    _Route(PATH + "/{bot}/", take, methods=["POST"]),
]


def _bot(updates: Updates, name: str) -> Bot | None:
    if name:
        return updates.bots.get(name)
    return updates.bots.all[0] if len(updates.bots.all) == 1 else None


def _is_telegram(request: Request, bot: Bot) -> bool:
    given = dict(request.scope["headers"]).get(_HEADER, b"")
    return hmac.compare_digest(given, secret_of(request.app.state.secret_key, bot.id).encode())


def _answer(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)
