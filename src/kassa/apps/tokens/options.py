"""What tokens cost, and what they buy: [app.tokens] in kassa.toml.

[app.tokens]
packages = [{ tokens = 100, prices = { USD = "5", RUB = "490", XTR = 250 } }]
art = { small = 5, medium = 10, large = 20 }
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic import field_validator as check

from kassa.apps.prices import Prices
from kassa.config import Settings

MOST_TOKENS = 10**9
SIZES = ("small", "medium", "large")


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Package(_Options):
    """So many tokens, and what they cost in each currency that they are sold for."""

    tokens: int = Field(ge=1, le=MOST_TOKENS)
    prices: Prices


class Art(_Options):
    """What a picture costs, by its size."""

    small: int = Field(default=5, ge=1, le=MOST_TOKENS)
    medium: int = Field(default=10, ge=1, le=MOST_TOKENS)
    large: int = Field(default=20, ge=1, le=MOST_TOKENS)

    def cost(self, size: str) -> int:
        return {"small": self.small, "medium": self.medium, "large": self.large}[size]


def _usual() -> Iterator[Package]:
    for tokens, dollars, rubles, stars, sums in (
        (100, 5, 490, 250, 63_000),
        (200, 10, 980, 500, 126_000),
        (500, 25, 2450, 1250, 315_000),
        (1000, 50, 4900, 2500, 630_000),
    ):
        prices: Any = {"USD": dollars, "RUB": rubles, "XTR": stars, "UZS": sums}
        yield Package(tokens=tokens, prices=prices)


class Options(_Options):
    packages: tuple[Package, ...] = tuple(_usual())
    art: Art = Art()

    @check("packages")
    @classmethod
    def _each_once(cls, packages: tuple[Package, ...]) -> tuple[Package, ...]:
        if not packages:
            raise ValueError("must have at least one package")
        if len({each.tokens for each in packages}) < len(packages):
            raise ValueError("must not have the same number of tokens twice")
        return tuple(sorted(packages, key=lambda each: each.tokens))

    def package(self, tokens: int) -> Package | None:
        return next((each for each in self.packages if each.tokens == tokens), None)


def of(settings: Settings) -> Options:
    given = settings.app.get("tokens")
    return Options.model_validate(given) if given else USUAL


USUAL = Options()
