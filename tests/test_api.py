import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

import obsim
from obsim.cluster import ClusterState
from obsim.row import Row

SECOND = 1_000_000_000
START = datetime.fromisoformat("2024-01-01T00:00:00+08:00")
HISTORY = "SELECT TENANT_ID, BACKUP_TYPE, STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY ORDER BY TENANT_ID"


class TestPackage:
    def test_all_is_sorted_and_complete(self) -> None:
        assert obsim.__all__ == sorted(obsim.__all__)
        for name in obsim.__all__:
            assert getattr(obsim, name) is not None
        assert set(obsim.__all__) <= set(dir(obsim))

    def test_unknown_name(self) -> None:
        with pytest.raises(AttributeError, match="'nosuch'"):
            _ = obsim.nosuch  # type: ignore[attr-defined]

    def test_import_loads_nothing_of_ours(self) -> None:
        code = "import obsim, sys; print([m for m in sys.modules if m.startswith('obsim.')])"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"

    def test_a_cluster_without_queries_needs_neither_parser_nor_sqlite(self) -> None:
        code = "import obsim, sys; obsim.Cluster(); print('apsw' in sys.modules, 'sqlglot' in sys.modules)"
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
        assert out == "False False\n"


class TestRow:
    row = Row({"A": 0, "b": 1}, (1, None))

    def test_by_label_and_place(self) -> None:
        assert (self.row["A"], self.row[0], self.row[-1], self.row[:1]) == (1, 1, None, (1,))
        assert (self.row.get("b", 7), self.row.get("c", 7)) == (None, 7)
        with pytest.raises(KeyError, match="'a' is not one of A, b"):
            _ = self.row["a"]
        with pytest.raises(IndexError):
            _ = self.row[2]

    def test_as_a_sequence(self) -> None:
        first, second = self.row
        assert (first, second, len(self.row)) == (1, None, 2)

    def test_as_a_mapping(self) -> None:
        assert dict(self.row) == {"A": 1, "b": None}
        assert list(self.row.items()) == [("A", 1), ("b", None)]

    def test_equality(self) -> None:
        assert self.row == (1, None)
        assert self.row == [1, None]
        assert self.row == {"b": None, "A": 1}
        assert self.row == Row({"A": 0, "b": 1}, (1, None))
        assert self.row != Row({"A": 0, "B": 1}, (1, None))
        assert self.row != (1,)
        assert self.row != 1
        assert {self.row: "x"}[(1, None)] == "x"  # type: ignore[index]

    def test_of_two_equal_labels_the_first_counts(self) -> None:
        row = obsim.Cluster().query("SELECT 1 AS a, 2 AS a")[0]
        assert (row["a"], row[1], list(row)) == (1, 2, [1, 2])

    def test_repr(self) -> None:
        assert repr(self.row) == "Row(A=1, b=None)"


