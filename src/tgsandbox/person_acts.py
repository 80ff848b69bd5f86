"""What people do, asked for and told in JSON."""

from tgsandbox.acting import ACTS, Act, Acting, act
from tgsandbox.given import Given, Wrong, decoded
from tgsandbox.people import Person
from tgsandbox.seen import Seen
from tgsandbox.showing import receipt_shown, seen_shown
from tgsandbox.telegram.acts import Impossible
from tgsandbox.telegram.records import Json

__all__ = ["ACTS"]  # filled here

LONGEST_WAIT = 600
MOST = 10**12
_INFO = ("name", "phone_number", "email", "shipping_address")


# --- writing


@act("to", "text", "reply_to")
async def send(here: Acting, person: Person, given: Given) -> Json:
    reply_to = given.whole_or("reply_to", None, 1, MOST)
    return seen_shown(await person.send(here.chat(given), given.text("text"), reply_to=reply_to))


@act("to", "parameter")
async def start(here: Acting, person: Person, given: Given) -> Json:
    bot = here.bot(given.any("to"))
    return seen_shown(await person.start(bot, given.text_or("parameter", "")))


def _sending(kind: str) -> Act:
    async def send_file(here: Acting, person: Person, given: Given) -> Json:
        more: Json = {"caption": given.text_or("caption", "")}
        if name := given.text_or("name", None):
            more["name"] = name
        if (duration := given.whole_or("duration", None, 0, 86_400)) is not None:
            more["duration"] = duration
        content = given.content("content")
        return seen_shown(await getattr(person, kind)(content, here.chat(given), **more))

    return send_file


for _kind in ("photo", "voice", "document", "video", "audio", "sticker"):
    ACTS[_kind] = _sending(_kind), ("to", "content", "name", "caption", "duration")


@act("to", "photos", "caption")
async def album(here: Acting, person: Person, given: Given) -> Json:
    photos = [decoded(each, "photos") for each in given.list("photos")]
    caption = given.text_or("caption", "")
    sent = await person.album(photos, here.chat(given), caption=caption)
    return {"messages": [seen_shown(each) for each in sent]}


@act("to")
async def share_contact(here: Acting, person: Person, given: Given) -> Json:
    return seen_shown(await person.share_contact(here.chat(given)))


@act("to", "latitude", "longitude")
async def share_location(here: Acting, person: Person, given: Given) -> Json:
    where = given.number("latitude", -90, 90), given.number("longitude", -180, 180)
    return seen_shown(await person.share_location(*where, here.chat(given)))


@act("message", "chat", "to")
async def forward(here: Acting, person: Person, given: Given) -> Json:
    return seen_shown(await person.forward(here.seen(person, given), here.chat(given)))


@act("message", "chat", "text")
async def edit(here: Acting, person: Person, given: Given) -> Json:
    seen = here.seen(person, given)
    await person.edit(seen, given.text("text"))
    return seen_shown(Seen.of(here.tg.world, seen.message))


@act("message", "chat")
async def delete(here: Acting, person: Person, given: Given) -> Json:
    await person.delete(here.seen(person, given))
    return {}


@act("message", "chat", "emoji")
async def react(here: Acting, person: Person, given: Given) -> Json:
    """No emoji takes it away."""
    await person.react(here.seen(person, given), given.text_or("emoji", None))
    return {}


# --- reading


@act("containing", "where", "timeout")
async def reply(here: Acting, person: Person, given: Given) -> Json:
    where = here.chat(given, "where")
    containing = given.text_or("containing", None)
    return seen_shown(await person.reply(containing, where=where, timeout=_timeout(given)))


@act("containing", "timeout")
async def edited(here: Acting, person: Person, given: Given) -> Json:
    containing = given.text_or("containing", None)
    return seen_shown(await person.edited(containing, timeout=_timeout(given)))


@act("text", "timeout")
async def sees(here: Acting, person: Person, given: Given) -> Json:
    return seen_shown(await person.sees(given.text("text"), timeout=_timeout(given)))


