"""The PostgreSQL that comes along: shared, stopped by the last one, recovered by itself."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.embedded import SUPERUSER
from kassa.errors import Unavailable
from tests.conftest import until
from tests.db.support import (
    FAST,
    Child,
    answers,
    as_root,
    ask,
    kill,
    lives,
    of,
    postmaster,
    psql,
    running,
    wait_for,
)

# -- starting and stopping ---------------------------------------------------------


def test_it_starts_keeps_what_was_written_and_leaves_nothing_running(home: Path) -> None:
    with running(home) as server:
        assert ask(server, "SHOW server_version_num").startswith("18")
        ask(server, "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 7 AS n", OWNER)
        first = of(server)
        assert first
    assert not of(server)
    assert not any(map(lives, first))
    with running(home) as server:
        assert ask(server, "SELECT n FROM s.t", OWNER) == "7"


def test_starting_twice_is_starting_once(used: Path) -> None:
    with running(used) as server:
        before = postmaster(server)
        server.start()
        assert postmaster(server) == before
        server.stop()
        assert not of(server)
        server.stop()


def test_two_users_in_one_process_share_it_and_the_last_one_stops_it(used: Path) -> None:
    one, other = (EmbeddedServer(used, settings=FAST) for _ in range(2))
    with running(used) as third:
        one.start()
        other.start()
        shared = postmaster(third)
        assert postmaster(one) == postmaster(other) == shared
        one.stop()
        other.stop()
        assert lives(shared)
        assert answers(third)
    assert not of(third)


def test_two_processes_share_it_and_the_last_one_stops_it(used: Path) -> None:
    with running(used) as server, Child(used) as child:
        child.hear("started")
        shared = postmaster(server)
        server.stop()
        assert answers(server)
        child.leave()
        assert not lives(shared)
        assert not of(server)


def test_four_processes_at_once_make_one_server(home: Path) -> None:
    with ExitStack() as stack:
        children = [stack.enter_context(Child(home)) for _ in range(4)]
        for child in children:
            child.hear("started")
        server = EmbeddedServer(home)
        shared = postmaster(server)
        for child in children[:3]:
            child.leave()
            assert postmaster(server) == shared
            assert answers(server)
        children[3].leave()
        assert not of(server)


def test_no_file_stays_open(used: Path) -> None:
    ours = psutil.Process()
    with running(used) as server:
        server.stop()
        before = ours.num_fds()
        server.start()
        server.start()
        server.revive()
        assert ours.num_fds() == before + 1
        server.stop()
        assert ours.num_fds() == before


def test_a_start_that_fails_says_why_and_holds_nothing(used: Path) -> None:
    server = EmbeddedServer(used, settings={**FAST, "shared_buffers": "nonsense"})
    with pytest.raises(Unavailable, match='invalid value for parameter "shared_buffers"'):
        server.start()
    assert server._users is None
    with running(used) as mended:
        assert answers(mended)


def test_what_comes_late_does_not_start_it_again_for_somebody_who_has_left(used: Path) -> None:
    with running(used) as server:
        server.stop()
        server.revive()
        assert not of(server)


def test_a_database_that_cannot_be_made_is_not_half_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa.db.embedded._BOOTSTRAP", "CREATE ROLE a;\nCREATE ROLE a;\n")
    server = EmbeddedServer(home, settings=FAST)
    with pytest.raises(Unavailable, match='role "a" already exists'):
        server.start()
    assert not server.place.data.exists()


def test_somebody_who_starts_it_forever_is_not_waited_for_forever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr("kassa.db.embedded._START_SECONDS", 0.1)
    server = EmbeddedServer(home)
    with (server.place.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="Another process has been starting or stopping"):
            server.start()


# -- killed ------------------------------------------------------------------------


def test_a_killed_process_leaves_the_server_to_the_next_one_who_stops_it(used: Path) -> None:
    with Child(used) as child:
        child.hear("started")
        child.kill()
    server = EmbeddedServer(used, settings=FAST)
    left = postmaster(server)
    assert lives(left)
    server.start()
    assert postmaster(server) == left
    assert answers(server)
    server.stop()
    assert not of(server)


async def test_the_server_killed_under_an_open_database_comes_back(used: Path) -> None:
    with running(used) as server:
        async with Database(server.address(OWNER), server=server) as db:
            await db.execute("CREATE SCHEMA s; CREATE TABLE s.t (n int)")
            killed = postmaster(server)
            killed.send_signal(signal.SIGKILL)
            await until(lambda: not lives(killed))
            await db.run(lambda tx: tx.execute("INSERT INTO s.t VALUES (1)"))
            while postmaster(server) == killed:  # a child that has not noticed yet still answers
                await db.run(lambda tx: tx.execute("SELECT"))
            assert await db.fetchval("SELECT n FROM s.t") == 1


async def test_a_start_that_fails_under_an_open_database_is_tried_again(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(used) as server:
        revive = server.revive

        def killed_while_it_starts() -> None:
            monkeypatch.undo()
            raise Unavailable("PostgreSQL: pg_ctl failed")

        async with Database(server.address(OWNER), server=server) as db:
            await asyncio.to_thread(kill, of(server))
            monkeypatch.setattr(server, "revive", killed_while_it_starts)
            assert await db.run(lambda tx: tx.fetchval("SELECT 7")) == 7
            assert server.revive == revive


async def test_all_its_processes_killed_in_the_middle_of_work_come_back(used: Path) -> None:
    with running(used) as server:
        async with Database(server.address(OWNER), server=server) as db:
            await db.execute("CREATE SCHEMA s; CREATE TABLE s.t (n int)")
            tries = 0

            async def insert_while_it_is_killed(tx: object) -> None:
                nonlocal tries
                tries += 1
                await tx.execute("INSERT INTO s.t VALUES (1)")  # type: ignore[attr-defined]
                if tries == 1:
                    await asyncio.to_thread(kill, of(server))

            await db.run(insert_while_it_is_killed)
            assert tries > 1
            assert await db.fetchval("SELECT count(*) FROM s.t") == 1


async def test_a_backend_killed_makes_postgres_recover_and_the_database_waits(used: Path) -> None:
    with running(used) as server:
        async with Database(server.address(OWNER), server=server) as db:
            before = postmaster(server)
            pid = await db.fetchval("SELECT pg_backend_pid()")
            await asyncio.to_thread(kill, [psutil.Process(pid)])
            assert await db.run(lambda tx: tx.fetchval("SELECT 1")) == 1
            assert postmaster(server) == before


def test_a_backend_that_outlives_its_server_does_not_prevent_a_new_one(used: Path) -> None:
    with running(used) as server:
        forever = "DO $$ BEGIN LOOP END LOOP; END $$"
        with subprocess.Popen(
            [server.binaries / "psql", "-XAtqw", "-c", forever],
            env=server.address(APP).environ(),
            stderr=subprocess.DEVNULL,
        ) as client:

            def busy() -> list[psutil.Process]:
                return [each for each in of(server) if each.cmdline()[0].endswith("[local] DO")]

            wait_for(busy, what="a backend that looks at nothing but its work")
            kill([postmaster(server)])
            (orphan,) = busy()
            server.start()
            assert answers(server)
            assert not lives(orphan)
            assert client.wait(10) != 0


def test_a_server_that_is_just_stopping_is_waited_for(used: Path) -> None:
    with running(used) as server:
        stopping = postmaster(server)
        with subprocess.Popen(
            [server.binaries / "psql", "-XAtqw"],
            env=server.address(APP).environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as client:
            wait_for(
                lambda: (
                    ask(
                        server,
                        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'kassa_app'",
                        SUPERUSER,
                    )
                    == "1"
                )
            )
            stopping.send_signal(signal.SIGTERM)  # ends when the last client has left
            wait_for(lambda: not answers(server))
            with ThreadPoolExecutor() as beside:
                starting = beside.submit(server.start)
                time.sleep(0.2)  # it is the absence of something that is proved
                assert not starting.done()
                said, _ = client.communicate(b"SELECT 'alive';\n\\q\n")
                assert said == b"alive\n", "it is nobody's to kill"
                starting.result(10)
            assert postmaster(server) != stopping
            assert answers(server)


def reboot(server: EmbeddedServer, pid: int) -> None:
    """What is left when the power fails, and `pid` is somebody else after it."""
    kill(of(server))
    for name in ("data/postmaster.pid", "run/.s.PGSQL.5432.lock"):
        file = server.place.folder / name
        first, rest = file.read_text().split("\n", 1)
        assert int(first) != pid
        file.write_text(f"{pid}\n{rest}")


def test_after_a_reboot_the_pid_in_a_stale_file_may_be_anybodys(used: Path) -> None:
    with running(used) as server:
        ask(server, "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 7 AS n; CHECKPOINT", SUPERUSER)
        with subprocess.Popen(["sleep", "60"], **server.place.run_as) as stranger:
            reboot(server, stranger.pid)
            server.start()
            assert ask(server, "SELECT n FROM s.t", SUPERUSER) == "7"
            assert stranger.poll() is None, "it is nobody's to kill"
            stranger.kill()


def test_the_pid_in_a_stale_file_may_be_another_server_of_ours(home: Path) -> None:
    with running(home / "one") as one, running(home / "other") as other:
        reboot(one, postmaster(other).pid)
        one.stop()
        assert answers(other), "stopping one must not stop the other"
        one.start()
        assert postmaster(one) != postmaster(other)
        assert answers(one)
        assert answers(other)


def test_stale_files_full_of_rubbish_do_not_matter(used: Path) -> None:
    with running(used) as server:
        kill(of(server))
        (server.place.data / "postmaster.pid").write_text("")
        (server.place.folder / "run/.s.PGSQL.5432.lock").write_text("rubbish")
        server.start()
        assert answers(server)


@pytest.mark.parametrize("orphan", [False, True], ids=["all killed", "initdb goes on"])
def test_killed_while_making_the_first_database(home: Path, *, orphan: bool) -> None:
    server = EmbeddedServer(home, settings=FAST)
    making = server.place.folder / "data.new"
    with Child(home) as child:
        wait_for((making / "global" / "pg_control").exists)
        programs = [
            each for each in psutil.process_iter(["environ", "ppid"]) if _makes(each, making)
        ]
        child.process.kill()
        if not orphan:
            kill(programs)
    assert programs
    assert not server.place.data.exists()
    with running(home) as server:
        assert not making.exists()
        assert not any(map(lives, programs))
        assert answers(server)


def _makes(process: psutil.Process, folder: Path) -> bool:
    return (process.info["environ"] or {}).get("PGDATA") == str(folder)


def test_a_half_made_folder_is_made_anew(home: Path) -> None:
    half = EmbeddedServer(home).place.folder / "data.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(home) as server:
        assert answers(server)
        assert not half.exists()


def test_data_of_another_major_version_is_refused_in_words(used: Path) -> None:
    with running(used) as server:
        server.stop()
        (server.place.data / "PG_VERSION").write_text("17\n")
        with pytest.raises(Unavailable, match=r"PostgreSQL 17, this Kassa brings 18.*db dump"):
            server.start()
        (server.place.data / "PG_VERSION").write_text("18\n")


def test_one_that_neither_answers_nor_ends_is_not_started_a_second_time(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it looks from another container: its processes are not to be seen here."""
    with running(used) as server:
        socket = server.place.folder / "run/.s.PGSQL.5432"
        socket.rename(socket.with_name("away"))
        monkeypatch.setattr("kassa.db.embedded._START_SECONDS", 0.2)
        monkeypatch.setattr(psutil, "process_iter", lambda *_: iter(()))
        with pytest.raises(Unavailable, match="neither takes connections nor ends"):
            EmbeddedServer(used, settings=FAST).start()
        monkeypatch.undo()
        socket.with_name("away").rename(socket)
        assert answers(server)


