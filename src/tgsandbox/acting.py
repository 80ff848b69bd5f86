"""Who there is by name, and the acts that people know, for whoever asks in JSON."""

import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tgsandbox.given import Given, Wrong
from tgsandbox.people import Person
from tgsandbox.seen import InlineResult, Seen
from tgsandbox.telegram.payments.checkout import Checkout
from tgsandbox.telegram.records import Json

if TYPE_CHECKING:
    from tgsandbox.bots import BotAccess
    from tgsandbox.sandbox import Group, Sandbox

Act = Callable[["Acting", Person, Given], Awaitable[Json]]
ACTS: dict[str, tuple[Act, tuple[str, ...]]] = {}  # with the names that each understands
_MOST = 10**12


class Acting:
    """Who there is by name, and what was begun and can be gone on with."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.tg = sandbox
        self.offered: dict[int, list[InlineResult]] = {}  # to a person, the last time
        self.checkouts: dict[int, Checkout] = {}
        self._numbers = itertools.count(1)

    async def perform(self, person: Person, act: str, values: Json) -> Json:
        if act not in ACTS:
            raise Wrong(f"Nobody knows how to {act!r}; there are {', '.join(sorted(ACTS))}.", 404)
        function, known = ACTS[act]
        return await function(self, person, Given(values, known))

    def person(self, named: Any) -> Person:
        for user in self.tg.world.users.values():
            names = [user.id, str(user.id), user.name, user.first_name]
            if named in names or (user.username and named == f"@{user.username}"):
                return self.tg.person(user)
        raise Wrong(f"There is no person {named!r}.", 404)

    def bot(self, named: Any) -> "BotAccess":
        for bot in self.tg.world.bots.values():
            if str(named).removeprefix("@").lower() in (bot.username.lower(), str(bot.id)):
                return self.tg.bot(bot.username)
        raise Wrong(f"There is no bot {named!r}.", 404)

    def group(self, named: Any) -> "Group":
        for chat in self.tg.world.groups.values():
            if named in (chat.id, str(chat.id), chat.title):
                return self.tg.group_of(chat)
        raise Wrong(f"There is no group {named!r}.", 404)

    def member(self, named: Any) -> "Person | BotAccess":
        try:
            return self.bot(named)
        except Wrong:
            return self.person(named)

    def chat(self, given: Given, name: str = "to") -> "BotAccess | Group | None":
        """A bot by its username, a group by its title or id; nothing is the chat of the moment."""
        named = given.values.get(name)
        if named is None:
            return None
        try:
            return self.group(named)
        except Wrong:
            pass
        try:
            return self.bot(named)
        except Wrong:
            raise Wrong(f"There is neither a bot nor a group {named!r}.", 404) from None

    def seen(self, person: Person, given: Given, name: str = "message") -> Seen:
        """A message by its id, in the chat that `chat` names."""
        number = given.whole(name, 1, _MOST)
        return person.message(number, self.chat(given, "chat"))

    def begun(self, checkout: Checkout) -> int:
        number = next(self._numbers)
        self.checkouts[number] = checkout
        return number

    def checkout(self, person: Person, given: Given) -> Checkout:
        found = self.checkouts.get(given.whole("checkout", 1, _MOST))
        if found is None or found.user is not person.user:
            raise Wrong(f"{person.name} has no checkout {given.values['checkout']}.", 404)
        return found


def act(*known: str) -> Callable[[Act], Act]:
    def keep(function: Act) -> Act:
        ACTS[function.__name__] = function, known
        return function

    return keep
