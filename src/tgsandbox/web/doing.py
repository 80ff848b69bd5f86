"""What a person on the page does: the acts by their names, and the scene that they happen in."""

from collections.abc import Callable, Mapping

from tgsandbox.given import Given, Wrong
from tgsandbox.telegram.records import Bot, Chat, Json, Message, User
from tgsandbox.telegram.world import World
from tgsandbox.web import view

MOST = view.MOST
NO_CHAT = "There is no such chat."


class Scene:
    """Who is in front of the page, and which chat is open there; who is not there, or may not
    be seen, is missed by whoever asks for it."""

    def __init__(self, world: World, asked: Mapping[str, str]) -> None:
        self.world = world
        self._asked = asked

    @property
    def user(self) -> User:
        user = self.world.users.get(_number(self._asked.get("person", "")))
        if user is None:
            raise Wrong("There is no such person.", 404)
        return user

    @property
    def chat(self) -> Chat:
        return self.chat_named(self._asked.get("chat", ""))

    def chat_named(self, key: str) -> Chat:
        """A chat of theirs; one with a bot begins by being looked at."""
        chat, user = self.world.chats.get(key), self.user
        bot = self.world.bots.get(_number(key.partition(":")[0]))
        if chat is None and bot and key == f"{bot.id}:{user.id}":
            chat = self.world.private_chat(user, bot)
        if chat is None or not self.world.is_member(chat, user.id):
            raise Wrong(NO_CHAT, 404)
        return chat

    @property
    def bot(self) -> Bot:
        """With which the chat is."""
        if not self.chat.private:
            raise Wrong("This is no chat with a bot.", 409)
        return self.world.bots[self.chat.bot_id]

    @property
    def group(self) -> Chat:
        if self.chat.private:
            raise Wrong("This is no group.", 409)
        return self.chat

    def message(self, given: Given) -> Message:
        found = self.chat.messages.get(given.whole("message", 0, MOST))
        if found is None:
            raise Wrong("The message is gone.", 409)
        return found

    def said(self, message: Message) -> Json:
        return {"message": view.message(self.world, self.user, message)}


Act = Callable[[Scene, Given], Json | None]
ACTS: dict[str, tuple[Act, tuple[str, ...]]] = {}  # with the names that each understands


def act(*known: str) -> Callable[[Act], Act]:
    def keep(function: Act) -> Act:
        ACTS[function.__name__] = function, known
        return function

    return keep


def perform(scene: Scene, name: str, values: Json) -> Json:
    if name not in ACTS:
        raise Wrong(f"Nobody knows how to {name!r}.", 404)
    function, known = ACTS[name]
    return function(scene, Given(values, known)) or {}


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) < 19 else 0
