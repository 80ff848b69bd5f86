"""What people see of plans and ways to pay in a chat: messages with buttons, in their language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from kassa.apps.subscriptions import words
from kassa.apps.subscriptions.models import Purchase
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.purchases import BALANCE, NEAR, Way, described
from kassa.money import Money
from kassa.telegram import Speaker, Wish, terms

Rows = Sequence[Sequence[InlineKeyboardButton]]

MENU = terms.START  # the button to where everything begins
MOST_DATA = 64  # bytes of a button
MOST_COPIED = 256  # characters


@dataclass(frozen=True, slots=True)
class Said:
    """A message as HTML, new or in the place of the one whose button was pressed."""

    text: str
    rows: Rows = field(default_factory=tuple)

    def new(self, event: Message | CallbackQuery) -> SendMessage:
        message = event.message if isinstance(event, CallbackQuery) else event
        assert message is not None
        return SendMessage(
            chat_id=message.chat.id,
            text=self.text,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self.keyboard(),
        )

    def instead(self, query: CallbackQuery, toast: str = "") -> list[Wish]:
        message = query.message
        answer = query.answer(toast) if toast else query.answer()
        if not isinstance(message, Message) or message.text is None:  # a picture, or too old
            return [answer, self.new(query)] if message is not None else [answer]
        edit = EditMessageText(
            chat_id=message.chat.id,
            message_id=message.message_id,
            text=self.text,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self.keyboard(),
        )
        return [answer, edit]

    def keyboard(self) -> InlineKeyboardMarkup | None:
        rows = [list(row) for row in self.rows if row]
        return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


# -- buttons -----------------------------------------------------------------------


def press(t: Speaker, name: str, data: str, **args: object) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(text=t(name, **args), callback_data=data)]


def opens(t: Speaker, name: str, url: str) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(text=t(name), url=url)] if url else []


def copies(t: Speaker, name: str, text: str) -> list[InlineKeyboardButton]:
    if not 0 < len(text) <= MOST_COPIED:
        return []
    return [InlineKeyboardButton(text=t(name), copy_text=CopyTextButton(text=text))]


def home(t: Speaker) -> list[InlineKeyboardButton]:
    return press(t, "button-menu", MENU)


# -- plans -------------------------------------------------------------------------


def nearest(kassa: Kassa, prices: Mapping[str, Money], language: str) -> Money:
    """The price that tells somebody most, of those that can be paid."""
    near = NEAR.get(language, "USD")
    known = sorted(prices.values(), key=lambda each: each.currency != near)
    return next((each for each in known if kassa.payments.offers(each)), known[0])


def plans(
    kassa: Kassa, t: Speaker, options: Options, *, why: str = "", until: str = "", trial: bool
) -> Said:
    """`why`: the name of a text that tells how one got here; `until`: when what they have ends."""
    rows: list[list[InlineKeyboardButton]] = []
    if trial:
        rows.append(press(t, "button-trial", "sub:trial", days=options.trial_days))
    for plan in options.plans:
        price = nearest(kassa, plan.prices, t.language)
        shown, saved = words.price(price, t.language), words.saved(plan, price, options.plans)
        if saved:
            text = t("button-plan-less", months=plan.months, price=shown, saved=saved)
        else:
            text = t("button-plan", months=plan.months, price=shown)
        if title := words.title(options, plan.tier, t.language):
            text = t("button-tiered", title=title, plan=text)
        data = f"sub:plan:{plan.name}"
        rows.append([InlineKeyboardButton(text=text, callback_data=data)])
    said = [t(why)] if why else []
    said.append(t("plans"))
    if until:
        said.append(t.html("plans-added", until=until))
    return Said("\n\n".join(said), [*rows, home(t)])


# -- ways to pay -------------------------------------------------------------------


def ways(
    kassa: Kassa,
    t: Speaker,
    purchase: Purchase,
    found: Sequence[Way],
    options: Options,
    *,
    there: Sequence[Money] = (),
    why: str = "",
    converts: tuple[int, int] | None = None,
) -> Said:
    """To choose from; several methods of one provider are one button, which leads to them.
    `there` is what is in somebody's wallets where that is enough; `converts` are the days of
    another tier that are left, and what they become."""
    shown = nearest(kassa, purchase.prices, t.language)
    rows = [[_from_balance(t, purchase, has, shown)] for has in there]
    for provider in dict.fromkeys(each.provider for each in found):
        several = [each for each in found if each.provider == provider]
        methods = {each.method for each in several}
        if len(methods) == 1:
            rows += [[_way(t, purchase, each, shown, alone=True)] for each in several]
        else:
            data = f"sub:ways:{purchase.id}:{provider}"
            name = t("way", provider=provider)
            rows.append([InlineKeyboardButton(text=name, callback_data=data)])
    lines = [*([t(why)] if why else []), _what(t, purchase, shown, options)]
    if purchase.promo is not None:
        lines.append(t("ways-promo"))
    if converts is not None:
        lines.append(t("ways-converts", days=converts[0], becomes=converts[1]))
    lines.append(t("ways" if rows else "ways-none"))
    if purchase.promo is None:
        rows.append(press(t, "button-promo", f"sub:promo:{purchase.id}"))
    back = "sub:gift" if purchase.gift else "sub:plans"
    return Said("\n\n".join(lines), [*rows, press(t, "button-back", back)])


def methods(
    kassa: Kassa, t: Speaker, purchase: Purchase, found: Sequence[Way], options: Options
) -> Said:
    """Those of one provider."""
    shown = nearest(kassa, purchase.prices, t.language)
    rows = [[_way(t, purchase, each, shown, alone=False)] for each in found]
    lines = [_what(t, purchase, shown, options), t("ways")]
    return Said("\n\n".join(lines), [*rows, press(t, "button-back", f"sub:ways:{purchase.id}")])


def _what(t: Speaker, purchase: Purchase, price: Money, options: Options) -> str:
    tier = words.title(options, purchase.grade.tier, t.language)
    what = described(purchase, t.language)
    shown = words.price(price, t.language)
    return t.html("ways-what", what=f"{what} · {tier}" if tier else what, price=shown)


def _way(
    t: Speaker, purchase: Purchase, way: Way, shown: Money, *, alone: bool
) -> InlineKeyboardButton:
    """Its price is told where it is another currency's than what was shown."""
    text = t("way", provider=way.provider) if alone else t("way-method", method=way.method)
    if way.renews:
        text = t("way-renews", way=text)
    if way.price != shown:
        text = t("way-priced", way=text, price=words.price(way.price, t.language))
    return InlineKeyboardButton(text=text, callback_data=data_of(purchase, way))


def _from_balance(t: Speaker, purchase: Purchase, has: Money, shown: Money) -> InlineKeyboardButton:
    price = purchase.prices[has.currency]
    text = t("way-balance", has=has)
    if price != shown:
        text = t("way-priced", way=text, price=words.price(price, t.language))
    return InlineKeyboardButton(text=text, callback_data=data_of(purchase, Way(BALANCE, "", price)))


def data_of(purchase: Purchase, way: Way) -> str:
    data = f"sub:pay:{purchase.id}:{way.provider}:{way.method}:{way.price.currency}"
    return f"{data}:r" if way.renews else data
