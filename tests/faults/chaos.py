"""Kills what can be killed while the ledger works, then counts what was lost or doubled."""

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kassa import ledger
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.migrate import migrate, steps
from kassa.ledger import Leg, Transfer, clearing, wallet
from kassa.money import Money
from kassa.outbox import Job, Worker
from kassa.runtime import PACKAGES
from tests.faults.load import PEOPLE, Load

ROOT = Path(__file__).parents[2]


@dataclass
class Outcome:
    rounds: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    transfers: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.broken) and self.acknowledged > 0

    def __str__(self) -> str:
        kills = ", ".join(f"{count} x {what}" for what, count in sorted(self.kills.items()))
        lines = [
            f"rounds        {self.rounds}",
            f"kills         {sum(self.kills.values())} ({kills})",
            f"acknowledged  {self.acknowledged} of {self.transfers} transfers stored",
            f"lost          {len(self.lost)} {self.lost[:5] or ''}",
            f"doubled       {len(self.doubled)} {self.doubled[:5] or ''}",
            f"audit         {'clean' if not self.broken else self.broken[:5]}",
        ]
        return "\n".join(line.rstrip() for line in lines)


class Chaos:
    """`rounds` times something is killed under the load of two processes."""

    def __init__(self, home: Path, *, seed: int, lose: float = 0.002) -> None:
        self.home = home
        self.seed = seed
        self.lose = lose
        self.chance = random.Random(seed)
        self.server = EmbeddedServer(home)
        self.outcome = Outcome()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started = 0

    def run(self, rounds: int) -> Outcome:
        self.server.start()
        try:
            asyncio.run(self._prepare())
            for _ in range(2):
                self._start()
            self._wait_for_work()
            for _ in range(rounds):
                self._kill()
                self.outcome.rounds += 1
                for name, process in list(self.processes.items()):
                    if process.poll() is None:
                        continue
                    if process.returncode not in (0, -signal.SIGKILL):
                        self.outcome.broken.append(f"a worker ended with {process.returncode}")
                    del self.processes[name]
                    self._start()
                self._wait_for_work()
            self._end()
            asyncio.run(self._judge())
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()
            self.server.stop()
        return self.outcome

    async def _prepare(self) -> None:
        owner = await connect(self.server.address(OWNER))
        await migrate(owner, steps(PACKAGES, app=APP))
        await owner.close()
        async with Database(self.server.address(APP)) as db:
            await ledger.post_many(
                db,
                [
                    Transfer(
                        f"seed:{i}",
                        [Leg(clearing("bank", "USD"), wallet(i, "USD"), Money(5_000, "USD"))],
                    )
                    for i in range(PEOPLE)
                ],
            )

    def _start(self) -> None:
        self.started += 1
        name = f"p{self.started}"
        self.processes[name] = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.load", str(self.home)),
                *(str(self._journal(name)), name, str(self.seed), str(self.lose)),
            ],
            cwd=ROOT,
        )

    def _wait_for_work(self) -> None:
        """Until every process has something acknowledged again; then a moment that is random."""
        before = {name: self._written(name) for name in self.processes}
        deadline = time.monotonic() + 60
        while any(self._written(name) <= size for name, size in before.items()):
            ended = any(process.poll() is not None for process in self.processes.values())
            if ended or time.monotonic() > deadline:
                break  # the round will say so
            time.sleep(0.02)
        time.sleep(self.chance.uniform(0, 0.6))

    def _journal(self, name: str) -> Path:
        return self.home / f"journal-{name}"

    def _written(self, name: str) -> int:
        journal = self._journal(name)
        return journal.stat().st_size if journal.exists() else 0

    def _kill(self) -> None:
        what = self.chance.choice(["postgres", "backend", "everything of postgres", "worker"])
        if what == "worker":
            doomed_worker = self.chance.choice(list(self.processes.values()))
            doomed_worker.kill()
            doomed_worker.wait()
        else:
            ours = self._postgres()
            if not ours:
                return  # it is being started again
            postmaster = min(ours, key=lambda process: process.create_time())
            if what == "postgres":
                doomed = [postmaster]
            elif what == "backend":
                others = [process for process in ours if process != postmaster]
                doomed = [self.chance.choice(others)] if others else []
            else:
                doomed = ours
            for process in doomed:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.outcome.kills[what] = self.outcome.kills.get(what, 0) + 1

    def _postgres(self) -> list[psutil.Process]:
        """The server's processes: all that work in its data folder."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.server.place.data):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _end(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                code = process.wait(timeout=90)
            except subprocess.TimeoutExpired:
                process.kill()
                self.outcome.broken.append("a worker did not stop")
                continue
            if code != 0:
                self.outcome.broken.append(f"a worker ended with {code}")

    async def _judge(self) -> None:
        self.server.start()
        async with Database(self.server.address(APP), server=self.server) as db:
            await self._finish_jobs(db)
            stored = {
                row["key"]: row["amount"]
                for row in await db.fetch(
                    """
                    SELECT t.key, p.amount FROM ledger.transfer t
                      JOIN ledger.posting p ON p.transfer_id = t.id AND p.n = 1
                    """
                )
            }
            self.outcome.transfers = len(stored)
            for line in self._acknowledged():
                key, amount = line.rsplit(" ", 1)
                self.outcome.acknowledged += 1
                if stored.get(key) != int(amount):
                    self.outcome.lost.append(key)
            paid: dict[str, int] = {}
            for key in stored:
                if key.startswith("paid:"):
                    cause = key.removeprefix("paid:").rpartition(":")[0]
                    paid[cause] = paid.get(cause, 0) + 1
            causes = {key for key in stored if key.startswith("withjob:")}
            self.outcome.doubled += sorted(cause for cause, times in paid.items() if times > 1)
            self.outcome.lost += sorted(f"the job of {cause}" for cause in causes - paid.keys())
            self.outcome.broken += [
                f"{each.invariant}: {each.subject} ({each.detail})"
                for each in await ledger.audit(db)
            ]

    async def _finish_jobs(self, db: Database) -> None:
        """What a killed worker left is done now: its leases are over when we say so."""
        await db.execute("UPDATE outbox.job SET leased_until = NULL, dead_at = NULL, attempts = 0")
        load = Load(db, -1, "judge", random.Random(0))

        async def pay(job: Job) -> None:
            await load.pay(job)

        worker = Worker(db, {"pay": pay})
        working = asyncio.create_task(worker.run())
        deadline = time.monotonic() + 120
        while await db.fetchval("SELECT count(*) FROM outbox.job"):
            if time.monotonic() > deadline:
                self.outcome.broken.append("jobs are left")
                break
            await db.execute("UPDATE outbox.job SET due_at = now() WHERE leased_until IS NULL")
            await asyncio.sleep(0.05)
        await worker.stop()
        await working

    def _acknowledged(self) -> list[str]:
        lines: list[str] = []
        for journal in self.home.glob("journal-*"):
            lines += journal.read_text().split("\n")[:-1]  # a torn last line was not acknowledged
        return lines
