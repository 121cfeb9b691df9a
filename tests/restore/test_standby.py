"""A restored tenant as a standby: how far it follows, what it refuses, and how roles change."""

import pytest

from obsim.archive.piece import ArchivePiece
from obsim.ids import Bytes, Scn
from obsim.restore.standby import UNLIMITED_SCN, reach

SOURCE = "mysql_tenant"
LOG = "file:///data/backup/mysql_tenant/archive"
READ_ONLY = "4688 standby tenant is read only"
RECOVER = "ALTER SYSTEM RECOVER STANDBY TENANT = t9 "


def piece(number: int, start: int, end: int, checkpoint: int, *, complete: bool = True) -> ArchivePiece:
    return ArchivePiece(number, Scn(start), Scn(end), Scn(checkpoint), Bytes(0), checkpoint < end, complete)


@pytest.mark.parametrize(
    ("pieces", "scn", "end"),
    [
        ([], 5, 5),
        ([piece(1, 0, 10, 7)], 5, 7),
        ([piece(1, 0, 10, 9), piece(2, 10, 20, 12)], 5, 12),
        ([piece(1, 0, 10, 9), piece(3, 20, 30, 25)], 5, 9),
        ([piece(2, 10, 20, 12)], 5, 5),
        ([piece(2, 10, 20, 12)], 10, 12),
        ([piece(1, 0, 10, 9), piece(2, 10, 20, 10, complete=False)], 5, 9),
        ([piece(1, 0, 10, 9)], 9, 9),
        ([piece(1, 0, 10, 4), piece(2, 6, 16, 12), piece(3, 16, 26, 20)], 7, 20),
        ([piece(1, 0, 10, 4), piece(2, 6, 16, 12)], 3, 4),
    ],
)
def test_reach(pieces: list[ArchivePiece], scn: int, end: int) -> None:
    assert reach(pieces, scn) == end


@pytest.fixture
def standby(bench):
    """`t9`, restored to a moment after which the source has changed; its blocks then and later."""
    bench.backup()
    bench.cluster.write(SOURCE, "t1", 3)
    bench.first, bench.first_blocks = bench.now, bench.blocks()
    bench.cluster.advance(seconds=5)
    bench.cluster.write(SOURCE, "t1", 4)
    bench.run("ALTER SYSTEM MAJOR FREEZE", SOURCE)
    bench.second, bench.second_blocks = bench.now, bench.blocks()
    bench.cluster.advance(seconds=5)
    bench.cluster.write(SOURCE, "t1", 2, "append")
    bench.third_blocks = bench.blocks()
    bench.archive_now()
    bench.restored(until=f"UNTIL SCN = {bench.first}")
    return bench


def test_it_replays_what_is_archived_only_after_it_was_told_to_go_on(standby) -> None:
    standby.cluster.write(SOURCE, "t1", 1)
    standby.run(RECOVER + "UNTIL UNLIMITED", "sys")
    standby.cluster.advance(minutes=10)
    assert standby.blocks("t9") == standby.blocks()


def test_it_stands_still_where_it_was_restored_to(standby) -> None:
    standby.cluster.advance(hours=1)
    row = standby.tenant()
    assert (row["SYNC_SCN"], row["RECOVERY_UNTIL_SCN"]) == (standby.first, standby.first)
    assert standby.blocks("t9") == standby.first_blocks
    (source,) = standby.cluster.query("SELECT * FROM oceanbase.CDB_OB_LOG_RESTORE_SOURCE")
    assert (source["TENANT_ID"], source["VALUE"], source["RECOVERY_UNTIL_SCN"]) == (1006, LOG, standby.first)


def test_recover_until_an_scn(standby) -> None:
    standby.run(f"{RECOVER} UNTIL SCN = {standby.second}")
    standby.cluster.advance(seconds=1)
    row = standby.tenant()
    assert (row["SYNC_SCN"], row["RECOVERY_UNTIL_SCN"]) == (standby.second, standby.second)
    assert standby.blocks("t9") == standby.second_blocks


