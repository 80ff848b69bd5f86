"""Times, amounts of data and prices as people read them, in their zone and language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kassa.apps.subscriptions.options import GIGABYTE, Options, Plan
from kassa.money import Money
from kassa.telegram import Speaker
from kassa.texts import LANGUAGES, load

BAR = 10  # signs of the bar
MEGABYTE = 1024**2


def moment(at: datetime, zone: ZoneInfo, language: str) -> str:
    """28 февраля 2027 г. в 14:05, or as the language does."""
    from babel.dates import format_datetime  # 60 ms

    return format_datetime(at.astimezone(zone), "d MMMM y, HH:mm", locale=language)


def day(at: datetime, zone: ZoneInfo, language: str) -> str:
    from babel.dates import format_date

    return format_date(at.astimezone(zone).date(), "d MMMM y", locale=language)


def ours(language: str) -> Speaker:
    """Our texts, whoever asks."""
    return Speaker(load("kassa.apps.subscriptions"), language)


def place(zone: str, language: str) -> str:
    """Of a zone, the city that people call it by."""
    from babel.dates import get_timezone_location

    return get_timezone_location(zone, locale=language, return_city=True)


def bar(left: int, whole: int) -> str:
    """▰▰▰▱▱ of what is left; the last sign goes out with the last day."""
    full = min(BAR, -(-left * BAR // max(whole, 1)))
    return "▰" * full + "▱" * (BAR - full)


def size(count: int, language: str) -> str:
    """Of data: 12,3 ГБ, 740 МБ."""
    from babel.numbers import format_decimal

    t = ours(language)
    if count < GIGABYTE:
        return t("size-mb", size=format_decimal(count // MEGABYTE, locale=language))
    gigabytes = (Decimal(count) / GIGABYTE).quantize(Decimal("0.1"))
    return t("size-gb", size=format_decimal(gigabytes, "#,##0.#", locale=language))


def title(options: Options, tier: str, language: str) -> str:
    """What a tier is called, "" where there is but one: then it needs no name."""
    if len(options.tiers) < 2 or tier not in options.tiers:
        return ""
    named: Mapping[str, str] = options.tiers[tier].title
    for each in (language, *LANGUAGES):
        if each in named:
            return named[each]
    return tier


def price(money: Money, language: str) -> str:
    """`$8` rather than `$8.00`."""
    said = money.format(language)
    return said.removesuffix(".00") if money.currency == "USD" else said


def saved(plan: Plan, price: Money, plans: Sequence[Plan]) -> int:
    """How many percent less a month of it is than of the shortest plan of its tier."""
    same = [each for each in plans if each.tier == plan.tier and price.currency in each.prices]
    base = min(same, key=lambda each: each.months)
    usual = base.prices[price.currency].amount * plan.months
    return max(0, round(100 - 100 * price.amount * base.months / usual))