# -- where it lies -----------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "x" * 90 + "/" + "y" * 90,
        "дом у моря/с пробелами",
        """it's "so" $HOME `id` \\ #1""",
        "one, two",
    ],
    ids=["very long", "Cyrillic and spaces", "quotes", "a comma"],
)
def test_any_path_will_do(home: Path, name: str) -> None:
    with running(home / name) as server:
        assert ask(server, "SELECT current_user") == APP
        assert psql(server.address(APP, "nowhere"), "SELECT 1", server).returncode != 0
        with Child(home / name) as child:
            child.hear("started")
            server.stop()
            child.leave()
        assert not of(server)
        remove_socket(server)


def remove_socket(server: EmbeddedServer) -> None:
    """Where the home's path would not do for a socket, it lies elsewhere."""
    folder = server.address(APP).socket
    if folder.parent != server.place.folder:
        folder.rmdir()


def test_a_long_path_has_its_socket_in_one_place_whatever_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(home / ("x" * 90))
    socket = server.address(APP).socket
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    assert EmbeddedServer(home / ("x" * 90)).address(APP).socket == socket
    assert socket.parent in (Path("/run/kassa"), Path(f"/tmp/kassa-{os.geteuid()}"))
    remove_socket(server)


def test_a_folder_for_the_socket_that_others_could_change_is_refused(home: Path) -> None:
    server = EmbeddedServer(home)
    socket = server.place.folder / "run"
    socket.symlink_to(home)
    with pytest.raises(Unavailable, match="only the database's user can write to"):
        server.address(APP)
    socket.unlink()
    server.address(APP)
    socket.chmod(0o777)
    with pytest.raises(Unavailable, match="only the database's user can write to"):
        server.address(APP)


