"""SUSPEND and RESUME MERGE put major compactions off, CHECKPOINT is a freeze, FLUSH changes nothing."""

from pathlib import Path

import pytest

from obsim.api import Cluster

COMPACTION = (
    "SELECT FROZEN_SCN > LAST_SCN AS waits, GLOBAL_BROADCAST_SCN = LAST_SCN AS sent, STATUS, IS_SUSPENDED, "
    "LAST_FINISH_TIME FROM oceanbase.CDB_OB_MAJOR_COMPACTION WHERE TENANT_ID = 1002"
)
BLOCKS = (
    "SELECT COUNT(*) AS blocks, SUM(DIRTY) AS dirty, COUNT(DISTINCT LOGIC_VERSION) AS versions, "
    "MAX(LOGIC_VERSION) AS newest FROM obsim.macroblocks WHERE TENANT_ID = 1002"
)


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(scenario="three-tenants", clock="manual", version="4.3.3")
    cluster.execute("ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant", tenant="sys")
    return cluster


def order(cluster: Cluster, text: str, tenant: str = "sys") -> int:
    """Run it; the number of warnings."""
    session = cluster.session("root", tenant)
    session.execute(text)
    return len(session.warnings)


def blocks(cluster: Cluster) -> tuple[int, ...]:
    row = cluster.query(BLOCKS, tenant="sys")[0]
    return int(row["blocks"]), int(row["dirty"]), int(row["versions"])


def test_a_freeze_waits_while_merges_are_suspended(cluster: Cluster) -> None:
    before = blocks(cluster)
    order(cluster, "ALTER SYSTEM SUSPEND MERGE TENANT = mysql_tenant")
    order(cluster, "CALL obsim.write('mysql_tenant', 't1', 10, 'clustered')")
    cluster.advance(seconds=10)
    assert order(cluster, "ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant") == 0
    row = cluster.query(COMPACTION, tenant="sys")[0]
    assert (row["waits"], row["sent"], row["STATUS"], row["IS_SUSPENDED"]) == (1, 1, "IDLE", "YES")
    assert blocks(cluster) == (before[0], 10, before[2])

    order(cluster, "CALL obsim.write('mysql_tenant', 't1', 5, 'append')")
    cluster.advance(seconds=10)
    order(cluster, "ALTER SYSTEM RESUME MERGE TENANT = mysql_tenant")
    row = cluster.query(COMPACTION, tenant="sys")[0]
    assert (row["waits"], row["STATUS"], row["IS_SUSPENDED"]) == (1, "COMPACTING", "NO")
    cluster.run_until_idle()
    row = cluster.query(COMPACTION, tenant="sys")[0]
    assert (row["waits"], row["sent"], row["STATUS"]) == (0, 1, "IDLE")
    assert row["LAST_FINISH_TIME"] == cluster.query("SELECT NOW(6) AS now", tenant="sys")[0]["now"]
    assert blocks(cluster) == (before[0], 0, before[2] + 1)  # what was appended after the freeze is not in it

    order(cluster, "ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    assert blocks(cluster)[0] == before[0] + 5


def test_what_is_touched_after_the_freeze_stays_dirty(cluster: Cluster) -> None:
    order(cluster, "ALTER SYSTEM SUSPEND MERGE TENANT = mysql_tenant")
    order(cluster, "CALL obsim.write('mysql_tenant', 't1', 48, 'clustered')")
    order(cluster, "ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    order(cluster, "CALL obsim.write('mysql_tenant', 't1', 7, 'clustered')")
    order(cluster, "ALTER SYSTEM RESUME MERGE TENANT = mysql_tenant")
    assert blocks(cluster)[1] == 7


def test_a_second_freeze_warns_and_does_nothing(cluster: Cluster) -> None:
    """Recorded: 4744 after two freezes in a row; the words for several tenants are the source's."""
    order(cluster, "ALTER SYSTEM SUSPEND MERGE TENANT = mysql_tenant")
    session = cluster.session("root", "sys")
    session.execute("ALTER SYSTEM MAJOR FREEZE TENANT = mysql_tenant")
    frozen = cluster.query(COMPACTION, tenant="sys")
    for names, some in (("mysql_tenant", ""), ("all", "some tenants' ")):
        session.execute(f"ALTER SYSTEM MAJOR FREEZE TENANT = {names}")
        text = f"larger frozen_scn already exist, {some}prev merge may not finish"
        assert session.warnings == [("Warning", 4744, text)]
    assert cluster.query(COMPACTION, tenant="sys") == frozen


def test_a_freeze_of_all_is_taken_where_there_are_none(tmp_path: Path) -> None:
    """Recorded: where sys is alone, TENANT = ALL names no tenant, and is taken without a warning."""
    (tmp_path / "alone.toml").write_text('about = "The tenant sys alone"\n', "utf-8")
    alone = Cluster(scenario=str(tmp_path / "alone.toml"), version="4.3.3")
    assert order(alone, "ALTER SYSTEM MAJOR FREEZE TENANT = ALL") == 0


def test_resume_without_a_freeze_compacts_nothing(cluster: Cluster) -> None:
    before = blocks(cluster)
    frozen = cluster.query(COMPACTION, tenant="sys")
    for word in ("RESUME", "SUSPEND", "SUSPEND", "RESUME"):
        assert order(cluster, f"ALTER SYSTEM {word} MERGE", tenant="mysql_tenant") == 0
    assert blocks(cluster) == before
    assert cluster.query(COMPACTION, tenant="sys") == frozen


def test_the_daily_freeze_waits_too(cluster: Cluster) -> None:
    order(cluster, "ALTER SYSTEM SUSPEND MERGE TENANT = mysql_tenant")
    count = "SELECT COUNT(*) AS n FROM oceanbase.CDB_OB_FREEZE_INFO WHERE TENANT_ID = 1002"
    before = cluster.query(count, tenant="sys")[0]["n"]
    cluster.advance(days=3)
    assert cluster.query(count, tenant="sys")[0]["n"] == before + 1
    assert cluster.query(COMPACTION, tenant="sys")[0]["waits"] == 1


def test_checkpoint_is_a_major_freeze_of_the_own_tenant(cluster: Cluster) -> None:
    before = cluster.query(BLOCKS, tenant="sys")[0]["newest"]
    order(cluster, "CALL obsim.write('mysql_tenant', 't1', 1, 'clustered')")
    cluster.advance(seconds=1)
    order(cluster, "ALTER SYSTEM CHECKPOINT", tenant="mysql_tenant")
    assert cluster.query(BLOCKS, tenant="sys")[0]["newest"] > before


@pytest.mark.parametrize(
    "text",
    [
        "CLEAR MERGE ERROR", "CLEAR MERGE ERROR TENANT = mysql_tenant, oracle_tenant", "FLUSH PLAN CACHE",
        "FLUSH PLAN CACHE SQL_ID = 'A' DATABASES = 'd' TENANT = mysql_tenant GLOBAL",
        "FLUSH LIB CACHE NAMESPACE = 'CRSR'",
        "FLUSH ALL CACHE GLOBAL", "FLUSH SQL AUDIT TENANT = mysql_tenant GLOBAL",
    ],
)  # fmt: skip
def test_nothing_to_clear_or_to_flush(cluster: Cluster, text: str) -> None:
    before = (blocks(cluster), cluster.query(COMPACTION, tenant="sys"))
    assert order(cluster, f"ALTER SYSTEM {text}") == 0
    assert (blocks(cluster), cluster.query(COMPACTION, tenant="sys")) == before
