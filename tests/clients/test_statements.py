"""What every client relies on beside the procedure: parameters, labels, values, errors that end nothing."""

import pytest


@pytest.fixture(scope="module")
def session(client, refused):
    """A session on a cluster with one finished backup of each user tenant."""
    session = client.connect("root")
    session.rows("ALTER SYSTEM BACKUP DATABASE")
    session.rows("CALL obsim.run_until_idle()")
    with pytest.raises(refused):
        session.rows("SELECT * FROM no_such_view")
    return session


@pytest.mark.parametrize(
    ("condition", "parameters", "tenants"),
    [
        ("TENANT_ID = ?", (1002,), ["1002"]),
        ("TENANT_ID = ? AND STATUS = ?", ("1004", "completed"), ["1004"]),
        ("TENANT_ID IN (?, ?) ORDER BY 1", (1002, 1004), ["1002", "1004"]),
        ("PATH LIKE ? ORDER BY 1", ("file:%oracle\\_tenant%",), ["1004"]),
        ("`COMMENT` = ? ORDER BY 1", ("it's; -- \\' \"ünï\"",), []),
    ],
)
def test_a_read_with_parameters(session, condition, parameters, tenants):
    rows = session.prepared(f"SELECT DISTINCT TENANT_ID FROM CDB_OB_BACKUP_JOB_HISTORY WHERE {condition}", *parameters)
    assert [row["TENANT_ID"] for row in rows] == tenants


def test_the_same_read_prepared_again_sees_what_changed(session):
    count = "SELECT COUNT(*) AS n FROM CDB_OB_BACKUP_JOB_HISTORY WHERE TENANT_ID = ?"
    (before,) = session.prepared(count, 1002)
    session.rows("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant")
    session.rows("CALL obsim.run_until_idle()")
    (after,) = session.prepared(count, 1002)
    assert int(after["n"]) == int(before["n"]) + 1


def test_labels_and_values_read_as_written(session):
    (row,) = session.rows(
        "SELECT job_id, STATUS AS `state`, end_timestamp, `COMMENT` FROM oceanbase.cdb_ob_backup_job_history "
        "WHERE TENANT_ID = 1004 ORDER BY JOB_ID LIMIT 1"
    )
    assert list(row) == ["job_id", "state", "end_timestamp", "COMMENT"]
    assert (row["job_id"], row["state"], row["COMMENT"]) == ("1", "COMPLETED", "")
    assert row["end_timestamp"].startswith("2024-01-01 00:00:")


@pytest.mark.parametrize(
    ("sql", "errno", "sqlstate", "text"),
    [
        ("SELECT * FROM no_such_view", 1146, "42S02", "Table 'oceanbase.no_such_view' doesn't exist"),
        ("ALTER SYSTEM BACKUP DATABASES", 1064, "42000", "near 'DATABASES' at line 1"),
        ("ALTER SYSTEM SET ha_low_thread_score = 101 TENANT = all_user", 4147, "HY000", "Invalid config"),
        ("ALTER SYSTEM BACKUP TENANT = nobody", 5160, "HY000", "invalid tenant name specified in connection string"),
        ("ALTER SYSTEM BACKUP TENANT = sys", 4016, "HY000", "Internal error"),
    ],
)
def test_an_error_has_its_number_state_and_text_and_the_session_goes_on(session, refused, sql, errno, sqlstate, text):
    with pytest.raises(refused) as raised:
        session.rows(sql)
    assert raised.value.errno == errno
    assert raised.value.sqlstate in {sqlstate, ""}
    assert text in raised.value.message
    assert session.rows("SELECT 1 AS one") == [{"one": "1"}]


def test_wrong_logins_all_read_the_same(client, refused):
    texts = set()
    for user in ("root@nobody", "nobody@sys", "nobody@mysql_tenant#obcluster"):
        with pytest.raises(refused) as raised:
            client.connect(user).rows("SELECT 1")
        assert raised.value.errno == 1045
        texts.add(raised.value.message.replace(f"'{user.partition('@')[0]}'", "'USER'"))
    assert len(texts) == 1, texts
