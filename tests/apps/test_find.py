"""Apps are found by their names; what is wrong with one is told in words, all of it at once."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kassa import apps
from kassa.apps import App
from kassa.config import load
from kassa.errors import ConfigError
from tests.apps.stamps import APP as STAMPS

GOOD = 'from kassa.apps import App\nAPP = App("{}")\n'


def problems(*names: str, folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        apps.find(names, folder=folder)
    return caught.value.problems


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What entry points say: a name and where it is."""
    found: dict[str, str] = {}

    def entry_points(*, group: str) -> list[EntryPoint]:
        assert group == "kassa.apps"
        return [EntryPoint(name, value, group) for name, value in found.items()]

    monkeypatch.setattr("kassa.apps.finding.entry_points", entry_points)
    return found


def test_one_file_in_the_folder_is_an_app(tmp_path: Path) -> None:
    (tmp_path / "gifts.py").write_text(GOOD.format("gifts"))
    (tmp_path / "tea_shop.py").write_text(GOOD.format("tea-shop"))
    found = apps.find(["tea-shop", "gifts", "tea-shop"], folder=tmp_path)
    assert [app.name for app in found] == ["tea-shop", "gifts"]
    assert apps.find(["gifts"], folder=tmp_path)[0] is found[1]


def test_a_file_called_like_a_library_is_in_nobodys_way(tmp_path: Path) -> None:
    import calendar

    (tmp_path / "calendar.py").write_text(GOOD.format("calendar"))
    assert apps.find(["calendar"], folder=tmp_path)[0].name == "calendar"
    import calendar as again

    assert again is calendar
    assert again.monthrange(2026, 2) == (6, 28)


def test_an_installed_app_is_found_before_a_file(tmp_path: Path, installed: dict[str, str]) -> None:
    installed["stamps"] = "tests.apps.stamps:APP"
    (tmp_path / "stamps.py").write_text("raise RuntimeError")
    assert apps.find(["stamps"], folder=tmp_path) == [STAMPS]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, installed: dict[str, str]) -> None:
    installed.update(stamps="tests.apps.stamps:APP", away="tests.apps.nowhere:APP")
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "spelt.py").write_text("APP = ")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "number.py").write_text("APP = 7")
    (tmp_path / "other.py").write_text(GOOD.format("another"))
    names = ["broken", "away", "empty", "number", "other", "tea-shop", "stamps"]
    assert problems(*names, folder=tmp_path) == [
        "apps: 'broken' cannot be loaded: ZeroDivisionError: division by zero",
        "apps: 'away' cannot be loaded: ModuleNotFoundError: No module named 'tests.apps.nowhere'",
        "apps: 'empty' has no APP",
        "apps: APP of 'number' is of the type int; it must be an App",
        "apps: 'other' calls itself 'another'; both must be the same",
        "apps (KASSA_APPS): there is no app 'tea-shop', and no tea_shop.py here; "
        "installed are: away, stamps",
    ]
    (spelt,) = problems("spelt", folder=tmp_path)
    assert spelt.startswith("apps: 'spelt' cannot be loaded: SyntaxError: invalid syntax (spelt.py")


def test_a_file_that_was_mended_is_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "mended.py"
    file.write_text("1 / 0")
    problems("mended", folder=tmp_path)
    file.write_text(GOOD.format("mended"))
    assert apps.find(["mended"], folder=tmp_path)[0].name == "mended"


def test_given_apps_come_first_and_only_while_they_are_given(tmp_path: Path) -> None:
    mine = App("stamps")
    with apps.given([mine]):
        assert apps.find(["stamps"], folder=tmp_path) == [mine]
    (told,) = problems("stamps", folder=tmp_path)
    assert "there is no app 'stamps'" in told


BOT = {"TELEGRAM_BOT_TOKEN": "1:TEST-TOKEN"}
TWO = """
[[bot]]
token = "1:TEST-ONE"
apps = ["market"]
[[bot]]
token = "2:TEST-TWO"
apps = ["tokens", "market"]
"""


def test_the_default_app_need_not_be_installed(tmp_path: Path, installed: dict[str, str]) -> None:
    assert apps.named(load(BOT, tmp_path)) == []
    assert apps.named(load({**BOT, "KASSA_APPS": "tokens"}, tmp_path)) == ["tokens"]
    assert apps.named(load({"KASSA_APPS": "b,a"}, tmp_path)) == ["b", "a"]
    installed["tokens"] = "kassa.apps.tokens:APP"
    assert apps.named(load(BOT, tmp_path)) == ["tokens"]
    assert apps.named(load({}, tmp_path)) == []


def test_what_a_bot_of_kassa_toml_names_is_wanted(
    tmp_path: Path, installed: dict[str, str]
) -> None:
    (tmp_path / "kassa.toml").write_text(TWO)
    assert apps.named(load({}, tmp_path)) == ["market", "tokens"]


def test_an_app_with_tables_has_a_folder_of_sql(tmp_path: Path, installed: dict[str, str]) -> None:
    def packages(names: str) -> tuple[str, ...]:
        return apps.packages(load({"KASSA_APPS": names}, tmp_path))

    installed.update(stamps="tests.apps.stamps:APP", deep="kassa.ledger.chart:APP")
    installed.update(bare="tests.apps:APP", gone="tests.apps.nowhere.at.all:APP")
    assert packages("stamps,bare,file,deep") == ("tests.apps.stamps", "kassa.ledger")
    assert packages("bare,gone") == ()
    with apps.given([App("mine", "tests.apps.stamps"), App("small")]):
        assert packages("small,mine") == ("tests.apps.stamps",)
