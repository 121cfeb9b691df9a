"""Any cluster that a DB-API connection leads to, as a driver: it is polled, and seen through its views.

    driver = DatabaseDriver(lambda tenant: pymysql.connect(host=..., user=f"root@{tenant}"), tables, paths, write)
    trial = Trial(driver)                       # or a ClusterMachine whose make_trial returns it

What views do not show cannot be checked; `obsim.testing.skipped(driver.observe())` lists the invariants.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from obsim.statements import BackupStatement
from obsim.testing.database_runs import RunWatch
from obsim.testing.driver import NotReached
from obsim.testing.observation import (
    CountersSeen,
    Identity,
    JobSeen,
    Observation,
    PieceSeen,
    RoundSeen,
    SetSeen,
    TaskSeen,
    TenantSeen,
)
from obsim.units import MINUTE_NS

__all__ = ["Connection", "DatabaseDriver", "Write", "dml_write", "obsim_write"]

SEEN = frozenset({"sys_jobs", "asked", "path", "archivelog", "round", "pieces", "jobs", "tasks", "sets", "cleanups"})
_SETS_ONLY = "no view shows what lies in a set's files"
_NOW_ONLY = "no view shows it while it changes"
UNSEEN = {
    "base_rule": "no view says whose index an increment looks its blocks up in",
    "baseline": "the tenants cannot read __all_virtual_tablet_sstable_macro_info",
    "blocks": _SETS_ONLY,
    "dirty": _NOW_ONLY, "memory_bytes": _NOW_ONLY, "appended": _NOW_ONLY, "delta_block_count": _NOW_ONLY,
    "excess": "views of DAGs are too far apart in time", "queues": "views of DAGs are too far apart in time",
    "plans": "a restore is planned by a statement, and no view keeps what it would read",
    "service": "no view shows the CPU time of a priority",
    "twin": "time cannot come another way a second time",
}  # fmt: skip
"""Why views do not let the other fields be seen."""
READS_MAX = 50
_QUARTER_NS = 15 * MINUTE_NS
Row = dict[str, Any]


class Connection(Protocol):
    """What is used of a DB-API connection (PEP 249)."""

    def cursor(self) -> Any:
        """A cursor."""

    def commit(self) -> None:
        """End the transaction, so that the next query sees what is new."""


Write = Callable[["DatabaseDriver", str, str, int, str], int]
"""(driver, tenant, table, blocks, kind): changes rows in that many macroblocks; errno, 0 for OK."""


def obsim_write(driver: "DatabaseDriver", tenant: str, table: str, count: int, kind: str) -> int:
    """On a server of obsim: CALL obsim.write."""
    return driver.run("sys", f"CALL obsim.write('{tenant}', '{table}', {count}, '{kind}')")


def dml_write(rows_a_block: int = 14_006, key: str = "id", column: str = "c") -> Write:
    """On a real cluster: UPDATE or INSERT in a table with a dense integer key, then a major freeze that is waited for.

    `random` changes one row in each of so many equal ranges of the key, `clustered` all rows of one range, `append`
    copies the first rows behind the last key. How many rows a block holds is for the author of the table to know
    (macroblock-experiment.md: 14,006 of 147 bytes).
    """

    def write(driver: DatabaseDriver, tenant: str, table: str, count: int, kind: str) -> int:
        low, high = driver.query(tenant, f"SELECT MIN({key}) AS LOW, MAX({key}) AS HIGH FROM {table}")[0].values()
        rows = count * rows_a_block
        if kind == "append":
            text = f"INSERT INTO {table} SELECT {key} + {high}, {column} FROM {table} WHERE {key} <= {low + rows - 1}"
        elif kind == "clustered":
            text = f"UPDATE {table} SET {column} = REVERSE({column}) WHERE {key} BETWEEN {low} AND {low + rows - 1}"
        else:
            text = (
                f"UPDATE {table} SET {column} = REVERSE({column}) "
                f"WHERE ({key} - {low}) % {rows_a_block} = 0 AND {key} < {low + rows}"
            )
        errno = (driver.run(tenant, text) or driver.run(tenant, "ALTER SYSTEM MAJOR FREEZE")) if count else 0
        driver.wait_for_compaction(tenant)
        return errno

    return write


class DatabaseDriver:
    """`connect` opens a connection as the administrator of a tenant, `sys` included; each is opened once."""

    def __init__(
        self,
        connect: Callable[[str], Connection],
        tables: Sequence[tuple[str, str]],
        paths: Sequence[str],
        write: Write,
        poll_s: float = 0.5,
    ) -> None:
        self.tables, self.paths = tuple(tables), tuple(paths)
        self._connect, self._write, self._poll_s = connect, write, poll_s
        self._connections: dict[str, Connection] = {}
        self._macros = all(self._shows_macros(tenant) for tenant in dict(self.tables))
        self.seen = SEEN | ({"baseline"} if self._macros else frozenset())
        self._runs: dict[int, RunWatch] = {}

    # Statements.

    def query(self, tenant: str, text: str) -> list[Row]:
        """Rows of a query by upper-case column names."""
        connection = self._connection(tenant)
        cursor = connection.cursor()
        try:
            cursor.execute(text)
            names = [column[0].upper() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()
            connection.commit()

    def run(self, tenant: str, text: str) -> int:
        """Run a statement without rows; errno, 0 for OK. An exception without a number is passed on."""
        connection = self._connection(tenant)
        cursor = connection.cursor()
        try:
            cursor.execute(text)
            connection.commit()
        except Exception as refused:
            errno = _errno(refused)
            if not errno:
                raise
            return errno
        finally:
            cursor.close()
        return 0

    def execute(self, tenant: str, statement: BackupStatement) -> int:
        """Run a statement as the administrator of a tenant; errno, 0 for OK."""
        return self.run(tenant, statement.sql())

    def change_blocks(self, tenant: str, table: str, count: int, kind: str) -> int:
        """Change rows by `write`; errno, 0 for OK."""
        return self._write(self, tenant, table, count, kind)

    def _connection(self, tenant: str) -> Connection:
        if tenant not in self._connections:
            self._connections[tenant] = self._connect(tenant)
        return self._connections[tenant]

    # Time.

    def wait_until(self, condition: Callable[[Observation], bool], timeout_s: float) -> Observation:
        """Poll until an observation meets the condition. Raises NotReached."""
        end = time.monotonic() + timeout_s
        while not condition(now := self.observe()):
            if time.monotonic() > end:
                raise NotReached(f"not within {timeout_s} s: {[j.status for j in now.sys_jobs]}")
            time.sleep(self._poll_s)
        return now

    def wait_for_compaction(self, tenant: str, timeout_s: float = 3_600) -> None:
        """Poll DBA_OB_MAJOR_COMPACTION until what was frozen is merged. Raises NotReached."""
        text = "SELECT FROZEN_SCN, LAST_SCN, STATUS FROM oceanbase.DBA_OB_MAJOR_COMPACTION"
        end = time.monotonic() + timeout_s
        while any(r["STATUS"] != "IDLE" or r["FROZEN_SCN"] != r["LAST_SCN"] for r in self.query(tenant, text)):
            if time.monotonic() > end:
                raise NotReached(f"the major compaction of {tenant} goes on after {timeout_s} s")
            time.sleep(self._poll_s)

    # Observing.

    def observe(self) -> Observation:
        """The cluster by its views. They are read until two readings agree in every status: they are not one moment."""
        last: object = None
        for _ in range(READS_MAX):
            rows = {view: self._view(view) for view in _VIEWS}
            statuses = [
                [tuple(row.get(name) for name in _STATUS) for row in rows[view]] for view in _VIEWS if "SCN" not in view
            ]
            if statuses == last:
                return self._observation(rows)
            last = statuses
        raise NotReached(f"the cluster has not stood still for {READS_MAX} readings")

    def _view(self, view: str) -> list[Row]:
        return self.query("sys", f"SELECT * FROM oceanbase.{view}")

    def _observation(self, rows: Mapping[str, list[Row]]) -> Observation:
        jobs = [_job(r, ended=False) for r in rows["CDB_OB_BACKUP_JOBS"]]
        jobs += [_job(r, ended=True) for r in rows["CDB_OB_BACKUP_JOB_HISTORY"]]
        users = [r for r in rows["DBA_OB_TENANTS"] if r["TENANT_TYPE"] == "USER"]
        under_test = dict(self.tables)
        tenants = {
            int(r["TENANT_ID"]): self._tenant(r, jobs, rows) for r in users if r["TENANT_NAME"] in under_test
        }
        sys_jobs = tuple(j for j in jobs if j.tenant_id == 1)
        unseen = {field: reason for field, reason in UNSEEN.items() if field not in self.seen}
        return Observation(time.time_ns(), self.seen, tenants, sys_jobs=sys_jobs, unseen=unseen)

    def _tenant(self, row: Row, jobs: list[JobSeen], rows: Mapping[str, list[Row]]) -> TenantSeen:
        tenant_id, name = int(row["TENANT_ID"]), str(row["TENANT_NAME"])

        def own(view: str) -> list[Row]:
            return [r for r in rows[view] if r["TENANT_ID"] == tenant_id]

        paths = [str(r["VALUE"] or "") for r in own("CDB_OB_BACKUP_PARAMETER") if r["NAME"] == "data_backup_dest"]
        rounds = [_round(r) for r in own("CDB_OB_ARCHIVELOG")]
        current = rounds[-1] if rounds else None
        pieces = [_piece(r) for r in own("CDB_OB_ARCHIVELOG_PIECE_FILES")]
        ordered = sorted((p for p in pieces if current and p.round_id == current.round_id), key=lambda p: p.piece_id)
        tasks = [_task(r, ended=False) for r in own("CDB_OB_BACKUP_TASKS")]
        tasks += [_task(r, ended=True) for r in own("CDB_OB_BACKUP_TASK_HISTORY")]
        path = paths[0] if paths else ""
        sets = {int(r["BACKUP_SET_ID"]): _set(r) for r in own("CDB_OB_BACKUP_SET_FILES")}
        places = {r["PATH"] for r in own("CDB_OB_ARCHIVELOG")[-1:]}
        there = [_piece(r) for r in own("CDB_OB_ARCHIVELOG_PIECE_FILES") if r["PATH"] in places]
        runs = [
            (int(r["JOB_ID"]), _ns(r["PARAMETER"])) for r in own("CDB_OB_BACKUP_DELETE_JOB_HISTORY")
            if r["STATUS"] == "COMPLETED" and _number(r["TASK_COUNT"])
        ]  # fmt: skip
        zone_ns = next((_zone_ns(r) for r in own("CDB_OB_ARCHIVELOG") if _number(r["START_SCN"])), 0)
        watch = self._runs.setdefault(tenant_id, RunWatch())
        return TenantSeen(
            tenant_id,
            name,
            path,
            row["LOG_MODE"] == "ARCHIVELOG",
            current,
            tuple(ordered),
            tuple(j for j in jobs if j.tenant_id == tenant_id),
            tuple(tasks),
            sets,
            cleanups=watch.look(path, sets, tuple(there), runs, zone_ns),
            baseline=self._baseline(name) if self._macros else {},
        )

    def _shows_macros(self, tenant: str) -> bool:
        """Whether the tenant can read its macroblocks. A cluster that lacks the table refuses with a number."""
        try:
            self.query(tenant, f"SELECT 1 FROM {_MACROS} LIMIT 1")
        except Exception as refused:
            if not _errno(refused):
                raise
            return False
        return True

    def _baseline(self, tenant: str) -> dict[int, tuple[Identity, ...]]:
        """The blocks of the newest major SSTable of each tablet, in order."""
        newest: dict[int, int] = {}
        majors = self.query(
            tenant, "SELECT TABLET_ID, END_LOG_SCN FROM oceanbase.GV$OB_SSTABLES WHERE TABLE_TYPE = 'MAJOR'"
        )
        for row in majors:
            newest[row["TABLET_ID"]] = max(newest.get(row["TABLET_ID"], 0), row["END_LOG_SCN"])
        found: dict[int, list[Identity]] = {tablet: [] for tablet in newest}
        columns = "tablet_id, end_log_scn, macro_idx_in_sstable, macro_logic_version, data_seq"
        blocks = f"SELECT DISTINCT {columns} FROM {_MACROS} WHERE macro_block_type = 'data_block'"  # on all replicas
        for row in self.query(tenant, f"{blocks} ORDER BY tablet_id, macro_idx_in_sstable"):
            tablet = row["TABLET_ID"]
            if newest.get(tablet) == row["END_LOG_SCN"]:
                found[tablet].append((tablet, row["MACRO_LOGIC_VERSION"], row["DATA_SEQ"]))
        return {tablet: tuple(blocks) for tablet, blocks in found.items()}


_MACROS = "oceanbase.__all_virtual_tablet_sstable_macro_info"
_VIEWS = (
    "DBA_OB_TENANTS", "CDB_OB_BACKUP_PARAMETER", "CDB_OB_ARCHIVELOG", "CDB_OB_ARCHIVELOG_PIECE_FILES",
    "CDB_OB_BACKUP_JOBS", "CDB_OB_BACKUP_JOB_HISTORY", "CDB_OB_BACKUP_TASKS", "CDB_OB_BACKUP_TASK_HISTORY",
    "CDB_OB_BACKUP_SET_FILES", "CDB_OB_BACKUP_DELETE_JOB_HISTORY",
)  # fmt: skip
_STATUS = ("TENANT_ID", "JOB_ID", "TASK_ID", "BACKUP_SET_ID", "ROUND_ID", "PIECE_ID", "STATUS", "FILE_STATUS", "VALUE")


def _errno(refused: Exception) -> int:
    """The number of a server's error, as drivers have it first; 0 without one."""
    number = refused.args[0] if refused.args else None
    return number if isinstance(number, int) else 0


