"""Writes to the archive destination that fail: the checkpoint waits, or the round is interrupted (engine.md 4.1)."""

import pytest

import obsim

TENANT = "mysql_tenant"
ROUND = "SELECT * FROM oceanbase.DBA_OB_ARCHIVELOG"
ROUNDS = "SELECT ROUND_ID, STATUS, BASE_PIECE_ID FROM oceanbase.DBA_OB_ARCHIVELOG_SUMMARY ORDER BY ROUND_ID"
PIECES = "SELECT PIECE_ID, STATUS, FILE_STATUS FROM oceanbase.DBA_OB_ARCHIVELOG_PIECE_FILES ORDER BY PIECE_ID"
STREAMS = (
    "SELECT LS_ID, PIECE_ID, CHECKPOINT_SCN, STATUS FROM oceanbase.DBA_OB_LS_LOG_ARCHIVE_PROGRESS "
    "ORDER BY PIECE_ID, LS_ID"
)
DEST = "SELECT STATUS, SYNCHRONIZED FROM oceanbase.V$OB_ARCHIVE_DEST_STATUS"
JOB = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
WINDOWS = "SELECT FIRST_SCN, LAST_SCN FROM obsim.restorable_windows WHERE TENANT_ID = 1002 AND RESTORABLE = 1"
SECOND = 10**9


@pytest.fixture
def cluster():
    """Sends its log every ten seconds; at second 0 of its time."""
    made = obsim.Cluster("three-tenants", version="4.2.5")
    made.execute("ALTER SYSTEM SET archive_lag_target = '10s'", tenant=TENANT)
    made.start_scn = look(made)["CHECKPOINT_SCN"]
    return made


def look(cluster, query=ROUND):
    (row,) = cluster.query(query, tenant=TENANT)
    return row


def seconds(cluster):
    """The checkpoint, in seconds since the start."""
    return (look(cluster)["CHECKPOINT_SCN"] - cluster.start_scn) / SECOND


def test_a_full_destination_holds_the_checkpoint_until_there_is_room(cluster):
    cluster.advance(seconds=12)
    cluster.fault("error=OB_BACKUP_DEVICE_OUT_OF_SPACE archive=write tenant=mysql_tenant")
    cluster.advance(seconds=30)
    assert (seconds(cluster), look(cluster)["STATUS"], look(cluster)["COMMENT"]) == (10, "DOING", "")
    assert tuple(look(cluster, DEST)) == ("DOING", "NO")
    cluster.clear_faults()
    cluster.advance(seconds=1)
    assert seconds(cluster) == 43, "all that had piled up is sent at once"
    assert tuple(look(cluster, DEST)) == ("DOING", "YES")
    cluster.advance(seconds=7)
    assert seconds(cluster) == 50, "and then it goes on as before"


def test_a_fault_of_some_times_passes_by_itself(cluster):
    cluster.fault("error=9082 archive=write tenant=mysql_tenant log_stream=1001 times=3")
    cluster.advance(seconds=12.5)
    assert seconds(cluster) == 0, "at 10, 11 and 12 it failed"
    cluster.advance(seconds=1)
    assert seconds(cluster) == 13
    assert [(f["SEEN_COUNT"], f["HIT_COUNT"]) for f in cluster.query("SELECT * FROM obsim.faults")] == [(3, 3)]


@pytest.mark.parametrize("error", ["OB_BACKUP_DEST_NOT_CONNECT", "9071", "OB_CLOG_RECYCLE_BEFORE_ARCHIVE"])
def test_other_errors_interrupt_the_round(cluster, error):
    cluster.advance(seconds=15)
    cluster.fault(f"error={error} archive=write tenant=mysql_tenant log_stream=1001 times=1")
    cluster.advance(seconds=100)
    row = look(cluster)
    assert (row["STATUS"], row["COMMENT"], seconds(cluster)) == ("INTERRUPTED", "log stream 1001 interrupted.", 10)
    assert [(s["LS_ID"], s["STATUS"]) for s in cluster.query(STREAMS, tenant=TENANT)] == [
        (1, "DOING"), (1001, "INTERRUPTED")
    ]
    (other,) = cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_ARCHIVELOG WHERE TENANT_ID = 1004")
    assert other["STATUS"] == "DOING"