@act("message", "chat", "timeout")
async def gone(here: Acting, person: Person, given: Given) -> Json:
    """A bot deletes the message, or has."""
    wait = _timeout(given)
    try:
        seen = here.seen(person, given)
    except Impossible:
        return {}
    await person.gone(seen, timeout=wait)
    return {}


@act("message", "chat", "timeout")
async def reaction(here: Acting, person: Person, given: Given) -> Json:
    found = await person.reaction(here.seen(person, given), timeout=_timeout(given))
    return {"emoji": found}


@act()
async def keyboard(here: Acting, person: Person, given: Given) -> Json:
    return {"buttons": person.keyboard}


@act("seconds")
async def nothing(here: Acting, person: Person, given: Given) -> Json:
    """For so long no bot writes."""
    try:
        await person.nothing(given.number_or("seconds", 0.1, 0, LONGEST_WAIT))
    except AssertionError as error:
        raise Wrong(str(error).partition("\n\n")[0], 409) from None
    return {}


@act()
async def unread(here: Acting, person: Person, given: Given) -> Json:
    return {"messages": [seen_shown(each) for each in person.unread]}


# --- buttons, Mini Apps, inline mode


@act("text", "under", "chat", "answer", "timeout")
async def press(here: Acting, person: Person, given: Given) -> Json:
    """With `answer` what the bot says to the press is waited for."""
    under = here.seen(person, given, "under") if given.values.get("under") is not None else None
    wait, wanted = _timeout(given), given.flag("answer")
    pressed = await person.press(given.text("text"), under=under, timeout=wait)
    found: Json = {"text": pressed.text, "url": pressed.url, "copied": pressed.copied}
    if wanted and pressed.data is not None:
        answer = await pressed.answer(timeout=wait)
        found["answer"] = {"text": answer.text, "alert": answer.alert, "url": answer.url}
    return found


@act("text", "timeout")
async def open_mini_app(here: Acting, person: Person, given: Given) -> Json:
    app = await person.open_mini_app(given.text_or("text", None), timeout=_timeout(given))
    return {"url": str(app), "init_data": app.init_data}


@act("text", "data", "timeout")
async def send_data(here: Acting, person: Person, given: Given) -> Json:
    """Telegram.WebApp.sendData of the app that the button of the reply keyboard opens."""
    app = await person.open_mini_app(given.text("text"), timeout=_timeout(given))
    await app.send_data(given.text("data"))
    return {}


@act("bot", "text", "to")
async def ask_inline(here: Acting, person: Person, given: Given) -> Json:
    bot = here.bot(given.any("bot"))
    results = await person.ask_inline(bot, given.text_or("text", ""), here.chat(given))
    here.offered[person.id] = results
    shown = [{"id": it.id, "title": it.title, "description": it.description} for it in results]
    return {"results": shown}


@act("result")
async def choose(here: Acting, person: Person, given: Given) -> Json:
    """Of what the bot offered last, by its id or title."""
    wanted = given.text("result")
    for result in here.offered.get(person.id, []):
        if wanted in (result.id, result.title):
            return seen_shown(await person.choose(result))
    raise Wrong(f"{person.name} was not offered {wanted!r}.", 404)


# --- paying


@act("link", "message", "chat", "card", "tip", "shipping", "confirm", "timeout", *_INFO)
async def pay(here: Acting, person: Person, given: Given) -> Json:
    """The latest invoice, the one of a message or of a link, from the sheet to the receipt."""
    chosen: Json = {"card": given.text_or("card", "ok"), "tip": given.whole_or("tip", 0, 0, MOST)}
    chosen["shipping"] = given.text_or("shipping", None)
    chosen["confirm"] = "confirm" not in given.values or given.flag("confirm")
    receipt = await person.pay(
        _invoice(here, person, given), timeout=_timeout(given), **chosen, **_info(given)
    )
    return receipt_shown(receipt)


