"""[app.tokens] of kassa.toml: prices as they are meant, and what is wrong in words."""

from pathlib import Path

import pytest

from kassa.apps import find, refuse_conflicts
from kassa.apps.tokens import options
from kassa.config import load
from kassa.errors import ConfigError
from kassa.money import Money

TOKEN = {"TELEGRAM_BOT_TOKEN": "123456:TEST-TOKEN"}


def problems(tmp_path: Path, toml: str) -> list[str]:
    (tmp_path / "kassa.toml").write_text(toml)
    settings = load(TOKEN, tmp_path)
    try:
        refuse_conflicts(settings, find(["tokens"]))
    except ConfigError as error:
        return error.problems
    return []


def test_prices_as_they_are_without_a_word(tmp_path: Path) -> None:
    found = options.of(load(TOKEN, tmp_path))
    assert [each.tokens for each in found.packages] == [100, 200, 500, 1000]
    assert [str(each.prices["USD"]) for each in found.packages] == [
        *("5.00 USD", "10.00 USD", "25.00 USD", "50.00 USD")
    ]
    assert [each.prices["RUB"].amount for each in found.packages] == [
        *(49_000, 98_000, 245_000, 490_000)
    ]
    assert [each.prices["XTR"].amount for each in found.packages] == [250, 500, 1250, 2500]
    assert [each.prices["UZS"].amount for each in found.packages] == [
        *(6_300_000, 12_600_000, 31_500_000, 63_000_000)
    ]
    assert [found.art.cost(size) for size in options.SIZES] == [5, 10, 20]


def test_prices_of_ones_own(tmp_path: Path) -> None:
    toml = """
    [app.tokens]
    packages = [
        { tokens = 50, prices = { USD = 2.99, XTR = 150 } },
        { tokens = 10, prices = { eur = "0.50" } },
    ]
    art = { small = 1 }
    """
    assert problems(tmp_path, toml) == []
    found = options.of(load(TOKEN, tmp_path))
    assert [(each.tokens, dict(each.prices)) for each in found.packages] == [
        (10, {"EUR": Money(50, "EUR")}),
        (50, {"USD": Money(299, "USD"), "XTR": Money(150, "XTR")}),
    ]
    assert [found.art.cost(size) for size in options.SIZES] == [1, 10, 20]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("packages = []", "app.tokens.packages (kassa.toml): must have at least one package"),
        (
            "packages = [{ tokens = 1, prices = { USD = '1.234' } }]",
            "app.tokens.packages.1.prices (kassa.toml): USD has 2 decimals: '1.234' has more.",
        ),
        (
            "packages = [{ tokens = 1, prices = { USD = 0 } }]",
            "app.tokens.packages.1.prices (kassa.toml): nobody can pay 0.00 USD",
        ),
        ("packages = [{ tokens = 1, prices = { ABC = 1 } }]", "There is no currency 'ABC'."),
        ("packages = [{ tokens = 1, prices = { XTR = 100001 } }]", "at most 100000 Stars"),
        ("packages = [{ tokens = 0, prices = { USD = 1 } }]", "app.tokens.packages.1.tokens"),
        (
            "packages = [{tokens=1, prices={USD=1}}, {tokens=1, prices={USD=2}}]",
            "must not have the same number of tokens twice",
        ),
        ("art = { small = -1 }", "app.tokens.art.small (kassa.toml): "),
        ("pakages = 1", "app.tokens.pakages (kassa.toml): "),
    ],
)
def test_what_is_wrong_is_told_in_words(tmp_path: Path, toml: str, words: str) -> None:
    (found,) = problems(tmp_path, f"[app.tokens]\n{toml}\n")
    assert words in found


def test_settings_of_no_app_are_told(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[app.tokns]\nart = 1\n")
    assert "there is no app 'tokns' among those that are shown: tokens" in found