def test_a_narrow_umask_does_not_matter(home: Path) -> None:
    with Child(home / "made by it", umask=0o077) as child:
        child.hear("started")
        with running(home / "made by it") as server:
            assert answers(server)
            assert server.place.folder.parent == home / "made by it"
            child.leave()


# -- who may do what ---------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_its_folders_are_closed_and_it_listens_on_no_port(used: Path) -> None:
    with running(used) as server:
        assert mode(server.place.data) == 0o700
        assert mode(server.place.folder / "log") == 0o700
        assert mode(server.place.folder / "run/.s.PGSQL.5432") == 0o700
        assert ask(server, "SHOW listen_addresses") == ""
        assert not [c for each in of(server) for c in each.net_connections("inet")]
        hba = "SELECT count(*) FROM pg_hba_file_rules WHERE type <> 'local' OR error IS NOT NULL"
        assert ask(server, hba, SUPERUSER) == "0"
        assert (
            ask(server, "SELECT string_agg(auth_method, ',') FROM pg_hba_file_rules", SUPERUSER)
            == "peer"
        )


@as_root
def test_another_user_of_the_machine_cannot_connect(used: Path) -> None:
    with running(used) as server:
        for role in (SUPERUSER, OWNER, APP):
            done = psql(server.address(role), "SELECT 1", server, user="nobody")
            assert done.returncode == 2
            assert "Permission denied" in done.stderr
        done = psql(server.address(APP), "SELECT 1", server, user="kassa-db")
        assert "Peer authentication failed" in done.stderr


