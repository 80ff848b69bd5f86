"""/start and /help, in the words of a bot's only app, or in ours."""

from html import escape

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from kassa import users
from kassa.config import Settings
from kassa.db import Tx
from kassa.telegram import showing
from kassa.telegram.routing import House
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User

INVITED = "ref_"  # and the inviter's code: t.me/some_bot?start=ref_CODE


def add(router: Router, settings: Settings) -> None:
    base, contact = showing.base(settings), settings.support_contact

    async def start(
        message: Message, *, command: CommandObject, user: User, tx: Tx, t: Speaker, house: House
    ) -> Wish:
        await invited(tx, user, command.args)
        private = message.chat.type == "private"
        keyboard = showing.keyboard(house, user.language, base=base, private=private)
        args = {"name": user.first_name, "contact": contact}
        only = house.alone
        if only is not None and only.texts.has("start"):
            return message.answer(
                only.texts.say(user.language, "start", **args), reply_markup=keyboard
            )
        said = [t.html("hello", name=user.first_name), *sections(house, user.language)]
        said += [t.html("hello-more")]
        return message.answer("\n\n".join(said), parse_mode="HTML", reply_markup=keyboard)

    async def help_(message: Message, user: User, t: Speaker, house: House) -> Wish:
        args = {"name": user.first_name, "contact": contact}
        only = house.alone
        if only is not None and only.texts.has("help"):
            return message.answer(only.texts.say(user.language, "help", **args))
        ours = "\n".join(map(_line, showing.our_lines(house, user.language)))
        said = [t.html("help"), *sections(house, user.language), ours]
        if contact:
            said += [t.html("help-contact", contact=contact)]
        return message.answer("\n\n".join(said), parse_mode="HTML")

    router.message.register(start, Command("start"))
    router.message.register(help_, Command("help"))


async def invited(tx: Tx, user: User, payload: str | None) -> User | None:
    """Who sent them here, by what stands behind /start. An app that answers /start itself calls
    it, too."""
    if not payload or not payload.startswith(INVITED):
        return None
    return await users.referred(tx, user.id, payload.removeprefix(INVITED))


def sections(house: House, language: str) -> list[str]:
    """Each app's commands, under its name where there are several. As HTML."""
    found = []
    for app in house.apps:
        lines = [_line(each) for each in showing.lines(app, language)]
        if len(house.apps) > 1:
            lines.insert(0, f"<b>{escape(showing.title(app, language))}</b>")
        if lines:
            found.append("\n".join(lines))
    return found


def _line(line: showing.Line) -> str:
    return escape(str(line))
