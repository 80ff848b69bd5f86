"""`kassa audit`, `kassa books`: the books, proved and shown."""

import subprocess
from pathlib import Path

from kassa.db import Database
from kassa.db.embedded import SUPERUSER
from tests.cli.books import SELLER, sell
from tests.cli.process import KASSA, environ, kassa, on
from tests.conftest import Fresh


async def test_audit_proves_the_books_and_names_what_is_wrong(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    await sell(db, 1)
    done = kassa("audit", cwd=tmp_path, **on(fresh))
    assert (done.returncode, done.stdout) == (0, "The books are right: 2 accounts, 1 transfers.\n")
    async with Database(fresh.address(SUPERUSER)) as root, root.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute(
            "UPDATE ledger.account SET posted = posted + 1 WHERE code = $1", SELLER.code
        )
    done = kassa("audit", cwd=tmp_path, **on(fresh))
    assert (done.returncode, done.stderr) == (1, "")
    head, *rows, _, summary = done.stdout.splitlines()
    assert head.split() == ["broken", "where", "what"]
    assert any("balances add up to zero" in row and "RUB" in row for row in rows)
    assert any(SELLER.code in row and "balance 10002, postings 10001" in row for row in rows)
    assert summary == f"The books are wrong in {len(rows)} places."


async def test_an_app_proves_its_own(
    fresh: Fresh, db: Database, owner_db: Database, tmp_path: Path
) -> None:
    await sell(db, 1)
    await owner_db.execute(
        """
        CREATE SCHEMA "an app";
        CREATE FUNCTION "an app".audit() RETURNS TABLE (invariant text, subject text, detail text)
        LANGUAGE sql AS $$ VALUES ('what is sold was there', 'shelf 5', 'two sold, one there') $$;
        GRANT USAGE ON SCHEMA "an app" TO PUBLIC;
        """
    )
    done = kassa("audit", cwd=tmp_path, **on(fresh))
    assert done.returncode == 1
    assert "shelf 5" in done.stdout
    assert done.stdout.splitlines()[-1] == "The books are wrong in 1 places."


async def test_books_shows_accounts_and_a_statement(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    settings = on(fresh)
    assert kassa("books", cwd=tmp_path, **settings).stdout == "There are no accounts yet.\n"
    for number in range(3):
        await sell(db, number)
    accounts = kassa("books", cwd=tmp_path, **settings).stdout.splitlines()
    assert [line.split() for line in accounts] == [
        ["account", "balance", "of", "it", "held"],
        ["revenue:shop:RUB", "−₽300.03"],
        ["wallet:7:RUB", "₽300.03"],
    ]
    one = kassa("books", "--most", "1", cwd=tmp_path, **settings).stdout
    assert one.endswith("\n\nThe first 1; --most shows more.\n")
    page = kassa("books", SELLER.code, "--before", "3", cwd=tmp_path, **settings).stdout
    assert [line.split()[3] for line in page.splitlines()[1:]] == ["sale:1", "sale:0"]


async def test_an_account_that_is_not_there_is_told_in_words(fresh: Fresh, tmp_path: Path) -> None:
    for account, words in [
        ("NOPE", "There is no account NOPE."),
        ("\udcff", "The code of an account"),
    ]:
        done = kassa("books", account, cwd=tmp_path, **on(fresh))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(words)
        assert len(done.stderr.splitlines()) == 1


async def test_numbers_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for wrong in (["--most", "501"], ["x", "--before", str(2**63)]):
        done = kassa("books", *wrong, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


async def test_a_reader_that_leaves_early_is_no_reason_to_complain(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    await sell(db, 1)
    with subprocess.Popen(
        [KASSA, "books"],
        env=environ(**on(fresh)),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
