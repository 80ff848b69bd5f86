"""People of an older bot come over: all of the file, once, and nobody loses a day."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kassa import clock, ledger, users
from kassa.apps.subscriptions import service
from kassa.apps.subscriptions.models import Length, Subscription
from kassa.apps.subscriptions.older import file as import_file
from kassa.apps.subscriptions.older import importing
from kassa.apps.subscriptions.older import payments as old_payments
from kassa.apps.subscriptions.older.file import File
from kassa.apps.subscriptions.older.importing import How, Outcome
from kassa.apps.subscriptions.options import USUAL
from kassa.db import Database, Tx
from kassa.errors import Conflict, Invalid
from kassa.users import User, Who

HOW = How(USUAL, "remnawave")
MOSCOW = ZoneInfo("Europe/Moscow")
DAY = timedelta(days=1)


def file(text: str, encoding: str = "utf-8") -> File:
    return import_file.read(text.encode(encoding), zone=MOSCOW, tiers=("standard",))


async def brought(db: Database, found: File, how: How = HOW) -> Outcome:
    """What the preview says is what comes of it."""
    said = await importing.preview(db, found, how)
    assert not said.wrong
    outcome = await db.run(lambda tx: importing.write(tx, found, how))
    assert outcome == said
    assert await db.fetch("SELECT * FROM subscriptions.audit()") == []
    return outcome


async def of(db: Database, telegram_id: int) -> tuple[User, Subscription | None]:
    user = await users.by_telegram(db, telegram_id)
    return user, await service.standing(db, user.id)


async def ends(db: Database, telegram_id: int) -> datetime | None:
    _, mine = await of(db, telegram_id)
    return mine.expires_at if mine else None


def soon(days: float) -> datetime:
    return (clock.now() + days * DAY).replace(microsecond=0)


async def has(db: Database, telegram_id: int, days: float) -> datetime:
    """Somebody who is here already, with so many days."""
    user = await db.run(lambda tx: users.see(tx, Who(telegram_id, "Здесь")))
    grade = USUAL.grade("standard")
    await db.run(
        lambda tx: service.extend(
            *(tx, user.id, Length(seconds=int(days * 86_400))),
            kind="admin",
            cause=f"admin:{telegram_id}",
            grade=grade,
        )
    )
    found = await ends(db, telegram_id)
    assert found is not None
    return found


async def counted(db: Database) -> Sequence[object]:
    tables = ("users.person", "subscriptions.subscription", "subscriptions.term")
    more = ("subscriptions.old_payment", "ledger.transfer", "payments.payment", "outbox.job")
    rows = [await db.fetchval(f"SELECT count(*) FROM {each}") for each in (*tables, *more)]
    return [*rows, *await db.fetch("SELECT * FROM subscriptions.subscription ORDER BY user_id")]


# -- what becomes of it ------------------------------------------------------------


async def test_people_come_with_their_time_their_account_and_what_they_have_paid(
    app_db: Database,
) -> None:
    until = soon(40)
    found = file(
        "telegram_id;Expires At;username;first_name;language;panel_username;panel_uuid;link;"
        "paid_at;amount;currency;provider;external_id;months;balance\r\n"
        f"7001;{until.isoformat()};@first;Первый;uz;old_7001;1f1e;https://sub.example.com/a;"
        "2026-01-02 03:04;290,00;rub;yookassa;y-1;1;17\r\n"
        "7001;;;;;;;;2026-02-02;790.00;RUB;yookassa;y-2;3;\r\n"
        "7002;1700000000;;Второй;;;;;;;;;;;\r\n"
        "7003;;;Третий;ru;;;;;;;;;;\r\n",
        "cp1251",
    )
    assert (found.encoding, found.separator, found.lines, found.unread) == (
        *("cp1251", ";", 4),
        ("balance",),
    )
    outcome = await brought(app_db, found)
    assert outcome.counts == {
        **{"people": 3, "given": 1, "over": 1, "without": 1, "accounts": 1, "payments": 2},
        "payments known": 0,
    }
    first, mine = await of(app_db, 7001)
    assert (first.username, first.first_name, first.language) == ("first", "Первый", "uz")
    assert mine is not None
    assert (mine.expires_at, mine.username, mine.panel_id) == (until, "old_7001", "1f1e")
    assert mine.link == "https://sub.example.com/a"
    assert (mine.wanted, mine.provisioned) == (1, 0)  # the panel is told when there is time
    (term,) = await service.terms(app_db, first.id)
    assert (term.kind, term.cause) == ("import", f"import:7001:{int(until.timestamp())}")
    assert abs(term.seconds - 40 * 86_400) < 120
    paid = await old_payments.of(app_db, first.id)
    assert [(each.at, str(each.money), each.months) for each in paid] == [
        (datetime(2026, 2, 1, 21, tzinfo=UTC), "790.00 RUB", 3),  # midnight in Moscow
        (datetime(2026, 1, 2, 0, 4, tzinfo=UTC), "290.00 RUB", 1),
    ]
    # They were there before: nobody is rewarded for them.
    assert first.created_at == datetime(2026, 1, 2, 0, 4, tzinfo=UTC)
    second, over = await of(app_db, 7002)
    code = first.referral_code
    assert await app_db.run(lambda tx: users.referred(tx, second.id, code)) is None
    assert over is not None
    assert (over.expires_at, over.wanted) == (datetime.fromtimestamp(1700000000, UTC), 0)
    assert (await of(app_db, 7003))[1] is None
    # Nothing of it is money of ours.
    assert await ledger.audit(app_db) == []
    assert await app_db.fetchval("SELECT count(*) FROM ledger.transfer") == 0


async def test_the_same_file_again_changes_nothing(app_db: Database) -> None:
    here = await has(app_db, 7002, 90)
    lines = "telegram_id,expires_at,paid_at,amount,currency\n"
    lines += f"7001,{soon(40)},2026-01-02,290,RUB\n7002,{soon(30)},,,\n7003,{soon(-5)},,,\n"
    for adds in (False, True):
        await brought(app_db, file(lines), How(USUAL, "remnawave", adds=adds))
        if not adds:
            before = await counted(app_db)
    assert await counted(app_db) == before
    assert await ends(app_db, 7002) == here
    # Also when their time was taken meanwhile: that was somebody's decision.
    user, mine = await of(app_db, 7001)
    assert mine is not None
    await app_db.run(
        lambda tx: service.take_back(
            tx, user.id, 20 * 86_400, rate=100, kind="admin", cause="admin:x"
        )
    )
    taken = await ends(app_db, 7001)
    outcome = await brought(app_db, file(lines))
    assert outcome.counts["done"] == 3
    assert await ends(app_db, 7001) == taken


async def test_the_later_end_counts(app_db: Database) -> None:
    here = {each: await has(app_db, each, 30) for each in (7001, 7002)}
    later = soon(60)
    outcome = await brought(
        app_db, file(f"telegram_id,expires_at,name\n7001,{later},Там\n7002,{soon(10)},Там\n")
    )
    assert (await users.by_telegram(app_db, 7001)).first_name == "Здесь"
    assert (outcome.counts["longer"], outcome.counts["kept"]) == (1, 1)
    assert await ends(app_db, 7001) == later
    assert await ends(app_db, 7002) == here[7002]


async def test_what_is_left_there_is_added_once_to_what_is_here(app_db: Database) -> None:
    here = await has(app_db, 7001, 30)
    adding = How(USUAL, "remnawave", adds=True)
    await brought(app_db, file(f"telegram_id,expires_at\n7001,{soon(10)}\n"), adding)
    found = await ends(app_db, 7001)
    assert found is not None
    assert abs(found - here - 10 * DAY) < timedelta(minutes=1)
    # A newer file of the older bot: only what they have bought there since.
    await brought(app_db, file(f"telegram_id,expires_at\n7001,{soon(15)}\n"), adding)
    newer = await ends(app_db, 7001)
    assert newer is not None
    assert abs(newer - found - 5 * DAY) < timedelta(minutes=1)
    # One of theirs that is over adds nothing.
    outcome = await brought(app_db, file(f"telegram_id,expires_at\n7001,{soon(-1)}\n"), adding)
    assert outcome.counts["kept"] == 1
    assert await ends(app_db, 7001) == newer


async def test_whoever_has_an_account_here_keeps_it(app_db: Database) -> None:
    await has(app_db, 7001, 30)
    _, mine = await of(app_db, 7001)
    assert mine is not None
    await app_db.execute(
        "UPDATE subscriptions.subscription SET panel_id = '5', link = 'https://here.example.com'"
    )
    outcome = await brought(
        app_db, file(f"telegram_id,expires_at,panel_username\n7001,{soon(60)},old_one\n")
    )
    assert (outcome.counts["accounts"], outcome.counts["accounts left"]) == (0, 1)
    _, after = await of(app_db, 7001)
    assert after is not None
    assert (after.username, after.panel_id, after.link) == (
        *(mine.username, "5"),
        "https://here.example.com",
    )


async def test_a_key_that_somebody_has_is_theirs_in_the_pool(app_db: Database) -> None:
    lines = (
        f"telegram_id,expires_at,link\n7001,{soon(9)},vless://one\n7002,{soon(-9)},vless://two\n"
    )
    await brought(app_db, file(lines), How(USUAL, "keys"))
    rows = await app_db.fetch("SELECT content, user_id FROM subscriptions.key")
    user, _ = await of(app_db, 7001)
    assert [tuple(row) for row in rows] == [("vless://one", user.id)]


# -- nothing is half-imported ------------------------------------------------------


async def test_an_account_of_another_person_is_refused_and_nothing_is_written(
    app_db: Database,
) -> None:
    await has(app_db, 7001, 30)
    _, mine = await of(app_db, 7001)
    assert mine is not None
    lines = "telegram_id,expires_at,panel_username\n"
    lines += f"6999,{soon(9)},\n7002,{soon(9)},{mine.username}\n"
    said = await importing.preview(app_db, file(lines), HOW)
    assert [(each.line, each.what) for each in said.wrong] == [
        (3, f"panel_username {mine.username!r} is another person's here")
    ]
    before = await counted(app_db)
    with pytest.raises(Conflict):
        await app_db.run(lambda tx: importing.write(tx, file(lines), HOW))
    assert await counted(app_db) == before


async def test_a_wrong_file_is_not_written_at_all(app_db: Database) -> None:
    before = await counted(app_db)
    with pytest.raises(Invalid, match="Line 3: telegram_id"):
        lines = f"telegram_id,expires_at\n7001,{soon(1)}\nnobody,{soon(1)}\n"
        await app_db.run(lambda tx: importing.write(tx, file(lines), HOW))
    assert await counted(app_db) == before


async def test_two_at_once_are_one(app_db: Database) -> None:
    lines = "telegram_id,expires_at\n" + "".join(f"{7000 + n},{soon(9)}\n" for n in range(3000))

    async def one() -> Outcome:
        return await app_db.run(lambda tx: importing.write(tx, file(lines), HOW))

    await asyncio.gather(*(app_db.fetch("SELECT pg_sleep(0.05)") for _ in range(3)))  # connected
    came = await asyncio.gather(one(), one(), one(), return_exceptions=True)
    assert sorted(type(each).__name__ for each in came) == ["Conflict", "Conflict", "Outcome"]
    assert await app_db.fetchval("SELECT count(*) FROM subscriptions.term") == 3000


async def somebody_waits(db: Database, done: "asyncio.Task[None] | None" = None) -> None:
    """For a lock; or is done, where that was to wait."""
    deadline = asyncio.get_running_loop().time() + 10
    while not (done and done.done()) and not await db.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    ):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


async def buys(tx: Tx, user: User) -> None:
    await service.extend(
        *(tx, user.id, Length.days(30)),
        kind="paid",
        cause="purchase:1",
        grade=USUAL.grade("standard"),
    )


async def test_whoever_has_begun_to_buy_before_keeps_what_they_bought(app_db: Database) -> None:
    user = await app_db.run(lambda tx: users.see(tx, Who(7001, "Здесь")))
    found = file(f"telegram_id,expires_at\n7001,{soon(10)}\n")
    async with app_db.transaction() as tx:
        await buys(tx, user)
        imports = asyncio.create_task(app_db.run(lambda other: importing.write(other, found, HOW)))
        await somebody_waits(app_db)
    assert (await imports).counts["kept"] == 1
    assert (await ends(app_db, 7001) or soon(0)) > soon(29)
    assert await app_db.fetch("SELECT * FROM subscriptions.audit()") == []


async def test_whoever_buys_while_it_is_written_has_both(
    app_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await has(app_db, 7001, 1)
    user, _ = await of(app_db, 7001)
    found = file(f"telegram_id,expires_at\n7001,{soon(10)}\n")
    write, tasks = importing._write_subscriptions, list[asyncio.Task[None]]()

    async def meanwhile(*given: Any) -> None:
        tasks.append(asyncio.create_task(app_db.run(lambda tx: buys(tx, user))))
        await somebody_waits(app_db, tasks[0])
        await write(*given)

    monkeypatch.setattr(importing, "_write_subscriptions", meanwhile)
    await app_db.run(lambda tx: importing.write(tx, found, HOW))
    await tasks[0]
    assert (await ends(app_db, 7001) or soon(0)) > soon(38)
    assert await app_db.fetch("SELECT * FROM subscriptions.audit()") == []


async def test_many_lines_take_little_time_and_memory(app_db: Database) -> None:
    """A hundred thousand take ten times as much."""
    until = soon(40).isoformat()
    text = "telegram_id,expires_at,first_name,panel_username,paid_at,amount,currency\n" + "".join(
        f"{10**9 + n},{until},Имя,old_{n},2026-01-02,290,RUB\n" for n in range(10_000)
    )
    tracemalloc.start()
    found = file(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 25_000_000
    started = asyncio.get_running_loop().time()
    outcome = await app_db.run(lambda tx: importing.write(tx, found, HOW))
    assert asyncio.get_running_loop().time() - started < 20
    assert (outcome.counts["given"], outcome.counts["payments"]) == (10_000, 10_000)
    assert await app_db.fetch("SELECT * FROM subscriptions.audit()") == []
