"""Faults as clients meet them: errors, cut lines, and no kept answer in their way."""

import pymysql
import pytest
from mysql.connector import Error
from mysql.connector import connect as connect_prepared

from obsim.server import Server


@pytest.fixture
def server():
    with Server(scenario="three-tenants", clock="manual") as running:
        yield running


def connect(server, tenant="sys", **more):
    return pymysql.connect(**server.connect_args(tenant), **more)


def test_an_error_reaches_the_client_and_the_session_goes_on(server):
    server.cluster.fault("error=OB_BACKUP_PERMISSION_DENIED statement='BACKUP DATABASE' times=1")
    with connect(server, "mysql_tenant") as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.MySQLError) as refused:
            cursor.execute("ALTER SYSTEM BACKUP DATABASE")
        assert refused.value.args[0] == 9071
        cursor.execute("ALTER SYSTEM BACKUP DATABASE")


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_a_cut_line(server, when, jobs):
    server.cluster.fault(f"disconnect={when} statement=BACKUP times=1")
    connection = connect(server, "mysql_tenant")
    with pytest.raises(pymysql.OperationalError) as lost, connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM BACKUP DATABASE")
    assert lost.value.args[0] == 2013
    with connect(server, "mysql_tenant") as again, again.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM oceanbase.DBA_OB_BACKUP_JOBS")
        assert cursor.fetchone() == (jobs,)


def test_a_poll_that_is_kept_fails_when_its_turn_comes(server):
    poll = "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOBS"
    with connect(server) as connection, connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute(poll)
        server.cluster.fault("error=4012 statement=CDB_OB_BACKUP_JOBS nth=2 times=1")
        cursor.execute(poll)
        with pytest.raises(pymysql.MySQLError) as refused:
            cursor.execute(poll)
        assert refused.value.args[0] == 4012
        cursor.execute(poll)


def test_several_statements_in_one_packet_end_at_the_cut(server):
    server.cluster.fault("disconnect=after statement='SELECT 2'")
    connection = connect(server, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2; SELECT 3")
        assert cursor.fetchone() == (1,)
        with pytest.raises(pymysql.OperationalError):
            cursor.nextset()


def test_a_prepared_statement_fails_too(server):
    server.cluster.fault("error=4023 statement='DBA_OB_TENANTS' nth=2")
    connection = connect_prepared(host=server.host, port=server.port, user="root@sys", ssl_disabled=True, use_pure=True)
    cursor = connection.cursor(prepared=True)
    text = "SELECT TENANT_NAME FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_ID = %s"
    cursor.execute(text, (1,))
    assert cursor.fetchall() == [("sys",)]
    with pytest.raises(Error) as refused:
        cursor.execute(text, (1,))
    assert refused.value.errno == 4023
    connection.close()
