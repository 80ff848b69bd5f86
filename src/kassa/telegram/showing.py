"""What a bot shows of itself: its apps' menus as buttons and as commands, and our own commands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiogram.methods import SetChatMenuButton
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonWebApp,
    WebAppInfo,
)

from kassa import texts
from kassa.botapi.client import URL
from kassa.config import Settings
from kassa.telegram import buttons
from kassa.telegram.bots import Bot
from kassa.telegram.menu import MenuItem
from kassa.telegram.routing import House, Shown
from kassa.texts import LANGUAGES, NoSuchText
from kassa.users import User

OURS = ("language", "phone", "paysupport", "terms", "login", "help", "cancel")

# As long as Telegram takes them; of a label, as much as a phone shows.
MOST_LABEL, MOST_DESCRIPTION, MOST_ABOUT, MOST_ABOUT_SHORT = 64, 256, 512, 120

_COMMAND = re.compile("[a-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class Line:
    """A command, and what it is for."""

    command: str
    description: str

    def __str__(self) -> str:
        return f"/{self.command} — {self.description}"


def base(settings: Settings) -> str:
    """Where Mini Apps are, or "". Telegram opens nothing but https; a sandbox does."""
    url = settings.public_base_url
    real = settings.telegram_api_url == URL
    return url if url.startswith("https://") or not real else ""


def page(base: str, house: House, item: MenuItem) -> str:
    return address(base, house.bot, item.page)


def address(base: str, bot: Bot, path: str) -> str:
    """`{bot}` in a page's path is the bot's name in addresses."""
    return f"{base}/{path.lstrip('/')}".replace("{bot}", bot.name)


def label(app: Shown, item: MenuItem, language: str) -> str:
    return app.texts.say(language, item.text)


def title(app: Shown, language: str) -> str:
    return app.texts.say(language, "title") if app.texts.has("title") else app.name.capitalize()


def lines(app: Shown, language: str) -> list[Line]:
    """An app's commands. What they are for may be said at more length than in the label."""
    found = []
    for item in app.menu:
        if item.command:
            longer = f"command-{item.command}"
            name = longer if app.texts.has(longer) else item.text
            found.append(Line(item.command, app.texts.say(language, name)))
    return found


def our_lines(house: House, language: str) -> list[Line]:
    """Without those that an app has taken over."""
    ours = texts.load("kassa.telegram")
    return [
        Line(name, ours.say(language, f"command-{name}"))
        for name in OURS
        if name not in house.claimed
    ]


def keyboard(
    house: House, language: str, *, base: str, private: bool
) -> InlineKeyboardMarkup | None:
    """All menus of a bot, a button a row. Mini Apps open from private chats only."""
    rows = []
    for app in house.apps:
        for item in app.menu:
            text = label(app, item, language)
            if item.data:
                rows.append([InlineKeyboardButton(text=text, callback_data=item.data)])
            elif item.url:
                rows.append([InlineKeyboardButton(text=text, url=item.url)])
            elif item.page and base and private:
                app_there = WebAppInfo(url=page(base, house, item))
                rows.append([InlineKeyboardButton(text=text, web_app=app_there)])
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def menu_button(house: House, language: str, *, base: str) -> MenuButtonWebApp | None:
    """The button beside the field, of the first app that has one."""
    for app in house.apps:
        item = app.menu_button
        if item is not None and item.page and base:
            page_there = WebAppInfo(url=page(base, house, item))
            return MenuButtonWebApp(text=label(app, item, language), web_app=page_there)
    return None


def in_language(house: House, user: User, *, base: str) -> list[SetChatMenuButton]:
    """Telegram has one button for all languages, and one for each chat: so in theirs."""
    button = menu_button(house, user.language, base=base)
    return [SetChatMenuButton(chat_id=user.telegram_id, menu_button=button)] if button else []


def wrong(bot: str, apps: Sequence[Shown]) -> list[str]:
    """What of the apps' menus Telegram would not show, in words."""
    found = [f"bot {bot}: the app {app.name}: {each}" for app in apps for each in _wrong(app)]
    if len(apps) == 1:
        for name, most in (("about", MOST_ABOUT), ("about-short", MOST_ABOUT_SHORT)):
            if apps[0].texts.has(name):
                told = _too_long(apps[0], name, most)
                found += [f"bot {bot}: the app {apps[0].name}: {each}" for each in told]
    return found


def _wrong(app: Shown) -> Iterator[str]:
    button = app.menu_button
    if button is not None:
        if not button.page:
            yield f"the menu button {button.text} opens a page of the Mini App, and names none"
        yield from _too_long(app, button.text, MOST_LABEL)
    for item in app.menu:
        given = [each for each in (item.command, item.data, item.page, item.url) if each]
        if len(given) != 1:
            yield f"{item.text} in the menu needs one of command, data, page, url"
        elif item.command:
            if not _COMMAND.fullmatch(item.command):
                yield f"/{item.command} is no command: up to 32 of a-z, 0-9 and _"
            longer = f"command-{item.command}"
            name = longer if app.texts.has(longer) else item.text
            yield from _too_long(app, name, MOST_DESCRIPTION)
        else:
            if len(item.data.encode()) > buttons.MOST:
                yield f"the data of {item.text} is longer than {buttons.MOST} bytes"
            yield from _too_long(app, item.text, MOST_LABEL)


def _too_long(app: Shown, name: str, most: int) -> Iterator[str]:
    for language in LANGUAGES:
        try:
            size = len(app.texts.say(language, name))
        except NoSuchText as error:
            yield str(error)
            return
        if not 0 < size <= most:
            yield f"the text {name} ({language}) has {size} characters; 1 to {most} fit"
