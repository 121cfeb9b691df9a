"""The driver for any DB-API connection: on a server of obsim, and on one that only writes down what it hears."""

import mysql.connector
import pymysql
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from obsim.server import Server
from obsim.testing.database import DatabaseDriver, dml_write, obsim_write
from obsim.testing.driver import NotReached, at_rest
from obsim.testing.invariants import skipped
from obsim.testing.machine import ClusterMachine
from obsim.testing.trial import Trial

TABLES = [("mysql_tenant", "t1"), ("mysql_tenant", "t2"), ("oracle_tenant", "T1")]
PATHS = ["file:///data/a", "file:///data/b"]


CONNECTORS = {
    "PyMySQL": lambda args: pymysql.connect(**args),
    "mysql-connector": lambda args: mysql.connector.connect(**args, use_pure=True),
}
"""What connects with the arguments of a server; the second takes offence at rows that nobody has read."""


@pytest.fixture
def server():
    with Server(scenario="campaign", clock="wall", speed=100.0) as server:
        yield server


@pytest.fixture
def driver(server):
    return driver_of(server, "PyMySQL")


def driver_of(server: Server, connector: str) -> DatabaseDriver:
    connect = CONNECTORS[connector]
    return DatabaseDriver(
        lambda tenant: connect(server.connect_args(tenant)), TABLES, PATHS, obsim_write, poll_s=0.02
    )


def test_it_sees_what_the_views_show(driver):
    trial = Trial(driver)
    trial.backup_own("mysql_tenant", incremental=True)
    trial.run_until_idle()
    trial.write("mysql_tenant", "t1", 5, "random")
    trial.freeze("mysql_tenant", major=True)
    trial.backup_from_sys(None, incremental=True)
    trial.run_until_idle()
    sets = trial.seen.tenants[1002].sets
    assert [(s.backup_type, s.prev_inc_id, s.usable) for s in sets.values()] == [("FULL", 0, True), ("INC", 1, True)]
    # five blocks changed, and the seam block of the large tablet
    assert sets[2].counters.macro_block_count == 6
    assert trial.seen.tenants[1002].round.status == "DOING"
    assert trial.sometimes.counts["silent conversion"] >= 1
    numbers = {i.number for i in skipped(trial.seen)}
    assert {"8", "9", "15", "18", "33", "S1", "F"} <= numbers
    assert not numbers & {"1", "2", "3", "3b", "4", "5", "6", "7", "20", "21", "22", "23", "24", "25", "26", "27", "P"}


def test_refusals_are_numbers_and_waits_end(driver):
    trial = Trial(driver)
    assert trial.set("data_backup_dest", "no uri", "mysql_tenant") != 0
    with pytest.raises(NotReached):
        driver.wait_until(lambda now: len(now.tenants) > 9, 0)
    assert at_rest(driver.wait_until(at_rest, 5))


@pytest.mark.parametrize("connector", CONNECTORS)
def test_the_machine_runs_on_it(server, connector):
    driver = driver_of(server, connector)

    class Machine(ClusterMachine):
        def make_trial(self, seed: int) -> Trial:
            return Trial(driver)

    few = settings(
        max_examples=2, stateful_step_count=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=few)
    assert driver.observe().tenants.keys() == {1002, 1004}


class Recorder:
    """A connection that answers from a table and writes down what it is asked."""

    def __init__(self, tenant: str, log: list[str], answers: dict[str, tuple[list[str], list[tuple]]]) -> None:
        self.tenant, self.log, self.answers = tenant, log, answers
        self.description, self.rows = [], []

    def cursor(self):
        return self

    def commit(self):
        pass

    def close(self):
        pass

    def execute(self, text: str) -> None:
        self.log.append(f"{self.tenant}: {text}")
        names, self.rows = next((a for words, a in self.answers.items() if words in text), (["X"], []))
        self.description = [(name,) for name in names]

    def fetchall(self):
        return self.rows


def test_on_a_real_cluster_blocks_change_by_dml_and_a_major_freeze():
    log: list[str] = []
    answers = {
        "MIN(id)": (["LOW", "HIGH"], [(1, 1000)]),
        "MAJOR_COMPACTION": (["FROZEN_SCN", "LAST_SCN", "STATUS"], [(5, 5, "IDLE")]),
    }
    driver = DatabaseDriver(lambda tenant: Recorder(tenant, log, answers), [("a", "t")], PATHS, dml_write(100))
    assert driver.change_blocks("a", "t", 2, "random") == 0
    assert driver.change_blocks("a", "t", 2, "clustered") == 0
    assert driver.change_blocks("a", "t", 2, "append") == 0
    writes = [line for line in log if "UPDATE" in line or "INSERT" in line]
    assert writes == [
        "a: UPDATE t SET c = REVERSE(c) WHERE (id - 1) % 100 = 0 AND id < 201",
        "a: UPDATE t SET c = REVERSE(c) WHERE id BETWEEN 1 AND 200",
        "a: INSERT INTO t SELECT id + 1000, c FROM t WHERE id <= 200",
    ]
    assert log.count("a: ALTER SYSTEM MAJOR FREEZE") == 3
    assert sum("DBA_OB_MAJOR_COMPACTION" in line for line in log) == 3


def test_macroblocks_come_from_the_newest_major_sstable():
    answers = {
        "GV$OB_SSTABLES": (["TABLET_ID", "END_LOG_SCN"], [(7, 10), (7, 20)]),
        "macro_idx_in_sstable": (
            ["tablet_id", "end_log_scn", "macro_idx_in_sstable", "macro_logic_version", "data_seq"],
            [(7, 10, 0, 10, 0), (7, 20, 0, 10, 0), (7, 20, 1, 20, 0)],
        ),
        "DBA_OB_TENANTS": (
            ["TENANT_ID", "TENANT_NAME", "TENANT_TYPE", "LOG_MODE"],
            [(1002, "a", "USER", "ARCHIVELOG")],
        ),
    }
    driver = DatabaseDriver(lambda tenant: Recorder(tenant, [], answers), [("a", "t")], PATHS, dml_write())
    assert "baseline" in driver.seen
    assert driver.observe().tenants[1002].baseline == {7: ((7, 10, 0), (7, 20, 0))}
    assert "18" not in {i.number for i in skipped(driver.observe())}
