"""The command line as a whole: help, settings, and what is told to whom."""

from pathlib import Path

import pytest

from kassa.cli.common import table
from tests.cli.process import kassa, on
from tests.conftest import Fresh

COMMANDS = ["run", "demo", "migrate", "doctor", "audit", "books", "jobs", "db"]


def test_without_a_command_it_says_what_there_is(tmp_path: Path) -> None:
    done = kassa(cwd=tmp_path)
    for command in COMMANDS:
        assert f"  {command} " in done.stdout + done.stderr
    assert kassa("nonsense", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("command", ["doctor", "db dump file"])
def test_wrong_settings_are_told_before_anything_begins(tmp_path: Path, command: str) -> None:
    done = kassa(
        *command.split(), cwd=tmp_path, PORT="http", KASSA_WORKER="2", KASSA_HOME=str(tmp_path)
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "KASSA_WORKER (environment): is not a setting; did you mean KASSA_WORKERS?",
        "PORT (environment): must be a whole number from 1 to 65535",
    ]
    assert list(tmp_path.iterdir()) == []


async def test_doctor_shows_the_settings_and_no_secret(fresh: Fresh, tmp_path: Path) -> None:
    secrets = {
        "TELEGRAM_BOT_TOKEN": "123456:AAE-hunter2-hunter2",
        "SECRET_KEY": "hunter2-" * 5,
        "STRIPE_WEBHOOK_SECRET": "whsec_hunter2",
        "ONEPLAT_SHOP_SECRET": "hunter2",
    }
    url = on(fresh)["DATABASE_URL"].replace("kassa_app@", "kassa_app:hunter2@")
    done = kassa("doctor", cwd=tmp_path, **{**on(fresh), **secrets, "DATABASE_URL": url})
    assert (done.returncode, done.stderr) == (0, "")
    assert "hunter2" not in done.stdout
    assert "Database: PostgreSQL 18" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["SECRET_KEY", "***", "environment"] in rows
    assert ["PORT", "8000", "default"] in rows


def test_doctor_says_what_is_wrong_with_the_database(tmp_path: Path) -> None:
    url = f"postgresql://kassa:hunter2@/kassa?host={tmp_path}"
    done = kassa("doctor", cwd=tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stdout.startswith("Kassa ")
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_table_keeps_its_columns_whatever_is_in_them() -> None:
    assert table(["n", "text"], [(1, "a\tb\x1b[2J"), (10, "Привет")], right=[0]) == (
        " n  text\n 1  a b [2J\n10  Привет"
    )
    assert table(["empty"], []) == "empty"
