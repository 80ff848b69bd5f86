"""People, their groups and their Stars."""

from typing import Any

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram import acts, membership
from tgsandbox.telegram.records import Bot, Json, User
from tgsandbox.web import view
from tgsandbox.web.doing import Scene, act

MOST_STARS = 10**9
_NAME, _TITLE = 64, 128
_CHANGED = ("first_name", "last_name", "language", "phone", "premium", "deactivated")


# --- people


@act("name", "last_name", "language", "username")
def new_person(scene: Scene, given: Given) -> Json:
    name = given.text_or("name", "").strip()[:_NAME]
    if not name:
        raise Wrong("A person has a name.")
    about = {
        each: said
        for each in ("last_name", "language", "username")
        if (said := given.text_or(each, ""))
    }
    made = scene.world.new_user(name, **about)
    made.phone = f"+99890{made.id % 10_000_000:07}"
    scene.world.save(made)
    return {"person": view.person(made)}


@act(*_CHANGED)
def change(scene: Scene, given: Given) -> Json:
    """What is not given stays."""
    user, world = scene.user, scene.world
    first_name = given.text_or("first_name", user.first_name).strip()[:_NAME]
    if not first_name:
        raise Wrong("A person has a name.")
    last_name = given.text_or("last_name", user.last_name or "").strip()[:_NAME]
    language = given.text_or("language", user.language or "")
    phone = given.text_or("phone", user.phone or "")
    user.premium = given.flag("premium", user.premium)
    user.deactivated = given.flag("deactivated", user.deactivated)
    user.first_name, user.last_name = first_name, last_name or None
    user.language, user.phone = language or None, phone or None
    world.save(user)
    world.events.emit("person", user=user)
    return {"me": view.person(user)}


@act("blocked")
def block(scene: Scene, given: Given) -> None:
    """The bot of this chat, or no longer."""
    chat = scene.world.private_chat(scene.user, scene.bot)
    membership.set_blocked(scene.world, chat, blocked=given.flag("blocked", True))


# --- groups


@act("title", "members", "channel")
def new_group(scene: Scene, given: Given) -> Json:
    world, user, title = scene.world, scene.user, given.text_or("title", "").strip()[:_TITLE]
    if not title:
        raise Wrong("A group has a name.")
    members = [_account(scene, each) for each in given.list("members")]
    kind = "channel" if given.flag("channel") else "supergroup"
    group = world.new_group(title, user, kind=kind)
    for each in members:
        acts.add_to_group(world, user, group, each)
    return {"chat": group.key}


@act("account")
def add(scene: Scene, given: Given) -> None:
    acts.add_to_group(scene.world, scene.user, scene.group, _account(scene, given.any("account")))


@act("account")
def remove(scene: Scene, given: Given) -> None:
    acts.remove(scene.world, scene.user, scene.group, _member(scene, given))


@act("account")
def promote(scene: Scene, given: Given) -> None:
    acts.promote(scene.world, scene.user, scene.group, _member(scene, given))


@act()
def leave(scene: Scene, _: Given) -> None:
    acts.leave(scene.world, scene.user, scene.group)


def _member(scene: Scene, given: Given) -> User | Bot:
    account = _account(scene, given.any("account"))
    if not scene.world.is_member(scene.group, account.id):
        raise Wrong(f"{account.name} is not in {scene.group.title}.", 409)
    return account


def _account(scene: Scene, number: Any) -> User | Bot:
    found = scene.world.accounts.get(number) if type(number) is int else None
    if found is None:
        raise Wrong("There is nobody of that number.", 404)
    return found


# --- Stars


@act("amount")
def buy_stars(scene: Scene, given: Given) -> Json:
    user = scene.user
    scene.world.till.buy_stars(user, given.whole("amount", 1, MOST_STARS))
    return {"me": view.person(user)}


@act("message")
def unlock(scene: Scene, given: Given) -> None:
    """Pays for the media of a message."""
    found = scene.message(given)
    if "paid_media" not in found.body:
        raise Wrong("There is nothing to pay for in this message.", 409)
    scene.world.till.unlock(scene.user, found)


@act()
def subscriptions(scene: Scene, _: Given) -> Json:
    till = scene.world.till
    return {
        "subscriptions": [
            each.row()
            | {
                "bot": view.bot(scene.world.bots[each.bot_id]),
                "title": till.invoices[each.invoice].title,
            }
            for each in till.subscriptions.of(scene.user)
        ]
    }


@act("id", "go_on")
def subscription(scene: Scene, given: Given) -> None:
    """Stopped, or gone on with."""
    known = scene.world.till.subscriptions
    found = known.known.get(given.text("id"))
    if found is None or found.user_id != scene.user.id:
        raise Wrong("There is no such subscription.", 404)
    (known.resume if given.flag("go_on") else known.cancel)(found)
