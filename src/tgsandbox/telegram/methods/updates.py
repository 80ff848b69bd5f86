"""getUpdates and the webhook's settings."""

import re
from typing import Any
from urllib.parse import urlsplit

from tgsandbox.telegram.calls import Call, Told, method
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.updates import KINDS

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_HOST = re.compile(r"[^\s/?#@\\]+")
_LONGEST_URL = 2048
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
def set_webhook(call: Call) -> Told:
    """As in the real server what was set before is gone, also when the new one is refused."""
    args, world, bot = call.args, call.world, call.bot
    url = args.text("url")
    if not url:
        return delete_webhook(call)
    if world.limits.on:
        world.limits.spend_webhook(bot.id)
    most = 100 if world.strict_webhooks else 100_000
    wanted: Json = {
        "url": url,
        "secret": args.text("secret_token"),
        "certificate": args.upload("certificate") is not None,
        "max_connections": args.integer("max_connections", 40, low=1, high=most),
        "ip_address": args.text("ip_address"),
    }
    drop = args.flag("drop_pending_updates")
    if wanted == bot.webhook and not wanted["certificate"] and not drop:
        _keep_allowed(call)
        return Told(True, "Webhook is already set")
    inbox = world.inboxes[bot.id]
    inbox.interrupt(ApiError(409, "Conflict: terminated by setWebhook request"))
    world.webhooks.forget(bot)
    if drop:
        inbox.drop_all()
    _check_url(url)
    if len(wanted["secret"]) > 256:
        raise bad_request("secret token is too long")
    if wanted["secret"] and not _SECRET.fullmatch(wanted["secret"]):
        raise bad_request("secret token contains unallowed characters")
    _keep_allowed(call)
    if world.strict_webhooks:
        _check_strictly(url)
    bot.webhook = wanted
    world.save(bot)
    world.webhooks.set(bot)
    return Told(True, "Webhook was set")


@method
def delete_webhook(call: Call) -> Told:
    world, bot = call.world, call.bot
    was_set = bot.webhook is not None
    if call.args.flag("drop_pending_updates"):
        world.inboxes[bot.id].drop_all()
    world.webhooks.forget(bot)
    return Told(True, "Webhook was deleted" if was_set else "Webhook is already deleted")


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
        host = urlsplit(webhook_url(hook["url"])).hostname or ""
        if address := hook["ip_address"] or (host if re.fullmatch(r"[\d.]+", host) else ""):
            found["ip_address"] = address
    if bot.allowed is not None:
        found["allowed_updates"] = bot.allowed
    return found


def _keep_allowed(call: Call) -> None:
    """What is left out, or cannot be read, leaves the list as it was; an empty one, or one of
    unknown names, means the usual kinds."""
    try:
        given: Any = call.args.json("allowed_updates", "allowed updates")
    except ApiError:
        return
    if not isinstance(given, list) or any(not isinstance(each, str) for each in given):
        return
    named = [each.lower() for each in given]
    allowed = [kind for kind in KINDS if kind in named] or None
    if allowed != call.bot.allowed:
        call.bot.allowed = allowed
        call.world.save(call.bot)


def webhook_url(url: str) -> str:
    """With its scheme, which is https where it is left out."""
    return url if "://" in url else f"https://{url}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(webhook_url(url))
        fine = parts.port != 0 and _HOST.fullmatch(parts.hostname or "")
    except ValueError:
        fine = False
    if not fine or parts.scheme not in ("http", "https") or len(url) > _LONGEST_URL:
        raise bad_request("invalid webhook URL specified")


def _check_strictly(url: str) -> None:
    parts = urlsplit(webhook_url(url))
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
