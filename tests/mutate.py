"""Takes the ledger's guards out, one at a time, and shows that a test fails each time.

    scripts/mutate [--only NAME] [--list]

A guard is a constraint, a unique index, a trigger, a lock, or a check that raises. They are
found in the SQL by their form, so that a new one cannot be forgotten.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SQL = Path("src/kassa/ledger/sql")
TESTS = ["test_guards.py", "test_concurrency.py", "test_post.py", "test_holds.py", "test_model.py"]


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    sql: str


def mutants() -> Iterator[Mutant]:
    for path in sorted((ROOT / SQL).glob("0*.sql")):
        text = path.read_text()
        for pattern in (_CONSTRAINT, _UNIQUE_INDEX, _TRIGGER, _LOCK, _RAISE, _REVOKE):
            for i, found in enumerate(re.finditer(pattern, text), 1):
                name = found.groupdict().get("name") or f"{path.stem}: {_KINDS[pattern]} {i}"
                yield Mutant(name, path.name, _without(text, found))
    grants = (ROOT / SQL / "grants.sql").read_text()
    revoked = re.search(_REVOKE, grants)
    assert revoked
    yield Mutant("grants: REVOKE", "grants.sql", _without(grants, revoked))
    everything = "GRANT ALL ON ALL TABLES IN SCHEMA ledger TO {app};"
    yield Mutant("grants: only SELECT", "grants.sql", grants + everything)


_CONSTRAINT = (
    r"\n +CONSTRAINT (?P<name>\w+) (?:[^(\n;,]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*,?"
)
_UNIQUE_INDEX = r"CREATE UNIQUE INDEX (?P<name>\w+)[^;]*;"
_TRIGGER = r"CREATE TRIGGER (?P<name>\w+)[^;]*;"
_LOCK = r"\n? +FOR NO KEY UPDATE"
_RAISE = r"\n    +IF [^;]*? THEN\n(?: +--[^\n]*\n)* +RAISE EXCEPTION [^;]*;\n +END IF;"
_REVOKE = r"REVOKE [^;]*;"
_KINDS = {_LOCK: "lock", _RAISE: "check", _REVOKE: "REVOKE"}


def _without(text: str, found: re.Match[str]) -> str:
    """The text less what was found; where that was the last of a list, less the comma before."""
    before, after = text[: found.start()], text[found.end() :]
    if found[0].lstrip().startswith("CONSTRAINT") and not found[0].endswith(","):
        before = re.sub(r",( *(?:--[^\n]*)?\s*)$", r"\1", before)
    return before + after


def survives(mutant: Mutant) -> tuple[bool, str]:
    """Whether all tests still pass without the guard, and else what failed first."""
    with tempfile.TemporaryDirectory(prefix="kassa-mutant-") as folder:
        shutil.copytree(ROOT / "src", Path(folder) / "src")
        (Path(folder) / SQL / mutant.file).write_text(mutant.sql)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
            + [f"tests/ledger/{name}" for name in TESTS],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{folder}/src"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return True, ""
    failed = re.search(r"^(FAILED|ERROR) \S*::(\S+)", done.stdout, re.MULTILINE)
    if failed is None:
        return False, f"a run that broke: {done.stdout[-300:]}{done.stderr[-300:]}"
    if failed[1] == "ERROR":  # nothing was tested: the schema does not stand without it
        said = re.search(r"^E +(asyncpg\S+: .*)", done.stdout, re.MULTILINE)
        return False, f"the migration: {said[1] if said else '?'}"
    return False, failed[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="only guards whose name contains this")
    parser.add_argument("--list", action="store_true", help="name the guards and stop")
    options = parser.parse_args()
    wanted = [m for m in mutants() if not options.only or options.only in m.name]
    survivors = []
    for i, mutant in enumerate(wanted, 1):
        if options.list:
            print(mutant.name)
            continue
        begun = time.monotonic()
        alive, failed = survives(mutant)
        if alive:
            survivors.append(mutant.name)
        verdict = "SURVIVED" if alive else f"caught by {failed}"
        seconds = time.monotonic() - begun
        print(f"{i:3}/{len(wanted)}  {mutant.name:32} {verdict}  ({seconds:.0f} s)", flush=True)
    if not options.list:
        print(f"\n{len(wanted)} guards removed, {len(survivors)} not missed: {survivors}")
    return len(survivors) > 0


if __name__ == "__main__":
    sys.exit(main())
