"""What LOG_ARCHIVE_DEST takes and refuses, the numbered destinations, and what OB_ARCHIVE_DEST shows of them."""

import pytest

import obsim

ROWS = "SELECT DEST_NO, NAME, VALUE FROM oceanbase.DBA_OB_ARCHIVE_DEST"


@pytest.fixture
def cluster() -> obsim.Cluster:
    return obsim.Cluster("blank")


def refusal(cluster: obsim.Cluster, sql: str) -> tuple[int, str]:
    with pytest.raises(obsim.ServerError) as refused:
        cluster.execute(sql, tenant="mysql_tenant")
    return refused.value.errno, refused.value.message


def rows(cluster: obsim.Cluster) -> list[tuple[int, str, str]]:
    return [(row["DEST_NO"], row["NAME"], row["VALUE"]) for row in cluster.query(ROWS, tenant="mysql_tenant")]


PLAIN = (1235, "Not supported feature or function")
NO_VALUE = (1210, "Invalid argument")
NO_INTERVAL = (1235, "invalid piece_switch_interval out of range [1d,7d] is not supported")
NO_PLACE = (1235, "set archive dest without location is not supported")
NO_URI = (9026, "backup destination is not valid")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("LOCATION=", NO_VALUE),
        ("LOCATION", NO_VALUE),
        ("LOCATION=nowhere", NO_URI),
        ("LOCATION=file:///a BINDING=sometimes", NO_VALUE),
        ("BINDING=Mandatory", NO_PLACE),
        (" ", NO_PLACE),
        ("PLACE=file:///a", PLAIN),
        ("file:///a", PLAIN),
        ("= LOCATION=file:///a", (4016, "Internal error")),
        ("LOCATION=file:///a COMPRESSION=lz4", PLAIN),
        ("LOCATION=file:///a LAG_TARGET=2h", NO_VALUE),
        ("LOCATION=file:///a PIECE_SWITCH_INTERVAL=1x", NO_VALUE),
        ("LOCATION=file:///a PIECE_SWITCH_INTERVAL=59s", NO_VALUE),
        ("LOCATION=file:///a PIECE_SWITCH_INTERVAL=23h", NO_INTERVAL),
        ("LOCATION=file:///a PIECE_SWITCH_INTERVAL=8d", NO_INTERVAL),
        # The first word that is wrong decides, the missing place comes last.
        ("PIECE_SWITCH_INTERVAL=8d LOCATION=nowhere", NO_INTERVAL),
        ("LOCATION=nowhere PIECE_SWITCH_INTERVAL=8d", NO_URI),
        ("PLACE=x BINDING=sometimes", PLAIN),
        ("BINDING=sometimes PLACE=x", NO_VALUE),
    ],
)
def test_what_is_refused(cluster: obsim.Cluster, value: str, expected: tuple[int, str]) -> None:
    assert refusal(cluster, f"ALTER SYSTEM SET LOG_ARCHIVE_DEST = '{value}'") == expected
    assert refusal(cluster, f"ALTER SYSTEM SET LOG_ARCHIVE_DEST_3 = '{value}'") == expected
    assert rows(cluster) == []


def test_an_interval_is_kept_in_whole_days(cluster: obsim.Cluster) -> None:
    text = "LOCATION=file:///old binding=mandatory PIECE_SWITCH_INTERVAL=60h COMPRESSION=disable LOCATION=file:///a"
    cluster.execute(f"ALTER SYSTEM SET log_archive_dest = '{text}'", tenant="mysql_tenant")
    assert rows(cluster) == [
        (0, "binding", "MANDATORY"),
        (0, "dest_id", "1001"),
        (0, "path", "file:///a"),
        (0, "piece_switch_interval", "2d"),
        (0, "state", "ENABLE"),
    ]


