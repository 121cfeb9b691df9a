import json

import pytest

import obsim
from obsim.journal.export import read_export
from obsim.journal.secrets import Secrets


def secrets_of(cluster):
    """What the recording of a cluster only names."""
    told = map(json.loads, cluster.recorded_secrets().splitlines())
    return Secrets({secret["name"]: secret["value"] for secret in told})


def export_of(text):
    return read_export(text.splitlines(), "here")


LIFE = (
    ("sys", "ALTER SYSTEM BACKUP DATABASE"),
    ("sys", "CALL obsim.run_until_idle()"),
    ("mysql_tenant", "CREATE USER reader IDENTIFIED BY 'geheim'"),
    ("mysql_tenant", "GRANT SELECT ON oceanbase.* TO reader"),
    ("mysql_tenant", "SET GLOBAL ob_query_timeout = 12345678"),
    ("sys", "CALL obsim.fault('error=OB_EAGAIN statement=\"MINOR FREEZE\" times=1')"),
    ("sys", "ALTER SYSTEM MINOR FREEZE"),
    ("sys", "CALL obsim.snapshot('a')"),
    ("sys", "CALL obsim.write('mysql_tenant', 't1', 20, 'random')"),
    ("sys", "ALTER SYSTEM MAJOR FREEZE"),
    ("sys", "CALL obsim.schedule('1h', 'mysql_tenant', 'ALTER SYSTEM BACKUP INCREMENTAL DATABASE')"),
    ("sys", "CALL obsim.advance('3h')"),
    ("sys", "CALL obsim.restore_snapshot('a')"),
    ("sys", "ALTER SYSTEM MINOR FREEZE"),
    ("mysql_tenant", "ALTER SYSTEM SET ha_low_thread_score = 7"),
    ("mysql_tenant", "SET TRANSACTION READ ONLY"),
    ("mysql_tenant", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"),
    ("sys", "CALL obsim.advance('2s')"),
)


def live(cluster):
    """A life with every kind of input; what is refused is refused."""
    for tenant, sql in LIFE:
        try:
            cluster.execute(sql, tenant=tenant)
        except obsim.ServerError:
            continue
    with cluster.session(tenant="mysql_tenant") as session:
        session.execute("SET ENCRYPTION ON IDENTIFIED BY 'sesame' ONLY")
        cluster.run_until_idle()
        session.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.change_blocks("mysql_tenant", [3, 1, 2])
    cluster.advance(seconds=3)


@pytest.fixture(scope="module")
def lived():
    """A recorded cluster that has lived. Nobody changes it."""
    cluster = obsim.Cluster(seed=7, record=True)
    live(cluster)
    return cluster
