"""The PostgreSQL that comes along: set up, started, shared by processes, stopped by the last one.

    server = EmbeddedServer(home)
    server.start()      # again and from several processes: all get the same server
    server.address(OWNER)
    server.stop()       # leaves; whoever leaves last stops the server

In its folder lie `data/`, `run/` (the socket), `log/`, `lock` (held while the server is
started or stopped) and `users` (a shared lock of every process that uses the server: the
kernel gives it back when a process dies, however it dies).
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from kassa.db.place import Place, find_place
from kassa.errors import Unavailable

MAJOR = 18
DATABASE = "kassa"
SUPERUSER = "postgres"
OWNER = "kassa_owner"  # owns the tables, migrates
APP = "kassa_app"  # runs the product

_START_SECONDS = 60
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # bytes that every Unix allows for a socket's path

# No network, no other users' access; what a small server with many short transactions wants.
_SETTINGS = {
    "listen_addresses": "''",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "logging_collector": "on",
    "log_directory": "'../log'",
    "log_filename": "'postgresql-%a.log'",
    "log_truncate_on_rotation": "on",
    "log_rotation_size": "0",
    "log_min_error_statement": "panic",  # statements hold people's data
}

_BOOTSTRAP = f"""\
CREATE ROLE {OWNER} LOGIN;
CREATE ROLE {APP} LOGIN;
CREATE DATABASE {DATABASE} OWNER {OWNER};
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
GRANT CONNECT ON DATABASE {DATABASE} TO {APP};
"""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a role reaches the server: a Unix socket, no password (the socket knows who asks)."""

    socket: Path
    role: str
    database: str = DATABASE

    def environ(self) -> dict[str, str]:
        """For psql, pg_dump, pgbench and other programs of PostgreSQL."""
        return {
            "PGHOST": str(self.socket),
            "PGPORT": "5432",
            "PGUSER": self.role,
            "PGDATABASE": self.database,
        }


