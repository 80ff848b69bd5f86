"""/start and /help, in the words of a bot's only app, or in ours."""

from html import escape

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from kassa.config import Settings
from kassa.telegram import showing
from kassa.telegram.routing import House
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User


def add(router: Router, settings: Settings) -> None:
    base, contact = showing.base(settings), settings.support_contact

    async def start(message: Message, user: User, t: Speaker, house: House) -> Wish:
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
