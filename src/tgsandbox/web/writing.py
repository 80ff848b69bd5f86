"""Messages: written, sent as files, changed, answered by their buttons, made of inline results."""

from typing import Any

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram import acts, membership
from tgsandbox.telegram.inline import result_message
from tgsandbox.telegram.records import Bot, Json
from tgsandbox.web import opus
from tgsandbox.web.doing import MOST, Scene, act

KINDS = ("photo", "voice", "document", "video", "audio", "sticker")
LONGEST = 86_400


def upload(scene: Scene, content: bytes, given: Given) -> Json:
    kind = given.text_or("kind", "document")
    if kind not in KINDS:
        raise Wrong(f"A file is one of {', '.join(KINDS)}.")
    if not content:
        raise Wrong("The file is empty.")
    if kind == "voice" and opus.is_webm(content):
        content = opus.ogg_of(content) or content
    duration = given.text_or("duration", "")
    if duration and not (duration.isdecimal() and len(duration) < 6 and int(duration) <= LONGEST):
        raise Wrong(f"`duration` is a whole number from 0 to {LONGEST}.")
    message = acts.send_file(
        scene.world,
        scene.user,
        scene.chat,
        kind,
        content,
        name=given.text_or("name", None),
        mime=given.text_or("mime", None),
        caption=given.text_or("caption", ""),
        duration=int(duration) if duration else None,
    )
    return scene.said(message)


# --- writing


@act("text", "reply_to")
def send(scene: Scene, given: Given) -> Json:
    reply_to = given.whole_or("reply_to", 0, 0, MOST)
    more: Json = {"reply_to": reply_to} if reply_to else {}
    text = given.text_or("text", "")
    return scene.said(acts.write_text(scene.world, scene.user, scene.chat, text, **more))


@act("message", "text")
def edit(scene: Scene, given: Given) -> None:
    acts.edit(scene.world, scene.user, scene.message(given), given.text_or("text", ""))


@act("message")
def delete(scene: Scene, given: Given) -> None:
    acts.delete(scene.world, scene.user, scene.message(given))


@act("message", "to")
def forward(scene: Scene, given: Given) -> Json:
    message, target = scene.message(given), scene.chat_named(given.text("to"))
    return scene.said(acts.forward(scene.world, scene.user, message, target))


@act("message", "emoji")
def react(scene: Scene, given: Given) -> None:
    """No emoji takes it away."""
    emoji = given.text_or("emoji", None)
    acts.react_with(scene.world, scene.user, scene.message(given), emoji)


@act("message")
def pin(scene: Scene, given: Given) -> None:
    """Or takes it down, where it is pinned."""
    found = scene.message(given)
    if found.id in found.chat.pinned:
        membership.unpin(scene.world, found.chat, [found.id])
    else:
        membership.pin(scene.world, found, scene.user)


@act("message")
def read(scene: Scene, given: Given) -> None:
    """Everything up to this message."""
    chat, who = scene.chat, str(scene.user.id)
    last = min(given.whole("message", 0, MOST), chat.last_id)
    chat.read = {**chat.read, who: max(chat.read.get(who, 0), last)}
    scene.world.save(chat)


@act()
def contact(scene: Scene, _: Given) -> Json:
    return scene.said(acts.share_contact(scene.world, scene.user, scene.chat))


@act("latitude", "longitude")
def location(scene: Scene, given: Given) -> Json:
    where = {
        "latitude": given.number("latitude", -90, 90),
        "longitude": given.number("longitude", -180, 180),
    }
    return scene.said(acts.write(scene.world, scene.user, scene.chat, {"location": where}))


# --- buttons


@act("message", "row", "column")
def press(scene: Scene, given: Given) -> Json:
    found = scene.message(given)
    pressed = button((found.markup or {}).get("inline_keyboard", []), given)
    if "callback_data" not in pressed:
        raise Wrong("The button has nothing to say to the bot.", 409)
    return {"query": acts.press(scene.world, scene.user, found, pressed["callback_data"]).id}


@act("row", "column")
def tap(scene: Scene, given: Given) -> Json:
    """A button of the reply keyboard."""
    tapped = button((scene.chat.keyboard or {}).get("keyboard", []), given)
    return scene.said(acts.tap(scene.world, scene.user, scene.chat, tapped))


def button(rows: list[list[Any]], given: Given) -> Any:
    row, column = given.whole_or("row", 0, 0, MOST), given.whole_or("column", 0, 0, MOST)
    try:
        return rows[row][column]
    except IndexError:
        raise Wrong("The buttons have changed.", 409) from None


# --- inline mode


@act("bot", "text")
def ask_inline(scene: Scene, given: Given) -> Json:
    bot, text = _bot(scene, given), given.text_or("text", "")
    return {"query": acts.ask_inline(scene.world, scene.user, bot, chat=scene.chat, text=text).id}


@act("bot", "text", "result")
def choose(scene: Scene, given: Given) -> Json:
    bot, chat, user = _bot(scene, given), scene.chat, scene.user
    result, text = given.any("result"), given.text_or("text", "")
    if not _offered(scene, bot, result):
        raise Wrong(f"@{bot.username} has not offered this.", 409)
    message = result_message(scene.world, bot, user, chat, result)
    acts.chosen(scene.world, user, bot, message=message, result_id=result["id"], text=text)
    return scene.said(message)


def _offered(scene: Scene, bot: Bot, result: Any) -> bool:
    """To this person; the page could have made it up."""
    answers = (each.data for each in scene.world.events.since(0) if each.kind == "answered")
    return any(
        result in answer["answer"]["results"]
        for answer in answers
        if answer["bot"] is bot
        and answer["query"].type == "inline"
        and answer["query"].user_id == scene.user.id
    )


def _bot(scene: Scene, given: Given) -> Bot:
    named = given.text("bot")
    found = scene.world.by_username(named)
    if not isinstance(found, Bot):
        raise Wrong(f"There is no bot @{named}.", 404)
    return found
