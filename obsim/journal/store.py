"""The journal on disk: one SQLite file in WAL mode, every commit synced.

Whoever commits hands over a whole batch: the records since the last one and how far the clock may have been shown. So a
batch is there or it is not, whatever happens in the middle of writing it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from zlib import crc32

import apsw

from obsim.errors import UsageError
from obsim.journal.record import Moment, Record

__all__ = ["STORE_FORMAT", "Batch", "Checkpoint", "Lease", "Store", "StoreDamaged", "StoreFailed"]

STORE_FORMAT = 1
APPLICATION_ID = 0x6F62736D
"""`obsm`: what tells a journal from any other file of SQLite."""
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
    number INTEGER PRIMARY KEY, timeline INTEGER NOT NULL, at_ns INTEGER NOT NULL, event_count INTEGER NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, answer TEXT NOT NULL, changes INTEGER NOT NULL, sum INTEGER NOT NULL
);
CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, body TEXT NOT NULL, sum INTEGER NOT NULL);
"""
_ROW = "(?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?)"
"""An answer may quote what is no Unicode, half of a surrogate pair: SQLite has such a text only from and as bytes."""
_ROWS_AT_ONCE = 64
"""In one step of SQLite: between two of them a thread may wait long for the interpreter."""
_BEHIND = """
SELECT number, timeline, at_ns, event_count, kind, body, CAST(answer AS BLOB), changes, sum FROM record
WHERE number > ? ORDER BY number
"""
_SET = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_ADD_CHECKPOINT = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)"
_DROP_OLD = """
DELETE FROM checkpoint WHERE number NOT IN (SELECT number FROM checkpoint ORDER BY number DESC LIMIT ?)
"""
_KEPT_CHECKPOINTS = 2
_Step = tuple[str, Sequence[Any]]
"""A statement of SQLite and its values."""


class StoreFailed(Exception):
    """The disk did not take a batch: none of it is there. `full` says that there is no room."""

    def __init__(self, text: str, *, full: bool) -> None:
        super().__init__(text)
        self.full = full


class StoreDamaged(Exception):
    """What is on disk is not what was written there."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The virtual time that may have been shown on a timeline, and the real time when that was written."""

    timeline: int
    until_ns: int
    real_ns: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A cluster after the record of that number."""

    number: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is committed at once."""

    records: Sequence[Record] = ()
    lease: Lease | None = None
    checkpoint: Checkpoint | None = None


