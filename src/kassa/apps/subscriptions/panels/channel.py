"""A private channel: one link for everybody, on which the bot lets in who has time left.

Whoever passes the link on lets in nobody: each request to join is answered by `approve`. The bot
must be an administrator who may invite and put out.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kassa import clock
from kassa.apps.subscriptions.panels.protocol import Access, Down, No, Wanted
from kassa.botapi import NotDone, NotKnown, Refused
from kassa.db import Database
from kassa.outbox import TryLater
from kassa.telegram.bots import Bot

if TYPE_CHECKING:
    from aiogram.methods import ApproveChatJoinRequest, DeclineChatJoinRequest
    from aiogram.types import ChatJoinRequest

    from kassa.telegram.sender import Sender

NAME = "kassa"  # of the link, as administrators see it
INSIDE = ("member", "administrator", "creator", "restricted")
PUT_OUT = ("member", "restricted")  # administrators stay
_NOT_THERE = ("user not found", "participant", "user_id_invalid", "member not found")


def approve(
    request: "ChatJoinRequest", until: datetime | None
) -> "ApproveChatJoinRequest | DeclineChatJoinRequest":
    """What the handler of a request to join returns: `until` is how long they are let in."""
    if until is not None and until > clock.now():
        return request.approve()
    return request.decline()


class Channel:
    name = "channel"

    def __init__(self, database: Database, sender: "Sender", bot: Bot, chat: int) -> None:
        self._database, self._sender = database, sender
        self._bot, self._chat = bot, chat

    async def ensure(self, wanted: Wanted) -> Access:
        if wanted.until <= clock.now():
            await self._put_out(wanted)
            return Access("", wanted.username, wanted.until, active=False, link="")
        link = await self._link()
        await self._unban(wanted)  # whoever was put out at an end that is over
        return self._access(wanted, link)

    async def read(self, wanted: Wanted) -> Access | None:
        """Whether they are let in is our word; whether they have come in, the channel's."""
        standing = await self._standing(wanted)
        if standing not in INSIDE and wanted.until <= clock.now():
            return None
        return self._access(wanted, await self._kept() or "")

    async def everybody(self) -> AsyncIterator[Access]:
        """Telegram tells no bot who is in a channel."""
        nobody: tuple[Access, ...] = ()
        for each in nobody:
            yield each

    async def forget_device(self, wanted: Wanted, device: str) -> None:
        """A channel knows none."""

    async def new_link(self, wanted: Wanted) -> Access:
        """The link opens nothing by itself, so it may stay."""
        return self._access(wanted, await self._link())

    async def close(self) -> None:
        """The bot is not ours to close."""

    # -- the link

    async def _link(self) -> str:
        kept = await self._kept()
        if kept is not None:
            return kept
        asked = {"name": NAME, "creates_join_request": True}
        made = await self._call("createChatInviteLink", asked)
        await self._database.execute(
            """
            INSERT INTO subscriptions.channel (bot, chat, link) VALUES ($1, $2, $3)
            ON CONFLICT (bot, chat) DO NOTHING
            """,
            *(self._bot.id, self._chat, str(made["invite_link"])),
        )
        return await self._kept() or ""

    async def _kept(self) -> str | None:
        found: str | None = await self._database.fetchval(
            "SELECT link FROM subscriptions.channel WHERE bot = $1 AND chat = $2",
            *(self._bot.id, self._chat),
        )
        return found

    # -- who is inside

    async def _put_out(self, wanted: Wanted) -> None:
        """And may ask again: putting out is banning, so the ban is lifted at once."""
        if await self._standing(wanted) in PUT_OUT:
            await self._call("banChatMember", {"user_id": wanted.telegram_id})
            await self._unban(wanted)

    async def _unban(self, wanted: Wanted) -> None:
        user = {"user_id": wanted.telegram_id, "only_if_banned": True}
        try:
            await self._call("unbanChatMember", user)
        except No as error:
            if not _is_not_there(error):
                raise

    async def _standing(self, wanted: Wanted) -> str:
        try:
            found = await self._call("getChatMember", {"user_id": wanted.telegram_id})
        except No as error:
            if not _is_not_there(error):
                raise
            return "left"
        return str(found["status"])

    async def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        given = {"chat_id": self._chat, **params}
        try:
            return await self._sender.call(self._bot, method, given, chat=self._chat, urgent=False)
        except Refused as error:
            raise No(f"Telegram refuses the channel {self._chat}: {error}") from None
        except (NotDone, NotKnown, TryLater) as error:
            raise Down(f"Telegram: {error}") from None

    def _access(self, wanted: Wanted, link: str) -> Access:
        active = wanted.until > clock.now()
        return Access(str(self._chat), wanted.username, wanted.until, active=active, link=link)


def _is_not_there(error: No) -> bool:
    return any(each in str(error).lower() for each in _NOT_THERE)
