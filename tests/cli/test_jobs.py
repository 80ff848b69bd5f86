"""`kassa jobs`: what waits, what is dead, and what a person can do about it."""

from datetime import timedelta
from pathlib import Path

import pytest

from kassa import outbox
from kassa.db import Database
from kassa.outbox import NewJob
from tests.cli.process import kassa, on
from tests.conftest import Fresh

Told = tuple[int, str, str]


@pytest.fixture
async def ids(db: Database, owner_db: Database) -> list[int]:
    """One that waits, one that runs, two dead ones."""
    async with db.transaction() as tx:
        await outbox.put_many(
            tx,
            [
                NewJob("notify", after=timedelta(hours=1)),
                NewJob("notify"),
                NewJob("call"),
                NewJob("call", key="order:7"),
            ],
        )
    ids = [job.id for job in await outbox.list_jobs(db)]
    await owner_db.fetch("SELECT FROM outbox.take(clock_timestamp(), '{notify}', 1, '60 s')")
    await owner_db.execute(
        "UPDATE outbox.job SET dead_at = now(), attempts = 15, last_error = $1 WHERE kind = 'call'",
        "Refused: \x1b[2J\x1b[31mred\nand more lines",
    )
    return ids


def jobs(fresh: Fresh, folder: Path, *arguments: object) -> Told:
    done = kassa("jobs", *map(str, arguments), cwd=folder, **on(fresh))
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


async def test_an_empty_list_says_so(fresh: Fresh, tmp_path: Path) -> None:
    assert jobs(fresh, tmp_path, "list") == (0, "No jobs are waiting.\n", "")
    assert jobs(fresh, tmp_path, "list", "--dead") == (0, "No dead jobs.\n", "")


async def test_jobs_are_listed_with_their_state(
    fresh: Fresh, tmp_path: Path, ids: list[int]
) -> None:
    code, told, _ = jobs(fresh, tmp_path, "list")
    lines = told.splitlines()
    assert code == 0
    assert lines[0].split() == [
        "#",
        "kind",
        "key",
        "state",
        "tries",
        "due",
        "(UTC)",
        "last",
        "error",
    ]
    states = [line.split()[:4] for line in lines[1:]]
    assert [each[:2] for each in states] == [
        [str(i), kind] for i, kind in zip(ids, ("notify", "notify", "call", "call"), strict=True)
    ]
    assert [(set(each) & {"waiting", "running", "dead"}).pop() for each in states] == [
        *("waiting", "running", "dead", "dead")
    ]
    assert "order:7" in lines[4]
    assert told.isprintable() or all(line.isprintable() for line in lines), "no escape sequences"
    assert lines[4].endswith("Refused:  [2J [31mred")


async def test_pages_and_filters(fresh: Fresh, tmp_path: Path, ids: list[int]) -> None:
    _, told, _ = jobs(fresh, tmp_path, "list", "--most", 1, "--dead", "--kind", "call")
    assert told.endswith(f"\n\nMore: kassa jobs list --after {ids[2]}\n")
    _, told, _ = jobs(fresh, tmp_path, "list", "--after", ids[3])
    assert told == "No jobs are waiting.\n"


async def test_dead_jobs_are_tried_again_and_idle_ones_dropped(
    fresh: Fresh, db: Database, tmp_path: Path, ids: list[int]
) -> None:
    assert jobs(fresh, tmp_path, "retry", ids[2]) == (0, "Tried again: 1.\n", "")
    assert jobs(fresh, tmp_path, "retry", "--kind", "call") == (0, "Tried again: 1.\n", "")
    assert [job.id for job in await outbox.list_jobs(db, dead=True)] == []
    assert jobs(fresh, tmp_path, "drop", *ids) == (0, "Dropped: 3.\n", "")
    assert [job.id for job in await outbox.list_jobs(db)] == [ids[1]], "somebody is doing it"


async def test_what_cannot_be_is_refused_in_words(fresh: Fresh, tmp_path: Path) -> None:
    for arguments, code, words in [
        (["retry"], 1, "Say which: numbers of jobs, or --kind."),
        (["list", "--kind", "\udcff"], 1, "A job's kind is 1 to 200 printable characters."),
        (["drop"], 2, "Missing argument"),
        (["drop", "first"], 2, "valid integer"),
        (["drop", str(2**63)], 2, "less than or equal to"),
        (["retry", "0"], 2, "greater than or equal to 1"),
        (["list", "--after", "-1"], 2, "greater than or equal to 0"),
    ]:
        returned, told, complained = jobs(fresh, tmp_path, *arguments)
        assert (returned, told) == (code, "")
        assert words in complained
