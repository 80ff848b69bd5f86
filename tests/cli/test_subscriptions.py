"""`kassa subscriptions`: an older bot's people, the panel, promo codes, keys, days."""

import asyncio
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kassa import clock, users
from kassa.apps.subscriptions import service
from kassa.cli.commands import app
from kassa.db import APP, Database
from kassa.db.migrate import migrate, steps
from kassa.errors import KassaError
from kassa.runtime import PACKAGES
from tests.apps.subscriptions.panels.sides import fake
from tests.cli.process import environ, kassa, on
from tests.conftest import Fresh
from tgsandbox import Sandbox

Done = subprocess.CompletedProcess[str]
SHOWS = {"TELEGRAM_BOT_TOKEN": "123456:TEST-TOKEN", "KASSA_APPS": "subscriptions"}


class Desk:
    """Commands with these settings, in this process: each on its own would load all of Telegram."""

    def __init__(self, fresh: Fresh, folder: Path, **more: str) -> None:
        self.folder = folder
        self.settings = {**on(fresh), **SHOWS, **more}

    async def __call__(self, *words: object, stdin: str = "") -> Done:
        told = ["subscriptions", *map(str, words)]
        environment = {**dict.fromkeys(os.environ), **environ(**self.settings)}

        def call() -> Done:
            done = CliRunner().invoke(app, told, input=stdin, env=environment)
            code, error = done.exit_code, done.exception
            if isinstance(error, KassaError):  # as kassa.cli.main says it
                return Done(told, 1, done.stdout, f"{done.stderr}{error}\n")
            if error is not None and not isinstance(error, SystemExit):
                raise error
            return Done(told, code, done.stdout, done.stderr)

        return await asyncio.to_thread(call)

    async def said(self, *words: object, stdin: str = "") -> str:
        done = await self(*words, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def file(self, text: str, name: str = "old.csv") -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kassa.log.configure", lambda *_: None)  # the log is the tests'


@pytest.fixture(autouse=True)
async def tables(owner_db: Database) -> None:
    connection = await owner_db.connect()
    try:
        await migrate(connection, steps((*PACKAGES, "kassa.apps.subscriptions"), app=APP))
    finally:
        await connection.close()


@pytest.fixture
def desk(fresh: Fresh, tmp_path: Path) -> Desk:
    return Desk(fresh, tmp_path)


async def whole(desk: Desk, *words: object) -> str:
    """As a process of its own."""
    told = ["subscriptions", *map(str, words)]
    done = await asyncio.to_thread(lambda: kassa(*told, cwd=desk.folder, **desk.settings))
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def later(days: int) -> str:
    return f"{clock.now() + timedelta(days=days):%Y-%m-%d %H:%M:%S}+00:00"


# -- import ------------------------------------------------------------------------


async def test_an_older_bots_people_are_shown_asked_about_and_imported_once(
    desk: Desk, db: Database
) -> None:
    old = desk.file(
        "telegram_id;expires_at;first_name;paid_at;amount;currency;balance\n"
        f"7001;{later(30)};Анна;2026-01-02;290;RUB;5\n"
        "7002;2026-01-02T00:00:00Z;Пётр;;;;\n"
    )
    shown = (
        "old.csv: 2 lines, UTF-8, separated by semicolons.\n"
        "Not read: balance.\n\n"
        "2  people\n"
        "1  get the time that they had there\n"
        "1  come with time that is over\n"
        "1  old payments, to be shown and not booked\n"
    )
    assert await desk.said("import", old, "--dry-run") == shown
    asked = await desk("import", old)
    assert asked.returncode == 1  # nobody is there who says yes
    assert asked.stdout.startswith(shown)
    assert await db.fetchval("SELECT count(*) FROM users.person") == 0
    done = await desk.said("import", old, stdin="y\n")
    assert done.endswith("Imported: 2 people, 1 payments.\n")
    assert await db.fetchval("SELECT count(*) FROM subscriptions.term") == 2
    again = await whole(desk, "import", old, "--yes")
    assert "2  were imported before, and stay as they are\n" in again
    assert "1  old payments that were imported before\n" in again
    assert await db.fetchval("SELECT count(*) FROM subscriptions.term") == 2
    told = await desk.said("show", "tg:7001")
    assert "import:7001:" in told
    assert told.splitlines()[-1].startswith("2026-01-02 00:00     290.00 RUB")


async def test_a_wrong_line_is_told_and_nothing_is_imported(desk: Desk, db: Database) -> None:
    lines = "".join(f"{7000 + n},soon\n" for n in range(25))
    old = desk.file(f"telegram_id,expires_at\n6999,{later(3)}\n{lines}")
    done = await desk("import", old, "--yes")
    assert (done.returncode, done.stderr) == (1, "\n25 wrong; nothing was imported.\n")
    assert "\n   3  expires_at 'soon' is no moment: write 2026-12-31, " in done.stdout
    assert done.stdout.endswith("\nand 5 more\n")
    assert await db.fetchval("SELECT count(*) FROM users.person") == 0


async def test_times_without_a_zone_are_of_the_zone_that_is_said(desk: Desk, db: Database) -> None:
    old = desk.file("telegram_id,expires_at\n7001,2126-01-02 03:00\n")
    await desk.said("import", old, "--yes", "--zone", "Europe/Moscow")
    user = await users.by_telegram(db, 7001)
    mine = await service.standing(db, user.id)
    assert mine is not None
    assert f"{mine.expires_at:%H:%M}" == "00:00"
    wrong = await desk("import", old, "--zone", "Moscow")
    assert wrong.stderr == "There is no time zone 'Moscow'; one is written Europe/Moscow.\n"


async def test_where_no_bot_shows_subscriptions_it_is_said(fresh: Fresh, tmp_path: Path) -> None:
    other = Desk(fresh, tmp_path, KASSA_APPS="tokens")
    done = await other("sync")
    assert (done.returncode, done.stderr) == (
        *(1, "No bot shows subscriptions: name them among KASSA_APPS.\n"),
    )


# -- sync --------------------------------------------------------------------------


async def test_the_panel_is_compared_and_told_by_jobs(
    fresh: Fresh, tmp_path: Path, db: Database, tg: Sandbox
) -> None:
    panel = fake(tg)
    at = {"REMNAWAVE_URL": panel.base_url, "REMNAWAVE_TOKEN": panel.credentials["token"]}
    desk = Desk(fresh, tmp_path, **at)
    old = desk.file(f"telegram_id,expires_at,panel_username\n7001,{later(30)},kassa_old\n")
    await desk.said("import", old, "--yes")
    await db.execute("UPDATE subscriptions.subscription SET provisioned = wanted")
    panel.put("kassa_stranger", panel.now() + 86_400)

    looked = await desk("sync", "--dry-run")
    assert (looked.returncode, looked.stderr) == (1, "")
    head, row, empty, stranger, summary = looked.stdout.splitlines()
    assert head.split()[:2] == ["person", "at"]
    assert row.split()[1:3] == ["kassa_old", "missing"]
    assert (empty, stranger) == ("", "let in there, and nobody's here: kassa_stranger")
    assert summary == "1 compared, 1 missing; 1 strangers."
    assert await db.fetchval("SELECT count(*) FROM outbox.job") == 0

    mended = await desk.said("sync", "--shut-strangers", stdin="y\n")
    assert "The running Kassa mends them" in mended
    assert mended.endswith("1 will be shut by the running Kassa.\n")
    kinds = await db.fetch("SELECT kind FROM outbox.job ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["subscriptions.provision", "subscriptions.shut"]
    assert panel.status("kassa_stranger") == "ACTIVE"  # by us: only a running Kassa does it

    panel.fault("*", "down", times=None)
    down = await desk("sync")
    assert (down.returncode, down.stdout) == (1, "")
    assert down.stderr.startswith("Remnawave")


async def test_without_a_panel_there_is_nothing_to_compare(desk: Desk) -> None:
    said = await desk.said("sync", "--dry-run")
    assert said == "There is no panel: who has time left is let in by our word.\n"


# -- promo codes and keys ----------------------------------------------------------


async def test_promo_codes_are_made_listed_and_closed(desk: Desk) -> None:
    assert await desk.said("promo", "list") == "There are no promo codes.\n"
    await desk.said(
        "promo", "create", "Лето", "--percent", 20, "--uses", 5, "--until", "2126-09-01"
    )
    await desk.said("promo", "create", "MINUS", "--off", "100 RUB", "--off", "1,50 usd")
    assert await desk.said("promo", "create", "WEEK", "--days", 7) == "WEEK can be used.\n"
    listed = (await desk.said("promo", "list")).splitlines()
    assert [line.split()[0] for line in listed] == ["code", "WEEK", "MINUS", "Лето"]
    assert "  ₽100.00, $1.50  " in listed[2]
    assert "20%" in listed[3]
    assert "0/5" in listed[3]
    assert await desk.said("promo", "close", "week") == "week is closed.\n"
    left = (await desk.said("promo", "list", "--all")).splitlines()
    assert [len(line.split()) for line in left[1:3]] == [7, 5]  # with when it was closed
    assert (await desk("promo", "close", "NOBODY")).stderr == "There is no promo code NOBODY.\n"
    twice = await desk("promo", "create", "ЛЕТО", "--days", 1)
    assert twice.stderr == "There is a promo code already that looks like ЛЕТО.\n"
    several = await desk("promo", "create", "X1", "--days", 1, "--percent", 1)
    assert several.stderr == "Say one: --percent, --off or --days.\n"
    over = await desk("promo", "create", "X1", "--days", 1, "--until", "2020-09-01")
    assert over.stderr == "A promo code ends after now.\n"


async def test_keys_are_put_into_the_pool_once(desk: Desk) -> None:
    pool = desk.file("one\n\n two \none\n", "keys.txt")
    assert await desk.said("keys", "add", pool) == "Added: 2.\n"
    more = await desk.said("keys", "add", "-", stdin="two\nthree\n")
    assert more == "Added: 1, 1 were there already.\n"
    assert await desk.said("keys", "count") == "Free: 3. Given: 0. Taken back: 0.\n"
    wrong = await desk("keys", "add", desk.file(f"four\n{'x' * 4001}\n", "keys.txt"))
    assert (wrong.returncode, wrong.stderr) == (1, "Line 2 is no key. Nothing was added.\n")
    assert (await desk.said("keys", "count")).startswith("Free: 3.")


# -- one person --------------------------------------------------------------------


async def test_days_are_given_with_a_reason_that_stays(desk: Desk, db: Database) -> None:
    user = await db.run(lambda tx: users.see(tx, users.Who(7001, "Анна", username="anna")))
    assert await desk.said("show", "@anna") == (f"Person {user.id} has never had a subscription.\n")
    given = await desk.said("give", "@anna", 7, "--reason", " the panel  was down ")
    assert given.startswith(f"Person {user.id}: 7 days more, until ")
    (term,) = await service.terms(db, user.id)
    assert (term.kind, term.seconds, term.reason) == ("admin", 7 * 86_400, "the panel was down")
    news = await db.fetchrow("SELECT text, args FROM subscriptions.news")
    assert news is not None
    assert tuple(news) == ("news-given", {"days": 7, "reason": "the panel was down"})
    assert await db.fetchval("SELECT kind FROM outbox.job") == service.PROVISION
    shown = await desk.said("show", user.id)
    assert "waits: to be told" in shown
    assert shown.splitlines()[-1].endswith("the panel was down")
    assert "  +7  " in shown
    refused = await desk("give", "@anna", 7, "--reason", " ")
    assert refused.stderr == "The reason has 1 to 200 characters.\n"
    assert (await desk("give", "@anna", 0, "--reason", "x")).returncode == 2
    assert await db.fetch("SELECT * FROM subscriptions.audit()") == []
