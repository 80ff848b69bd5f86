"""What people see of promo codes, gifts and invitations: messages with buttons."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from kassa.apps.models import Kassa
from kassa.apps.subscriptions import gifts, words
from kassa.apps.subscriptions.bot import sharing
from kassa.apps.subscriptions.bot.showing import Said, copies, home, nearest, opens, press
from kassa.apps.subscriptions.gifts import Gift
from kassa.apps.subscriptions.models import NoSuchGift, NoSuchPromo, Purchase
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.purchases import described
from kassa.apps.subscriptions.referrals import Invited
from kassa.money import Money
from kassa.telegram import Speaker
from kassa.users import User

# Another code may do.
AGAIN = frozenset({"none", "over", "closed", "early", "used", "yours", "too-much", "currency"})

Row = list[InlineKeyboardButton]


# -- promo codes -------------------------------------------------------------------


def promo_asked(t: Speaker, why: str, purchase: Purchase | None) -> Said:
    return Said(t(why), [_back(t, purchase)])


def no_promo(t: Speaker, no: NoSuchPromo, purchase: Purchase | None) -> Said:
    rows: list[Row] = []
    if no.why == "one" and purchase is not None:
        rows.append(press(t, "button-promo-off", f"sub:promo:off:{purchase.id}"))
    if no.why in ("price", "too-much", "currency"):
        rows.append(press(t, "button-promo-plans", "sub:plans"))
    text = t.html(f"promo-no-{no.why}", code=(purchase and purchase.promo) or "")
    return Said(text, [*rows, _back(t, purchase)])


def days_given(t: Speaker, days: int, purchase: Purchase | None) -> Said:
    return Said(t("promo-days", days=days), [_back(t, purchase)])


def applied(
    kassa: Kassa, t: Speaker, purchase: Purchase, before: Mapping[str, Money], screen: Said
) -> Said:
    """Above the ways to pay: what it cost, and what it costs now."""
    new = nearest(kassa, purchase.prices, t.language)
    old = before.get(new.currency, new)
    what = described(purchase, t.language)
    line = t.html("promo-applied", code=purchase.promo, what=what, old=str(old), new=str(new))
    off = press(t, "button-promo-off", f"sub:promo:off:{purchase.id}")
    return Said(f"{line}\n\n{screen.text}", [*screen.rows[:-1], off, *screen.rows[-1:]])


def _back(t: Speaker, purchase: Purchase | None) -> Row:
    if purchase is None or purchase.status != "open":
        return home(t)
    return press(t, "button-promo-ways", f"sub:ways:{purchase.id}")


# -- gifts -------------------------------------------------------------------------


def gift_plans(
    kassa: Kassa, t: Speaker, options: Options, *, has_given: bool, why: str = ""
) -> Said:
    rows: list[Row] = []
    for plan in options.plans:
        title = words.title(options, plan.tier, t.language)
        name = t("gift-plan", months=plan.months, price=nearest(kassa, plan.prices, t.language))
        rows += [
            [
                InlineKeyboardButton(
                    text=f"{name} · {title}" if title else name,
                    callback_data=f"sub:gift:{plan.name}",
                )
            ]
        ]
    if has_given:
        rows.append(press(t, "button-gifts", "sub:gifts"))
    said = [*([t(why)] if why else []), t("gift-choose")]
    return Said("\n\n".join(said), [*rows, home(t)])


def given(t: Speaker, all_of_them: Sequence[Gift], zone: ZoneInfo, home: str) -> Said:
    """`home` is the bot's chat, "" while nobody knows what it is called."""
    back = press(t, "button-back", "sub:gift")
    if not all_of_them:
        return Said(t("gifts-none"), [back])
    lines, rows = [t("gifts-title")], []
    for each in all_of_them:
        at = words.day(each.at, zone, t.language)
        line = t(f"gifts-{each.state}", months=each.months, at=at)
        if each.state == "waiting" and home:
            link = gifts.link(home, each.code)
            line = f"{line}\n<code>{link}</code>"
            share = sharing.address(link, t("gift-share", months=each.months))
            rows.append(
                [InlineKeyboardButton(text=t("gifts-send", months=each.months, at=at), url=share)]
            )
        lines.append(line)
    return Said("\n\n".join(lines), [*rows, back])


def card(t: Speaker, gift: Gift, buyer: User, options: Options, *, changes: bool) -> Said:
    """Of a gift, to whom it may open it."""
    title = words.title(options, gift.grade.tier, t.language)
    lines = [t.html("gift-card", name=buyer.first_name, months=gift.months)]
    if title:
        lines.append(t.html("gift-card-tier", tier=title))
    if changes:
        lines.append(t("gift-card-changes"))
    accept = press(t, "button-gift-accept", f"sub:accept:{gift.code}")
    return Said("\n\n".join(lines), [accept, home(t)])


def no_gift(t: Speaker, no: NoSuchGift) -> Said:
    mine = {"yours": ("button-gifts", "sub:gifts"), "opened": ("button-gift-mine", "sub:mine")}
    row = press(t, *mine[no.why]) if no.why in mine else []
    return Said(t(f"gift-no-{no.why}"), [row, home(t)])


# -- invitations -------------------------------------------------------------------


def invite(t: Speaker, options: Options, came: Invited, link: str) -> Said:
    lines = [t("invite", days=options.referral_days, welcome=options.welcome_days)]
    lines.append(t("invite-came", friends=came.friends, paid=came.paid, days=came.days))
    if not link:
        return Said("\n\n".join([*lines, t("invite-soon")]), [home(t)])
    share = sharing.address(link, t("invite-share", days=options.welcome_days))
    rows = [opens(t, "button-invite", share), copies(t, "button-invite-copy", link), home(t)]
    return Said("\n\n".join([*lines, f"<code>{link}</code>"]), rows)
