"""What the sandbox remembers. Fields hold JSON values, so that a record can be kept on disk."""

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

Json = dict[str, Any]


class Record:
    """Something kept: of a kind, under a key, as a row of its fields."""

    __slots__ = ()
    kind: ClassVar[str]
    apart: ClassVar[tuple[str, ...]] = ()  # fields that are not part of the row

    @property
    def key(self) -> str:
        raise NotImplementedError

    def row(self) -> Json:
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)  # type: ignore[arg-type]
            if each.name not in self.apart
        }


@dataclass(slots=True, eq=False)
class User(Record):
    kind = "user"
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language: str | None = None
    phone: str | None = None
    premium: bool = False
    stars: int = 0
    deactivated: bool = False
    photos: list[int] = field(default_factory=list)
    cloud: dict[str, dict[str, str]] = field(default_factory=dict)  # CloudStorage, by bot

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}" if self.last_name else self.first_name


@dataclass(slots=True, eq=False)
class Bot(Record):
    kind = "bot"
    id: int
    token: str
    username: str
    first_name: str
    names: dict[str, str] = field(default_factory=dict)  # by language
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)  # by scope and language
    menu_buttons: dict[str, Json] = field(default_factory=dict)  # by chat; "" for the others
    inline: bool = True
    privacy: bool = True  # sees of a group only what is meant for it
    joins_groups: bool = True
    main_app: str | None = None  # the address of its main Mini App
    apps: dict[str, str] = field(default_factory=dict)  # Mini Apps by short name
    webhook: Json | None = None
    allowed: list[str] | None = None  # kinds of updates; None is the usual ones
    next_update: int = 0
    photos: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def name(self) -> str:
        return self.first_name

    @property
    def queue(self) -> str:
        return str(self.id)


Account = User | Bot


@dataclass(slots=True, eq=False)
class Chat(Record):
    kind = "chat"
    apart = ("messages",)
    id: int  # as the Bot API has it: of a private chat the person's
    type: str  # private, group, supergroup, channel
    user_id: int = 0  # whose private chat this is, and with which bot
    bot_id: int = 0
    title: str | None = None
    description: str | None = None
    username: str | None = None
    members: dict[str, Json] = field(default_factory=dict)  # of a group: ChatMember without user
    links: dict[str, Json] = field(default_factory=dict)  # that lead into it, by their hash
    requests: dict[str, Json] = field(default_factory=dict)  # of people who ask to be let in
    started: bool = False  # a bot may not write first
    blocked: bool = False  # the person has blocked the bot
    writable: bool = False  # a Mini App was allowed to write
    keyboard: Json | None = None  # the reply keyboard on show, or force_reply
    keyboard_from: int = 0  # the message that brought it
    pinned: list[int] = field(default_factory=list)  # the latest last
    read: dict[str, int] = field(default_factory=dict)  # by person, the last message they saw
    last_id: int = 0
    messages: "dict[int, Message]" = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        return f"{self.bot_id}:{self.id}"

    @property
    def private(self) -> bool:
        return self.type == "private"


@dataclass(slots=True, eq=False)
class Message(Record):
    kind = "message"
    apart = ("chat",)
    id: int
    chat: Chat
    sender: int
    date: int
    body: Json  # what it holds, in the words of the Bot API; replaced, never changed in place
    markup: Json | None = None  # an inline keyboard
    had_keyboard: bool = False  # brought a keyboard of the other kind, so it stays as it is
    edited: int | None = None
    reply_to: int | None = None
    quote: Json | None = None
    origin: Json | None = None  # of a forwarded message
    album: str | None = None
    via: int | None = None
    inline_id: str | None = None
    protected: bool = False
    effect: str | None = None
    silent: bool = False
    reactions: dict[str, list[Json]] = field(default_factory=dict)  # by person
    invoice: str | None = None
    unlocked: list[int] = field(default_factory=list)  # who has paid for its media

    @property
    def key(self) -> str:
        return f"{self.chat.key}/{self.id}"

    @property
    def text(self) -> str:
        """What it says: its text or its caption."""
        return str(self.body.get("text") or self.body.get("caption") or "")


@dataclass(slots=True, eq=False)
class Query(Record):
    """A question to a bot that waits for its answer."""

    kind = "query"
    apart = ("waiting",)
    id: str
    type: str  # callback, inline, shipping, pre_checkout, web_app
    bot_id: int
    user_id: int
    until: float
    about: Json = field(default_factory=dict)
    answer: Json | None = None
    waiting: Any = None  # what is to be called with the answer

    @property
    def key(self) -> str:
        return self.id


@dataclass(slots=True, eq=False)
class Update(Record):
    kind = "update"
    id: int
    bot_id: int
    type: str
    body: Json
    queue: str  # updates of one queue reach a webhook one after the other
    until: float

    @property
    def key(self) -> str:
        return f"{self.bot_id}:{self.id}"


@dataclass(slots=True, eq=False)
class StoredFile(Record):
    kind = "file"
    id: int
    type: str  # photo, voice, document, ...
    size: int
    folder: str
    name: str | None = None
    mime: str | None = None
    width: int = 0
    height: int = 0
    duration: int = 0
    title: str | None = None
    performer: str | None = None
    emoji: str | None = None
    thumbnail: Json | None = None  # as a PhotoSize
    extension: str = ""

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def path(self) -> str:
        return f"{self.folder}/file_{self.id}{self.extension}"
