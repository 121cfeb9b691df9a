"""obsim.restorable_windows over a life: nothing, a window, a gap, a clean-up, another destination."""

import pytest

import obsim
from obsim.restore.window import NO_LOG, NO_SET, NOT_YET, Span, union

WINDOWS = "SELECT * FROM obsim.restorable_windows WHERE TENANT_ID = 1002 ORDER BY FIRST_SCN"
SET = "SELECT MIN_RESTORE_SCN FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID DESC LIMIT 1"
ROUND = "SELECT CHECKPOINT_SCN FROM oceanbase.DBA_OB_ARCHIVELOG"
TENANT = "mysql_tenant"


def windows(cluster):
    return [(row["FIRST_SCN"], row["LAST_SCN"], row["RESTORABLE"], row["REASON"]) for row in cluster.query(WINDOWS)]


def backup(cluster):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.run_until_idle()
    (row,) = cluster.query(SET, tenant=TENANT)
    return row["MIN_RESTORE_SCN"]


def checkpoint(cluster):
    (row,) = cluster.query(ROUND, tenant=TENANT)
    return row["CHECKPOINT_SCN"]


@pytest.fixture
def cluster():
    return obsim.Cluster("three-tenants")


def test_before_the_first_set(cluster):
    ((first, last, restorable, reason),) = windows(cluster)
    assert (first, restorable, reason) == (0, 0, NO_SET)
    cluster.advance(seconds=1)
    assert windows(cluster)[0][1] - last == 1_000_000_000


def test_from_the_set_to_the_checkpoint(cluster):
    first = backup(cluster)
    cluster.advance(minutes=10)
    none, window, later = windows(cluster)
    assert none == (0, first - 1, 0, NO_SET)
    assert window == (first, checkpoint(cluster), 1, "")
    assert later[0] == checkpoint(cluster) + 1
    assert later[2:] == (0, NOT_YET)


def test_a_stopped_round_leaves_a_gap_that_only_a_new_set_ends(cluster):
    backup(cluster)
    cluster.advance(minutes=10)
    cluster.execute("ALTER SYSTEM NOARCHIVELOG", tenant=TENANT)
    cluster.run_until_idle()
    stopped = checkpoint(cluster)
    cluster.execute("ALTER SYSTEM ARCHIVELOG", tenant=TENANT)
    cluster.run_until_idle()
    cluster.advance(minutes=10)
    assert [w[2:] for w in windows(cluster)] == [(0, NO_SET), (1, ""), (0, NOT_YET)]
    first = backup(cluster)
    cluster.advance(minutes=10)
    assert [w[2:] for w in windows(cluster)] == [(0, NO_SET), (1, ""), (0, NO_LOG), (1, ""), (0, NOT_YET)]
    assert (windows(cluster)[1][1], windows(cluster)[3][0]) == (stopped, first)


def test_restore_says_what_the_view_says(cluster):
    """The check of RESTORE at both ends of the window, and one step outside of them."""
    backup(cluster)
    cluster.advance(minutes=10)
    (_, (first, last, _, _), _) = windows(cluster)
    cluster.execute("CREATE RESOURCE UNIT u1 MAX_CPU = 1, MEMORY_SIZE = '2G'")
    found = {}
    (row,) = [r for r in cluster.query(WINDOWS) if r["RESTORABLE"]]
    places = f"{row['DATA_PATH']},{row['ARCHIVE_PATH']}"
    for number, scn in enumerate((first - 1, first, last, last + 1)):
        cluster.execute(f"CREATE RESOURCE POOL p{number} UNIT = 'u1', UNIT_NUM = 1")
        try:
            cluster.execute(
                f"ALTER SYSTEM RESTORE back{number} FROM '{places}' UNTIL SCN = {scn} WITH 'pool_list=p{number}'"
            )
            found[scn] = 0
        except obsim.ServerError as refused:
            found[scn] = refused.errno
    assert found == {first - 1: 4018, first: 0, last: 0, last + 1: 4018}
    cluster.run_until_idle()
    ended = cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")
    assert [row["STATUS"] for row in ended] == ["SUCCESS", "SUCCESS"]


def test_what_a_clean_up_leaves(cluster):
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d'", tenant=TENANT)
    backup(cluster)
    cluster.advance(hours=24)
    second = backup(cluster)
    cluster.advance(hours=48)
    assert [w[2:] for w in windows(cluster)] == [(0, NO_SET), (1, ""), (0, NOT_YET)]
    assert windows(cluster)[1][0] == second


def test_an_emptied_destination_restores_nothing_whatever_its_sets_say(cluster):
    backup(cluster)
    cluster.advance(minutes=10)
    assert [restorable for _, _, restorable, _ in windows(cluster)] == [0, 1, 0]
    cluster.execute("CALL obsim.empty_destination('file:///data/backup/mysql_tenant/data')")
    (row,) = cluster.query("SELECT FILE_STATUS FROM oceanbase.DBA_OB_BACKUP_SET_FILES", tenant=TENANT)
    assert row["FILE_STATUS"] == "AVAILABLE"
    assert {(restorable, reason) for _, _, restorable, reason in windows(cluster)} == {(0, NO_SET)}
    places = ",".join(f"file:///data/backup/mysql_tenant/{kind}" for kind in ("data", "archive"))
    cluster.execute("CREATE RESOURCE UNIT u MAX_CPU 1, MEMORY_SIZE '4G'")
    cluster.execute("CREATE RESOURCE POOL p UNIT 'u', UNIT_NUM 1, ZONE_LIST ('z1')")
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute(f"ALTER SYSTEM RESTORE r FROM '{places}' WITH 'pool_list=p'")
    assert refused.value.errno == 4018


def test_sets_of_two_destinations_make_one_window(cluster):
    first = backup(cluster)
    cluster.execute("ALTER SYSTEM SET data_backup_dest = 'file:///data/second'", tenant=TENANT)
    backup(cluster)
    cluster.advance(minutes=10)
    rows = [row for row in cluster.query(WINDOWS) if row["RESTORABLE"]]
    assert [row["DATA_PATH"].endswith("second") for row in rows] == [False, True]
    assert (rows[0]["FIRST_SCN"], rows[0]["LAST_SCN"] + 1) == (first, rows[1]["FIRST_SCN"])


def test_union_takes_the_first_that_covers_a_moment():
    one = [Span(0, 9, "a"), Span(10, 20), Span(21, 40, "b")]
    two = [Span(0, 14, "c"), Span(15, 30), Span(31, 40, "d")]
    assert union([one, two]) == [(0, Span(0, 9, "a")), (0, Span(10, 20)), (1, Span(21, 30)), (0, Span(31, 40, "b"))]
