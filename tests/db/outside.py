"""Ordinary PostgreSQL servers, as somebody else would run them, and PgBouncer before one."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from kassa.db import EmbeddedServer
from tests.db.support import programs, wait_for

PASSWORD = "pass/word@with:все#"


@dataclass(frozen=True)
class Cluster:
    """A server on a port of the loopback; everybody needs the password."""

    binaries: Path
    folder: Path
    port: int
    user: str | None

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.binaries / program, *arguments],
            cwd=self.folder,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            env={"PATH": os.defpath, "PGDATA": str(self.folder / "data"), "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )

    def url(self, role: str, database: str, *, password: str = PASSWORD, port: int = 0) -> str:
        return (
            f"postgresql://{role}:{quote(password, safe='')}"
            f"@127.0.0.1:{port or self.port}/{database}"
        )

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(self.url("postgres", database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_user(home: Path) -> str | None:
    """PostgreSQL and PgBouncer do not run as root."""
    return "kassa-db" if EmbeddedServer(home).place.run_as else None


@contextmanager
def cluster(home: Path, major: int, *, standby: bool = False) -> Iterator[Cluster]:
    binaries = programs(major, home / "programs")
    user = server_user(home)
    folder = home / "cluster"
    folder.mkdir(mode=0o700)
    (folder / "password").write_text(PASSWORD)
    if user is not None:
        for each in (folder, folder / "password"):
            shutil.chown(each, user, user)
    made = Cluster(binaries, folder, free_port(), user)
    made.run(
        "initdb",
        *("--username=postgres", "--auth=scram-sha-256", "--pwfile=password"),
        *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
    )
    if standby:
        (folder / "data" / "standby.signal").touch()
    options = f"-p {made.port} -h 127.0.0.1 -k '' -F"
    made.run("pg_ctl", "start", "--wait", "-l", "log", "-o", options)
    try:
        yield made
    finally:
        made.run("pg_ctl", "stop", "--wait", "--mode=immediate")


@dataclass(frozen=True)
class Bought:
    """An ordinary database: its owner is nobody special."""

    cluster: Cluster
    name: str
    role: str

    @property
    def url(self) -> str:
        return self.cluster.url(self.role, self.name)


async def database(cluster: Cluster, options: str = "") -> Bought:
    name = f"test_{secrets.token_hex(6)}"
    await cluster.execute(
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{PASSWORD}'",
        f"CREATE DATABASE {name} OWNER {name} {options}",
    )
    return Bought(cluster, name, name)


def installed(program: str) -> str:
    """Its path; scripts/test installs it, and so does root here."""
    search = f"{os.environ['PATH']}:/usr/sbin"
    if shutil.which(program, path=search) is None and os.geteuid() == 0:
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", program]):
            subprocess.run(
                ["apt-get", "-qq", *command], env=environ, check=False, capture_output=True
            )
    found = shutil.which(program, path=search)
    if found is None:
        pytest.skip(f"{program} is not installed. Try: apt install {program}")
    return found


@contextmanager
def pgbouncer(bought: Bought, home: Path, mode: str, *, port: int = 0) -> Iterator[str]:
    """The URL of the same database through PgBouncer."""
    program = installed("pgbouncer")
    port = port or free_port()
    (home / "users.txt").write_text(f'"{bought.role}" "{PASSWORD}"\n')
    (home / "pgbouncer.ini").write_text(
        f"""
        [databases]
        * = host=127.0.0.1 port={bought.cluster.port}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {home}/users.txt
        pool_mode = {mode}
        default_pool_size = 30
        logfile = {home}/pgbouncer.log
        """.replace("\n        ", "\n")
    )
    (home / "pgbouncer.log").touch()
    if bought.cluster.user is not None:
        shutil.chown(home / "pgbouncer.log", bought.cluster.user)
    with subprocess.Popen(
        [program, "-q", str(home / "pgbouncer.ini")],
        user=bought.cluster.user,
        group=bought.cluster.user,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            wait_for(lambda: _listens(port), what="PgBouncer to listen")
            yield bought.cluster.url(bought.role, bought.name, port=port)
        finally:
            running.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
