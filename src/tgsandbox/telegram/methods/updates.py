"""getUpdates and the webhook's settings."""

import re
from typing import Any
from urllib.parse import urlsplit

from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.updates import KINDS

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
PORTS = {80, 88, 443, 8443}


@method
async def get_updates(call: Call) -> list[Json]:
    args, bot = call.args, call.bot
    if bot.webhook:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    _keep_allowed(call)
    return await call.world.inboxes[bot.id].poll(
        args.integer("offset"),
        args.integer("limit", 100, low=1, high=100),
        args.integer("timeout", low=0, high=50),
    )


@method
def set_webhook(call: Call) -> bool:
    args, world, bot = call.args, call.world, call.bot
    url = args.text("url").strip()
    if not url:
        return delete_webhook(call)
    secret = args.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _check_url(url, strict=world.strict_webhooks)
    _keep_allowed(call)
    if args.flag("drop_pending_updates"):
        world.inboxes[bot.id].drop_all()
    bot.webhook = {
        "url": url,
        "secret": secret,
        "certificate": args.upload("certificate") is not None,
        "max_connections": args.integer("max_connections", 40, low=1, high=100_000),
        "ip_address": args.text("ip_address"),
    }
    world.save(bot)
    world.webhooks.set(bot)
    world.inboxes[bot.id].interrupt(ApiError(409, "Conflict: terminated by setWebhook request"))
    return True


@method
def delete_webhook(call: Call) -> bool:
    world, bot = call.world, call.bot
    if call.args.flag("drop_pending_updates"):
        world.inboxes[bot.id].drop_all()
    bot.webhook = None
    world.save(bot)
    world.webhooks.remove(bot)
    return True


@method
def get_webhook_info(call: Call) -> Json:
    world, bot = call.world, call.bot
    inbox = world.inboxes[bot.id]
    inbox.drop_expired()
    found: Json = {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": len(inbox.pending),
    }
    if hook := bot.webhook:
        found |= {
            "url": hook["url"],
            "has_custom_certificate": hook["certificate"],
            "max_connections": hook["max_connections"],
            **world.webhooks.trouble(bot),
        }
        host = urlsplit(hook["url"]).hostname or ""
        if address := hook["ip_address"] or (host if re.fullmatch(r"[\d.]+", host) else ""):
            found["ip_address"] = address
    if bot.allowed is not None:
        found["allowed_updates"] = bot.allowed
    return found


def _keep_allowed(call: Call) -> None:
    """A list that is left out stays as it was; an empty one means the usual kinds."""
    given: Any = call.args.json("allowed_updates", "allowed updates")
    if given is None:
        return
    if not isinstance(given, list):
        raise bad_request("can't parse allowed updates: expected an Array")
    if any(not isinstance(each, str) for each in given):
        raise bad_request("can't parse allowed updates: expected an Array of Strings")
    named = [each.lower() for each in given]
    allowed = [kind for kind in KINDS if kind in named] or None
    if allowed != call.bot.allowed:
        call.bot.allowed = allowed
        call.world.save(call.bot)


def _check_url(url: str, *, strict: bool) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad_request("bad webhook: invalid webhook URL specified") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 2048:
        raise bad_request("bad webhook: invalid webhook URL specified")
    if not strict:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