def test_recover_unlimited_follows_the_archived_log(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.cluster.advance(milliseconds=1)
    assert standby.blocks("t9") == standby.third_blocks
    assert standby.tenant()["RECOVERY_UNTIL_SCN"] == UNLIMITED_SCN
    standby.cluster.write(SOURCE, "t1", 6)
    assert standby.blocks("t9") == standby.third_blocks
    standby.archive_now()
    assert standby.blocks("t9") == standby.blocks()
    (row,) = standby.cluster.query("SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG", SOURCE)
    assert standby.tenant()["SYNC_SCN"] == row["CHECKPOINT_SCN"]


def test_cancel_stops_where_it_is(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.cluster.advance(minutes=5)
    reached = standby.tenant()["SYNC_SCN"]
    standby.run(f"{RECOVER} CANCEL")
    standby.cluster.write(SOURCE, "t1", 6)
    standby.archive_now()
    row = standby.tenant()
    assert (row["SYNC_SCN"], row["RECOVERY_UNTIL_SCN"]) == (reached, reached)
    assert standby.blocks("t9") == standby.third_blocks


def test_a_gap_ends_the_way(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.run(f"ALTER SYSTEM NOARCHIVELOG TENANT = {SOURCE}")
    standby.cluster.run_until_idle()
    reached = standby.tenant()["SYNC_SCN"]
    standby.cluster.advance(seconds=10)
    standby.run(f"ALTER SYSTEM ARCHIVELOG TENANT = {SOURCE}")
    standby.cluster.run_until_idle()
    standby.cluster.write(SOURCE, "t1", 6)
    standby.archive_now()
    assert standby.tenant()["SYNC_SCN"] == reached
    assert standby.blocks("t9") == standby.third_blocks


def test_a_standby_of_a_set_behind_a_gap_follows(bench) -> None:
    """The piece that ended before its time says nothing about what the round after it has archived."""
    bench.run(f"ALTER SYSTEM NOARCHIVELOG TENANT = {SOURCE}")
    bench.cluster.run_until_idle()
    bench.run(f"ALTER SYSTEM ARCHIVELOG TENANT = {SOURCE}")
    bench.cluster.run_until_idle()
    first = bench.backup()
    bench.cluster.write(SOURCE, "t1", 3)
    bench.archive_now()
    bench.restored(until=f"UNTIL SCN = {first}")
    bench.run(f"{RECOVER} UNTIL UNLIMITED")
    bench.archive_now()
    assert bench.blocks("t9") == bench.blocks()
    (row,) = bench.cluster.query("SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG", SOURCE)
    assert bench.tenant()["SYNC_SCN"] == row["CHECKPOINT_SCN"]


def test_a_suspended_round_goes_on_and_so_does_the_standby(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.run(f"ALTER SYSTEM SET log_archive_dest_state = 'DEFER' TENANT = {SOURCE}")
    standby.cluster.run_until_idle()
    standby.cluster.write(SOURCE, "t1", 6)
    standby.cluster.advance(minutes=5)
    assert standby.blocks("t9") == standby.third_blocks
    standby.run(f"ALTER SYSTEM SET log_archive_dest_state = 'ENABLE' TENANT = {SOURCE}")
    standby.cluster.run_until_idle()
    standby.archive_now()
    assert standby.blocks("t9") == standby.blocks()


def test_steps_lead_where_one_leap_leads(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.cluster.write(SOURCE, "t1", 6)
    clock = standby.cluster.state.now_ns
    other = standby.cluster.state
    for _ in range(40):
        standby.cluster.advance(seconds=7)
        assert standby.tenant()["SYNC_SCN"] <= other.now_ns
    assert other.now_ns == clock + 280_000_000_000
    assert standby.blocks("t9") == standby.blocks()


def test_refusals_of_recover(standby) -> None:
    before = f"{RECOVER} UNTIL SCN = {standby.first - 1}"
    assert standby.refusal(before) == "4179 recover before tenant sync_scn sync_scn is not allowed"
    no_standby = f"ALTER SYSTEM RECOVER STANDBY TENANT = {SOURCE} UNTIL UNLIMITED"
    assert standby.refusal(no_standby) == "4179 tenant role is not STANDBY, recover is not allowed"
    assert standby.refusal("ALTER SYSTEM RECOVER STANDBY CANCEL") == "1235 omitting tenant name is  not supported"
    wrong = "1210 Incorrect arguments to tenant name, only support operating user tenant"
    assert standby.refusal("ALTER SYSTEM ACTIVATE STANDBY TENANT = sys") == wrong


def test_a_standby_is_read_only(standby) -> None:
    assert standby.refusal("CALL obsim.write('t9', 't1', 3, 'random')") == READ_ONLY
    assert standby.refusal("CREATE USER u", "t9") == READ_ONLY
    assert standby.refusal("SET GLOBAL autocommit = 1", "t9") == READ_ONLY
    assert standby.refusal("ALTER SYSTEM MAJOR FREEZE", "t9") == "4217 Major freeze not allowed now"
    assert standby.refusal("ALTER SYSTEM MAJOR FREEZE TENANT = all_user") == ""
    assert standby.blocks("t9") == standby.first_blocks


def test_activate(standby) -> None:
    standby.run("ALTER SYSTEM ACTIVATE STANDBY TENANT = t9")
    row = standby.tenant()
    assert (row["TENANT_ROLE"], row["SWITCHOVER_STATUS"], row["SWITCHOVER_EPOCH"]) == ("PRIMARY", "NORMAL", 4)
    assert row["RECOVERY_UNTIL_SCN"] == UNLIMITED_SCN
    assert row["SYNC_SCN"] > standby.first
    standby.cluster.write("t9", "t1", 2)
    assert standby.blocks() == standby.third_blocks
    assert standby.refusal("ALTER SYSTEM ACTIVATE STANDBY", "t9") == ""
    assert standby.tenant()["SWITCHOVER_EPOCH"] == 4


def test_an_activated_tenant_backs_itself_up(standby) -> None:
    standby.run("ALTER SYSTEM ACTIVATE STANDBY", "t9")
    standby.run("ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///t9/log'", "t9")
    standby.run("ALTER SYSTEM SET data_backup_dest = 'file:///t9/data'", "t9")
    standby.run("ALTER SYSTEM ARCHIVELOG", "t9")
    standby.cluster.run_until_idle()
    standby.run("ALTER SYSTEM BACKUP DATABASE", "t9")
    standby.cluster.run_until_idle()
    standby.cluster.write("t9", "t1", 5)
    wanted = [row[2:] for row in standby.blocks("t9")]
    standby.archive_now()
    standby.pool("p2")
    assert standby.restore("t10", pool="p2", places="file:///t9/data,file:///t9/log") == ""
    standby.cluster.run_until_idle()
    assert [row[2:] for row in standby.blocks("t10")] == wanted


def test_switchover_waits_for_the_primary_to_step_down(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    take_over = "ALTER SYSTEM SWITCHOVER TO PRIMARY TENANT = t9"
    assert standby.refusal(take_over + " VERIFY") == "4179 Operation not allowed now"
    standby.cluster.write(SOURCE, "t1", 6)
    standby.run(f"ALTER SYSTEM SWITCHOVER TO STANDBY TENANT = {SOURCE}")
    row = standby.tenant(SOURCE)
    assert (row["TENANT_ROLE"], row["SWITCHOVER_EPOCH"]) == ("STANDBY", 3)
    assert standby.refusal(take_over) == "4179 Operation not allowed now"
    standby.archive_now()
    assert standby.refusal(take_over + " VERIFY") == ""
    assert standby.tenant()["TENANT_ROLE"] == "STANDBY"
    assert standby.refusal(take_over) == ""
    assert standby.tenant()["TENANT_ROLE"] == "PRIMARY"
    assert standby.blocks("t9") == standby.blocks()
    assert standby.refusal(f"CALL obsim.write('{SOURCE}', 't1', 3, 'random')") == READ_ONLY


def test_the_primary_that_stepped_down_follows(standby) -> None:
    standby.run("ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///t9/log'", "t9")
    standby.run("ALTER SYSTEM ARCHIVELOG", "t9")
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.archive_now()
    standby.cluster.write(SOURCE, "t1", 6)
    standby.run(f"ALTER SYSTEM SWITCHOVER TO STANDBY TENANT = {SOURCE}")
    standby.archive_now()
    standby.run("ALTER SYSTEM SWITCHOVER TO PRIMARY", "t9")
    standby.run(f"ALTER SYSTEM SET log_restore_source = 'LOCATION=file:///t9/log' TENANT = {SOURCE}")
    standby.cluster.write("t9", "t1", 7)
    standby.archive_now()
    assert standby.blocks(SOURCE) == standby.blocks("t9")


def test_the_standby_outlives_its_primary(standby) -> None:
    standby.run(f"{RECOVER} UNTIL UNLIMITED")
    standby.cluster.write(SOURCE, "t1", 6)
    blocks = standby.blocks()
    standby.archive_now()
    standby.run(f"DROP TENANT {SOURCE} FORCE")
    standby.cluster.advance(hours=1)
    assert standby.blocks("t9") == blocks
    assert standby.refusal("ALTER SYSTEM SWITCHOVER TO PRIMARY", "t9") == ""