class TestStatements:
    def test_the_procedure_that_must_always_work(self) -> None:
        cluster = obsim.Cluster(seed=7)
        cluster.execute("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user", tenant="sys")
        assert cluster.query("SHOW PARAMETERS LIKE 'ha_low_thread_score'", tenant="mysql_tenant")[0]["value"] == "10"
        assert cluster.execute("ALTER SYSTEM BACKUP DATABASE") == []
        cluster.run_until_idle()
        cluster.write("mysql_tenant", "t1", 37)
        cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = all")
        cluster.run_until_idle()
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
        cluster.run_until_idle()
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant="oracle_tenant")
        cluster.run_until_idle()
        sets = cluster.query(
            "SELECT TENANT_ID, BACKUP_TYPE, STATUS, MACRO_BLOCK_COUNT FROM oceanbase.CDB_OB_BACKUP_SET_FILES"
            " WHERE TENANT_ID = 1002 ORDER BY BACKUP_SET_ID"
        )
        assert [(row["BACKUP_TYPE"], row["STATUS"]) for row in sets] == [("FULL", "SUCCESS"), ("INC", "SUCCESS")]
        assert sets[1]["MACRO_BLOCK_COUNT"] == 37
        own = cluster.query("SELECT BACKUP_TYPE FROM DBA_OB_BACKUP_SET_FILES", tenant="oracle_tenant")
        assert own == [("FULL",), ("INC",)]

    def test_errors_are_the_server_s(self) -> None:
        with pytest.raises(obsim.ServerError) as caught:
            obsim.Cluster().query("SELECT * FROM oceanbase.nosuch")
        assert (caught.value.errno, caught.value.sqlstate) == (1146, "42S02")
        assert str(caught.value) == "ERROR 1146 (42S02): Table 'oceanbase.nosuch' doesn't exist"

    def test_execute_uses_a_fresh_session(self) -> None:
        cluster = obsim.Cluster()
        cluster.execute("SET @a = 1")
        assert cluster.query("SELECT @a") == [(None,)]
        assert cluster.host.sessions == {}

    def test_a_session_keeps_its_state(self) -> None:
        with obsim.Cluster().session(tenant="mysql_tenant", database="oceanbase") as session:
            session.execute("SET @a = 1")
            assert session.query("SELECT @a, DATABASE(), USER()") == [(1, "oceanbase", "root@127.0.0.1")]
            session.execute("SET wait_timeout = 0")
            assert session.warnings == [("Warning", 1292, "Truncated incorrect wait_timeout value: '0'")]
        with pytest.raises(obsim.UsageError, match="closed"):
            session.execute("SELECT 1")

    def test_a_killed_session(self) -> None:
        cluster = obsim.Cluster()
        victim = cluster.session()
        cluster.execute(f"KILL {victim.connection_id}")
        with pytest.raises(obsim.UsageError, match="killed"):
            victim.execute("SELECT 1")

    def test_user_names_of_the_oracle_tenant_ignore_case(self) -> None:
        rows = obsim.Cluster().query("SELECT USER(), EFFECTIVE_TENANT()", tenant="oracle_tenant", user="sys")
        assert rows == [("SYS@127.0.0.1", "oracle_tenant")]

    def test_who_is_not_there(self) -> None:
        cluster = obsim.Cluster()
        with pytest.raises(obsim.UsageError, match="sys, mysql_tenant, oracle_tenant"):
            cluster.query("SELECT 1", tenant="nosuch")
        with pytest.raises(obsim.UsageError, match="no user 'nobody': it has root"):
            cluster.query("SELECT 1", user="nobody")
        with pytest.raises(obsim.ServerError, match="Unknown database 'nosuch'"):
            cluster.session(database="nosuch")


