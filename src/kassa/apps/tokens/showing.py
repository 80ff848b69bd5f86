"""What people see of their tokens in a chat: messages with their buttons, in their language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    WebAppInfo,
)

from kassa.apps.models import Kassa
from kassa.apps.tokens.models import Line, NotEnough, Standing
from kassa.apps.tokens.options import SIZES, Options
from kassa.telegram import Speaker, Wish
from kassa.telegram import showing as house
from kassa.texts import load

PAGE = "/miniapp/"
LINES = 8  # of a page of history
IDEAS = ("idea-1", "idea-2", "idea-3")

Rows = Sequence[Sequence[InlineKeyboardButton]]


@dataclass(frozen=True, slots=True)
class Said:
    """A message, new or in the place of the one whose button was pressed."""

    text: str
    rows: Rows = field(default_factory=tuple)

    def new(self, event: Message | CallbackQuery) -> SendMessage:
        message = event.message if isinstance(event, CallbackQuery) else event
        assert message is not None
        return SendMessage(chat_id=message.chat.id, text=self.text, reply_markup=self._keyboard())

    def instead(self, query: CallbackQuery) -> list[Wish]:
        message = query.message
        if not isinstance(message, Message) or message.text is None:  # a picture, or too old
            return [query.answer(), self.new(query)] if message is not None else [query.answer()]
        edit = EditMessageText(
            chat_id=message.chat.id,
            message_id=message.message_id,
            text=self.text,
            reply_markup=self._keyboard(),
        )
        return [query.answer(), edit]

    def _keyboard(self) -> InlineKeyboardMarkup | None:
        rows = [list(row) for row in self.rows if row]
        return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def words(language: str) -> Speaker:
    """Ours, whoever asks: another app's handler has its own as `t`."""
    return Speaker(load("kassa.apps.tokens"), language)


def page(kassa: Kassa, bot: int | str) -> str:
    """The Mini App's address for a bot; "" where there is none that Telegram would open."""
    base, found = house.base(kassa.settings), kassa.bots.get(bot)
    if not base or found is None:
        return ""
    return f"{base}{PAGE}" if len(kassa.bots.all) == 1 else f"{base}{PAGE}{found.name}/"


def balance(t: Speaker, standing: Standing, url: str) -> Said:
    owing = {"debt": standing.debt} if standing.debt else {}
    text = t("balance-owing" if owing else "balance", balance=standing.balance, **owing)
    rows = [_open(t, "button-topup", url), _press(t, "button-history", "balance_history")]
    return Said(text, [*rows, _press(t, "button-main", "main_menu")])


def pay(t: Speaker, url: str) -> Said:
    return Said(t("pay"), [_open(t, "button-page", url)]) if url else Said(t("pay-no-page"))


def not_enough(t: Speaker, short: NotEnough, url: str) -> Said:
    text = t("not-enough", balance=short.balance, cost=short.cost)
    return Said(text, [_open(t, "button-topup", url)])


def history(t: Speaker, lines: Sequence[Line], *, zone: ZoneInfo, first: bool) -> Said:
    """`lines` has one more than a page where there is a next one."""
    back = _press(t, "button-back", "balance")
    if not lines and first:
        return Said(t("history-empty"), [back])
    shown = lines[:LINES]
    told = [
        f"{_signed(each.tokens)} · {t(each.title)} · {each.at.astimezone(zone):%d.%m.%Y}"
        for each in shown
    ]
    turn = [] if first else _press(t, "button-newest", "balance_history")
    if len(lines) > LINES:
        turn = [*turn, *_press(t, "button-older", f"balance_history:{shown[-1].id}")]
    return Said("\n".join([t("history"), "", *told]), [turn, back])


def ask(t: Speaker, options: Options) -> Said:
    costs: dict[str, Any] = {size: options.art.cost(size) for size in SIZES}
    rows = [_press(t, each, f"tokens:{each}") for each in IDEAS]
    return Said(t("draw-ask", **costs), [*rows, _press(t, "button-main", "main_menu")])


def _signed(tokens: int) -> str:
    return f"+{tokens}" if tokens > 0 else f"\N{MINUS SIGN}{-tokens}"


def _open(t: Speaker, name: str, url: str) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(text=t(name), web_app=WebAppInfo(url=url))] if url else []


def _press(t: Speaker, name: str, data: str) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(text=t(name), callback_data=data)]
