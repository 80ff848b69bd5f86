"""What is sold and on what terms: [app.subscriptions] in kassa.toml.

[app.subscriptions]
plans = [{ name = "1m", months = 1, prices = { RUB = "290", USD = "3", XTR = 150 } }]
referral_days = 7
trial_days = 3
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic import field_validator as check
from pydantic_core import ErrorDetails, InitErrorDetails

from kassa.apps.prices import Prices
from kassa.apps.subscriptions.models import APP, Grade
from kassa.config import Settings

GIGABYTE = 1024**3
USUAL_TIER = "standard"


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Tier(_Options):
    """What somebody gets. `rate` is what a day of it is worth against a day of another tier: who
    changes keeps the worth of what is left."""

    devices: int = Field(default=3, ge=0, le=1000)
    traffic_gb: int = Field(default=0, ge=0, le=1_000_000)
    rate: int = Field(default=100, ge=1, le=1_000_000)
    title: Mapping[str, str] = {}  # by language
    squads: tuple[str, ...] = ()  # the panel's groups that people of it are in

    def grade(self, name: str) -> Grade:
        return Grade(name, self.rate, self.devices, self.traffic_gb * GIGABYTE)


def _name(given: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,16}", given):
        raise ValueError("must be 1 to 16 of a-z, 0-9 and -")
    return given


def _page(given: str) -> str:
    if given and not given.startswith("https://"):
        raise ValueError("must begin with https://")
    return given


class Plan(_Options):
    """So many months of a tier, and what they cost in each currency that they are sold for."""

    name: Annotated[str, AfterValidator(_name)]
    months: int = Field(ge=1, le=120)
    tier: str = USUAL_TIER
    prices: Prices


def _usual() -> Iterator[Plan]:
    for months, rubles, dollars, stars in (
        (1, 290, 3, 150),
        (3, 790, 8, 400),
        (6, 1490, 15, 750),
        (12, 2690, 27, 1350),
    ):
        prices: Any = {"RUB": rubles, "USD": dollars, "XTR": stars}
        yield Plan(name=f"{months}m", months=months, prices=prices)


class Options(_Options):
    plans: tuple[Plan, ...] = tuple(_usual())
    tiers: Mapping[str, Tier] = {USUAL_TIER: Tier()}
    trial_days: int = Field(default=3, ge=0, le=365)  # 0: there is none
    trial_tier: str = USUAL_TIER
    referral_days: int = Field(default=7, ge=0, le=365)  # to who invites
    welcome_days: int = Field(default=0, ge=0, le=365)  # to who was invited
    remind_days: tuple[int, ...] = (3, 1)
    win_back_days: int = Field(default=7, ge=0, le=365)  # after the end; 0: nothing is said
    quiet: tuple[int, int] = (22, 9)  # from and to an hour of the person's day
    renew_hours: int = Field(default=24, ge=1, le=240)  # before the end, the first try
    grace_days: int = Field(default=3, ge=0, le=14)  # while renewing fails
    panel: Literal["auto", "remnawave", "keys", "channel", "none"] = "auto"
    channel: int = 0  # the private channel's number
    apps_url: Annotated[str, AfterValidator(_page)] = ""  # how to set it up on a device

    @check("plans")
    @classmethod
    def _each_once(cls, plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
        if not plans:
            raise ValueError("must have at least one plan")
        if len({each.name for each in plans}) < len(plans):
            raise ValueError("must not have the same name twice")
        return plans

    @check("remind_days")
    @classmethod
    def _days(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 1 <= each <= 365 for each in days):
            raise ValueError("must be days before the end, such as [3, 1]")
        return tuple(sorted(set(days), reverse=True))

    @check("quiet")
    @classmethod
    def _hours(cls, hours: tuple[int, int]) -> tuple[int, int]:
        if any(not 0 <= each <= 23 for each in hours):
            raise ValueError("must be two hours of the day, such as [22, 9]; [0, 0] is no quiet")
        return hours

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """What does not agree is told together with what is wrong by itself."""
        told = list(_disagreements(given)) if isinstance(given, Mapping) else []
        try:
            made = handler(given)
        except ValidationError as invalid:
            told = [*map(_again, invalid.errors()), *told]
        if told:
            raise ValidationError.from_exception_data(cls.__name__, told)
        return made

    def plan(self, name: str) -> Plan | None:
        return next((each for each in self.plans if each.name == name), None)

    def grade(self, tier: str) -> Grade:
        """A tier that was withdrawn is the first one there is."""
        name = tier if tier in self.tiers else next(iter(self.tiers))
        return self.tiers[name].grade(name)


def _disagreements(given: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    tiers = given.get("tiers") or {USUAL_TIER: None}
    there = ", ".join(map(str, tiers))
    plans = given.get("plans")
    for place, each in enumerate(plans if isinstance(plans, Sequence) else ()):
        tier = each.get("tier", USUAL_TIER) if isinstance(each, Mapping) else USUAL_TIER
        if tier not in tiers:
            yield _wrong(("plans", place, "tier"), f"there is no tier {tier!r}, only: {there}")
    trial = given.get("trial_tier", USUAL_TIER)
    if given.get("trial_days", 1) and trial not in tiers:
        yield _wrong(("trial_tier",), f"there is no tier {trial!r}, only: {there}")
    if given.get("panel") == "channel" and not given.get("channel"):
        yield _wrong(("channel",), "must be the channel's number, such as -1001234567890")


def _wrong(place: tuple[int | str, ...], words: str) -> InitErrorDetails:
    error = {"error": ValueError(words)}
    return InitErrorDetails(type="value_error", loc=place, input=None, ctx=error)


def _again(error: ErrorDetails) -> InitErrorDetails:
    told = InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"])
    return told | {"ctx": error["ctx"]} if "ctx" in error else told


def disagrees(settings: Settings) -> list[str]:
    """What these options want of the settings."""
    panel = settings.app.get(APP, {}).get("panel", "auto")
    if panel == "remnawave" and not settings.remnawave_url:
        return ["REMNAWAVE_URL: must be set, since the panel of subscriptions is remnawave"]
    if panel in ("auto", "remnawave") and settings.remnawave_url and not settings.remnawave_token:
        return ["REMNAWAVE_TOKEN: must be set, since there is a REMNAWAVE_URL"]
    return []


def of(settings: Settings) -> Options:
    given = settings.app.get(APP)
    return Options.model_validate(given) if given else USUAL


USUAL = Options()