def interrupted(cluster, error="9071"):
    cluster.fault(f"error={error} archive=write tenant=mysql_tenant times=1")
    cluster.advance(seconds=10)
    assert look(cluster)["STATUS"] == "INTERRUPTED"


def test_a_new_round_after_an_interruption_leaves_a_gap(cluster):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.run_until_idle()
    cluster.advance(seconds=30)
    interrupted(cluster)
    stood = look(cluster)["CHECKPOINT_SCN"]
    cluster.advance(seconds=60)
    for statement in ("ALTER SYSTEM NOARCHIVELOG", "ALTER SYSTEM ARCHIVELOG"):
        cluster.execute(statement, tenant=TENANT)
        cluster.run_until_idle()
    cluster.advance(seconds=60)
    assert [tuple(row) for row in cluster.query(ROUNDS, tenant=TENANT)] == [(1, "STOP", 1), (2, "DOING", 2)]
    assert look(cluster)["START_SCN"] > stood + 60 * SECOND
    assert look(cluster)["COMMENT"] == ""
    (window,) = cluster.query(WINDOWS)
    assert window["LAST_SCN"] == stood, "no log after it belongs to a set: the next one begins a new window"


def test_a_suspended_round_goes_on_when_the_destination_takes_log_again(cluster):
    interrupted(cluster)
    seen = []
    for state in ("DEFER", "ENABLE"):
        cluster.execute(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'", tenant=TENANT)
        cluster.run_until_idle()
        seen.append((look(cluster)["STATUS"], look(cluster)["ROUND_ID"], look(cluster)["COMMENT"]))
    assert seen == [("SUSPEND", 1, ""), ("DOING", 1, "")]
    cluster.advance(seconds=10)
    assert seconds(cluster) == 20


@pytest.mark.parametrize("error", ["OB_CLOG_RECYCLE_BEFORE_ARCHIVE", "9071"])
def test_a_round_whose_trouble_lasts_is_interrupted_again(cluster, error):
    again = "" if error == "9071" else " times=1"  # log that is gone stays gone
    cluster.fault(f"error={error} archive=write tenant=mysql_tenant{again}")
    cluster.advance(seconds=25)
    for state in ("DEFER", "ENABLE"):
        cluster.execute(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'", tenant=TENANT)
        cluster.run_until_idle()
    assert look(cluster)["STATUS"] == "INTERRUPTED"
    assert seconds(cluster) == 0


def test_backups_watch_the_round(cluster):
    cluster.execute("ALTER SYSTEM SET archive_lag_target = '1s'", tenant=TENANT)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.advance(seconds=4)
    cluster.fault("error=9071 archive=write tenant=mysql_tenant times=1")
    cluster.run_until_idle()
    assert tuple(look(cluster, JOB)) == ("FAILED", -9027)
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    assert refused.value.errno == 9040
    assert "log archive status is not doing" in refused.value.message
    cluster.execute("ALTER SYSTEM NOARCHIVELOG", tenant=TENANT)
    cluster.execute("ALTER SYSTEM ARCHIVELOG", tenant=TENANT)
    cluster.run_until_idle()
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.run_until_idle()
    assert tuple(look(cluster, JOB)) == ("COMPLETED", 0)


def test_a_backup_with_its_log_waits_for_the_checkpoint(cluster):
    cluster.fault("error=9082 archive=write tenant=mysql_tenant")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", tenant=TENANT)
    cluster.advance(minutes=5)
    assert look(cluster, "SELECT STATUS FROM oceanbase.DBA_OB_BACKUP_TASKS")["STATUS"] == "BACKUP_LOG"
    cluster.clear_faults()
    cluster.run_until_idle()
    assert tuple(look(cluster, JOB)) == ("COMPLETED", 0)


def test_a_log_stream_that_is_behind_leaves_a_piece_incomplete(cluster):
    cluster.advance(hours=22, minutes=59, seconds=45)
    cluster.fault("error=OB_IO_ERROR archive=write tenant=mysql_tenant log_stream=1")
    cluster.advance(seconds=60)
    assert seconds(cluster) == 82_780
    assert [tuple(row) for row in cluster.query(PIECES, tenant=TENANT)] == [
        (1, "ACTIVE", "AVAILABLE"), (2, "ACTIVE", "INCOMPLETE")
    ]
    assert look(cluster)["USED_PIECE_ID"] == 2
    streams = [(s["LS_ID"], s["PIECE_ID"], (s["CHECKPOINT_SCN"] - cluster.start_scn) // SECOND)
               for s in cluster.query(STREAMS, tenant=TENANT)]  # fmt: skip
    assert streams == [(1, 1, 82_780), (1001, 1, 82_799), (1001, 2, 82_840)]
    cluster.clear_faults()
    cluster.advance(seconds=2)
    assert [tuple(row) for row in cluster.query(PIECES, tenant=TENANT)] == [
        (1, "FROZEN", "AVAILABLE"), (2, "ACTIVE", "AVAILABLE")
    ]


def test_more_log_than_the_log_disk_holds_is_lost(cluster):
    cluster.fault("error=9082 archive=write tenant=mysql_tenant")
    cluster.advance(seconds=12)
    bytes_before = look(cluster)["INPUT_BYTES"]
    cluster.write(TENANT, "t1", 20, "append")
    cluster.advance(seconds=5)
    assert (look(cluster)["STATUS"], look(cluster)["INPUT_BYTES"]) == ("DOING", bytes_before)
    cluster.write(TENANT, "t1", 6_000, "append")
    cluster.advance(seconds=1)
    assert look(cluster)["STATUS"] == "INTERRUPTED"
    assert look(cluster)["INPUT_BYTES"] == bytes_before


def test_a_heavy_load_is_sent_by_full_files_not_by_the_lag_target():
    cluster = obsim.Cluster("three-tenants", version="4.2.5")
    cluster.start_scn = look(cluster)["CHECKPOINT_SCN"]
    cluster.advance(seconds=7)
    cluster.write(TENANT, "t1", 5, "append")
    assert seconds(cluster) == 0, "some ten megabytes wait for the lag target"
    cluster.write(TENANT, "t1", 40, "append")
    assert seconds(cluster) == 7, "a file of 64 MiB is full"
    assert look(cluster)["INPUT_BYTES"] > 64 << 20


@pytest.mark.parametrize("jumps", [[60], [1] * 60, [9.5, 0.5, 20, 30]])
def test_the_way_to_a_moment_does_not_matter(jumps):
    cluster = obsim.Cluster("three-tenants", version="4.2.5", seed=5)
    cluster.execute("ALTER SYSTEM SET archive_lag_target = '10s'", tenant=TENANT)
    cluster.fault("error=9082 archive=write tenant=mysql_tenant probability=60 times=9")
    for length in jumps:
        cluster.advance(seconds=length)
        look(cluster)
    cluster.start_scn = look(cluster)["CHECKPOINT_SCN"]
    found = seconds(cluster), [tuple(s) for s in cluster.query(STREAMS, tenant=TENANT)]
    again = obsim.Cluster("three-tenants", version="4.2.5", seed=5)
    again.execute("ALTER SYSTEM SET archive_lag_target = '10s'", tenant=TENANT)
    again.fault("error=9082 archive=write tenant=mysql_tenant probability=60 times=9")
    again.advance(seconds=60)
    again.start_scn = cluster.start_scn
    assert found == (seconds(again), [tuple(s) for s in again.query(STREAMS, tenant=TENANT)])


@pytest.mark.parametrize(("fault", "status"), [("error=9082 times=50", "DOING"), ("error=9087 times=1", "INTERRUPTED")])
def test_a_dump_in_the_middle_of_it_goes_on_alike(cluster, tmp_path, fault, status):
    cluster.fault(f"{fault} archive=write tenant=mysql_tenant log_stream=1")
    cluster.advance(seconds=35)
    file = tmp_path / "dump.toml"
    file.write_text(cluster.dump())
    again = obsim.Cluster(str(file))
    for one in (cluster, again):
        assert look(one)["STATUS"] == status
        for state in ("DEFER", "ENABLE"):
            one.execute(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'", tenant=TENANT)
            one.advance(minutes=2)
    for query in (ROUND, ROUNDS, PIECES, STREAMS):
        assert again.query(query, tenant=TENANT) == cluster.query(query, tenant=TENANT)
