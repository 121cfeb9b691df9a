"""An answer from the cache is the answer that would be computed: interleaved sessions see no difference.

Two servers over equal clusters get the same interleaving of statements from several sessions, one with the answer cache
and one without; every answer, its columns and its errors must be the same.
"""

import os
from collections.abc import Iterator

import pymysql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsim.server import Limits, Server

LOGINS = ("root", "root@mysql_tenant", "SYS@oracle_tenant", "root@sys", "root@mysql_tenant#obcluster")
STATEMENTS = (
    "SELECT 1",
    "SELECT * FROM oceanbase.CDB_OB_BACKUP_JOBS",
    "SELECT * FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID, TENANT_ID",
    "SELECT * FROM oceanbase.DBA_OB_BACKUP_TASKS",
    "SELECT * FROM CDB_OB_BACKUP_TASKS",
    "SELECT BACKUP_SET_ID, MACRO_BLOCK_COUNT, START_TIMESTAMP FROM oceanbase.CDB_OB_BACKUP_SET_FILES",
    "SELECT * FROM SYS.DBA_OB_BACKUP_SET_FILES",
    "SELECT TENANT_ID, CHECKPOINT_SCN_DISPLAY FROM oceanbase.CDB_OB_ARCHIVELOG",
    "SELECT TENANT_NAME, LOG_MODE, SYNC_SCN FROM oceanbase.DBA_OB_TENANTS",
    "SELECT NAME, VALUE FROM oceanbase.GV$OB_PARAMETERS WHERE NAME LIKE 'ha%' ORDER BY TENANT_ID, NAME",
    "SHOW PARAMETERS LIKE 'ha_low_thread_score'",
    "SELECT * FROM oceanbase.__all_virtual_dag_scheduler WHERE `key` = 'PRIO_HA_LOW'",
    "SELECT TABLE_NAME, SUM(DIRTY), SUM(IN_BASE) FROM obsim.macroblocks GROUP BY TABLE_NAME",
    "SELECT * FROM obsim.sstables",
    "SELECT NOW(6), @@time_zone, DATABASE(), USER(), @x",
    "SHOW DATABASES",
    "SHOW WARNINGS",
    "SELECT @@autocommit",
    "SELECT * FROM no_such_view",
    "SELEC 1",
    "USE oceanbase",
    "USE information_schema",
    "SET time_zone = '+00:00'",
    "SET time_zone = '+08:00'",
    "SET NAMES latin1",
    "SET NAMES utf8mb4",
    "SET @x = 7",
    "SET autocommit = 0",
    "SET GLOBAL ob_query_timeout = 5000000",
    "ALTER SYSTEM BACKUP DATABASE",
    "ALTER SYSTEM BACKUP INCREMENTAL DATABASE",
    "ALTER SYSTEM CANCEL BACKUP",
    "ALTER SYSTEM SET ha_low_thread_score = 10",
    "ALTER SYSTEM MAJOR FREEZE",
    "ALTER SYSTEM MINOR FREEZE",
    "ALTER SYSTEM NOARCHIVELOG",
    "CALL obsim.write('mysql_tenant', 't1', 5, 'random')",
    "CALL obsim.advance('700ms')",
    "CALL obsim.advance('12s')",
    "CALL obsim.reset()",
)
EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "0")) or 12
Step = tuple[int, str]


class Sessions:
    """One server with all logins open."""

    def __init__(self, limits: Limits) -> None:
        self.server = Server(clock="manual", limits=limits).start()
        self.connections = [
            pymysql.connect(host=self.server.host, port=self.server.port, user=user, ssl_disabled=True)
            for user in LOGINS
        ]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.server.stop()

    def begin_anew(self) -> None:
        """The scenario's start, and every session as after its login."""
        self.server.cluster.reset()
        for connection in self.connections:
            connection.query("SET NAMES utf8mb4")
            connection.query("SET autocommit = 1, time_zone = '+08:00', @x = NULL")
            connection.query("COMMIT")

    def answer(self, step: Step) -> object:
        number, text = step
        with self.connections[number].cursor() as cursor:
            try:
                cursor.execute(text)
            except pymysql.MySQLError as refused:
                return refused.args
            fields = [vars(field) for field in getattr(cursor._result, "fields", None) or []]
            shown = [(f["name"], f["type_code"], f["length"], f["flags"], f["charsetnr"], f["db"]) for f in fields]
            return shown, cursor.fetchall(), cursor._result.server_status, cursor._result.warning_count


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Sessions, Sessions]]:
    cached, plain = Sessions(Limits()), Sessions(Limits(answers_max=0))
    yield cached, plain
    cached.close()
    plain.close()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 12,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(st.integers(0, len(LOGINS) - 1), st.sampled_from(STATEMENTS)), min_size=5, max_size=60))
def test_cached_and_computed_answers_agree(pair: tuple[Sessions, Sessions], steps: list[Step]) -> None:
    cached, plain = pair
    cached.begin_anew()
    plain.begin_anew()
    for place, step in enumerate(steps):
        assert cached.answer(step) == plain.answer(step), (place, step)


def test_a_repeated_poll_is_answered_from_the_cache(pair: tuple[Sessions, Sessions]) -> None:
    """The property above would hold without a cache: this says that there is one."""
    cached, _ = pair
    cached.begin_anew()
    runs: list[str] = []
    engine = cached.server.listener.engine
    connection_id = cached.connections[0].thread_id()
    session = engine.sessions[connection_id]
    execute = session.execute
    session.execute = lambda text: (runs.append(text), execute(text))[1]
    try:
        for _ in range(3):
            cached.answer((0, "SELECT * FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY"))
    finally:
        session.execute = execute
    assert len(runs) == 1
