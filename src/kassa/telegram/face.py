"""What Telegram shows of a bot: its commands, the button beside the field, what it is about.

All of it is said again when any of it has changed, by a job: a start does not wait for it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from kassa import clock, outbox, texts
from kassa.botapi import Call, Refused
from kassa.db import Database, Tx
from kassa.telegram import showing
from kassa.telegram.routing import House

FACE = "telegram.face"  # {"bot"}

# Telegram's "" is for every language that has none of its own.
_CODES = {language: "" if language == texts.FIRST else language for language in texts.LANGUAGES}


class Faces:
    """Of all bots: `base` is showing.base(settings)."""

    def __init__(self, database: Database, houses: Mapping[int, House], *, base: str) -> None:
        self._database = database
        self._houses = houses
        self._base = base

    async def look(self) -> None:
        """At start: a job for each bot that shows something else than it would now."""
        await self._database.run(self._look)

    async def show(self, job: outbox.Job) -> None:
        """The job FACE. Said twice, it is the same."""
        house = self._houses.get(int(job.payload["bot"]))
        if house is None:  # it has left the settings
            return
        calls = list(said(house, base=self._base))
        for call in calls:
            try:
                await house.bot.api.call(call.method, call.params)
            except Refused as error:
                if error.retry_after is not None:
                    raise outbox.TryLater(timedelta(seconds=error.retry_after)) from error
                raise outbox.GiveUp(f"The bot {house.bot.name}: {error}") from error
        await self._database.execute(
            """
            INSERT INTO telegram.face (bot, print, set_at) VALUES ($1, $2, $3)
            ON CONFLICT (bot) DO UPDATE SET print = EXCLUDED.print, set_at = EXCLUDED.set_at
            """,
            *(house.bot.id, printed(calls), clock.now()),
        )

    async def _look(self, tx: Tx) -> None:
        rows = await tx.fetch("SELECT bot, print FROM telegram.face")
        shown = {row["bot"]: row["print"] for row in rows}
        for number, house in self._houses.items():
            if shown.get(number) != printed(list(said(house, base=self._base))):
                await outbox.put(tx, FACE, {"bot": number}, key=str(number))


def said(house: House, *, base: str) -> Iterator[Call]:
    """All that there is to say. Descriptions are a bot's own where no only app has words for it."""
    for language, code in _CODES.items():
        params = {"commands": _commands(house, language), "language_code": code}
        yield Call("setMyCommands", params)
    yield Call("setChatMenuButton", {"menu_button": _menu_button(house, base)})
    only = house.alone
    for method, name, param in (
        ("setMyDescription", "about", "description"),
        ("setMyShortDescription", "about-short", "short_description"),
    ):
        if only is not None and only.texts.has(name):
            for language, code in _CODES.items():
                params = {param: only.texts.say(language, name), "language_code": code}
                yield Call(method, params)


def printed(calls: list[Call]) -> str:
    """By which it is known that nothing has changed."""
    plain = [[call.method, dict(call.params)] for call in calls]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _commands(house: House, language: str) -> list[dict[str, str]]:
    lines = [line for app in house.apps for line in showing.lines(app, language)]
    lines += showing.our_lines(house, language)
    found = {line.command: line.description for line in reversed(lines)}  # the first one counts
    return [{"command": name, "description": found[name]} for name in reversed(found)]


def _menu_button(house: House, base: str) -> dict[str, object]:
    """For whom has no button of their own yet: it says what the first language says."""
    button = showing.menu_button(house, texts.FIRST, base=base)
    return button.model_dump(exclude_none=True) if button else {"type": "commands"}
