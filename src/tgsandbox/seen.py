"""A message as a person sees it, at the moment they look."""

from dataclasses import dataclass
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.records import Json, Message, Query
from tgsandbox.telegram.world import World


@dataclass(frozen=True, slots=True)
class Seen:
    message: Message
    body: Json
    markup: Json | None
    world: World

    @classmethod
    def of(cls, world: World, message: Message, body: Json | None = None) -> "Seen":
        return cls(message, message.body if body is None else body, message.markup, world)

    @property
    def id(self) -> int:
        return self.message.id

    @property
    def text(self) -> str:
        """Its text or caption."""
        return str(self.body.get("text") or self.body.get("caption") or "")

    @property
    def sender(self) -> str:
        """The username of the bot that sent it."""
        account = self.world.accounts[self.message.sender]
        return account.username or account.name

    @property
    def buttons(self) -> list[list[str]]:
        """What the buttons under it say, row by row."""
        return [[str(each["text"]) for each in row] for row in self._rows()]

    @property
    def kind(self) -> str:
        """text, photo, voice, invoice, ..."""
        return next((each for each in _KINDS if each in self.body), "text")

    @property
    def file(self) -> bytes:
        """The photo, voice or document in it."""
        described = self.body.get(self.kind)
        if isinstance(described, list):
            described = described[-1]
        if not isinstance(described, dict) or "file_id" not in described:
            raise ValueError(f"There is no file in a message of kind {self.kind}.")
        stored = self.world.files.find(described["file_id"])
        return self.world.files.content(stored) if stored else b""

    @property
    def gone(self) -> bool:
        return self.message.id not in self.message.chat.messages

    def reactions(self, *, by_bots: bool = False) -> list[str]:
        """In emoji, of everybody or of bots alone."""
        given = self.message.reactions.items()
        some = [each for who, each in given if not by_bots or int(who) in self.world.bots]
        return [str(one.get("emoji", "")) for each in some for one in each]

    def json(self) -> Json:
        """As the Bot API shows it now."""
        return wire.message(self.world, self.message)

    def button(self, text: str) -> Json | None:
        """The button that says so; or, failing that, the one that begins so."""
        every = [each for row in self._rows() for each in row]
        exact = [each for each in every if each["text"] == text]
        return next(iter(exact or [each for each in every if each["text"].startswith(text)]), None)

    def _rows(self) -> list[list[Json]]:
        rows: list[list[Json]] = (self.markup or {}).get("inline_keyboard", [])
        return rows

    def __str__(self) -> str:
        return described(self.body, self.markup)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bot says to a press of a button: a notice, an alert, an address to open."""

    text: str = ""
    alert: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class InlineResult:
    id: str
    title: str
    description: str
    query: Query
    result: Json


_KINDS = (
    "invoice",
    "successful_payment",
    "refunded_payment",
    "paid_media",
    "photo",
    "voice",
    "audio",
    "video",
    "animation",
    "video_note",
    "sticker",
    "document",
    "venue",
    "location",
    "contact",
    "dice",
    "web_app_data",
    "write_access_allowed",
    "new_chat_members",
    "left_chat_member",
    "pinned_message",
    "new_chat_title",
    "text",
)


def described(body: Json, markup: Json | None = None) -> str:
    """A message in a line or two, for a transcript."""
    kind = next((each for each in _KINDS if each in body), "")
    value: Any = body.get(kind)
    told = str(body.get("caption", ""))
    match kind:
        case "text":
            told = str(value)
        case "invoice":
            told = f"{value['title']}, {value['total_amount']} {value['currency']}"
        case "successful_payment" | "refunded_payment":
            told = f"{value['total_amount']} {value['currency']} for {value['invoice_payload']}"
        case "paid_media":
            told = f"{value['star_count']} Stars {told}"
        case "contact":
            told = str(value["phone_number"])
        case "location":
            told = f"{value['latitude']}, {value['longitude']}"
        case "dice":
            told = f"{value['emoji']} {value['value']}"
        case "web_app_data":
            told = str(value["data"])
    if kind != "text":
        told = f"({kind.replace('_', ' ')}) {told}".rstrip()
    for row in (markup or {}).get("inline_keyboard", []):
        told += "\n" + " ".join(f"[{each['text']}]" for each in row)
    return told