def test_roles_may_do_what_they_must_and_no_more(home: Path) -> None:
    with running(home) as server:
        for role in (OWNER, APP):
            rights = (
                f"SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
                f"FROM pg_roles WHERE rolname = '{role}'"
            )
            assert ask(server, rights, role) == "f|f|f|f|f"
        for sql in ("CREATE TABLE t ()", "CREATE SCHEMA s", "CREATE TEMP TABLE t ()"):
            done = psql(server.address(APP), sql, server)
            assert "permission denied" in done.stderr, sql
        ask(server, "CREATE SCHEMA s; CREATE TABLE s.t ()", OWNER)
        assert "permission denied" in psql(server.address(APP), "TABLE s.t", server).stderr


def test_it_knows_russian_whatever_the_locale(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "POSIX")
    with running(home) as server:
        assert ask(server, "SHOW server_encoding") == "UTF8"
        locale = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'kassa'"
        assert ask(server, locale) == "b|C.UTF-8"
        assert ask(server, "SELECT lower('ЛОГОТИП')") == "логотип"
        assert ask(server, "SELECT 'Логотип' ILIKE '%ЛОГО%'") == "t"
        match = "to_tsvector('russian', 'Сделаю логотипы') @@ to_tsquery('russian', 'ЛОГОТИПОВ')"
        assert ask(server, f"SELECT {match}") == "t"


