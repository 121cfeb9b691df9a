"""Equal lists of (virtual time, session, command) give equal bytes in every process and clock mode."""

import json
import os
import subprocess
import sys
from copy import deepcopy
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obsim
from obsim.clock import ManualClock, WallClock

ROOT = Path(obsim.__file__).parent.parent
PLAIN = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
Command = tuple[int, str, str]
"""(milliseconds after the one before, tenant, SQL)."""

SCRIPT: list[Command] = [
    (0, "sys", "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user"),
    (250, "sys", "ALTER SYSTEM BACKUP DATABASE"),
    (1_700, "mysql_tenant", "ALTER SYSTEM BACKUP DATABASE"),
    (9_000, "sys", "CALL obsim.write('mysql_tenant', 't1', 37, 'random')"),
    (60_000, "mysql_tenant", "ALTER SYSTEM MAJOR FREEZE"),
    (10, "sys", "CALL obsim.write('oracle_tenant', 'T1', 9, 'append')"),
    (10, "oracle_tenant", "ALTER SYSTEM MINOR FREEZE"),
    (10, "sys", "ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant, oracle_tenant"),
    (3_333, "oracle_tenant", "ALTER SYSTEM CANCEL BACKUP"),
    (2_001, "oracle_tenant", "ALTER SYSTEM NOARCHIVELOG"),
    (20_000, "mysql_tenant", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE PLUS ARCHIVELOG DESCRIPTION 'ändern'"),
    (7_000, "sys", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"),
    (4_000, "sys", "ALTER SYSTEM BACKUP INCREMENTAL TENANT = oracle_tenant"),
    (123_456, "sys", "CALL obsim.write('mysql_tenant', 't2', 1, 'clustered')"),
]
COMMANDS = st.sampled_from([(tenant, sql) for _, tenant, sql in SCRIPT])
SCRIPTS = st.lists(st.tuples(st.integers(0, 6_000), COMMANDS).map(lambda c: (c[0], *c[1])), min_size=1, max_size=12)


def play(cluster: obsim.Cluster, script: list[Command], read=lambda: None, pieces: int = 1) -> bytes:
    """Everything that can be read after the script and ten more seconds; refusals are part of it."""
    answers = []
    for after_ms, tenant, sql in [*script, (10_000, "sys", "SELECT 1")]:
        start_ns = cluster.now_ns
        for piece in range(1, pieces + 1):
            read()
            cluster.advance_to(start_ns + after_ms * 1_000_000 * piece // pieces)
        try:
            cluster.execute(sql, tenant=tenant)
            answers.append("")
        except obsim.ServerError as refused:
            answers.append(str(refused))
    return cluster.views_bytes() + json.dumps(answers).encode()


def read_all(cluster: obsim.Cluster) -> None:
    """Look at the cluster in several ways."""
    for tenant, form in (("sys", "oceanbase.CDB_OB_{}"), ("mysql_tenant", "oceanbase.DBA_OB_{}")):
        for view in ("BACKUP_JOBS", "BACKUP_TASKS", "BACKUP_SET_FILES", "BACKUP_JOB_HISTORY", "ARCHIVELOG"):
            cluster.query(f"SELECT * FROM {form.format(view)}", tenant=tenant)
    cluster.query("SELECT COUNT(*) FROM obsim.macroblocks WHERE IN_BASE = 1")
    cluster.query("SHOW PARAMETERS LIKE 'ha_%'")
    cluster.views_bytes()


def test_the_script_does_something():
    found = play(obsim.Cluster(seed=7), SCRIPT).decode()
    assert '"INC"' in found
    assert "CANCELED" in found
    assert "ERROR 9040" in found


def in_process(hash_seed: str, script: list[Command]) -> str:
    program = (
        "import json, sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "import importlib.util\n"
        "spec = importlib.util.spec_from_file_location('played', sys.argv[2])\n"
        "played = importlib.util.module_from_spec(spec); spec.loader.exec_module(played)\n"
        "import obsim\n"
        "print(hashlib.sha256(played.play(obsim.Cluster(seed=7), json.load(sys.stdin))).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), __file__], input=json.dumps(script), capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_other_processes_give_the_same_bytes(hash_seed):
    assert in_process(hash_seed, SCRIPT) == sha256(play(obsim.Cluster(seed=7), SCRIPT)).hexdigest()


def test_another_seed_writes_elsewhere():
    one, two = (play(obsim.Cluster(seed=seed), SCRIPT) for seed in (1, 2))
    assert one != two
    assert len(one.splitlines()) == len(two.splitlines())


@PLAIN
@given(SCRIPTS)
def test_equal_scripts_give_equal_bytes(script):
    assert play(obsim.Cluster(seed=7), script) == play(obsim.Cluster(seed=7), script)


@settings(PLAIN, max_examples=6)
@given(SCRIPTS, st.integers(2, 5))
def test_pieces_and_readers_change_nothing(script, pieces):
    cluster = obsim.Cluster(seed=7)
    read = play(cluster, script, lambda: read_all(cluster), pieces)
    assert read == play(obsim.Cluster(seed=7), script)


def test_reset_begins_anew():
    cluster = obsim.Cluster(seed=7)
    first = play(cluster, SCRIPT)
    cluster.reset()
    assert without_clock(play(cluster, SCRIPT)) == without_clock(first)


def without_clock(dump: bytes) -> list[bytes]:
    """All but the view that counts timelines."""
    return [line for line in dump.splitlines() if not line.lower().startswith(b'["obsim.clock"')]


def test_clock_modes_differ_only_in_who_moves_time():
    """The same commands at the same virtual times, brought there by hand, by step or by the wall."""
    times_ns = []
    by_step = obsim.Cluster(seed=7, clock="step", step_s=0.75)
    for _, tenant, sql in SCRIPT:
        by_step.state  # noqa: B018 - a look does not count as a step
        answer(by_step, tenant, sql)
        times_ns.append(by_step.state.now_ns)
    assert len(set(times_ns)) > len(SCRIPT) // 2

    by_hand = obsim.Cluster(seed=7)
    by_wall = obsim.Cluster(seed=7)
    counter = [0]
    by_wall.host.clock = WallClock(lambda: counter[0], by_wall.state.now_ns)
    start_ns = by_wall.state.now_ns
    for at_ns, (_, tenant, sql) in zip(times_ns, SCRIPT, strict=True):
        by_hand.advance_to(at_ns)
        answer(by_hand, tenant, sql)
        counter[0] = at_ns - start_ns
        answer(by_wall, tenant, sql)
    by_step.host.clock = by_wall.host.clock = ManualClock()
    dumps = [without_clock(cluster.views_bytes()) for cluster in (by_hand, by_step, by_wall)]
    assert dumps[0] == dumps[1]
    assert dumps[0] == dumps[2]


def answer(cluster: obsim.Cluster, tenant: str, sql: str) -> str:
    try:
        cluster.execute(sql, tenant=tenant)
    except obsim.ServerError as refused:
        return str(refused)
    return ""


def test_a_copied_state_goes_the_same_way():
    cluster = obsim.Cluster(seed=7)
    play(cluster, SCRIPT[:8])
    twin = deepcopy(cluster.state)
    end_ns = twin.now_ns + 30_000_000_000
    twin.advance_to(end_ns)
    cluster.advance_to(end_ns)
    ends_ns = [[job.end_ns for job in state.sys.backup.job_history] for state in (twin, cluster.state)]
    assert ends_ns[0] == ends_ns[1]
