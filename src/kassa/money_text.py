"""Amounts as people read and type them: whole numbers of minor units to text and back."""

import re
from typing import Final

from kassa.errors import Invalid

NBSP: Final = "\N{NO-BREAK SPACE}"  # a line must not break inside an amount
MINUS: Final = "\N{MINUS SIGN}"
LONGEST: Final = 64

# How a language groups digits and marks decimals. A language that is not here is shown Russian.
MARKS: Final = {"ru": (NBSP, ","), "uz": (NBSP, ","), "en": (",", ".")}

# One way in every language: dot, no idle zeros. Grouped by spaces, because a comma before three
# digits of a bitcoin says a thousand to some and a thousandth to others.
CRYPTO: Final = frozenset({"BTC", "LTC", "TON", "TRX", "USDC", "USDT"})

# Nobody there counts the hundredths: shown only where there are some.
IDLE_HUNDREDTHS: Final = frozenset({"KZT", "RUB", "UZS"})

SIGNS: Final = {"EUR": "€", "GBP": "£", "KZT": "₸", "RUB": "₽", "USD": "$"}

# What people write beside the number, in small letters and straight apostrophes. A currency's own
# code is always understood.
UNITS: Final = {
    currency: frozenset(words.split())
    for currency, words in {
        "EUR": "€ euro euros евро yevro",
        "GBP": "£ pound pounds фунт фунта фунтов funt",
        "KGS": "som сом сома сомов",
        "KZT": "₸ тг тг. тенге tenge",
        "RUB": "₽ р р. руб руб. рубль рубля рублей rub. rubl ruble rubles",
        "TOK": "token tokens токен токена токенов",
        "UAH": "₴ грн грн. гривна гривны гривен",
        "USD": "$ us$ dollar dollars доллар доллара долларов",
        "UZS": "so'm som sum сум сума сумов сўм",
        "XTR": "⭐ ⭐\N{VARIATION SELECTOR-16} star stars звезда звезды звёзды звезд звёзд yulduz",
    }.items()
}

SPACES: Final = " \t\r\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
ALIKE: Final = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys("’‘ʼʻ`´", "'"))
AROUND: Final = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)")


def too_precise(number: str, currency: str, exponent: int) -> Invalid:
    has = f"{exponent} decimals" if exponent else "no decimals"
    return Invalid(f"{currency} has {has}: {number!r} has more.")


def plain(amount: int, exponent: int) -> str:
    """`-1500.50`: every decimal, no grouping, never an exponent."""
    whole, part = divmod(abs(amount), 10**exponent)
    decimals = f".{part:0{exponent}}" if exponent else ""
    return f"{'-' if amount < 0 else ''}{whole}{decimals}"


def show(amount: int, currency: str, exponent: int, language: str) -> str:
    """As people who speak it write it; `read` understands every result without the language."""
    language = language if language in MARKS else "ru"
    group, point = MARKS[language]
    # Dollars are written $5.00 by everybody here; English puts every sign in front.
    in_front = currency == "USD" or (language == "en" and currency in SIGNS)
    if currency in CRYPTO:
        group, point = NBSP, "."
    elif currency == "USD":
        point = "."

    whole, _, decimals = plain(abs(amount), exponent).partition(".")
    if currency in CRYPTO:
        decimals = decimals.rstrip("0")
    elif currency in IDLE_HUNDREDTHS and not in_front and not decimals.strip("0"):
        decimals = ""

    number = f"{int(whole):,}".replace(",", group) + (point + decimals if decimals else "")
    sign = MINUS if amount < 0 else ""
    unit = _unit(abs(amount), currency, language)
    return f"{sign}{unit}{number}" if in_front else f"{sign}{number}{NBSP}{unit}"


def _unit(count: int, currency: str, language: str) -> str:
    if currency == "TOK":
        return _tokens(count, language)
    if currency == "UZS":
        return {"ru": "сум", "uz": "soʻm", "en": "UZS"}[language]
    return "⭐" if currency == "XTR" else SIGNS.get(currency, currency)


def _tokens(count: int, language: str) -> str:
    if language != "ru":
        return "tokens" if language == "en" and count != 1 else "token"
    last = 0 if count % 100 in range(11, 15) else count % 10
    return {1: "токен", 2: "токена", 3: "токена", 4: "токена"}.get(last, "токенов")


def read(text: str, currency: str, exponent: int) -> int:
    """What a person typed, in minor units; `money.parse` tells the rules."""
    if not isinstance(text, str):
        raise Invalid(f"An amount is typed as text, not as {type(text).__name__}.")
    if len(text) > LONGEST:
        raise Invalid(f"An amount has at most {LONGEST} characters, this one has {len(text)}.")
    line = text.translate(ALIKE).strip(" ")
    if not line:
        raise Invalid("The amount is empty.")

    negative = line[0] in ("-", MINUS)
    found = AROUND.fullmatch(line, 1 if negative else 0)
    if not found:
        raise Invalid(f"There is no number in {line!r}.")
    before, number, after = found.groups()
    for unit in (before.strip(" "), after.strip(" ")):
        if unit and unit.casefold() not in {currency.casefold(), *UNITS.get(currency, ())}:
            raise Invalid(f"{unit!r} does not belong to an amount in {currency}.")

    amount = _number(number, currency, exponent)
    return -amount if negative else amount


def _number(number: str, currency: str, exponent: int) -> int:
    digits, marks = re.split("[^0-9]", number), re.findall("[^0-9]", number)
    if not set(marks) <= set(" '.,"):
        raise Invalid(f"{number!r} is not a number.")

    decimals = ""
    if marks and _is_point(digits, marks, exponent, number):
        decimals = digits.pop()
        marks.pop()
    if len(decimals) > exponent:
        raise too_precise(number, currency, exponent)
    if marks and (len(set(marks)) > 1 or not _are_groups(digits)):
        raise Invalid(f"{number!r} is not grouped by threes, as in 1 500 000.")
    return int("".join(digits) + decimals.ljust(exponent, "0"))


def _is_point(digits: list[str], marks: list[str], exponent: int, number: str) -> bool:
    """Whether the last mark begins the decimals."""
    *others, mark = marks
    if mark not in ".,":
        return False
    if others:
        return mark not in others
    if not _are_groups(digits):
        return True
    # One mark and three digits after it. Where the currency has fewer decimals, they can only be a
    # group; where it has exactly three, they are its decimals. Beyond are coins, which the world
    # writes with a dot: there a comma would be a guess by a factor of a thousand.
    if exponent > 3 and mark == ",":
        whole, decimals = digits
        raise Invalid(
            f"{number!r} can be {whole}{decimals} or {whole}.{decimals}: write it like that."
        )
    return exponent >= 3


def _are_groups(digits: list[str]) -> bool:
    first, *rest = digits
    return 1 <= len(first) <= 3 and first[0] != "0" and all(len(group) == 3 for group in rest)
