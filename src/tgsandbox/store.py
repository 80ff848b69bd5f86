"""What is kept in a folder over a restart: records as rows of SQLite, files beside it."""

import asyncio
import fcntl
import json
import logging
import sqlite3
from pathlib import Path
from typing import IO, Any

from tgsandbox.telegram.payments.invoices import Invoice
from tgsandbox.telegram.payments.records import Charge, MediaPayload, SavedInfo, Subscription
from tgsandbox.telegram.records import (
    Bot,
    Chat,
    Json,
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
    Invoice,
    Charge,
    Subscription,
    SavedInfo,
    MediaPayload,
)
FLUSH_SECONDS = 0.05  # what a kill may cost
_VERSION = 1
_APPLICATION = 0x74675342  # "tgSB", in the header of the file
_TABLE = (
    "CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, key TEXT NOT NULL, "
    "body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"
)

log = logging.getLogger("tgsandbox")


class CannotKeep(Exception):
    """Why the folder cannot be used, in words."""


class InUse(CannotKeep):
    """Another sandbox has the folder open."""


class Store:
    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self._world = world
        self._changed: dict[tuple[str, str], Record | None] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._lock: IO[str] | None = None
        self._db: sqlite3.Connection | None = None
        self._starts = 0  # how often it was opened

    def open(self) -> None:
        """Everything is there again. Raises CannotKeep, and then nothing is left open."""
        try:
            (self._folder / "files").mkdir(parents=True, exist_ok=True)
            self._lock = (self._folder / "lock").open("a")
            self._take_lock()
            self._db = self._opened()
            self._restore(self._db)
            self._world.files.folder = self._folder / "files"
            self._world.keeper = self
            self._world.clock.on_move = self._wake
            self._flush()  # whether anything can be written is better known now
        except OSError as error:
            self._let_go()
            raise CannotKeep(f"Cannot use {self._folder}: {error.strerror}.") from None
        except sqlite3.Error as error:
            self._let_go()
            raise CannotKeep(f"Cannot use {self._file}: {error}.") from None
        except CannotKeep:
            self._let_go()
            raise

    def close(self) -> None:
        try:
            if self._db:
                self._flush()
        except sqlite3.Error as error:
            log.error("The last changes are not kept in %s: %s", self._file, error)
        finally:
            self._let_go()

    def put(self, record: Record) -> None:
        self._note((record.kind, record.key), record)

    def drop(self, record: Record) -> None:
        self._note((record.kind, record.key), None)

    @property
    def _file(self) -> Path:
        return self._folder / "sandbox.db"

    def _take_lock(self) -> None:
        assert self._lock
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"Another sandbox is using {self._folder}.") from None

    def _let_go(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        self._world.keeper = self._world.clock.on_move = None
        if self._db:
            self._db.close()
            self._db = None
        if self._lock:
            self._lock.close()
            self._lock = None

    # --- writing

    def _note(self, key: tuple[str, str], record: Record | None) -> None:
        self._changed[key] = record
        if self._alarm is None:
            self._wake()

    def _wake(self) -> None:
        if self._alarm is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(FLUSH_SECONDS, self._flush_or_tell)

    def _flush_or_tell(self) -> None:
        self._alarm = None
        try:
            self._flush()
        except sqlite3.Error:
            log.exception("Nothing could be written to %s; it will be tried again", self._file)
            self._wake()

    def _flush(self) -> None:
        """All that has changed since the last time, in one transaction."""
        assert self._db
        put = [
            (kind, key, json.dumps(record.row()))
            for (kind, key), record in self._changed.items()
            if record is not None
        ]
        meta = {"version": _VERSION, "moved": self._world.clock.moved, "starts": self._starts}
        put.append(("meta", "sandbox", json.dumps(meta)))
        gone = [key for key, record in self._changed.items() if record is None]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", put)
            self._db.executemany("DELETE FROM record WHERE kind = ? AND key = ?", gone)
        self._changed.clear()

    # --- reading

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, timeout=0, check_same_thread=False)
        try:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            if application != _APPLICATION and tables:
                raise CannotKeep(f"{self._file} is not a sandbox's.")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(_TABLE)
        except BaseException:
            db.close()
            raise
        return db

    def _restore(self, db: sqlite3.Connection) -> None:
        try:
            self._restore_meta(db)
            for kind in KINDS:
                rows = db.execute("SELECT key, body FROM record WHERE kind = ?", (kind.kind,))
                for record in sorted((self._record(kind, *row) for row in rows), key=_place):
                    if isinstance(record, Query) and record.until <= self._world.clock.time():
                        self._changed[record.kind, record.key] = None
                    else:
                        self._world.restore(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CannotKeep(
                f"{self._file} is damaged, or of another version: {error!r}."
            ) from error

    def _restore_meta(self, db: sqlite3.Connection) -> None:
        found = db.execute("SELECT body FROM record WHERE kind = 'meta'").fetchone()
        if found is None:
            return
        meta: Json = json.loads(found[0])
        if meta["version"] != _VERSION:
            raise CannotKeep(f"{self._file} is of version {meta['version']}, not {_VERSION}.")
        self._world.clock.moved = float(meta["moved"])
        self._starts = int(meta["starts"]) + 1
        # With a seed the same ids would come again, and they are taken.
        self._world.random.seed(f"{self._world.random.random()} {self._starts}")

    def _record(self, kind: type[Record], key: str, body: str) -> Record:
        fields: dict[str, Any] = json.loads(body)
        if kind is Message:
            fields["chat"] = self._world.chats[key.partition("/")[0]]
        return kind(**fields)


def _place(record: Record) -> tuple[int, str]:
    """Messages and updates in the order of their numbers."""
    number = getattr(record, "id", 0)
    return (number, "") if isinstance(number, int) else (0, str(number))
