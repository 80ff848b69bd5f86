"""`kassa run` as a process: it gets ready, stops with what it does done, and outlives kills."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from kassa.db import Database
from tests.cli.process import KASSA, Running, free_port, kassa, on, processes_in
from tests.conftest import Fresh, until

SLOW = [sys.executable, "-m", "tests.cli.slow"]


async def test_it_gets_ready_and_ends_with_its_postgresql(own: Path) -> None:
    with Running(own, KASSA_HOME=str(own)) as running:
        await running.ready()
        assert processes_in(own)
        memory = [each.memory_info().rss / 2**20 for each in (running.main, *running.workers())]
        assert len(memory) == 2
        assert max(memory) < 120
        running.tell(signal.SIGTERM)
        assert await running.end() == 0
        assert processes_in(own) == []
        assert running.said() == ""
        assert running.events() == ["run", "worker.started", "worker.stopped", "stopped"]


async def test_sigterm_lets_a_request_and_a_job_come_to_their_end(
    fresh: Fresh, db: Database, tmp_path: Path
) -> None:
    """To all processes, as systemd does; the workers then hear it from their parent, too."""
    with Running(tmp_path, program=SLOW, **on(fresh)) as running:
        await running.ready()
        running.http.post("/jobs?seconds=1.5")
        async with httpx.AsyncClient(base_url=running.http.base_url) as http:
            answer = asyncio.create_task(http.get("/slow?seconds=1", timeout=10))
            await until(lambda: {"arrived", "taken"} <= set(running.events()))
            os.killpg(running.process.pid, signal.SIGTERM)
            assert (await answer).json() == "done"
        assert await running.end() == 0
    keys = await db.fetch("SELECT key FROM ledger.transfer ORDER BY key")
    assert [row["key"].split(":")[0] for row in keys] == ["job", "request"]
    assert await db.fetchval("SELECT count(*) FROM outbox.job") == 0


MOMENTS: dict[str, Callable[[Running, Path], object]] = {
    "at once": lambda running, home: True,
    "PostgreSQL starts": lambda running, home: processes_in(home),
    "PostgreSQL runs": lambda running, home: (home / "postgres/data/postmaster.pid").exists(),
    "all is open": lambda running, home: "run" in running.events(),
    "a worker starts": lambda running, home: running.workers(),
    "a worker has begun": lambda running, home: "worker.started" in running.events(),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_while_it_starts_it_ends(
    own: Path, number: signal.Signals, moment: str
) -> None:
    with Running(own, KASSA_HOME=str(own)) as running:
        await until(lambda: MOMENTS[moment](running, own))
        os.killpg(running.process.pid, number)
        code = await running.end()
        if moment == "at once" and "Fatal Python error: init" in running.log:
            return  # Python itself was not there yet
        assert code in ({0, 130, -number} if moment == "at once" else {0}), running.log
        assert not running.log or {line["level"] for line in running.lines()} == {"info"}
        assert processes_in(own) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
async def test_ctrl_c_or_a_closed_terminal_reaches_all_processes_and_ends_them_quietly(
    own: Path, number: signal.Signals
) -> None:
    with Running(own, "--workers", "2", KASSA_HOME=str(own)) as running:
        await running.ready()
        os.killpg(running.process.pid, number)
        assert await running.end() == 0
        assert processes_in(own) == []
        assert {line["level"] for line in running.lines()} == {"info"}, running.log


async def test_nohup_outlives_the_terminal(fresh: Fresh, tmp_path: Path) -> None:
    nohup = ["nohup", str(KASSA), "run"]
    with Running(tmp_path, program=nohup, **on(fresh)) as running:
        await running.ready()
        worker = running.workers()
        os.killpg(running.process.pid, signal.SIGHUP)
        await running.ready()
        assert running.workers() == worker
        running.tell(signal.SIGTERM)
        assert await running.end() == 0


async def test_a_second_one_on_the_same_port_says_so(fresh: Fresh, tmp_path: Path) -> None:
    with Running(tmp_path, **on(fresh)) as running:
        await running.ready()
        second = kassa("run", "--port", str(running.port), cwd=tmp_path, **on(fresh))
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr == (
            f"Cannot listen on 127.0.0.1:{running.port} (Address already in use). "
            "Set HOST to an address of this machine and PORT to a free port.\n"
        )
        assert running.is_ready()


@pytest.mark.parametrize("host", ["nobody.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_refused_in_words(tmp_path: Path, host: str) -> None:
    done = kassa("run", "--host", host, cwd=tmp_path, KASSA_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Cannot listen on {host}:8000 (")
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


async def test_a_host_may_be_a_name(fresh: Fresh, tmp_path: Path) -> None:
    with Running(tmp_path, "--host", "localhost", **on(fresh)) as running:
        running.http.base_url = httpx.URL(f"http://localhost:{running.port}")
        await running.ready()


def test_wrong_settings_are_all_told_at_once(tmp_path: Path) -> None:
    done = kassa("run", cwd=tmp_path, PORT="http", KASSA_WORKERS="0", KASSA_LOGS="json")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 3
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    done = kassa(
        *("run", "--port", str(free_port())),
        cwd=tmp_path,
        DATABASE_URL=f"postgresql://kassa:hunter2@/kassa?host={tmp_path}",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


async def test_a_worker_that_is_killed_comes_back_and_the_other_one_serves_on(
    fresh: Fresh, tmp_path: Path
) -> None:
    with Running(tmp_path, "--workers", "2", **on(fresh)) as running:
        await running.ready()
        await until(lambda: running.events().count("worker.started") == 2)
        victim, other = running.workers()
        victim.kill()
        await until(lambda: victim not in running.workers())

        def replaced() -> bool:
            # A connection that the dead one was about to take is lost; the next one is not.
            assert running.is_ready() or running.is_ready(), running.log
            pids = {each.pid for each in running.workers()}
            return victim.pid not in pids and len(pids) == 2

        await until(replaced)
        await until(lambda: running.events().count("worker.started") == 3)
        assert other.is_running()
        running.tell(signal.SIGTERM)
        assert await running.end() == 0


async def test_workers_count_together(fresh: Fresh, tmp_path: Path) -> None:
    with Running(tmp_path, "--workers", "2", TMPDIR=str(tmp_path), **on(fresh)) as running:
        await running.ready()
        await until(lambda: running.events().count("worker.started") == 2)
        assert list(tmp_path.glob("kassa-metrics-*/*"))

        def count() -> float:
            lines = running.http.get("/metrics").text.splitlines()
            name = 'kassa_http_requests_total{method="GET",route="/healthz",status="200"} '
            return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

        for _ in range(40):  # a connection each, so that both workers get some
            httpx.get(f"{running.http.base_url}/healthz")
        assert count() == 40
        assert count() == 40, "whoever is asked"
        running.tell(signal.SIGTERM)
        await running.end()
    assert list(tmp_path.glob("kassa-metrics-*")) == []


async def test_a_postgresql_that_is_killed_is_started_again(own: Path) -> None:
    with Running(own, KASSA_HOME=str(own)) as running:
        await running.ready()
        for process in processes_in(own):
            process.kill()
        await until(lambda: not running.is_ready() or bool(processes_in(own)))
        await running.ready()
        running.tell(signal.SIGTERM)
        assert await running.end() == 0
        assert processes_in(own) == []


async def test_the_main_process_is_killed_and_nothing_of_it_stays(own: Path) -> None:
    """Its worker ends by itself, as the last who used PostgreSQL."""
    with Running(own, KASSA_HOME=str(own)) as run:
        await run.ready()
        assert processes_in(own)
        run.main.kill()
        await until(lambda: not processes_in(own), seconds=20, what="PostgreSQL to end")


async def test_after_a_kill_the_next_start_works(own: Path) -> None:
    port = free_port()
    with Running(own, KASSA_HOME=str(own), PORT=str(port)) as running:
        await running.ready()
        workers = running.workers()
        running.tell(signal.SIGKILL)
        await running.end()
        with Running(own, KASSA_HOME=str(own), PORT=str(port)) as again:
            await again.ready()
            await until(lambda: not any(each.is_running() for each in workers))
            assert again.is_ready(), "those who lost their parent took nothing along"
            again.tell(signal.SIGTERM)
            assert await again.end() == 0
    assert processes_in(own) == []


async def test_two_on_one_home_share_its_database_and_the_last_one_ends_it(own: Path) -> None:
    with (
        Running(own, KASSA_HOME=str(own)) as first,
        Running(own, KASSA_HOME=str(own)) as second,
    ):
        await first.ready()
        await second.ready()
        server = {each.ppid() for each in processes_in(own)} - {1}
        assert len(server & {each.pid for each in processes_in(own)}) == 1
        first.tell(signal.SIGTERM)
        assert await first.end() == 0
        assert second.is_ready()
        second.tell(signal.SIGTERM)
        assert await second.end() == 0
        assert processes_in(own) == []


async def test_nothing_in_an_answer_tells_what_runs_here(fresh: Fresh, tmp_path: Path) -> None:
    with Running(tmp_path, **on(fresh)) as running:
        await running.ready()
        for path in ("/healthz", "/readyz", "/metrics", "/nothing", "/%2e%2e/%2e%2e/etc/passwd"):
            answer = running.http.get(path)
            told = (answer.text + str(answer.headers)).lower()
            for word in ("python", "fastapi", "starlette", "traceback", "/work", str(tmp_path)):
                assert word not in told, (path, word)
            assert answer.headers["x-request-id"]
