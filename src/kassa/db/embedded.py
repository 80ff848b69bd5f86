"""The PostgreSQL that comes along: set up, started, shared by processes, stopped by the last one.

    server = EmbeddedServer(home)
    server.start()      # again and from several processes: all get the same server
    server.address(OWNER)
    server.stop()       # leaves; whoever leaves last stops the server

In its folder lie `data/`, `run/` (the socket), `log/` and three files that are only locked.
The kernel gives a lock back when the process that holds it dies, however it dies:
`lock` is held while the server is started or stopped, `users` is shared by all processes
that use the server, and `alive` by all processes of PostgreSQL itself, so that no pid in a
file must ever be trusted.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet

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
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%a.log",
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


_used: "WeakSet[EmbeddedServer]" = WeakSet()


def _leave_to_parent() -> None:
    """A child that was forked does not use what its parent uses: else, when the parent is killed,
    its lock would live on in us, and nobody would be the last."""
    for server in _used:
        users, server._users = server._users, None
        if users is not None:
            os.close(users)


os.register_at_fork(after_in_child=_leave_to_parent)


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
            try:
                self._place = find_place(self._home, MAJOR)
            except OSError as error:
                raise Unavailable(
                    f"The folder {self._home} cannot be used: {error.strerror}: {error.filename}."
                ) from error
        return self._place

    @property
    def binaries(self) -> Path:
        return self.place.binaries

    def address(self, role: str, database: str = DATABASE) -> Address:
        return Address(self._socket_folder(), role, database)

    def start(self) -> None:
        """Returns when the server takes connections; does nothing where it already does."""
        with self._transition():
            if not self._running():
                self._set_up()
                self._start()
            if self._users is None:
                self._users = os.open(self.place.folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._users, fcntl.LOCK_SH)
                _used.add(self)

    def revive(self) -> None:
        """Starts the server again if it has died under those who use it."""
        with self._transition():
            if self._users is not None and not self._running():
                self._start()

    def stop(self) -> None:
        """Stops using the server, and stops it if nobody else uses it."""
        if self._users is None:
            return
        with self._transition():
            users, self._users = self._users, None
            if users is not None:
                os.close(users)
            with _locked(self.place.folder / "users", fcntl.LOCK_EX) as alone:
                if alone is not None and self._running():
                    try:
                        self._pg_ctl("stop", "-m", "fast")
                    except Unavailable:
                        if self._running():  # else it has ended, and how does not matter
                            raise
                    self._running()  # until the last of its processes has ended

    @contextlib.contextmanager
    def _transition(self) -> Iterator[None]:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with _locked(self.place.folder / "lock", fcntl.LOCK_EX) as mine:
                if mine is not None:
                    yield
                    return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Another process has been starting or stopping PostgreSQL in "
                    f"{self.place.folder} for over {_START_SECONDS} s."
                )
            time.sleep(0.02)

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
            *("--username", SUPERUSER, "--auth", "peer", "--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *(["--no-sync"] if self._settings.get("fsync") == "off" else []),
            data=fresh,
        )
        conf = (fresh / "postgresql.conf").read_text()
        place.write(fresh / "postgresql.conf", conf + "\ninclude_if_exists = 'kassa.conf'\n")
        self._run(
            "postgres",
            *("--single", "-c", "log_min_messages=fatal", "-c", "exit_on_error=on"),
            *("-c", "search_path=pg_catalog", "postgres"),
            data=fresh,
            text=_BOOTSTRAP,
        )
        fresh.rename(place.data)
        _sync(place.folder)

    # -- start and stop ------------------------------------------------------------

    def _start(self) -> None:
        # No process of PostgreSQL lives here. After a reboot the pid in a file that a crash
        # left may be anybody's, and PostgreSQL would not start.
        place = self.place
        for stale in (place.data / "postmaster.pid", self._socket_folder() / f"{_SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        place.make_private(place.folder / "log")
        # Written at every start: the folder may have moved, or belong to somebody else now.
        settings = {"unix_socket_directories": _listed(self._socket_folder()), **self._settings}
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        users = [f'kassa "{place.client}" {role}\n' for role in (SUPERUSER, OWNER, APP)]
        place.write(place.data / "kassa.conf", "# Written at every start.\n" + "".join(lines))
        place.write(place.data / "pg_hba.conf", "local all all peer map=kassa\n")
        place.write(place.data / "pg_ident.conf", "".join(users))
        self._pg_ctl("start", "-s", "-o", f"-c cluster_name={self._name}", "-l", "log/start.log")

    def _running(self) -> bool:
        """Whether it takes connections, as soon as that can be told."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._listens():
            with _locked(self.place.folder / "alive", fcntl.LOCK_EX) as alone:
                if alone is not None:
                    return False
            # It is starting or stopping, or what a killed one left is still ending.
            self._kill_orphans()
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"PostgreSQL in {self.place.folder} neither takes connections nor ends. If it "
                    f"runs in another container, give each its own KASSA_HOME or set DATABASE_URL."
                )
            time.sleep(0.02)
        return True

    def _listens(self) -> bool:
        try:
            lines = (self.place.data / "postmaster.pid").read_text().splitlines()
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._socket_folder() / _SOCKET))
        except OSError:
            return False
        return lines[7:8] == ["ready   "]

    def _kill_orphans(self) -> None:
        """Backends outlive a killed server until they look up, and a new one would not start."""
        found = {p: p.info for p in psutil.process_iter(["cmdline", "uids"])}
        ours = {
            process: info["cmdline"]
            for process, info in found.items()
            if info["cmdline"] and info["uids"] and info["uids"].real == self.place.uid
        }
        if any(f"cluster_name={self._name}" in words for words in ours.values()):
            return  # the server itself lives
        for process, words in ours.items():
            if words[0].startswith(f"postgres: {self._name}: "):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    @property
    def _name(self) -> str:
        """By which the system's list of processes tells this server from others."""
        return "kassa-" + hashlib.sha256(os.fsencode(self.place.folder)).hexdigest()[:16]

    def _socket_folder(self) -> Path:
        folder = self.place.folder / "run"
        too_long = len(os.fsencode(folder / _SOCKET)) > _SOCKET_PATH_LIMIT
        if too_long or "," in str(folder):  # psql would take it for two
            folder = self.place.short() / self._name
        self.place.make_private(folder, reachable=True)
        return folder

    def _pg_ctl(self, *arguments: str) -> None:
        try:
            self._run("pg_ctl", *arguments, "--wait", "--timeout", str(_START_SECONDS))
        except Unavailable as error:
            raise Unavailable(f"{error}\n{self._log_tail()}".rstrip()) from None

    def _log_tail(self) -> str:
        logs = sorted((self.place.folder / "log").glob("*.log"), key=lambda p: p.stat().st_mtime)
        lines = [line for log in logs[-2:] for line in log.read_text(errors="replace").splitlines()]
        return "\n".join(lines[-8:])

    def _run(self, program: str, *arguments: str, data: Path | None = None, text: str = "") -> None:
        place = self.place
        # Output goes to a file: a server that inherits a pipe would keep it open for ever.
        with (
            (place.folder / "output").open("w+", encoding="utf-8", errors="replace") as file,
            _locked(place.folder / "alive", fcntl.LOCK_SH) as alive,
        ):
            assert alive is not None  # only whoever holds `lock` asks for it alone
            done = subprocess.run(  # noqa: S603 (our own program, arguments as a list)
                [self.binaries / program, *arguments],
                input=text,
                text=True,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=place.folder,
                # PGDATA, since pg_ctl and initdb would put an argument into a shell's hands.
                env={
                    "PATH": os.defpath,
                    "LC_ALL": "C",
                    "TZ": "UTC",
                    "PGDATA": str(data or place.data),
                },
                umask=0o077,
                pass_fds=[alive],
                start_new_session=True,  # Ctrl-C in the terminal is not meant for the server
                check=False,
                **place.run_as,
            )
            if done.returncode != 0:
                file.seek(0)
                said = file.read().strip()[-2000:]
                raise Unavailable(
                    f"PostgreSQL: {program} failed in {place.folder} "
                    f"(exit {done.returncode}).\n{said}"
                )


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[int | None]:
    """The file, locked, if that is possible at once."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def _quoted(value: str) -> str:
    """As a text in postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _listed(folder: Path) -> str:
    """As the only item of a list."""
    return '"' + str(folder).replace('"', '""') + '"'


def _sync(folder: Path) -> None:
    """What was renamed in the folder stays so through a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
