"""What people see of their own subscription in a chat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from kassa.apps.subscriptions import months, words
from kassa.apps.subscriptions.bot.showing import Said, copies, home, opens, press
from kassa.apps.subscriptions.models import Subscription, Term
from kassa.apps.subscriptions.options import Options
from kassa.apps.subscriptions.panels.protocol import Access
from kassa.apps.subscriptions.renewing import RenewWay
from kassa.money import Money
from kassa.telegram import Speaker
from kassa.users import zones

LINES = 8  # of a page of history
MOST_DEVICES = 20  # buttons

Row = list[InlineKeyboardButton]


@dataclass(frozen=True, slots=True)
class View:
    """What is known of somebody's subscription without asking anybody."""

    mine: Subscription
    filled: datetime | None  # when time was added last
    zone: ZoneInfo
    at: datetime
    panel: str  # what kind of panel lets them in
    renews: RenewWay | None = None  # by itself, this way


def nothing(t: Speaker, options: Options, *, trial: bool, why: str = "mine-none") -> Said:
    rows = [press(t, "button-buy", "sub:plans"), home(t)]
    if trial:
        rows.insert(0, press(t, "button-trial", "sub:trial", days=options.trial_days))
    return Said(t(why), rows)


def mine(t: Speaker, view: View, options: Options) -> Said:
    lines = [*_standing(t, view, options)]
    rows: list[Row] = [press(t, "button-renew", "sub:plans")]
    active = view.mine.is_active(view.at)
    if active and view.mine.link:
        lines.append(t.html("mine-link", link=view.mine.link))
        rows.append(
            [*copies(t, "button-copy-link", view.mine.link), *press(t, "button-qr", "sub:qr")]
        )
        rows.append(opens(t, "button-apps", options.apps_url))
        if view.panel == "remnawave":
            rows.append(press(t, "button-devices", "sub:devices"))
            rows.append(press(t, "button-relink", "sub:relink"))
    elif active and view.mine.provisioned < view.mine.wanted:
        lines.append(t("mine-soon"))
    if view.renews is not None:
        lines.append(_renews(t, view.renews))
        rows.append(press(t, "button-auto-off", "sub:auto:off"))
    elif active:
        rows.append(press(t, "button-auto", "sub:auto"))
    rows.append([*press(t, "button-history", "sub:history"), *press(t, "button-zone", "sub:zone")])
    return Said("\n\n".join(lines), [*rows, home(t)])


def _standing(t: Speaker, view: View, options: Options) -> list[str]:
    mine, at = view.mine, view.at
    assert mine.expires_at is not None
    until = words.moment(mine.expires_at, view.zone, t.language)
    tier = words.title(options, mine.grade.tier, t.language)
    head = t.html("mine-tier", tier=tier) if tier else t("mine")
    if mine.expires_at > at:
        left = months.days_left(mine.expires_at, at)
        whole = max(left, months.days_left(mine.expires_at, view.filled or at))
        state = t.html("mine-active", bar=words.bar(left, whole), left=left, whole=whole)
        lines = [head, state, t.html("mine-until", until=until)]
    elif mine.access_until is not None and mine.access_until > at:
        grace = words.moment(mine.access_until, view.zone, t.language)
        lines = [head, t.html("mine-grace", until=until, grace=grace)]
    else:
        return [head, t.html("mine-over", until=until)]
    if view.panel == "remnawave":
        lines.append(_limits(t, mine.grade.devices, mine.grade.traffic))
    return lines


def _limits(t: Speaker, devices: int, traffic: int) -> str:
    lines = [
        t("limit-devices", count=devices) if devices else t("limit-devices-none"),
        t("limit-traffic", size=words.size(traffic, t.language))
        if traffic
        else t("limit-traffic-none"),
    ]
    return "\n".join(lines)


def _renews(t: Speaker, way: RenewWay) -> str:
    return t.html("mine-renews", way=_named(t, way), price=str(way.price), months=way.months)


def _named(t: Speaker, way: RenewWay) -> str:
    if way.kind == "saved" and way.card:
        return t("renews-card", card=way.card)
    return t("renews", kind=way.kind)