def test_statements_that_fail_are_not_written_to_the_log(used: Path) -> None:
    with running(used) as server:
        psql(server.address(APP), "SELECT 'a secret of somebody'::int", server)
        psql(server.address(APP), "SELECT nothing AS another_secret", server)

        def log() -> str:
            return "".join(each.read_text() for each in (server.place.folder / "log").iterdir())

        wait_for(lambda: re.search("column.*does not exist", log()), what="the log to be written")
        assert "another_secret" not in log()


# -- as root -----------------------------------------------------------------------


@as_root
def test_as_root_it_runs_as_a_user_who_may_not_enter_anything(used: Path) -> None:
    with running(used) as server:
        assert {each.username() for each in of(server)} == {"kassa-db"}
        user = pwd.getpwnam("kassa-db")
        assert user.pw_shell == "/usr/sbin/nologin"
        assert server.place.data.stat().st_uid == user.pw_uid
        assert all(not each.terminal() for each in of(server))


@as_root
def test_behind_a_closed_folder_the_data_goes_elsewhere_and_nothing_is_opened(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    inner = closed / "kassa"
    with running(inner) as server:
        assert ask(server, "SELECT current_user") == APP
        elsewhere = server.place.folder
        assert elsewhere.parent == Path("/var/lib/kassa/homes")
        assert mode(closed) == 0o700
    try:
        closed.chmod(0o755)
        assert EmbeddedServer(inner).place.folder == elsewhere, "it stays where it is"
        with Child(inner) as child:
            child.hear("started")
            child.leave()
        (inner / "postgres.at").write_text("../../etc")
        with pytest.raises(Unavailable, match=r"postgres\.at is damaged"):
            EmbeddedServer(inner).start()
    finally:
        shutil.rmtree(elsewhere)


@as_root
def test_a_folder_closed_later_is_told_and_no_second_database_is_made(home: Path) -> None:
    inner = home / "outer" / "kassa"
    with running(inner):
        pass
    inner.parent.chmod(0o700)
    with pytest.raises(Unavailable, match=rf"chmod o\+x {inner.parent}"):
        EmbeddedServer(inner).start()
    assert not (inner / "postgres.at").exists()
    assert mode(inner.parent) == 0o700


@as_root
def test_roots_own_home_is_not_opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = home / "root"
    closed.mkdir(mode=0o700)
    root = pwd.getpwuid(0)
    fields = [*root[:5], str(closed), *root[6:]]
    monkeypatch.setattr(pwd, "getpwuid", lambda _: pwd.struct_passwd(fields))
    place = EmbeddedServer(closed).place
    assert place.folder.parent == Path("/var/lib/kassa/homes")
    assert mode(closed) == 0o700
    shutil.rmtree(place.folder)


@as_root
def test_a_closed_home_of_roots_own_is_made_passable_but_not_listable(home: Path) -> None:
    closed = home / "kassa"
    closed.mkdir(mode=0o700)
    assert EmbeddedServer(closed).place.folder == closed / "postgres"
    assert mode(closed) == 0o711


@as_root
def test_a_root_without_the_right_to_look_into_processes_shares_the_server(used: Path) -> None:
    """As in Docker, where root cannot see in which folder another user's process works."""
    blind = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    with running(used) as server, Child(used, before=blind) as child:
        child.hear("started")
        shared = postmaster(server)
        with pytest.raises(psutil.NoSuchProcess):
            psutil.Process(2**22 + 1)
        server.stop()
        assert lives(shared)
        kill(of(server))
        with Child(used, before=blind) as next_one:
            next_one.hear("started")
            next_one.leave()
            assert lives(postmaster(server))
            child.leave()
        assert not of(server)
