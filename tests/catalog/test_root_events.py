"""DBA_OB_ROOTSERVICE_EVENT_HISTORY: what a tool finds there of the log archive (status-machines.md 11)."""

import pytest

import obsim

TENANT = "mysql_tenant"
EVENTS = "SELECT * FROM oceanbase.DBA_OB_ROOTSERVICE_EVENT_HISTORY WHERE MODULE = 'log_archive' ORDER BY TIMESTAMP"
PATH = "file:///data/backup/mysql_tenant/archive"


@pytest.fixture
def cluster():
    return obsim.Cluster("three-tenants")


def events(cluster):
    """Event and its values as `name=value`, without tenant and destination number."""
    rows = cluster.query(EVENTS)
    assert {(row["NAME1"], row["VALUE1"]) for row in rows} <= {("tenant_id", "1002")}
    named = [[(row[f"NAME{n}"], row[f"VALUE{n}"]) for n in range(2, 7)] for row in rows]
    told = [{name: value for name, value in pairs if name not in {"", "dest_no"}} for pairs in named]
    return [(row["EVENT"], values) for row, values in zip(rows, told, strict=True)]


def say(cluster, *statements):
    for statement in statements:
        cluster.execute(f"ALTER SYSTEM {statement}", tenant=TENANT)
        cluster.run_until_idle()


def test_a_round_that_stops_and_the_next_one(cluster):
    before = len(events(cluster))
    say(cluster, "NOARCHIVELOG", "ARCHIVELOG")
    assert events(cluster)[before:] == [
        ("close_archive_mode", {"result": "0"}),
        ("disable_archive", {"round_id": "1", "status": "5", "path": PATH}),
        ("change_status", {"old_status": "STOPPING", "new_status": "STOP"}),
        ("open_archive_mode", {"result": "0"}),
        ("enable_archive", {"round_id": "2", "status": "1", "path": PATH}),
        ("change_status", {"old_status": "BEGINNING", "new_status": "DOING"}),
    ]


def test_a_round_that_is_suspended_and_goes_on(cluster):
    before = len(events(cluster))
    say(cluster, "SET log_archive_dest_state = 'DEFER'", "SET log_archive_dest_state = 'ENABLE'")
    assert events(cluster)[before:] == [
        ("defer_archive", {"round_id": "1", "status": "7", "path": PATH}),
        ("change_status", {"old_status": "SUSPENDING", "new_status": "SUSPEND"}),
        ("enable_archive", {"round_id": "1", "status": "2", "path": PATH}),
        ("change_status", {"old_status": "BEGINNING", "new_status": "DOING"}),
    ]


def test_an_interruption_and_a_mode_that_is_so_already(cluster):
    cluster.fault("error=9071 archive=write tenant=mysql_tenant times=1")
    cluster.advance(minutes=3)
    with pytest.raises(obsim.ServerError):
        say(cluster, "ARCHIVELOG")
    assert events(cluster)[-2:] == [
        ("change_status", {"old_status": "DOING", "new_status": "INTERRUPTED"}),
        ("open_archive_mode", {"result": "-9091"}),
    ]


def test_rows_name_the_server_and_are_recycled(cluster):
    say(cluster, "NOARCHIVELOG")
    row = cluster.query(EVENTS)[-1]
    assert (row["RS_SVR_IP"], row["RS_SVR_PORT"], row["EXTRA_INFO"]) == ("127.0.0.1", 2882, "")
    cluster.advance(hours=24 * 7 - 1)
    assert events(cluster)
    cluster.advance(hours=2)
    assert events(cluster) == []