def auto(t: Speaker, now: RenewWay | None, found: Sequence[RenewWay]) -> Said:
    """How it renews by itself, and how else it could."""
    rows: list[Row] = []
    for way in found:
        if now is None or way.code != now.code:
            text = t("button-auto-on", way=_named(t, way), price=way.price)
            data = f"sub:auto:on:{way.code}"
            rows.append([InlineKeyboardButton(text=text, callback_data=data)])
    if now is not None:
        rows.append(press(t, "button-auto-off", "sub:auto:off"))
    lines = [t("auto"), _renews(t, now) if now is not None else t("auto-is-off")]
    lines.append(t("auto-how" if found else "auto-no-way"))
    return Said("\n\n".join(lines), [*rows, press(t, "button-back", "sub:mine")])


# -- devices, the link -------------------------------------------------------------


def devices(t: Speaker, access: Access, mark: Callable[[str], str]) -> Said:
    used = words.size(access.used, t.language)
    if access.traffic:
        traffic = t("devices-traffic", used=used, most=words.size(access.traffic, t.language))
    else:
        traffic = t("devices-traffic-free", used=used)
    count = len(access.connected)
    if access.devices:
        connected = t("devices-count", count=count, most=access.devices)
    else:
        connected = t("devices-count-free", count=count)
    lines = [t("devices"), f"{traffic}\n{connected}"]
    shown = access.connected[:MOST_DEVICES]
    lines += ["\n".join(t.html("devices-one", device=each) for each in shown)] if shown else []
    lines.append(t("devices-unbind" if shown else "devices-empty"))
    rows = [press(t, "button-unbind", f"sub:unbind:{mark(each)}", device=each) for each in shown]
    rows.append(press(t, "button-refresh", "sub:devices"))
    return Said("\n\n".join(lines), [*rows, press(t, "button-back", "sub:mine")])


def no_answer(t: Speaker) -> Said:
    rows = [press(t, "button-refresh", "sub:devices"), press(t, "button-back", "sub:mine")]
    return Said(t("devices-no-answer"), rows)


def relink(t: Speaker) -> Said:
    rows = [press(t, "button-relink-yes", "sub:relink:yes"), press(t, "button-back", "sub:mine")]
    return Said(t("relink"), rows)


# -- history -----------------------------------------------------------------------


def history(
    t: Speaker,
    terms: Sequence[Term],
    prices: Mapping[int, Money],
    zone: ZoneInfo,
    *,
    first: bool,
) -> Said:
    """`terms` has one more than a page where there is a next one; `prices` are of purchases."""
    back = press(t, "button-back", "sub:mine")
    if not terms:
        return Said(t("history-empty" if first else "history-end"), [back])
    shown = terms[:LINES]
    lines = [_line(t, each, prices, zone) for each in shown]
    turn = [] if first else press(t, "button-newest", "sub:history")
    if len(terms) > LINES:
        turn = [*turn, *press(t, "button-older", f"sub:history:{shown[-1].id}")]
    return Said("\n\n".join([t("history"), "\n".join(lines)]), [turn, back])


def _line(t: Speaker, term: Term, prices: Mapping[int, Money], zone: ZoneInfo) -> str:
    at = words.day(term.at, zone, t.language)
    what = t(f"term-{term.kind}")
    price = prices.get(term.purchase or 0) if term.kind == "paid" else None
    told = {"at": at, "time": _time(t, term), "what": what}
    return (
        t.html("history-line-paid", **told, price=str(price))
        if price
        else t.html("history-line", **told)
    )


def _time(t: Speaker, term: Term) -> str:
    if term.months:
        return t("time-months", count=term.months)
    days, seconds = abs(term.seconds) // 86_400, abs(term.seconds)
    sign = "+" if term.seconds >= 0 else "\N{MINUS SIGN}"
    if days:
        return t("time-days", sign=sign, count=days)
    return t("time-hours", sign=sign, count=-(-seconds // 3600))


# -- the zone ----------------------------------------------------------------------


def zone(t: Speaker, now: ZoneInfo, at: datetime) -> Said:
    """By the time there: people know that better than a zone's name."""
    named: list[InlineKeyboardButton] = []
    for each in zones.USUAL:
        chosen = "✓ " if each == now.key else ""
        place = "UTC" if each == "UTC" else words.place(each, t.language)
        text = f"{chosen}{place} · {at.astimezone(ZoneInfo(each)):%H:%M}"
        named.append(InlineKeyboardButton(text=text, callback_data=f"sub:zone:{each}"))
    rows = [named[start : start + 2] for start in range(0, len(named), 2)]
    place = "UTC" if now.key == "UTC" else words.place(now.key, t.language)
    text = t.html("zone", place=place, time=f"{at.astimezone(now):%H:%M}")
    return Said(text, [*rows, press(t, "button-back", "sub:mine")])