class Store:
    """One journal. It may be used from any thread, by one at a time."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Raises UsageError for a file that is no journal of this format, StoreDamaged for one that cannot be read."""
        self.path = path
        self._lock = Lock()
        """Of whoever writes: one thread at a time."""
        flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        try:
            self._file = apsw.Connection(str(path), flags=flags)
            self._file.set_busy_timeout(5_000)
            if not readonly:
                self._run("PRAGMA journal_mode = WAL")
                self._run("PRAGMA synchronous = FULL")
            self._check_format()
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.FullError, apsw.IOError) as failure:
            raise UsageError(f"cannot use {path}: {failure}") from None
        except (apsw.NotADBError, apsw.CorruptError) as failure:
            raise StoreDamaged(f"{path}: {failure}") from None

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        return list(self._file.execute(sql, values))

    def _check_format(self) -> None:
        ((found,),) = self._run("PRAGMA user_version")
        ((application,),) = self._run("PRAGMA application_id")
        if not self._get_tables() and not application:
            return
        if application != APPLICATION_ID:
            raise UsageError(f"{self.path} is no journal of obsim: take another directory")
        if found > STORE_FORMAT:
            raise UsageError(
                f"{self.path} is of format {found}, this obsim reads up to {STORE_FORMAT}: "
                "use the obsim that wrote it, or a newer one"
            )
        if found < STORE_FORMAT:
            raise UsageError(
                f"{self.path} is of format {found}, which no released obsim wrote: take an empty directory"
            )

    @property
    def empty(self) -> bool:
        """Whether nobody has begun it."""
        return not int(self._read(self._get_tables))

    def _get_tables(self) -> int:
        ((tables,),) = self._run("SELECT COUNT(*) FROM sqlite_schema")
        return int(tables)

    def begin(self, making: Mapping[str, Any]) -> None:
        """Make the tables of a journal that is new, and keep how its cluster was made. Raises StoreFailed."""
        with self._transaction():
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    self._run(statement)
            self._run(f"PRAGMA user_version = {STORE_FORMAT}")
            self._run(f"PRAGMA application_id = {APPLICATION_ID}")
            self._set("making", making)

    def _set(self, name: str, value: Mapping[str, Any]) -> None:
        self._run(_SET, (name, json.dumps(value)))

    def _get(self, name: str) -> Any:
        rows = self._run("SELECT value FROM meta WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    # Writing.

    def commit(self, batch: Batch) -> None:
        """All of it, synced, or nothing. Raises StoreFailed."""
        steps: list[_Step] = []
        for begin in range(0, len(batch.records), _ROWS_AT_ONCE):
            some = batch.records[begin : begin + _ROWS_AT_ONCE]
            steps.append((_adding(len(some)), [value for record in some for value in _row(record)]))
        if batch.lease is not None:
            steps.append((_SET, ("lease", json.dumps(asdict(batch.lease)))))
        if batch.checkpoint is not None:
            text = json.dumps(batch.checkpoint.body)
            steps.append((_ADD_CHECKPOINT, (batch.checkpoint.number, text, crc32(text.encode()))))
            steps.append((_DROP_OLD, (_KEPT_CHECKPOINTS,)))
        with self._transaction(alone=len(steps) == 1):
            for sql, values in steps:
                self._run(sql, values)

    def probe(self) -> None:
        """Raises StoreFailed while nothing can be written."""
        with self._transaction():
            self._set("probe", {})

    def _transaction(self, *, alone: bool = False) -> "_Transaction":
        return _Transaction(self._file, self._lock, alone=alone)

    def close(self) -> None:
        """The end; what the WAL holds goes into the file as far as there is room."""
        try:
            self._file.close()
        except apsw.Error:
            self._file.close(True)

    # Reading.

    @property
    def making(self) -> Mapping[str, Any]:
        """How the cluster was made. Raises StoreDamaged."""
        found = self._read(lambda: self._get("making"))
        if not isinstance(found, dict):
            raise StoreDamaged(f"{self.path}: it does not say how its cluster was made")
        return found

    @property
    def lease(self) -> Lease | None:
        """How far the clock may have been shown, None when nothing was. Raises StoreDamaged."""
        found = self._read(lambda: self._get("lease"))
        return None if found is None else Lease(found["timeline"], found["until_ns"], found["real_ns"])

    def records(self, after: int = 0) -> Iterator[Record]:
        """Those behind a number, in order. Raises StoreDamaged for a gap, or one that is not as it was written."""
        expected = after
        rows = self._read(lambda: self._file.execute(_BEHIND, (after,)))
        while True:
            row = self._read(lambda: next(rows, None))
            if row is None:
                return
            number, timeline, at_ns, event_count, kind, body, answer, changes, total = row
            expected += 1
            if number != expected:
                raise StoreDamaged(f"{self.path}: record {expected} is missing, the next is {number}")
            try:
                told = answer.decode("utf-8", "surrogatepass")
                record = Record(number, Moment(timeline, at_ns, event_count), kind, json.loads(body), told, changes)
                good = record.sum == total
            except (ValueError, TypeError):
                good = False
            if not good:
                raise StoreDamaged(f"{self.path}: record {number} is not as it was written")
            yield record

    def checkpoints(self) -> list[Checkpoint]:
        """The newest first; those that are not as they were written are left out."""
        rows = self._read(lambda: self._run("SELECT number, body, sum FROM checkpoint ORDER BY number DESC"))
        return [Checkpoint(number, json.loads(body)) for number, body, total in rows if crc32(body.encode()) == total]

    def wrong(self) -> list[str]:
        """What SQLite finds wrong with its file, and checkpoints that are not as they were written."""
        found = [text for (text,) in self._read(lambda: self._run("PRAGMA integrity_check(20)")) if text != "ok"]
        rows = self._read(lambda: self._run("SELECT number, body, sum FROM checkpoint"))
        return found + [f"checkpoint {n} is not as it was written" for n, body, s in rows if crc32(body.encode()) != s]

    def _read(self, question: Any) -> Any:
        try:
            return question()
        except (apsw.CorruptError, apsw.NotADBError, apsw.IOError, apsw.SQLError, ValueError) as failure:
            raise StoreDamaged(f"{self.path}: {failure}") from None


class _Transaction:
    """From BEGIN to COMMIT; what the disk refuses is a StoreFailed, and then nothing is there.

    A statement that is `alone` needs neither: SQLite commits it by itself.
    """

    def __init__(self, file: apsw.Connection, lock: Lock, *, alone: bool) -> None:
        self._file, self._lock, self._alone = file, lock, alone

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._alone:
            return
        try:
            self._file.execute("BEGIN IMMEDIATE")
        except apsw.Error as failure:
            self._lock.release()
            raise _failed(failure) from None

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, _trace: object) -> None:
        try:
            self._end(raised)
        finally:
            self._lock.release()

    def _end(self, raised: BaseException | None) -> None:
        if raised is None:
            try:
                if not self._alone:
                    self._file.execute("COMMIT")
            except apsw.Error as failure:
                self._undo()
                raise _failed(failure) from None
            return
        self._undo()
        if isinstance(raised, apsw.Error):
            raise _failed(raised) from None

    def _undo(self) -> None:
        if not self._file.get_autocommit():
            try:
                self._file.execute("ROLLBACK")
            except apsw.Error:  # SQLite has undone it by itself
                return


def _failed(failure: apsw.Error) -> StoreFailed:
    return StoreFailed(f"{type(failure).__name__}: {failure}", full=isinstance(failure, apsw.FullError))


@cache
def _adding(count: int) -> str:
    """How so many rows are added."""
    return f"INSERT INTO record VALUES {', '.join([_ROW] * count)}"  # noqa: S608 - marks of values


def _row(record: Record) -> tuple[Any, ...]:
    moment = record.moment
    body, total = record.written()
    return (
        record.number, moment.timeline, moment.at_ns, moment.event_count, record.kind, body,
        record.answer.encode("utf-8", "surrogatepass"), record.changes, total,
    )  # fmt: skip
