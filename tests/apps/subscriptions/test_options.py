"""[app.subscriptions] of kassa.toml: all that is wrong with it is told at once, in words."""

from pathlib import Path

from kassa.apps import find, refuse_conflicts
from kassa.config import load
from kassa.errors import ConfigError

TOKEN = {"TELEGRAM_BOT_TOKEN": "123456:TEST-TOKEN", "KASSA_APPS": "subscriptions"}
PLAN = '{ name = "1m", months = 1, prices = { RUB = "290" } }'


def problems(tmp_path: Path, toml: str, **given: str) -> list[str]:
    (tmp_path / "kassa.toml").write_text(f"[app.subscriptions]\n{toml}\n")
    try:
        refuse_conflicts(load({**TOKEN, **given}, tmp_path), find(["subscriptions"]))
    except ConfigError as error:
        return error.problems
    return []


def test_the_example_is_right(tmp_path: Path) -> None:
    shown = Path(__file__).parents[3] / "docs" / "deploy" / "kassa.toml"
    assert problems(tmp_path, shown.read_text().partition("[app.subscriptions]")[2]) == []


def test_what_does_not_fit_is_told_with_what_does_not_agree(tmp_path: Path) -> None:
    toml = """
        panel = "channel"
        trial_tier = "gold"
        remind_day = [3]
        grace_days = 40
        apps_url = "example.com"
        plans = [
            { name = "1m", months = 1, prices = { RUB = "29O" } },
            { name = "3 Months", month = 3, prices = { RBU = "8" } },
            { name = "12m", months = 12, tier = "famly", prices = { RUB = "4990" } },
        ]
    """
    assert problems(tmp_path, toml) == [
        "app.subscriptions.plans.1.prices (kassa.toml): "
        "'29O' is not a plain decimal number such as 1500.50.",
        "app.subscriptions.plans.2.name (kassa.toml): must be 1 to 16 of a-z, 0-9 and -",
        "app.subscriptions.plans.2.months (kassa.toml): must be there",
        "app.subscriptions.plans.2.prices (kassa.toml): There is no currency 'RBU'.",
        "app.subscriptions.plans.2.month (kassa.toml): is not a setting",
        "app.subscriptions.grace_days (kassa.toml): must be less than or equal to 14",
        "app.subscriptions.apps_url (kassa.toml): must begin with https://",
        "app.subscriptions.remind_day (kassa.toml): is not a setting; did you mean remind_days?",
        "app.subscriptions.plans.3.tier (kassa.toml): there is no tier 'famly', only: standard",
        "app.subscriptions.trial_tier (kassa.toml): there is no tier 'gold', only: standard",
        "app.subscriptions.channel (kassa.toml): "
        "must be the channel's number, such as -1001234567890",
    ]
    assert problems(tmp_path, f"plans = [{PLAN}, {PLAN}]") == [
        "app.subscriptions.plans (kassa.toml): must not have the same name twice"
    ]


def test_a_tier_may_be_another_ones_name(tmp_path: Path) -> None:
    plan = '{ name = "1m", months = 1, tier = "big", prices = { RUB = "290" } }'
    assert (
        problems(tmp_path, f"trial_days = 0\nplans = [{plan}]\n[app.subscriptions.tiers.big]") == []
    )


def test_a_panel_needs_its_address_and_its_token(tmp_path: Path) -> None:
    wants_url = "REMNAWAVE_URL: must be set, since the panel of subscriptions is remnawave"
    wants_token = "REMNAWAVE_TOKEN: must be set, since there is a REMNAWAVE_URL"
    url = {"REMNAWAVE_URL": "https://panel.example.com"}
    assert problems(tmp_path, 'panel = "remnawave"') == [wants_url]
    assert problems(tmp_path, 'panel = "remnawave"', **url) == [wants_token]
    assert problems(tmp_path, "", **url) == [wants_token]
    assert problems(tmp_path, 'panel = "none"', **url) == []
    assert problems(tmp_path, 'panel = "remnawave"', **url, REMNAWAVE_TOKEN="TEST") == []
