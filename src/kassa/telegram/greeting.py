"""/start and /help, in the words of a bot's only app, or in ours."""

from dataclasses import dataclass
from html import escape

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from kassa import texts
from kassa.config import Settings
from kassa.telegram import showing, terms
from kassa.telegram.routing import House
from kassa.telegram.speaker import Speaker
from kassa.telegram.wishes import Wish
from kassa.users import User


@dataclass(frozen=True, slots=True)
class _Greeting:
    text: str
    mode: str | None
    keyboard: InlineKeyboardMarkup | None


def add(router: Router, settings: Settings) -> None:
    base, contact = showing.base(settings), settings.support_contact

    def greeting(house: House, user: User, t: Speaker, *, private: bool) -> _Greeting:
        if private and house.asks_terms and terms.asked(settings, user):
            text, agree = terms.screen(settings, user.language, then=terms.START)
            return _Greeting(text, None, agree)
        keyboard = showing.keyboard(house, user.language, base=base, private=private)
        args = {"name": user.first_name, "contact": contact}
        only = house.alone
        if only is not None and only.texts.has("start"):
            return _Greeting(only.texts.say(user.language, "start", **args), None, keyboard)
        said = [t.html("hello", name=user.first_name), *sections(house, user.language)]
        said += [t.html("hello-more")]
        return _Greeting("\n\n".join(said), "HTML", keyboard)

    async def start(message: Message, user: User, t: Speaker, house: House) -> list[Wish]:
        private = message.chat.type == "private"
        said = greeting(house, user, t, private=private)
        spoken = private and user.language != texts.FIRST
        button = showing.in_language(house, user, base=base) if spoken else []
        shown = message.answer(said.text, parse_mode=said.mode, reply_markup=said.keyboard)
        return [shown, *button]

    async def again(query: CallbackQuery, user: User, t: Speaker, house: House) -> list[Wish]:
        """In the place of what the button was under, if that can be."""
        message = query.message
        if message is None:
            return [query.answer()]
        said = greeting(house, user, t, private=message.chat.type == "private")
        if isinstance(message, Message) and message.text is not None:
            shown: Wish = message.edit_text(
                said.text, parse_mode=said.mode, reply_markup=said.keyboard
            )
        else:  # a picture, or too old
            shown = message.answer(said.text, parse_mode=said.mode, reply_markup=said.keyboard)
        return [query.answer(), shown]

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
    router.callback_query.register(again, F.data == terms.START)


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