def _ns(value: object) -> int:
    """Nanoseconds of a timestamp column, 0 for NULL; zones do not matter, only order does."""
    if value is None:
        return 0
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return round(moment.replace(tzinfo=UTC).timestamp() * 1_000_000) * 1_000


def _zone_ns(row: Row) -> int:
    """How far the session's clock is ahead of the SCNs: a quarter of an hour is the finest zone there is."""
    ahead = _ns(row["START_SCN_DISPLAY"]) - _number(row["START_SCN"])
    return round(ahead / _QUARTER_NS) * _QUARTER_NS


def _number(value: object) -> int:
    return int(str(value)) if value not in {None, ""} else 0


def _job(row: Row, *, ended: bool) -> JobSeen:
    executors = tuple(int(word) for word in str(row["EXECUTOR_TENANT_ID"] or "").split(",") if word.strip().isdigit())
    return JobSeen(
        int(row["TENANT_ID"]), int(row["JOB_ID"]), int(row["BACKUP_SET_ID"]), int(row["INITIATOR_TENANT_ID"]),
        int(row["INITIATOR_JOB_ID"]), executors, str(row["JOB_LEVEL"]), str(row["BACKUP_TYPE"]),
        row["PLUS_ARCHIVELOG"] in {"ON", 1}, str(row["PATH"] or ""), _ns(row["START_TIMESTAMP"]),
        _ns(row["END_TIMESTAMP"]), str(row["STATUS"]), _number(row["RESULT"]), ended,
    )  # fmt: skip