class TestTime:
    def test_start(self) -> None:
        assert obsim.Cluster().now == START
        written = obsim.Cluster(start_time="2025-03-04 05:06:07")
        assert written.now == datetime.fromisoformat("2025-03-04T05:06:07+08:00")
        assert obsim.Cluster(start_time=datetime(2025, 1, 1, tzinfo=UTC)).now == datetime(2025, 1, 1, tzinfo=UTC)
        assert obsim.Cluster(start_time=5_000).now_ns == 5_000
        with pytest.raises(obsim.UsageError, match="is not a time"):
            obsim.Cluster(start_time="yesterday")

    def test_advance(self) -> None:
        cluster = obsim.Cluster()
        cluster.advance(days=1, hours=2, minutes=3, seconds=4.5, milliseconds=6, ns=7)
        span = timedelta(days=1, hours=2, minutes=3, seconds=4.5, milliseconds=6)
        assert cluster.now == START + span
        assert cluster.now_ns % 1000 == 7
        assert cluster.query("SELECT NOW(6)")[0][0] == "2024-01-02 02:03:04.506000"

    def test_tenths_are_exact(self) -> None:
        cluster = obsim.Cluster()
        start_ns = cluster.now_ns
        for _ in range(10):
            cluster.advance(seconds=0.1)
        assert cluster.now_ns == start_ns + SECOND

    def test_it_never_goes_back(self) -> None:
        cluster = obsim.Cluster()
        with pytest.raises(obsim.UsageError, match="never goes back"):
            cluster.advance(seconds=-1)
        cluster.advance_to(START - timedelta(days=1))
        assert cluster.now == START
        cluster.advance_to("2024-01-01 01:00:00")
        assert cluster.now == START + timedelta(hours=1)

    def test_reset(self) -> None:
        cluster = obsim.Cluster(seed=2)
        before = cluster.views_bytes()
        with cluster.session() as session:
            session.execute("ALTER SYSTEM BACKUP DATABASE")
            cluster.run_until_idle()
            assert len(session.query(HISTORY)) == 3
            cluster.reset()
            assert session.query(HISTORY) == []
        assert cluster.now == START
        assert cluster.state.timeline == 2
        # Only the number of the timeline tells the two beginnings apart.
        cluster.state.timeline = 1
        assert cluster.views_bytes() == before

    def test_step(self) -> None:
        cluster = obsim.Cluster(clock="step", step_s=0.5)
        cluster.query(HISTORY)
        assert cluster.now == START + timedelta(seconds=0.5)

    def test_workload_to_come_is_not_waited_for(self) -> None:
        cluster = obsim.Cluster()
        cluster.schedule(timedelta(seconds=1), "ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
        cluster.run_until_idle()
        assert cluster.now == START

    def test_what_never_ends_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = obsim.Cluster()
        cluster.schedule(timedelta(days=1), "ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
        monkeypatch.setattr(ClusterState, "idle", lambda _: False)
        monkeypatch.setattr(ClusterState, "unfinished", lambda _: ["job 1", "job 2"])
        with pytest.raises(obsim.ServerError, match="within 30 virtual days, still running: job 1; job 2"):
            cluster.run_until_idle()
        assert START + timedelta(days=29) < cluster.now <= START + timedelta(days=30)

    def test_schedule(self) -> None:
        cluster = obsim.Cluster()
        cluster.schedule(timedelta(hours=1), "ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
        cluster.advance(minutes=150)
        assert cluster.query(HISTORY) == [(1002, "FULL", "COMPLETED")] * 2
        with pytest.raises(obsim.UsageError, match="ALTER SYSTEM"):
            cluster.schedule(SECOND, "SELECT 1")
        with pytest.raises(obsim.ServerError):
            cluster.schedule(SECOND, "ALTER SYSTEM BACKUP DATABSE")

    def test_what_is_scheduled_runs_with_the_variables_of_its_tenant_however_it_was_ordered(self) -> None:
        sql, orders = "ALTER SYSTEM BACKUP DATABASE", []
        for in_python in (True, False):
            cluster = obsim.Cluster(record=True)
            cluster.execute("SET GLOBAL time_zone = '+02:00', GLOBAL recyclebin = 1", tenant="mysql_tenant")
            if in_python:
                cluster.schedule(3600 * SECOND, sql, tenant="mysql_tenant")
            else:
                cluster.execute(f"CALL obsim.schedule('1h', 'mysql_tenant', '{sql}')")
            lines = map(json.loads, cluster.recorded().splitlines())
            (order,) = [line for line in lines if line.get("kind") == "schedule"]
            orders.append(order["body"]["who"])
        assert orders == [{"tenant": 1002, "user": "root", "offset_s": 7200, "recyclebin": True}] * 2


class TestDeterminism:
    @staticmethod
    def run(seed: int) -> bytes:
        cluster = obsim.Cluster(seed=seed)
        cluster.execute("ALTER SYSTEM BACKUP DATABASE")
        cluster.advance(seconds=3)
        cluster.write("mysql_tenant", "t1", 20)
        cluster.run_until_idle()
        cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = all_user")
        cluster.advance(hours=1)
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
        cluster.run_until_idle()
        return cluster.views_bytes()

    def test_equal_calls_give_equal_bytes(self) -> None:
        assert self.run(5) == self.run(5)

    def test_the_seed_matters(self) -> None:
        assert self.run(5) != self.run(6)

    def test_dump_has_every_view(self) -> None:
        found = obsim.Cluster().views()
        assert "oceanbase.CDB_OB_BACKUP_JOBS" in found
        assert "obsim.macroblocks" in found
        assert found["obsim.clock"][0][0] == "manual"
        assert list(found) == sorted(found, key=lambda name: tuple(name.split(".", 1)))


class TestRules:
    def test_another_thread(self) -> None:
        cluster = obsim.Cluster()
        session = cluster.session()
        said: list[str] = []

        def use() -> None:
            for call in (
                lambda: cluster.query("SELECT 1"), lambda: cluster.advance(seconds=1), cluster.run_until_idle,
                cluster.reset, lambda: cluster.now, lambda: session.execute("SELECT 1"), session.close, cluster.views,
            ):  # fmt: skip
                with pytest.raises(obsim.UsageError) as caught:
                    call()
                said.append(str(caught.value))

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert len(said) == 8
        assert all("belongs to the thread that made it" in text for text in said)

    def test_options(self) -> None:
        with pytest.raises(obsim.UsageError, match="no profile"):
            obsim.Cluster(version="9.9.9")
        with pytest.raises(obsim.UsageError, match="choose wall, manual, autojump or step"):
            obsim.Cluster(clock="sundial")
        with pytest.raises(obsim.UsageError, match="last_full or previous"):
            obsim.Cluster(incremental_base="none")
        with pytest.raises(obsim.ScenarioError, match="nosuch"):
            obsim.Cluster("nosuch")

    def test_strict_incremental(self) -> None:
        with pytest.raises(obsim.ServerError) as caught:
            obsim.Cluster(strict_incremental=True).execute("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
        assert caught.value.errno == 9040

    def test_version(self) -> None:
        text = "SELECT VERSION(), OB_VERSION(), @@version_comment LIKE '%OceanBase%'"
        assert obsim.Cluster(version="4.2.5.1").query(text) == [("5.7.25-OceanBase_CE-v4.2.5.1", "4.2.5.1", 1)]
