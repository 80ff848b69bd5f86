"""scripts/texts: it finds each kind of mistake, and none in what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from kassa import texts
from tests.check_texts import ROOT, check

CODE = '''
"""nobody-says-this"""
from kassa import texts
from kassa.telegram import MenuItem
def hear(t, kind, who):
    t("hello", name=who)
    t(f"event-{kind}", at="x")
    return t.html("bye" if who else "hello", name=who)
KINDS = ("late_paid",)
MENU = [MenuItem("label", command="x")]
'''
RU = "hello = Да, { $name }\nbye = Пока\nevent-late-paid = { $at }\nlabel = Кнопка\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package in which all is right."""
    root = tmp_path / "shop"
    (root / "texts").mkdir(parents=True)
    (root / "bot.py").write_text(CODE)
    for language in texts.LANGUAGES:
        (root / "texts" / f"{language}.ftl").write_text(RU)
    return root


def write(root: Path, *, language: str = "", old: str = "", new: str = "") -> None:
    """In one language, or all; or (with a language "py") in the code."""
    names = [language] if language else texts.LANGUAGES
    for name in names:
        path = root / "bot.py" if name == "py" else root / "texts" / f"{name}.ftl"
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new) if old else before + new)


def test_ours_are_all_right() -> None:
    assert check(ROOT / "src" / "kassa") == []


def test_nothing_is_wrong_with_what_is_right(shop: Path) -> None:
    assert check(shop) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"language": "uz", "old": "bye = Пока\n"}, "shop: uz lacks bye"),
        ({"language": "en", "new": "more = x\n"}, "shop: ru lacks more, en has it"),
        (
            {"language": "uz", "old": "$name", "new": "$nome"},
            "shop: hello has not the same variables in ru and uz: {name} and {nome}",
        ),
        ({"language": "uz", "new": "hello = x { $name }\n"}, "shop: uz has hello twice"),
        ({"language": "en", "new": "broken = { $\n"}, "shop: en.ftl cannot be read at 'broken"),
        ({"new": "other = { gone }\n"}, "shop: ru speaks of gone, which is missing"),
        ({"new": "nobody-says-this = x\n"}, "shop: nobody says nobody-says-this"),
        ({"new": "event-of-no-kind = x\n"}, "shop: nobody says event-of-no-kind"),
        ({"old": "bye = Пока\n"}, "shop/bot.py:8: there is no text bye"),
        ({"old": "label = Кнопка\n"}, "shop/bot.py:10: there is no text label"),
        (
            {"language": "py", "old": '"hello", name=who)\n    t(f', "new": '"hello")\n    t(f'},
            "shop/bot.py:6: hello is not given name",
        ),
        (
            {"language": "py", "new": '\ndef say(on):\n    on.say("ru", "none")\n'},
            "shop/bot.py:13: there is no text none",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_each_mistake_is_found(shop: Path, change: dict[str, str], problem: str) -> None:
    write(shop, **change)
    assert [each for each in check(shop) if each.startswith(problem)] != [], check(shop)


def test_a_language_that_is_missing_is_told(shop: Path) -> None:
    (shop / "texts" / "en.ftl").unlink()
    assert "shop: there is no texts/en.ftl" in check(shop)


def test_what_is_said_only_if_it_is_there_need_not_be(shop: Path) -> None:
    write(shop, language="py", new='\ndef say(t):\n    if t.has("own"):\n        t("own")\n')
    assert check(shop) == []


def test_what_the_operator_is_told_is_named_without_its_beginning(shop: Path) -> None:
    write(shop, new="operator-late-paid = x\n")
    assert check(shop) == []


def test_a_text_that_another_speaks_of_is_said(shop: Path) -> None:
    write(shop, new="part = { $name }\n")
    write(shop, old="Да, { $name }", new="Да, { part }")
    assert check(shop) == []


def test_the_script_tells_and_fails(shop: Path) -> None:
    command = [sys.executable, "-m", "tests.check_texts", str(shop)]
    right = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (right.returncode, right.stdout) == (0, "")
    write(shop, new="nobody-says-this = x\n")
    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "shop: nobody says nobody-says-this\n")
