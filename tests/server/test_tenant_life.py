"""The life of a tenant over a socket: from its unit to its end, as a client runs it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pymysql
import pytest

import obsim

if TYPE_CHECKING:
    from pymysql.connections import Connection


@pytest.fixture
def server() -> Iterator[obsim.Server]:
    with obsim.Server(scenario="three-zones", clock="manual", seed=7) as running:
        yield running


def connect(server: obsim.Server, user: str, password: str = "") -> "Connection":
    return pymysql.connect(host="127.0.0.1", port=server.port, user=user, password=password)


def run(connection: "Connection", *texts: str) -> tuple[tuple[object, ...], ...]:
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)
        return tuple(cursor.fetchall())


def login_error(server: obsim.Server, user: str) -> int:
    with pytest.raises(pymysql.err.MySQLError) as caught:
        connect(server, user)
    return int(caught.value.args[0])


def error_of(connection: "Connection", text: str) -> int:
    with pytest.raises(pymysql.err.MySQLError) as caught:
        run(connection, text)
    return int(caught.value.args[0])


def test_from_the_unit_to_the_end(server: obsim.Server) -> None:
    sys = connect(server, "root")
    assert login_error(server, "root@club") == 1045
    run(
        sys,
        "CREATE RESOURCE UNIT u1 MAX_CPU 1, MEMORY_SIZE '2G'",
        "CREATE RESOURCE POOL p1 UNIT 'u1', UNIT_NUM 1, ZONE_LIST ('z1', 'z2', 'z3')",
        "CREATE TENANT club RESOURCE_POOL_LIST = ('p1'), PRIMARY_ZONE = 'z2' SET ob_tcp_invited_nodes = '%'",
    )
    units = "SELECT COUNT(*) FROM oceanbase.DBA_OB_UNITS WHERE TENANT_ID = 1004"
    assert run(sys, units) == ((3,),)

    club = connect(server, "root@club")
    run(
        club,
        "ALTER SYSTEM SET data_backup_dest = 'file:///b/club'",
        "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///a/club'",
        "ALTER SYSTEM ARCHIVELOG",
    )
    run(sys, "CALL obsim.advance('1m')")
    assert run(club, "SELECT STATUS FROM oceanbase.DBA_OB_ARCHIVELOG") == (("DOING",),)
    for kind in ("", "INCREMENTAL "):
        run(club, f"ALTER SYSTEM BACKUP {kind}DATABASE")
        run(sys, "CALL obsim.run_until_idle()")
    sets = "SELECT BACKUP_SET_ID, BACKUP_TYPE, STATUS FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY 1"
    assert run(club, sets) == ((1, "FULL", "SUCCESS"), (2, "INC", "SUCCESS"))

    run(sys, "ALTER TENANT club LOCK")
    assert login_error(server, "root@club") == 5260
    assert run(club, "SELECT 1") == ((1,),)
    assert len(run(sys, "SHOW FULL PROCESSLIST")) == 2
    assert error_of(sys, "ALTER SYSTEM BACKUP TENANT = club") == 5260
    run(sys, "ALTER TENANT club UNLOCK")
    connect(server, "root@club").close()

    run(sys, "ALTER SYSTEM BACKUP TENANT = club", "DROP TENANT club FORCE")
    assert len(run(sys, "SHOW FULL PROCESSLIST")) == 1
    assert error_of(club, "SELECT 1") == 2013
    assert login_error(server, "root@club") == 1045
    assert error_of(sys, "ALTER SYSTEM BACKUP TENANT = club") == 5160
    assert run(sys, "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_SET_FILES WHERE TENANT_ID = 1004") == ((0,),)
    run(sys, "DROP RESOURCE POOL p1", "DROP RESOURCE UNIT u1", "CALL obsim.run_until_idle()")
    assert run(sys, units) == ((0,),)


def test_who_may_come_in(server: obsim.Server) -> None:
    sys = connect(server, "root")
    run(sys, "CREATE TENANT club RESOURCE_POOL_LIST = ('spare') SET ob_tcp_invited_nodes = '10.1.2.3,192.168.0.0/16'")
    assert login_error(server, "root@club") == 1227
    run(sys, "ALTER TENANT club SET VARIABLES ob_tcp_invited_nodes = '127.0.0.1'")
    connect(server, "root@club").close()


def test_the_recycle_bin_keeps_everybody_out(server: obsim.Server) -> None:
    sys = connect(server, "root")
    shop = connect(server, "root@shop")
    run(sys, "SET recyclebin = ON", "DROP TENANT shop")
    assert login_error(server, "root@shop") == 1045
    ((name, original, kind),) = [row[:3] for row in run(sys, "SHOW RECYCLEBIN")]
    assert (original, kind) == ("shop", "TENANT")
    assert str(name).startswith("__recycle_$_")
    run(sys, "FLASHBACK TENANT shop TO BEFORE DROP")
    connect(server, "root@shop").close()
    assert run(shop, "SELECT 1") == ((1,),)


def test_a_cluster_of_three_zones(server: obsim.Server) -> None:
    sys = connect(server, "root")
    places = (
        "SELECT ZONE, SVR_IP, ROLE FROM oceanbase.CDB_OB_LS_LOCATIONS "
        "WHERE TENANT_ID = 1002 AND LS_ID = 1001 ORDER BY 1"
    )
    found = run(sys, places)
    assert [row[0] for row in found] == ["z1", "z2", "z3"]
    assert [row[2] for row in found] == ["LEADER", "FOLLOWER", "FOLLOWER"]
    run(sys, "ALTER SYSTEM STOP ZONE z1")
    assert [row[2] for row in run(sys, places)] == ["FOLLOWER", "LEADER", "FOLLOWER"]
    servers = "SELECT ZONE, COUNT(*) FROM oceanbase.DBA_OB_SERVERS GROUP BY ZONE ORDER BY 1"
    assert run(sys, servers) == (("z1", 2), ("z2", 2), ("z3", 2))
    assert run(sys, "SELECT ZONE, STATUS FROM oceanbase.DBA_OB_ZONES ORDER BY 1") == (
        ("z1", "INACTIVE"), ("z2", "ACTIVE"), ("z3", "ACTIVE"),
    )  # fmt: skip
    parameters = "SELECT COUNT(DISTINCT SVR_IP, VALUE) FROM oceanbase.{}OB_PARAMETERS WHERE NAME = 'zone'"
    assert run(sys, parameters.format("GV$")) == ((6,),)
    assert run(sys, parameters.format("V$")) == ((1,),)
    zones = [row[6] for row in run(sys, "SHOW PARAMETERS LIKE 'zone'")]
    assert zones == ["z1", "z1", "z2", "z2", "z3", "z3"]
    run(sys, "ALTER SYSTEM START ZONE z1", "ALTER SYSTEM DELETE SERVER '10.0.3.2:2882'")
    jobs = "SELECT JOB_TYPE, JOB_STATUS FROM oceanbase.DBA_OB_SERVER_JOBS"
    assert run(sys, jobs) == (("DELETE_SERVER", "INPROGRESS"),)
    run(sys, "CALL obsim.run_until_idle()")
    assert run(sys, jobs) == (("DELETE_SERVER", "SUCCESS"),)
    assert run(sys, "SELECT COUNT(*) FROM oceanbase.DBA_OB_SERVERS WHERE ZONE = 'z3'") == ((1,),)
    assert run(sys, "SELECT COUNT(*) FROM oceanbase.GV$OB_UNITS WHERE SVR_IP = '10.0.3.1'") == ((2,),)  # sys, shop
