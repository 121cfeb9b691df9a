"""The journal: what stands in it, what does not, and what an assertion says when it fails."""

from contextlib import suppress

import pymysql
import pytest

import obsim
from obsim.server import Server
from obsim.session.journal import KEPT_MAX, TEXT_LENGTH_MAX, ExpectationFailed, Journal

TENANT = "mysql_tenant"
LOG = "SELECT TENANT_NAME, USER_NAME, STATEMENT, ERRNO, ROW_COUNT FROM obsim.statements ORDER BY STATEMENT_ID"


@pytest.fixture
def cluster():
    return obsim.Cluster("three-tenants")


def test_statements_with_who_when_and_how_they_ended(cluster):
    cluster.execute("alter system backup   database", tenant=TENANT)
    cluster.advance(seconds=1)
    with pytest.raises(obsim.ServerError):
        cluster.execute("ALTER SYSTEM BACKUP TENANT = nobody")
    with pytest.raises(obsim.ServerError):
        cluster.execute("ALTER SYSTEM BACKUP (")
    cluster.query("SELECT 1 UNION ALL SELECT 2")
    assert [tuple(row) for row in cluster.query(LOG)] == [
        (TENANT, "root", "ALTER SYSTEM BACKUP DATABASE", 0, 0),
        ("sys", "root", "ALTER SYSTEM BACKUP TENANT = nobody", 5160, 0),
        ("sys", "root", "ALTER SYSTEM BACKUP (", 1064, 0),
        ("sys", "root", "SELECT 1 UNION ALL SELECT 2", 0, 2),
    ]
    first, second = cluster.journal.records()[:2]
    assert second.at_ns - first.at_ns == 1_000_000_000
    assert cluster.journal.records()[-1].text == LOG, "reading the log is a statement, too"


def test_what_controls_obsim_is_left_out_and_reset_begins_anew(cluster):
    cluster.execute("CALL obsim.advance('1s')")
    assert cluster.journal.records() == []
    cluster.query("SELECT 1")
    cluster.execute("CALL obsim.reset()")
    assert (cluster.journal.records(), cluster.journal.count) == ([], 0)


def test_no_secret_stands_in_it(cluster):
    session = cluster.session("root", TENANT)
    session.execute("SET ENCRYPTION ON IDENTIFIED BY 'xyzzy' ONLY")
    session.execute("ALTER SYSTEM SET data_backup_dest = 's3://b/p?host=h&access_id=plugh&access_key=xyzzy'")
    session.execute("CREATE USER u IDENTIFIED BY 'xyzzy'")
    for broken in ("SET ENCRYPTION ON IDENTIFIED BY 'xyzzy' OOPS", "CREATE USER v IDENTIFIED BY 'xyzzy' )"):
        with pytest.raises(obsim.ServerError):
            session.execute(broken)
    assert len(cluster.journal.records()) == 5
    assert not any("xyzzy" in record.text or "plugh" in record.text for record in cluster.journal.records())


def test_what_is_remembered_of_queries_hides_no_secret_of_another(cluster):
    session = cluster.session("root", TENANT)
    plain, secret = "SELECT 1 FROM t ORDER BY 1", "SELECT 'CREATE USER u IDENTIFIED BY \"xyzzy\"'"
    for text in (plain, secret) * 2:
        with suppress(obsim.ServerError):
            session.execute(text)
    assert [record.text for record in cluster.journal.records()] == [plain, "SELECT '***'"] * 2


def test_find_and_expect(cluster):
    cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant=TENANT)
    with pytest.raises(obsim.ServerError):
        cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE", tenant=TENANT)
    journal = cluster.journal
    assert [r.errno for r in journal.expect("backup incremental", tenant=TENANT, times=2)] == [0, 9036]
    assert len(journal.expect("ALTER*DATABASE", failed=True)) == 1
    assert journal.find("BACKUP", user="SYS") == journal.find("DATABASE*BACKUP") == []
    assert journal.expect("CANCEL BACKUP", times=0) == []


def test_a_failed_expectation_shows_what_comes_nearest(cluster):
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant=TENANT)
    cluster.query("SELECT 1")
    with pytest.raises(ExpectationFailed) as missed:
        cluster.journal.expect("BACKUP INCREMENTAL DATABASE", tenant=TENANT)
    first, *others = str(missed.value).splitlines()
    assert first.startswith("expected 'BACKUP INCREMENTAL DATABASE', tenant='mysql_tenant' at least once, found it 0")
    assert others == [
        "  nearest: root@mysql_tenant: ALTER SYSTEM BACKUP DATABASE",
        "  nearest: root@sys: SELECT 1",
    ]
    with pytest.raises(ExpectationFailed, match="found: root@mysql_tenant: ALTER SYSTEM BACKUP DATABASE"):
        cluster.journal.expect("BACKUP", times=2)


def test_it_is_bounded():
    journal = Journal()
    for number in range(KEPT_MAX + 5):
        journal.add(1, "sys", "root", number, f"SELECT {number}", 0, 1)
    assert (len(journal.records()), journal.records()[0].statement_id, journal.count) == (KEPT_MAX, 6, KEPT_MAX + 5)
    journal.add(1, "sys", "root", 0, "SELECT '" + "x" * 100_000, 0, 1)
    assert (len(journal.records()[-1].text), journal.records()[-1].text[-4:]) == (TEXT_LENGTH_MAX, "x...")


def test_through_a_server_with_kept_answers_and_prepared_statements():
    poll = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS"
    with Server(scenario="three-tenants", clock="manual") as server:
        with pymysql.connect(**server.connect_args()) as connection, connection.cursor() as cursor:
            for _ in range(4):
                cursor.execute(poll)
        assert len(server.journal.expect(poll, tenant="sys", times=4)) == 4
        with pytest.raises(ExpectationFailed):
            server.journal.expect("BACKUP DATABASE")


def test_how_much_virtual_time_a_statement_took():
    cluster = obsim.Cluster("three-tenants", clock="autojump")
    with cluster.session("root", "mysql_tenant") as session:
        session.execute("ALTER SYSTEM BACKUP DATABASE")
        for _ in range(2):
            session.execute("SELECT STATUS FROM oceanbase.DBA_OB_BACKUP_TASKS")
    took = [row[0] for row in cluster.query("SELECT ELAPSED_NS FROM obsim.statements ORDER BY STATEMENT_ID")]
    assert took == [0, 0, 200_000_000]
    stepping = obsim.Cluster("three-tenants", clock="step")
    stepping.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    (ordered,) = stepping.journal.find("BACKUP DATABASE")
    assert ordered.elapsed_ns == 1_000_000_000