def test_a_state_is_kept_as_typed_and_begins_anew_with_its_destination(cluster: obsim.Cluster) -> None:
    for state in ("ENABLED", "", "5"):
        assert refusal(cluster, f"ALTER SYSTEM SET log_archive_dest_state = '{state}'") == NO_VALUE
    cluster.execute("ALTER SYSTEM SET log_archive_dest_state = 'Defer'", tenant="mysql_tenant")
    assert rows(cluster) == [(0, "state", "Defer")]
    cluster.execute("ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///a'", tenant="mysql_tenant")
    assert rows(cluster)[-1] == (0, "state", "ENABLE")
    cluster.execute("ALTER SYSTEM SET log_archive_dest_state = 'defer'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM ARCHIVELOG", tenant="mysql_tenant")
    cluster.advance(seconds=10)
    assert cluster.query("SELECT * FROM oceanbase.DBA_OB_ARCHIVELOG", tenant="mysql_tenant") == []
    cluster.execute("ALTER SYSTEM SET log_archive_dest = ''", tenant="mysql_tenant")
    assert rows(cluster) == []


def test_only_the_destination_without_a_number_is_archived_to(cluster: obsim.Cluster) -> None:
    for sql in (
        "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///a'",
        "ALTER SYSTEM SET log_archive_dest_2 = 'LOCATION=file:///b', log_archive_dest_state_2 = 'DEFER'",
        "ALTER SYSTEM SET log_archive_dest_8 = 'LOCATION=file:///c'",
        "ALTER SYSTEM ARCHIVELOG",
    ):
        cluster.execute(sql, tenant="mysql_tenant")
    cluster.advance(seconds=10)
    states = [row for row in rows(cluster) if row[1] in {"dest_id", "state"}]
    assert states == [
        (0, "dest_id", "1001"), (0, "state", "ENABLE"), (2, "dest_id", "1002"), (2, "state", "DEFER"),
        (8, "dest_id", "1003"), (8, "state", "ENABLE"),
    ]  # fmt: skip
    rounds = "SELECT DEST_ID, DEST_NO, STATUS FROM oceanbase.DBA_OB_ARCHIVELOG"
    (current,) = cluster.query(rounds, tenant="mysql_tenant")
    assert (current["DEST_ID"], current["DEST_NO"], current["STATUS"]) == (1001, 0, "DOING")
    # The one in use is fixed while its round runs, the others are not.
    running = (1235, "change archive dest when archive is running is not supported")
    assert refusal(cluster, "ALTER SYSTEM SET log_archive_dest = ''") == running
    cluster.execute("ALTER SYSTEM SET log_archive_dest_2 = ''", tenant="mysql_tenant")
    assert {number for number, _, _ in rows(cluster)} == {0, 8}
    history = cluster.query("SELECT DEST_ID FROM oceanbase.DBA_OB_BACKUP_STORAGE_INFO_HISTORY", tenant="mysql_tenant")
    assert [row["DEST_ID"] for row in history] == [1002]


@pytest.mark.parametrize("name", ["log_archive_dest_0", "log_archive_dest_9", "log_archive_dest_state_9"])
def test_there_are_eight(cluster: obsim.Cluster, name: str) -> None:
    assert refusal(cluster, f"ALTER SYSTEM SET {name} = 'LOCATION=file:///a'") == (5099, "System config unknown")


def test_of_sys_the_value_is_looked_at_first(cluster: obsim.Cluster) -> None:
    for value, expected in (("nowhere", NO_URI), ("file:///a", PLAIN), ("", PLAIN)):
        with pytest.raises(obsim.ServerError) as refused:
            cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{value}' TENANT = sys")
        assert (refused.value.errno, refused.value.message) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("LOCATION=file:///a LOCATION=file:///b", None),
        (" ", (1210, "Incorrect arguments to log_restore_source")),
        ("LOCATION", NO_VALUE),
        ("LOCATION=nowhere", NO_URI),
        ("LOCATION=file:///a BINDING=Optional", PLAIN),
    ],
)
def test_restore_source(cluster: obsim.Cluster, value: str, expected: tuple[int, str] | None) -> None:
    sql = f"ALTER SYSTEM SET log_restore_source = '{value}'"
    if expected is not None:
        assert refusal(cluster, sql) == expected
        return
    cluster.execute(sql, tenant="mysql_tenant")
    (row,) = cluster.query("SELECT VALUE FROM oceanbase.DBA_OB_LOG_RESTORE_SOURCE", tenant="mysql_tenant")
    assert row["VALUE"] == "file:///b"
