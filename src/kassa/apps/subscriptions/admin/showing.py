"""What the operator sees: messages with their buttons, in their language and their zone's time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import (
    CallbackQuery,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
)

from kassa.apps.models import Kassa
from kassa.apps.subscriptions import months
from kassa.apps.subscriptions.admin import statistics
from kassa.apps.subscriptions.admin.finding import Card, named
from kassa.apps.subscriptions.admin.statistics import Numbers, Three
from kassa.apps.subscriptions.models import Term
from kassa.apps.subscriptions.words import moment
from kassa.botapi import Refused
from kassa.errors import Unavailable
from kassa.log import get
from kassa.outbox import Job, TryLater
from kassa.payments import Payment
from kassa.telegram import Speaker, Wish
from kassa.telegram.paying_words import MOST_COPIED
from kassa.texts import load

PREFIX = "sub:admin"
TERMS = 10  # of a page
MOST_LINES = 40  # of a timeline

Rows = Sequence[Sequence[InlineKeyboardButton]]

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A message with tags: new, or in the place of the one whose button was pressed."""

    text: str
    rows: Rows = field(default_factory=tuple)

    def new(self, event: Message | CallbackQuery) -> SendMessage:
        message = event.message if isinstance(event, CallbackQuery) else event
        assert message is not None
        return SendMessage(
            chat_id=message.chat.id,
            text=self.text,
            parse_mode="HTML",
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=self._keyboard(),
        )

    def instead(self, query: CallbackQuery, told: str | None = None) -> list[Wish]:
        message = query.message
        if not isinstance(message, Message) or message.text is None:
            return [query.answer(told), self.new(query)] if message else [query.answer(told)]
        edit = EditMessageText(
            chat_id=message.chat.id,
            message_id=message.message_id,
            text=self.text,
            parse_mode="HTML",
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=self._keyboard(),
        )
        return [query.answer(told), edit]

    def params(self, chat: int, message: int) -> dict[str, Any]:
        """Of editMessageText, for a job."""
        rows = [[each.model_dump(exclude_none=True) for each in row] for row in self.rows if row]
        return {
            "chat_id": chat,
            "message_id": message,
            "text": self.text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {"inline_keyboard": rows},
        }

    def _keyboard(self) -> InlineKeyboardMarkup | None:
        rows = [list(row) for row in self.rows if row]
        return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def words(language: str) -> Speaker:
    """Ours, for a job."""
    return Speaker(load("kassa.apps.subscriptions"), language)


def is_no_command(message: Message) -> bool:
    """Whoever is asked may always go elsewhere."""
    return not (message.text or "").startswith("/")


def where(query: CallbackQuery) -> dict[str, int]:
    """The message whose button was pressed, for a job that will change it."""
    message, bot = query.message, query.bot
    assert message is not None
    assert bot is not None
    return {"bot": bot.id, "chat": message.chat.id, "message": message.message_id}


async def show(kassa: Kassa, job: Job, said: Said, *, ticket: int | None = None) -> None:
    """In the place of the message that the job knows of. Nothing hangs on whether it can be."""
    told = job.payload
    bot = kassa.bots.get(told["bot"])
    if bot is None:
        return
    params = said.params(told["chat"], told["message"])
    try:
        await kassa.sender.call(
            *(bot, "editMessageText", params), chat=told["chat"], urgent=True, ticket=ticket
        )
    except (Refused, Unavailable, TryLater) as error:
        _log.debug("admin.not_shown", why=str(error))


def press(t: Speaker, name: str, data: str, **args: Any) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=t(name, **args), callback_data=f"{PREFIX}:{data}")


def back(t: Speaker, data: str = "main") -> list[InlineKeyboardButton]:
    return [press(t, "admin-back", data)]


# -- the numbers -------------------------------------------------------------------


def main(t: Speaker, numbers: Numbers, at: datetime, zone: ZoneInfo, *, keys: bool) -> Said:
    lines = [
        t.html("admin-main", at=moment(at, zone, t.language)),
        "",
        _three(t, t("admin-n-people"), numbers.people),
        _three(t, t("admin-n-trials"), numbers.trials),
        _three(t, t("admin-n-sales"), numbers.sales),
        _three(t, t("admin-n-renewals"), numbers.renewals),
        _three(t, t("admin-n-refunds"), numbers.refunds),
    ]
    for each in numbers.takings:
        lines += ["", t.html("admin-takings", **_money(each))]
        lines.append(f"<code>{statistics.bars(each.days)}</code>")
    if numbers.takings:
        lines.append(t.html("admin-takings-days", days=statistics.CHART))
    for money in numbers.given_back.values():
        lines.append(t.html("admin-given-back", amount=money))
    lines += ["", t.html("admin-standing", active=numbers.active, ending=numbers.ending)]
    wrong = {
        "admin-wrong-waiting": numbers.waiting,
        "admin-wrong-undelivered": numbers.undelivered,
        "admin-wrong-dead": numbers.dead,
    }
    lines += [t.html(name, count=count) for name, count in wrong.items() if count]
    if not any(wrong.values()):
        lines.append(t("admin-all-well"))
    rows = [
        [press(t, "admin-find", "find")],
        [press(t, "admin-cast", "cast"), press(t, "admin-promos", "promos")],
        [press(t, "admin-keys", "keys")] if keys else [],
        [press(t, "admin-fresh", "main")],
    ]
    return Said("\n".join(lines), rows)


def _three(t: Speaker, what: str, three: Three) -> str:
    return t.html(
        "admin-three",
        what=what,
        today=three.today,
        yesterday=three.yesterday,
        week=three.week,
    )