class EmbeddedServer:
    """One server for a folder (`KASSA_HOME`), however many processes use it."""

    def __init__(self, home: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._settings = {**_SETTINGS, **(settings or {})}
        self._place: Place | None = None
        self._users: int | None = None

    @property
    def place(self) -> Place:
        if self._place is None:
            self._place = find_place(self._home, MAJOR)
        return self._place

    @property
    def binaries(self) -> Path:
        return self.place.binaries

    def address(self, role: str, database: str = DATABASE) -> Address:
        return Address(self._socket_folder(), role, database)

    def start(self) -> None:
        """Returns when the server takes connections; does nothing where it already does."""
        with self._transition():
            self._join()
            self._set_up()
            if not self._running():
                self._start()

    def stop(self) -> None:
        """Stops using the server, and stops it if nobody else uses it."""
        if self._users is None:
            return
        with self._transition():
            os.close(self._users)
            self._users = None
            with open_locked(self.place.folder / "users", fcntl.LOCK_EX) as alone:
                if alone and self._running():
                    self._pg_ctl("stop", "-m", "fast")

    # -- who uses it ---------------------------------------------------------------

    @contextlib.contextmanager
    def _transition(self) -> Iterator[None]:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with open_locked(self.place.folder / "lock", fcntl.LOCK_EX) as mine:
                if mine:
                    yield
                    return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Another process has been starting or stopping PostgreSQL in "
                    f"{self.place.folder} for over {_START_SECONDS} s."
                )
            time.sleep(0.02)

    def _join(self) -> None:
        if self._users is None:
            users = os.open(self.place.folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(users, fcntl.LOCK_SH)
            self._users = users

    # -- set-up --------------------------------------------------------------------

    def _set_up(self) -> None:
        place = self.place
        if not (place.data / "PG_VERSION").exists():
            self._create()
        version = (place.data / "PG_VERSION").read_text().strip()
        if version != str(MAJOR):
            raise Unavailable(
                f"The data in {place.data} is of PostgreSQL {version}, this Kassa brings {MAJOR}. "
                f"Dump it with the Kassa that wrote it (kassa db dump FILE) and restore it here "
                f"(kassa db restore FILE)."
            )

    def _create(self) -> None:
        # Everything happens beside the data folder, which appears complete or not at all.
        place = self.place
        fresh = place.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        place.make_private(fresh)
        self._run(
            "initdb",
            *("--pgdata", str(fresh), "--username", SUPERUSER, "--auth", "peer"),
            *("--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
        )
        place.write(fresh / "pg_hba.conf", "local all all peer map=kassa\n")
        place.write(
            fresh / "pg_ident.conf",
            "".join(f"kassa {place.client} {role}\n" for role in (SUPERUSER, OWNER, APP)),
        )
        conf = (fresh / "postgresql.conf").read_text()
        place.write(fresh / "postgresql.conf", conf + "\ninclude_if_exists = 'kassa.conf'\n")
        self._run(
            "postgres",
            *("--single", "-D", str(fresh), "-c", "log_min_messages=fatal"),
            *("-c", "search_path=pg_catalog", "postgres"),
            text=_BOOTSTRAP,
        )
        fresh.rename(place.data)

    # -- start and stop ------------------------------------------------------------

    def _start(self) -> None:
        place = self.place
        self._clear_what_a_crash_left()
        place.make_private(place.folder / "log")
        settings = {"unix_socket_directories": f"'{self._socket_folder()}'", **self._settings}
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        place.write(place.data / "kassa.conf", "# Written at every start.\n" + lines)
        self._pg_ctl("start", "-s", "-l", str(place.folder / "log" / "start.log"))

    def _running(self) -> bool:
        pid = _first_number(self.place.data / "postmaster.pid")
        return pid is not None and self._works_here(pid)

    def _works_here(self, pid: int) -> bool:
        """Whether this process is a PostgreSQL of ours: they all work in the data folder."""
        try:
            return psutil.Process(pid).cwd() == str(self.place.data)
        except psutil.Error:
            return False

    def _clear_what_a_crash_left(self) -> None:
        # Backends outlive a killed postmaster until they notice; a new one waits for them.
        orphans = [p for p in psutil.process_iter() if self._works_here(p.pid)]
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(orphans, timeout=10)
        # After a reboot the pid in a stale file may be anybody's, and PostgreSQL would not start.
        for stale in (
            self.place.data / "postmaster.pid",
            self._socket_folder() / f"{_SOCKET}.lock",
        ):
            pid = _first_number(stale)
            if pid is not None and psutil.pid_exists(pid):
                stale.unlink(missing_ok=True)

    def _socket_folder(self) -> Path:
        folder = self.place.folder / "run"
        if len(os.fsencode(folder / _SOCKET)) > _SOCKET_PATH_LIMIT:
            name = hashlib.sha256(os.fsencode(self.place.folder)).hexdigest()[:16]
            folder = self.place.short / f"kassa-{name}"
        self.place.make_private(folder, reachable=True)
        return folder

    def _pg_ctl(self, *arguments: str) -> None:
        try:
            self._run(
                "pg_ctl",
                *("--pgdata", str(self.place.data), "--wait", "--timeout", str(_START_SECONDS)),
                *arguments,
            )
        except Unavailable as error:
            raise Unavailable(f"{error}\n{self._log_tail()}".rstrip()) from None

    def _log_tail(self) -> str:
        logs = sorted((self.place.folder / "log").glob("*.log"), key=lambda p: p.stat().st_mtime)
        lines = [line for log in logs[-2:] for line in log.read_text(errors="replace").splitlines()]
        return "\n".join(lines[-8:])

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        # Output goes to a file: a server that inherits a pipe would keep it open for ever.
        output = self.place.folder / "output"
        with output.open("w+", encoding="utf-8", errors="replace") as file:
            done = subprocess.run(  # noqa: S603 (our own program, arguments as a list)
                [self.binaries / program, *arguments],
                input=text,
                text=True,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self.place.folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                umask=0o077,
                start_new_session=True,  # Ctrl-C in the terminal is not meant for the server
                check=False,
                **self.place.run_as,
            )
            if done.returncode != 0:
                file.seek(0)
                said = file.read().strip()[-2000:]
                raise Unavailable(f"PostgreSQL: {program} failed in {self.place.folder}.\n{said}")


@contextlib.contextmanager
def open_locked(path: Path, how: int) -> Iterator[bool]:
    """The file, locked if that is possible at once; says whether it was."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