def _counters(row: Row) -> CountersSeen:
    names = (
        "INPUT_BYTES", "OUTPUT_BYTES", "EXTRA_META_BYTES", "TABLET_COUNT", "FINISH_TABLET_COUNT", "MACRO_BLOCK_COUNT",
        "FINISH_MACRO_BLOCK_COUNT",
    )  # fmt: skip
    return CountersSeen(*(_number(row[name]) for name in names))


def _task(row: Row, *, ended: bool) -> TaskSeen:
    return TaskSeen(
        int(row["TASK_ID"]), int(row["JOB_ID"]), int(row["BACKUP_SET_ID"]), str(row["STATUS"]),
        _ns(row["START_TIMESTAMP"]), _ns(row["END_TIMESTAMP"]), _number(row["START_SCN"]),
        _number(row["USER_LS_START_SCN"]), _number(row["END_SCN"]), _number(row["RESULT"]), _counters(row), ended,
    )  # fmt: skip


def _set(row: Row) -> SetSeen:
    data_turn = _number(row.get("DATA_TURN_ID"))
    return SetSeen(
        int(row["BACKUP_SET_ID"]), str(row["BACKUP_TYPE"]), _number(row["PREV_FULL_BACKUP_SET_ID"]),
        _number(row["PREV_INC_BACKUP_SET_ID"]), str(row["PATH"] or ""), str(row["STATUS"]), str(row["FILE_STATUS"]),
        _ns(row["START_TIMESTAMP"]), _ns(row["END_TIMESTAMP"]), _number(row["RESULT"]),
        _number(row["START_REPLAY_SCN"]), _number(row.get("CONSISTENT_SCN")), _number(row["MIN_RESTORE_SCN"]),
        _number(row.get("META_TURN_ID")), data_turn, _number(row.get("MINOR_TURN_ID")) or data_turn,
        _number(row.get("MAJOR_TURN_ID")) or data_turn, _counters(row),
    )  # fmt: skip


def _round(row: Row) -> RoundSeen:
    return RoundSeen(
        int(row["ROUND_ID"]), str(row["STATUS"]), _number(row["START_SCN"]), _number(row["CHECKPOINT_SCN"]),
        _number(row["BASE_PIECE_ID"]), _number(row["USED_PIECE_ID"]), _number(row["PIECE_SWITCH_INTERVAL"]) * 1_000,
    )  # fmt: skip


def _piece(row: Row) -> PieceSeen:
    return PieceSeen(
        int(row["ROUND_ID"]), int(row["PIECE_ID"]), _number(row["START_SCN"]), _number(row["END_SCN"]),
        _number(row["CHECKPOINT_SCN"]), str(row["STATUS"]), str(row["FILE_STATUS"]),
    )  # fmt: skip
