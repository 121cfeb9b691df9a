"""PLUS ARCHIVELOG: the set holds the log that it needs, and is restorable when the archive is gone (engine.md 7.2)."""

from itertools import pairwise

import pytest

import obsim
from obsim.backup.set import FileStatus
from obsim.cluster import Principal
from obsim.control import PROCEDURES
from obsim.ids import TenantId
from obsim.restore.plan import plan_restore
from obsim.scenario import build_state
from obsim.statements import BackupDatabase
from obsim.versions import profile_for

MYSQL = TenantId(1002)
WINDOWS = "SELECT * FROM obsim.restorable_windows WHERE TENANT_ID = 1002"
DAY_NS = 86_400 * 10**9


def with_log(days: int = 0, *, plus_archivelog: bool = True):
    """A state and the one set of its MySQL-mode tenant, taken after some days of writing."""
    state = build_state("three-tenants", profile=profile_for("4.3.3"))
    for _ in range(days + 1):
        PROCEDURES["write"].call(state, ("mysql_tenant", "t1", 5, "append"))
        state.advance_to(state.now_ns + (DAY_NS if days else 10**9))
    state.execute(Principal(MYSQL, "root"), BackupDatabase(plus_archivelog=plus_archivelog))
    while not state.idle():
        state.advance_to(state.next_event_ns)
    return state, state.tenants[MYSQL].backup.sets[1]


def test_the_copied_log_reaches_from_replay_to_restore():
    state, made = with_log(days=3)
    assert made.complement is not None
    pieces = made.own_log
    assert pieces[0].start_scn <= made.start_replay_scn < pieces[0].end_scn
    assert all(a.end_scn == b.start_scn for a, b in pairwise(pieces))
    assert pieces[-1].checkpoint_scn == made.min_restore_scn
    written = state.tenants[MYSQL].storage.log_bytes
    assert 0 <= made.complement.output_bytes < written, "log from before START_REPLAY_SCN is not needed"


def test_it_is_restorable_alone_at_its_own_moment_and_at_no_other():
    _, made = with_log()
    at = made.min_restore_scn
    assert [plan_restore([made], None, scn) is not None for scn in (at - 1, at, at + 1)] == [False, True, False]
    plan = plan_restore([made], None, at)
    assert plan is not None
    assert plan.pieces == made.own_log


def test_a_set_without_it_needs_the_archive():
    _, made = with_log(plus_archivelog=False)
    assert made.own_log == ()
    assert plan_restore([made], None, made.min_restore_scn) is None


def test_the_window_keeps_the_moment_when_the_pieces_are_deleted():
    cluster = obsim.Cluster("three-tenants", version="4.2.5")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", tenant="mysql_tenant")
    cluster.run_until_idle()
    (made,) = cluster.query("SELECT * FROM oceanbase.DBA_OB_BACKUP_SET_FILES", tenant="mysql_tenant")
    assert made["PLUS_ARCHIVELOG"] == "ON"
    archive = cluster._host.state.tenants[MYSQL].archive
    archive.piece_files[1, 1] = FileStatus.DELETED
    (span,) = [row for row in cluster.query(WINDOWS) if row["RESTORABLE"]]
    moment = made["MIN_RESTORE_SCN"]
    assert (span["FIRST_SCN"], span["LAST_SCN"], span["ARCHIVE_PATH"]) == (moment, moment, "")


@pytest.mark.parametrize("version", ["4.3.1", "4.3.3"])
def test_the_task_counts_log_files(version):
    cluster = obsim.Cluster("three-tenants", version=version)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", tenant="mysql_tenant")
    seen = []
    query = "SELECT STATUS, LOG_FILE_COUNT, FINISH_LOG_FILE_COUNT, LOG_PROGRESS FROM oceanbase.DBA_OB_BACKUP_TASKS"
    cluster.advance(seconds=119)  # to just before the checkpoint passes END_SCN
    for _ in range(30):
        cluster.advance(milliseconds=100)
        seen += [tuple(row) for row in cluster.query(query, tenant="mysql_tenant") if tuple(row) not in seen]
    log = [(count, done, float(progress)) for stage, count, done, progress in seen if stage == "BACKUP_LOG"]
    assert log == [(0, 0, 0.0), (2, 0, 0.0), (2, 1, 50.0)], "done, it is over"
