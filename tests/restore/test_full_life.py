"""A backup's whole life from a client over the wire: sets, a point in time, a standby, a policy, eight days."""

import pymysql
import pytest

import obsim

DATA, LOG = "file:///backup/data", "file:///backup/log"
T = "mysql_tenant"


class Client:
    """One connection of `sys`."""

    def __init__(self, connection) -> None:
        self._connection = connection

    def run(self, sql: str) -> tuple[tuple[object, ...], ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def idle(self) -> None:
        self.run("CALL obsim.run_until_idle()")

    def advance(self, interval: str) -> None:
        self.run(f"CALL obsim.advance('{interval}')")

    def write(self, tenant: str, count: int) -> None:
        self.run(f"CALL obsim.write('{tenant}', 't1', {count}, 'random')")
        self.run(f"ALTER SYSTEM MAJOR FREEZE TENANT = {tenant}")

    def backup(self, tenant: str, words: str = "INCREMENTAL") -> None:
        self.run(f"ALTER SYSTEM BACKUP {words} TENANT = {tenant}")
        self.idle()
        ((status, file_status),) = self.run(
            "SELECT STATUS, FILE_STATUS FROM oceanbase.CDB_OB_BACKUP_SET_FILES "
            f"WHERE TENANT_ID = {self.tenant_id(tenant)} ORDER BY BACKUP_SET_ID DESC LIMIT 1"
        )
        assert (status, file_status) == ("SUCCESS", "AVAILABLE")

    def tenant_id(self, name: str) -> int:
        ((number,),) = self.run(f"SELECT TENANT_ID FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = '{name}'")
        return int(str(number))

    def now(self) -> str:
        ((moment,),) = self.run("SELECT CAST(NOW(6) AS CHAR)")
        return str(moment)

    def blocks(self, tenant: str) -> tuple[tuple[object, ...], ...]:
        return self.run(
            "SELECT TABLE_NAME, TABLET_ID, POSITION, LOGIC_VERSION, DATA_SEQ, DIRTY FROM obsim.macroblocks "
            f"WHERE TENANT_ID = {self.tenant_id(tenant)} ORDER BY TABLET_ID, POSITION"
        )

    def role(self, tenant: str) -> object:
        ((role,),) = self.run(f"SELECT TENANT_ROLE FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = '{tenant}'")
        return role

    def configure(self, tenant: str, data: str, log: str) -> None:
        self.run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={log}' TENANT = {tenant}")
        self.run(f"ALTER SYSTEM SET data_backup_dest = '{data}' TENANT = {tenant}")
        self.run(f"ALTER SYSTEM ARCHIVELOG TENANT = {tenant}")
        self.idle()

    def pool(self, name: str) -> None:
        self.run(f"CREATE RESOURCE POOL {name} UNIT = 'u', UNIT_NUM = 1, ZONE_LIST = ('z1')")


@pytest.fixture
def client():
    with obsim.Server(scenario="blank", clock="manual") as server, pymysql.connect(
        **server.connect_args("sys"), autocommit=True
    ) as connection:
        client = Client(connection)
        client.run("CREATE RESOURCE UNIT u MAX_CPU 4, MEMORY_SIZE '4G'")
        client.pool("p1")
        yield client


def test_the_whole_life(client: Client) -> None:
    client.run(f"CALL obsim.create_table('{T}', 't1', 500000, 200, 2)")
    client.run(f"ALTER SYSTEM MAJOR FREEZE TENANT = {T}")
    client.configure(T, DATA, LOG)
    client.backup(T, "")
    client.write(T, 5)
    client.backup(T)
    client.write(T, 6)
    client.backup(T)
    client.advance("10s")
    client.run(f"CALL obsim.write('{T}', 't1', 4, 'random')")
    between, then = client.now(), client.blocks(T)
    client.advance("10s")
    client.write(T, 7)
    client.backup(T)
    client.advance("5m")
    later, afterwards = client.now(), client.blocks(T)
    client.advance("5m")

    client.run(f"ALTER SYSTEM RESTORE back FROM '{DATA},{LOG}' UNTIL TIME = '{between}' WITH 'pool_list=p1'")
    client.idle()
    past = client.run(
        "SELECT STATUS, BACKUP_SET_LIST FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE RESTORE_TENANT_NAME = 'back'"
    )
    chain = f"{DATA}/backup_set_1_full,{DATA}/backup_set_2_inc,{DATA}/backup_set_3_inc"
    assert past == (("SUCCESS", chain), ("SUCCESS", chain))
    assert client.role("back") == "STANDBY"
    assert client.blocks("back") == then

    client.run(f"ALTER SYSTEM RECOVER STANDBY TENANT = back UNTIL TIME = '{later}'")
    client.advance("1s")
    assert client.blocks("back") == afterwards
    client.run("ALTER SYSTEM ACTIVATE STANDBY TENANT = back")
    assert client.role("back") == "PRIMARY"

    client.configure("back", "file:///backup/back/data", "file:///backup/back/log")
    client.backup("back", "")
    client.run("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d' TENANT = back")
    client.advance("12h")
    client.backup("back", "")
    client.write("back", 3)
    client.backup("back")
    client.advance("8d")
    files = client.run(
        "SELECT BACKUP_TYPE, FILE_STATUS FROM oceanbase.CDB_OB_BACKUP_SET_FILES "
        f"WHERE TENANT_ID = {client.tenant_id('back')} ORDER BY BACKUP_SET_ID"
    )
    assert files == (("FULL", "DELETED"), ("FULL", "AVAILABLE"), ("INC", "AVAILABLE"))

    client.pool("p2")
    client.run(
        "ALTER SYSTEM RESTORE again FROM 'file:///backup/back/data,file:///backup/back/log' WITH 'pool_list=p2'"
    )
    expected = client.blocks("back")
    client.idle()
    assert client.role("again") == "STANDBY"
    assert client.blocks("again") == expected
