"""The bots of the settings, each with its calls and what it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kassa.botapi import BotApi
from kassa.config import Settings
from kassa.errors import NotFound


@dataclass(frozen=True, slots=True)
class Bot:
    id: int
    name: str
    api: BotApi
    apps: tuple[str, ...]


class NoSuchBot(NotFound):
    """No bot here has this name or number."""


class Bots:
    """All of them, by number or by name."""

    def __init__(self, bots: Sequence[Bot]) -> None:
        self.all = tuple(bots)
        self._by_name: Mapping[str, Bot] = {
            **{bot.name: bot for bot in bots},
            **{str(bot.id): bot for bot in bots},
        }

    def __getitem__(self, wanted: int | str) -> Bot:
        found = self._by_name.get(str(wanted))
        if found is None:
            raise NoSuchBot(f"There is no bot {wanted!r} here.")
        return found

    def get(self, wanted: int | str) -> Bot | None:
        try:
            return self[wanted]
        except NoSuchBot:
            return None

    async def close(self) -> None:
        for bot in self.all:
            await bot.api.close()


def from_settings(settings: Settings) -> Bots:
    return Bots(
        [
            Bot(each.id, each.name, BotApi(each.token, url=settings.telegram_api_url), each.apps)
            for each in settings.bots
        ]
    )
