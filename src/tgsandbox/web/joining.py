"""Invite links as they are opened on the page, and people at the door."""

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram import acts, invites
from tgsandbox.telegram.records import Json, User
from tgsandbox.web import view
from tgsandbox.web.doing import MOST, Scene, act


@act("link")
def look_at_link(scene: Scene, given: Given) -> Json:
    """Where it leads, and how one stands there: in, pending, asks (to be let in) or free."""
    world, user = scene.world, scene.user
    found = invites.led_to(world, given.text("link"))
    if found is None:
        raise Wrong("The link has expired, or is none.", 404)
    chat, code = found
    standing = "asks" if chat.links[code]["asks"] else "free"
    if str(user.id) in chat.requests:
        standing = "pending"
    if world.is_member(chat, user.id):
        standing = "in"
    return {
        "key": chat.key,
        "type": chat.type,
        "title": chat.title,
        "about": chat.description or "",
        "members": len(world.people_in(chat)),
        "standing": standing,
    }


@act("link")
def join(scene: Scene, given: Given) -> Json:
    chat = acts.join_by(scene.world, scene.user, given.text("link"))
    inside = scene.world.is_member(chat, scene.user.id)
    return {"key": chat.key, "standing": "in" if inside else "pending"}


@act("account")
def let_in(scene: Scene, given: Given) -> None:
    acts.let_in(scene.world, scene.user, scene.group, _person(scene, given))


@act("account")
def turn_down(scene: Scene, given: Given) -> None:
    acts.turn_down(scene.world, scene.user, scene.group, _person(scene, given))


@act()
def door(scene: Scene, _: Given) -> Json:
    """Who waits to be let in, for those who may answer."""
    world, chat = scene.world, scene.group
    if not acts.rules(chat, scene.user):
        return {"asking": []}
    return {"asking": [view.person(world.users[int(each)]) for each in chat.requests]}


def _person(scene: Scene, given: Given) -> User:
    found = scene.world.users.get(given.whole("account", 1, MOST))
    if found is None:
        raise Wrong("There is nobody of that number.", 404)
    return found
