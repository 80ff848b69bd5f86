"""What people are told, in their language: a Fluent file a language, beside a package's code.

    texts.load("kassa.payments").say("uz", "payment-late", paid="5.00 USD", what="VPN")

A language that we do not speak is answered in Russian. So is a text that a language lacks, and
the log tells of it.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kassa.errors import Invalid, NotFound
from kassa.log import get
from kassa.money import Money

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

FIRST = "ru"
LANGUAGES = (FIRST, "uz", "en")
MOST_PUT_IN = (
    20_000  # characters; a message of Telegram's, each of them written as a tag's would be
)

_MONEY = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,9})? [A-Z0-9]{2,10}")

_log = get(__name__)


class NoSuchText(NotFound):
    """No file of the package has a text of this name."""


class Texts:
    """A package's texts. A file is read when its language is spoken first. What is one file itself
    may bring `words` instead: a language's Fluent by its code."""

    def __init__(self, package: str, words: Mapping[str, str] | None = None) -> None:
        self.package = package
        self._words = words
        self._bundles: dict[str, FluentBundle] = {}

    def has(self, name: str) -> bool:
        return self._bundle(FIRST).has_message(name)

    def say(self, language: str, name: str, /, **args: object) -> str:
        """Numbers are shown ungrouped, since most of them are names: payment 12345. Money is
        written as the language does, also when it comes from JSON as `str(money)` wrote it."""
        found = known(language)
        bundle = self._bundle(found)
        if not bundle.has_message(name):
            bundle = self._bundle(FIRST)
            if not bundle.has_message(name):
                raise NoSuchText(f"{self.package} has no text {name!r}.")
            _log.warning("texts.missing", package=self.package, language=found, text=name)
            found = FIRST
        pattern = bundle.get_message(name).value
        if pattern is None:
            raise NoSuchText(f"The text {name!r} of {self.package} is empty.")
        said, errors = bundle.format_pattern(pattern, _shown(args, found))
        if errors:
            what = [str(each) for each in errors]
            _log.warning("texts.wrong", package=self.package, text=name, errors=what)
        return str(said)

    def _bundle(self, language: str) -> "FluentBundle":
        if language not in self._bundles:
            if self._words is None:
                source = (files(self.package) / "texts" / f"{language}.ftl").read_text("utf-8")
            else:
                source = self._words.get(language, "")
            self._bundles[language] = _read(self.package, language, source)
        return self._bundles[language]


@cache
def load(package: str) -> Texts:
    """The texts in `texts/ru.ftl`, `uz.ftl` and `en.ftl` beside the package's code."""
    return Texts(package)


def known(language: str | None) -> str:
    """The one of ours that a code such as "uz", "en-US" or None asks for."""
    short = re.split("[-_]", (language or "").lower(), maxsplit=1)[0]
    return short if short in LANGUAGES else FIRST


def _read(package: str, language: str, source: str) -> "FluentBundle":
    from fluent.runtime import FluentBundle, FluentResource, resolver  # with babel, 60 ms
    from fluent.syntax import ast

    resolver.MAX_PART_LENGTH = MOST_PUT_IN

    resource = FluentResource(source)
    for entry in resource.body:
        if isinstance(entry, ast.Junk):  # it would be missing without a word
            raise ValueError(f"{package}: {language}.ftl cannot be read at {entry.content!r:.80}")
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(resource)
    return bundle


def _shown(args: Mapping[str, object], language: str) -> dict[str, Any]:
    return {name: _one(value, language) for name, value in args.items()}


def _one(value: object, language: str) -> object:
    from fluent.runtime.types import fluent_number

    if isinstance(value, str):
        value = _money(value) or value
    if isinstance(value, Money):
        return value.format(language)
    if isinstance(value, int) and not isinstance(value, bool):
        return fluent_number(value, useGrouping=False)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _money(text: str) -> Money | None:
    """Only what is an amount and nothing else, exactly as `str(money)` writes it."""
    if not _MONEY.fullmatch(text):
        return None
    number, _, currency = text.partition(" ")
    try:
        money = Money.from_decimal(number, currency)
    except Invalid:
        return None
    return money if str(money) == text else None
