"""What is kept in a folder over a restart: records as rows of SQLite, files beside it."""

import asyncio
import fcntl
import json
import sqlite3
from pathlib import Path
from typing import IO, Any

from tgsandbox.telegram.payments import invoices
from tgsandbox.telegram.payments import records as payment_records
from tgsandbox.telegram.records import (
    Bot,
    Chat,
    Message,
    Query,
    Record,
    StoredFile,
    Update,
    User,
)
from tgsandbox.telegram.world import World

# In the order in which they are restored: what others name comes first.
KINDS: tuple[type[Record], ...] = (
    User,
    Bot,
    Chat,
    StoredFile,
    Message,
    Query,
    Update,
    invoices.Invoice,
    payment_records.Charge,
    payment_records.Subscription,
    payment_records.SavedInfo,
    payment_records.MediaPayload,
)
FLUSH_SECONDS = 0.05  # what a kill may cost
_VERSION = 1


class InUse(Exception):
    """Another sandbox has the folder open."""


class Store:
    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self._world = world
        self._changed: dict[tuple[str, str], Record | None] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._lock: IO[str] | None = None
        self._db: sqlite3.Connection | None = None
        self._moved = 0.0

    def open(self) -> None:
        (self._folder / "files").mkdir(parents=True, exist_ok=True)
        self._lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InUse(f"Another sandbox is using {self._folder}.") from None
        self._db = sqlite3.connect(self._folder / "sandbox.db", check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, key TEXT NOT NULL, "
            "body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._world.files.folder = self._folder / "files"
        self._restore()
        self._world.keeper = self

    def close(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        if self._db:
            self._flush()
            self._db.close()
        if self._lock:
            self._lock.close()

    def put(self, record: Record) -> None:
        self._note((record.kind, record.key), record)

    def drop(self, record: Record) -> None:
        self._note((record.kind, record.key), None)

    def _note(self, key: tuple[str, str], record: Record | None) -> None:
        self._changed[key] = record
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        """All that has changed since the last time, in one transaction."""
        self._alarm = None
        changed, self._changed = self._changed, {}
        assert self._db
        put = [
            (kind, key, json.dumps(record.row(), ensure_ascii=False))
            for (kind, key), record in changed.items()
            if record is not None
        ]
        moved = self._world.clock.moved
        put.append(("meta", "sandbox", json.dumps({"version": _VERSION, "moved": moved})))
        gone = [key for key, record in changed.items() if record is None]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", put)
            self._db.executemany("DELETE FROM record WHERE kind = ? AND key = ?", gone)

    def _restore(self) -> None:
        assert self._db
        meta = self._db.execute("SELECT body FROM record WHERE kind = 'meta'").fetchone()
        if meta:
            self._world.clock.moved = json.loads(meta[0])["moved"]
        for kind in KINDS:
            rows = self._db.execute("SELECT key, body FROM record WHERE kind = ?", (kind.kind,))
            for record in sorted((self._record(kind, *row) for row in rows), key=_place):
                self._world.restore(record)

    def _record(self, kind: type[Record], key: str, body: str) -> Record:
        fields: dict[str, Any] = json.loads(body)
        if kind is Message:
            fields["chat"] = self._world.chats[key.partition("/")[0]]
        return kind(**fields)


def _place(record: Record) -> tuple[int, str]:
    """Messages and updates in the order of their numbers."""
    number = getattr(record, "id", 0)
    return (number, "") if isinstance(number, int) else (0, str(number))
