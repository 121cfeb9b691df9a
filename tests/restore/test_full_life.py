"""A backup's whole life from a client over the wire: sets, a point in time, a standby, a policy, eight days.

In memory, in files, and in an object store; from media another obsim restores when the first one is gone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest
import urllib3
from moto.server import ThreadedMotoServer

from tests.conftest import ServerProcess, StartServer

T = "mysql_tenant"


@dataclass(frozen=True)
class Medium:
    """Where destinations lie, and what a server is started with that reaches them."""

    root: str
    options: str = ""
    """Of each URI: host and keys of an object store."""
    flags: tuple[str, ...] = ()

    def uri(self, name: str) -> str:
        """A destination as statements name it."""
        return f"{self.root}/{name}{self.options}"

    def shown(self, name: str) -> str:
        """What lies there, as lists of sets print it."""
        return f"{self.root}/{name}{self.options.partition('&')[0]}"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An object store with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert urllib3.request("PUT", f"http://{host}:{port}/backups").status == 200
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "file", "s3"])
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> Medium:
    if request.param == "memory":
        return Medium("file:///backup")
    if request.param == "file":
        return Medium(f"file://{tmp_path}", flags=("--file-root", str(tmp_path)))
    host = request.getfixturevalue("endpoint")
    options = f"?host={host}&access_id=me&access_key=topsecret"
    return Medium("s3://backups/life", options, ("--s3-endpoint", f"http://{host}"))


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


Begin = Callable[[Medium], tuple[ServerProcess, Client]]


@pytest.fixture
def begin(serve: StartServer) -> Iterator[Begin]:
    """Start an obsim with nothing configured, and a client of its own."""
    connections = []

    def start(medium: Medium) -> tuple[ServerProcess, Client]:
        server = serve("--scenario", "blank", "--clock", "manual", *medium.flags)
        connection = pymysql.connect(host=server.host, port=server.port, user="root@sys", autocommit=True)
        connections.append(connection)
        client = Client(connection)
        client.run("CREATE RESOURCE UNIT u MAX_CPU 4, MEMORY_SIZE '4G'")
        client.pool("p1")
        return server, client

    yield start
    for connection in connections:
        connection.close()


def test_the_whole_life(medium: Medium, begin: Begin) -> None:
    server, client = begin(medium)
    data, log = medium.uri("data"), medium.uri("log")
    client.run(f"CALL obsim.create_table('{T}', 't1', 500000, 200, 2)")
    client.run(f"ALTER SYSTEM MAJOR FREEZE TENANT = {T}")
    client.configure(T, data, log)
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

    client.run(f"ALTER SYSTEM RESTORE back FROM '{data},{log}' UNTIL TIME = '{between}' WITH 'pool_list=p1'")
    client.idle()
    past = client.run(
        "SELECT STATUS, BACKUP_SET_LIST FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE RESTORE_TENANT_NAME = 'back'"
    )
    chain = ",".join(medium.shown(f"data/backup_set_{name}") for name in ("1_full", "2_inc", "3_inc"))
    assert past == (("SUCCESS", chain), ("SUCCESS", chain))
    assert client.role("back") == "STANDBY"
    assert client.blocks("back") == then

    client.run(f"ALTER SYSTEM RECOVER STANDBY TENANT = back UNTIL TIME = '{later}'")
    client.advance("1s")
    assert client.blocks("back") == afterwards
    client.run("ALTER SYSTEM ACTIVATE STANDBY TENANT = back")
    assert client.role("back") == "PRIMARY"

    own_data, own_log = medium.uri("back/data"), medium.uri("back/log")
    client.configure("back", own_data, own_log)
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
    expected = client.blocks("back")
    client.run(f"ALTER SYSTEM RESTORE again FROM '{own_data},{own_log}' WITH 'pool_list=p2'")
    client.idle()
    assert client.role("again") == "STANDBY"
    assert client.blocks("again") == expected

    assert server.stop() == 0
    if not medium.flags:  # what was in memory is gone
        return
    _, client = begin(medium)
    client.pool("p2")
    for name, places, until, blocks in [
        ("once", f"{data},{log}", f"UNTIL TIME = '{between}'", then),
        ("more", f"{own_data},{own_log}", "", expected),
    ]:
        pool = "p1" if name == "once" else "p2"
        client.run(f"ALTER SYSTEM RESTORE {name} FROM '{places}' {until} WITH 'pool_list={pool}'")
        client.idle()
        assert client.blocks(name) == blocks
    client.run(f"ALTER SYSTEM RECOVER STANDBY TENANT = once UNTIL TIME = '{later}'")
    client.advance("1s")
    assert client.blocks("once") == afterwards
    client.run("ALTER SYSTEM ACTIVATE STANDBY TENANT = once")
    assert client.role("once") == "PRIMARY"
