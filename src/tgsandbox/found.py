"""What is on a person's screen: buttons, Mini Apps, invoices."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from tgsandbox.seen import Seen
from tgsandbox.telegram import acts, mini_apps
from tgsandbox.telegram.methods.profile import menu_button
from tgsandbox.telegram.records import Chat, Json, Message, User
from tgsandbox.telegram.world import World


class MiniApp(str):
    """The address a Mini App opens at, with what goes with it."""

    __slots__ = ("_send",)
    _send: Callable[[str], Message]

    @classmethod
    def at(cls, url: str, send: Callable[[str], Message]) -> "MiniApp":
        app = cls(url)
        app._send = send
        return app

    @property
    def init_data(self) -> str:
        """What the app gets as Telegram.WebApp.initData."""
        return parse_qs(urlsplit(self).fragment, keep_blank_values=True)["tgWebAppData"][0]

    async def send_data(self, data: str) -> None:
        """Telegram.WebApp.sendData, of an app that was opened from the reply keyboard."""
        self._send(data)


def find_button(
    world: World, chats: list[Chat], text: str, under: Seen | None
) -> tuple[Chat, Message | None, Json] | None:
    """Where it is, under which message, if any, and the button itself."""
    if under is not None:
        button = Seen.of(world, under.message).button(text) or under.button(text)
        return (under.message.chat, under.message, button) if button else None
    for chat in chats:
        for message in reversed(chat.messages.values()):
            if message.markup and (button := Seen.of(world, message).button(text)):
                return chat, message, button
        if key := _key(chat, text):
            return chat, None, key
    return None


def find_mini_app(world: World, user: User, chats: list[Chat], text: str | None) -> MiniApp | None:
    for chat in chats:
        if chat.private and (app := _menu(world, user, chat, text)):
            return app
        if text is None:
            continue
        found = find_button(world, [chat], text, None)
        if not found or not (found[2].get("web_app")):
            continue
        _, message, button = found
        url = button["web_app"]["url"]
        if message is None:
            return MiniApp.at(mini_apps.open_by_keyboard(url), _sending(world, user, chat, text))
        bot = world.bots[message.via or message.sender]
        opened = mini_apps.open_by_button(world, user, bot, chat, url)
        return MiniApp.at(opened, _nowhere)
    return None


def newest_invoice(chats: list[Chat]) -> Message | None:
    for chat in chats:
        for message in reversed(chat.messages.values()):
            if message.invoice:
                return message
    return None


def _menu(world: World, user: User, chat: Chat, text: str | None) -> MiniApp | None:
    bot = world.bots[chat.bot_id]
    button = menu_button(bot, str(chat.id))
    if button["type"] != "web_app" or text not in (None, button["text"]):
        return None
    url = mini_apps.open_by_button(world, user, bot, chat, button["web_app"]["url"])
    return MiniApp.at(url, _nowhere)


def _key(chat: Chat, text: str) -> Json | None:
    """A button of the keyboard below the field."""
    rows = (chat.keyboard or {}).get("keyboard", [])
    every = [{"text": key} if isinstance(key, str) else key for row in rows for key in row]
    exact = [key for key in every if key["text"] == text]
    return next(iter(exact or [key for key in every if key["text"].startswith(text)]), None)


def _sending(world: World, user: User, chat: Chat, text: str) -> Callable[[str], Message]:
    def send(data: str) -> Message:
        if not 1 <= len(data.encode()) <= 4096:
            raise acts.Impossible("sendData takes 1 to 4096 bytes.")
        body = {"web_app_data": {"data": data, "button_text": text}}
        return acts.write(world, user, chat, body)

    return send


def _nowhere(_: str) -> Message:
    raise acts.Impossible("Only an app that was opened from the reply keyboard can send data.")
