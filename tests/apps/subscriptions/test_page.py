"""docs/subscriptions.md says what is there."""

import re
import shlex
from pathlib import Path

from kassa.apps.subscriptions.older.file import COLUMNS
from kassa.apps.subscriptions.options import Options, Plan, Tier
from tests.apps.subscriptions.api_rig import Caller
from tests.apps.subscriptions.rig import Till
from tgsandbox import Sandbox

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "subscriptions.md").read_text()


def shown(default: object) -> str:
    """As the table has it."""
    words = ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{words}`" if words else ""


def test_every_option_is_there_with_its_default() -> None:
    rows = {row[0]: row[1] for row in re.findall(r"(?m)^\| `(\w+)` \| (.*?) ?\| ", PAGE)}
    spelled = {"plans", "tiers"}  # said in words
    for name, field in Options.model_fields.items():
        assert name in rows
        if name not in spelled:
            assert rows[name] == shown(field.default), name
    for name, field in Tier.model_fields.items():
        assert rows[name] == ("" if name in ("title", "squads") else shown(field.default)), name
    assert set(rows) >= set(Options.model_fields) | set(Tier.model_fields)
    (plans,) = re.findall(r"(?m)^\| `plans` .*$", PAGE)
    assert set(re.findall(r"`(\w+)`", plans)) == {"plans", *Plan.model_fields}


def test_every_column_of_a_file_is_there() -> None:
    table = PAGE.partition("| column | |")[2].partition("\n\n")[0]
    assert set(COLUMNS) <= set(re.findall(r"`(\w+)`", table))


def test_the_snippet_is_the_file() -> None:
    (snippet,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert snippet == (ROOT / "docs" / "deploy" / "kassa.toml").read_text()


def test_the_links_within_the_page_lead_somewhere() -> None:
    heads = {
        re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"(?m)^#{2,} (.*)$", PAGE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= heads


def test_every_button_of_the_operator_is_there() -> None:
    page = (ROOT / "docs" / "subscriptions-operator.md").read_text()
    texts = (ROOT / "src/kassa/apps/subscriptions/texts/en.ftl").read_text()
    labels = set(re.findall(r"(?m)^admin-[\w-]+ = (?:\S* )?([A-Z][\w ]+?)(?: \(.*|: .*)?$", texts))
    bold = re.findall(r"\*\*([^*]+)\*\*", page)
    named = {
        each.strip() for line in bold for each in line.split(",") if not re.search(r"\d", each)
    }
    assert len(named) > 10
    assert named <= labels, named - labels


async def test_the_api_answers_as_it_is_shown(till: Till, tg: Sandbox) -> None:
    caller, number = Caller(till, tg.user("Покупатель", language="en")), ""
    (shown,) = re.findall(r"## The API.*?```console\n(.*?)```", PAGE, re.DOTALL)
    calls = re.findall(r"(?m)^\$ ((?:.*\\\n)*.*)\n((?:[{ ].*\n)*)", shown)
    assert len(calls) == 5
    for command, answer in calls:
        method, path, headers, content = curl(command)
        path = path.replace("/12", f"/{number}")
        said = await till.http.request(
            method, path, headers=caller.headers(**headers), content=content
        )
        assert said.status_code == 200, said.text
        assert keys(answer) <= keys(said.text)
        for word in re.findall(r'"(?:status|kind|did|provider|method)":"\w+"', answer):
            assert word in said.text
        number = number or said.json().get("id", "")


def keys(answer: str) -> set[str]:
    return set(re.findall(r'"(\w+)":', answer))


def curl(command: str) -> tuple[str, str, dict[str, str], str | None]:
    """What it asks for, but for who asks."""
    words = shlex.split(command.replace("\\\n", " "))[1:]
    method, content, headers = "", None, {}
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            content = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        else:
            path = word.removeprefix("http://127.0.0.1:8000")
    del headers["Authorization"]
    return method or ("POST" if content else "GET"), path, headers, content