def _money(each: statistics.Takings) -> Mapping[str, Any]:
    return {"today": each.today, "yesterday": each.yesterday, "week": each.week}


# -- a person ----------------------------------------------------------------------


def choose(t: Speaker, found: Sequence[Any]) -> Said:
    rows = [
        [
            InlineKeyboardButton(
                text=f"№{each.id} · {named(each)}"[:60], callback_data=f"{PREFIX}:u:{each.id}"
            )
        ]
        for each in found
    ]
    return Said(t("admin-several", count=len(found)), [*rows, back(t)])


def card(
    t: Speaker, found: Card, payments: Sequence[Payment], at: datetime, zone: ZoneInfo
) -> Said:
    person, mine = found.person, found.mine
    lines = [t.html("admin-card", name=named(person), number=person.id)]
    if person.username:
        lines.append(f"@{person.username}")
    since = moment(person.created_at, zone, t.language)
    lines.append(t.html("admin-card-telegram", telegram=str(person.telegram_id), since=since))
    if person.blocked_at is not None:
        lines.append(t("admin-card-blocked"))
    lines += ["", _standing(t, found, at, zone)]
    if mine is not None and mine.expires_at is not None:
        lines.append(t.html("admin-card-tier", tier=mine.grade.tier, devices=mine.grade.devices))
        lines.append(t(f"admin-renews-{mine.renews or 'not'}"))
        if mine.link:
            lines.append(t.html("admin-card-link", link=mine.link))
        if mine.provisioned < mine.wanted:
            lines.append(t.html("admin-card-waiting", why=mine.panel_error or "–"))
    lines.append("")
    if found.inviter is not None:
        who = named(found.inviter)
        lines.append(t.html("admin-card-inviter", name=who, number=found.inviter.id))
    invited = found.invited
    lines.append(
        t.html("admin-card-invited", friends=invited.friends, paid=invited.paid, days=invited.days)
    )
    return Said("\n".join(lines), _card_buttons(t, found, payments))


def status(t: Speaker, payment: Payment) -> str:
    """Money that has gone back is not called paid."""
    if payment.delivery == "taken_back":
        return t("admin-payment-back")
    return load("kassa.payments").say(t.language, "status", status=payment.status)


def _card_buttons(t: Speaker, found: Card, payments: Sequence[Payment]) -> Rows:
    number, mine = found.person.id, found.mine
    rows = [
        [
            InlineKeyboardButton(text=shown, callback_data=f"{PREFIX}:days:{number}:{days}")
            for days, shown in ((7, "+7"), (30, "+30"), (-7, "\N{MINUS SIGN}7"))
        ]
        + [press(t, "admin-days-other", f"days:{number}")],
    ]
    for each in payments:
        text = f"№{each.id} · {each.amount.format(t.language)} · {status(t, each)}"
        rows.append([InlineKeyboardButton(text=text, callback_data=f"{PREFIX}:pay:{each.id}")])
    rows.append([press(t, "admin-terms", f"terms:{number}")])
    if mine is not None and mine.expires_at is not None:
        rows.append(
            [press(t, "admin-anew", f"anew:{number}"), press(t, "admin-link", f"link:{number}")]
        )
        if mine.link and len(mine.link) <= MOST_COPIED:
            copied = CopyTextButton(text=mine.link)
            rows.append([InlineKeyboardButton(text=t("admin-copy-link"), copy_text=copied)])
    if found.person.blocked_at is None:
        rows.append([press(t, "admin-block", f"block:{number}")])
    else:
        rows.append([press(t, "admin-unblock", f"unblock:{number}")])
    return [*rows, back(t)]


def _standing(t: Speaker, found: Card, at: datetime, zone: ZoneInfo) -> str:
    mine = found.mine
    if mine is None or mine.expires_at is None:
        return t("admin-card-never")
    until = moment(mine.expires_at, zone, t.language)
    if mine.expires_at > at:
        left = months.days_left(mine.expires_at, at)
        return t.html("admin-card-active", until=until, left=left)
    if mine.access_until is not None and mine.access_until > at:
        grace = moment(mine.access_until, zone, t.language)
        return t.html("admin-card-grace", until=until, grace=grace)
    return t.html("admin-card-over", until=until)


def terms(
    t: Speaker, number: int, found: Sequence[Term], names: Mapping[int, str], zone: ZoneInfo
) -> Said:
    """`found` has one more than a page where there is a next one."""
    lines = [t("admin-terms-title"), ""]
    for each in found[:TERMS]:
        lines.append(
            t.html(
                "admin-term",
                at=moment(each.at, zone, t.language),
                kind=each.kind,
                change=change(t, each.seconds),
                until=moment(each.after, zone, t.language),
            )
        )
        if each.given_by is not None:
            who = names.get(each.given_by, str(each.given_by))
            lines.append(t.html("admin-term-by", name=who, reason=each.reason or "–"))
        elif each.reason:
            lines.append(t.html("admin-term-why", reason=each.reason))
    if not found:
        lines.append(t("admin-terms-none"))
    older = []
    if len(found) > TERMS:
        older = [press(t, "admin-older", f"terms:{number}:{found[TERMS - 1].id}")]
    return Said("\n".join(lines), [older, back(t, f"u:{number}")])


def change(t: Speaker, seconds: int) -> str:
    """Of time: in days, or in hours where it is less than one."""
    sign, most = ("+" if seconds >= 0 else "\N{MINUS SIGN}"), abs(seconds)
    if 0 < most < 86_400:
        return sign + t("admin-change-hours", count=-(-most // 3600))
    return sign + t("admin-change-days", count=round(most / 86_400))