@act("link", "message", "chat", "timeout")
async def checkout(here: Acting, person: Person, given: Given) -> Json:
    """The payment sheet, to be gone through by submit, pay_checkout, confirm and give_up."""
    opened = await person.checkout(_invoice(here, person, given), timeout=_timeout(given))
    return {"checkout": here.begun(opened), "form": opened.form()}


@act("checkout", *_INFO)
async def submit(here: Acting, person: Person, given: Given) -> Json:
    options = await here.checkout(person, given).submit(_info(given))
    return {"shipping_options": options}


@act("checkout", "card", "tip", "shipping_option")
async def pay_checkout(here: Acting, person: Person, given: Given) -> Json:
    receipt = await here.checkout(person, given).pay(
        card=given.text_or("card", "ok"),
        tip=given.whole_or("tip", 0, 0, MOST),
        shipping_option=given.text_or("shipping_option", None),
    )
    return receipt_shown(receipt)


@act("checkout", "agreed")
async def confirm(here: Acting, person: Person, given: Given) -> Json:
    """What the payer tells the bank that asked."""
    return receipt_shown(await here.checkout(person, given).confirm(given.flag("agreed", True)))


@act("checkout")
async def give_up(here: Acting, person: Person, given: Given) -> Json:
    here.checkout(person, given).give_up()
    return {}


@act("message", "chat")
async def unlock(here: Acting, person: Person, given: Given) -> Json:
    await person.unlock(here.seen(person, given))
    return {"stars": person.stars}


@act("link")
async def cancel_subscription(here: Acting, person: Person, given: Given) -> Json:
    person.cancel_subscription(given.text("link"))
    return {}


@act("link")
async def resume_subscription(here: Acting, person: Person, given: Given) -> Json:
    person.resume_subscription(given.text("link"))
    return {}


@act("amount")
async def buy_stars(here: Acting, person: Person, given: Given) -> Json:
    person.buy_stars(given.whole("amount", 1, 10**9))
    return {"stars": person.stars}


# --- being there or not


@act("to")
async def block(here: Acting, person: Person, given: Given) -> Json:
    person.block(here.bot(given.any("to")))
    return {}


@act("to")
async def unblock(here: Acting, person: Person, given: Given) -> Json:
    person.unblock(here.bot(given.any("to")))
    return {}


@act("to")
async def allow_writing(here: Acting, person: Person, given: Given) -> Json:
    person.allow_writing(here.bot(given.any("to")))
    return {}


@act("group")
async def join(here: Acting, person: Person, given: Given) -> Json:
    person.join(here.group(given.any("group")))
    return {}


@act("link")
async def ask_to_join(here: Acting, person: Person, given: Given) -> Json:
    return {"status": await person.ask_to_join(given.text("link"))}


@act("group")
async def is_in(here: Acting, person: Person, given: Given) -> Json:
    return {"is_in": person.is_in(here.group(given.any("group")))}


@act("group", "timeout")
async def let_in(here: Acting, person: Person, given: Given) -> Json:
    """Until one is in the group or channel."""
    await person.let_in(here.group(given.any("group")), timeout=_timeout(given))
    return {}


@act("group", "timeout")
async def put_out(here: Acting, person: Person, given: Given) -> Json:
    """Until one is there no longer."""
    await person.put_out(here.group(given.any("group")), timeout=_timeout(given))
    return {}


@act("group")
async def leave(here: Acting, person: Person, given: Given) -> Json:
    person.leave(here.group(given.any("group")))
    return {}


def _invoice(here: Acting, person: Person, given: Given) -> Seen | str | None:
    if link := given.text_or("link", None):
        return link
    return here.seen(person, given) if given.values.get("message") is not None else None


def _info(given: Given) -> Json:
    found: Json = {name: given.text_or(name, None) for name in _INFO[:3]}
    found["shipping_address"] = given.texts_or("shipping_address", None)
    return {name: value for name, value in found.items() if value is not None}


def _timeout(given: Given) -> float | None:
    return given.number_or("timeout", None, 0, LONGEST_WAIT)
