"""A cluster with a free pool, and short words for what restores do in it."""

import pytest

import obsim

SOURCE = "mysql_tenant"
DATA = "file:///data/backup/mysql_tenant/data"
LOG = "file:///data/backup/mysql_tenant/archive"
BLOCKS = "SELECT TABLE_NAME, TABLET_ID, POSITION, LOGIC_VERSION, DATA_SEQ, DIRTY FROM obsim.macroblocks"


class Bench:
    """Tenant `mysql_tenant` is restored into others."""

    def __init__(self, version: str = "4.2.1", **options: object) -> None:
        self.cluster = obsim.Cluster("three-tenants", version=version, **options)
        self.run("CREATE RESOURCE UNIT u1 MAX_CPU 4, MEMORY_SIZE '4G'")
        self.pool("p1")

    def pool(self, name: str) -> None:
        self.run(f"CREATE RESOURCE POOL {name} UNIT = 'u1', UNIT_NUM = 1, ZONE_LIST = ('z1')")

    def run(self, sql: str, tenant: str = "sys") -> None:
        self.cluster.execute(sql, tenant=tenant)

    def refusal(self, sql: str, tenant: str = "sys") -> str:
        """The errno and text of the refusal, '' for OK."""
        try:
            self.run(sql, tenant)
        except obsim.ServerError as refused:
            return f"{refused.errno} {refused.message}"
        return ""

    def backup(self, words: str = "") -> int:
        """Back the source up to the end; MIN_RESTORE_SCN."""
        self.run(f"ALTER SYSTEM BACKUP {words} TENANT = {SOURCE}")
        self.cluster.run_until_idle()
        rows = self.cluster.query("SELECT * FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID", SOURCE)
        return rows[-1]["MIN_RESTORE_SCN"]

    @property
    def now(self) -> int:
        """The present SCN."""
        return self.cluster.state.now_ns // 1000 * 1000

    def restore(self, name: str = "t9", until: str = "", pool: str = "p1", places: str = f"{DATA},{LOG}") -> str:
        return self.refusal(f"ALTER SYSTEM RESTORE {name} FROM '{places}' {until} WITH 'pool_list={pool}'")

    def restored(self, name: str = "t9", until: str = "", pool: str = "p1") -> None:
        assert self.restore(name, until, pool) == ""
        self.cluster.run_until_idle()
        assert self.tenant(name)["STATUS"] == "NORMAL"

    def tenant(self, name: str = "t9"):
        (row,) = self.cluster.query(f"SELECT * FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = '{name}'")
        return row

    def progress(self):
        return self.cluster.query("SELECT * FROM oceanbase.CDB_OB_RESTORE_PROGRESS ORDER BY TENANT_ID")

    def history(self):
        return self.cluster.query("SELECT * FROM oceanbase.CDB_OB_RESTORE_HISTORY ORDER BY TENANT_ID")

    def blocks(self, name: str = SOURCE):
        """All that is known of each block."""
        tenant_id = self.tenant(name)["TENANT_ID"]
        return [tuple(r) for r in self.cluster.query(f"{BLOCKS} WHERE TENANT_ID = {tenant_id} ORDER BY 2, 3")]

    def archive_now(self) -> None:
        """Let all that was written be archived."""
        self.cluster.advance(minutes=3)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make_bench() -> type[Bench]:
    return Bench
