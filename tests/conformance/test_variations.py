"""Variations of the statement corpus: several errors at once show which is checked first, names and quotes differ.

`fixtures/statements/variations.tsv` has the format of `outcomes.tsv`; the order of checks is that of statements.md.
"""

import pytest

import obsim
from obsim.cluster import Tenant
from obsim.errors import ServerError
from obsim.sql.reader import read_statement
from tests.conformance.test_outcomes import Line, lines

VARIATIONS = lines("variations.tsv")
TENANTS = {"sys": "sys", "user": "t1"}


@pytest.fixture(scope="module", params=["4.2.5", "4.3.3"])
def cluster(request: pytest.FixtureRequest) -> obsim.Cluster:
    return obsim.Cluster("statements", version=request.param)


def outcome(cluster: obsim.Cluster, run_as: str, sql: str) -> tuple[int, str, str]:
    try:
        cluster.execute(sql, tenant=TENANTS[run_as])
    except ServerError as refused:
        return refused.errno, refused.sqlstate, refused.message
    return 0, "", ""


@pytest.mark.parametrize("line", VARIATIONS, ids=lambda line: line.sql.strip()[:70])
def test_variation(cluster: obsim.Cluster, line: Line) -> None:
    cluster.reset()
    with cluster.session() as sys, cluster.session(tenant="t1") as user:
        sessions = {"sys": sys, "user": user}
        for run_as, sql in line.setup:
            sessions[run_as].execute(sql)
            if "ARCHIVELOG" in sql:
                cluster.advance(seconds=5)
        try:
            sessions[line.run_as].execute(line.sql)
            found = (0, "", "")
        except ServerError as refused:
            found = (refused.errno, refused.sqlstate, refused.message)
    assert found == (line.errno, line.sqlstate, line.message)


@pytest.mark.parametrize("line", [v for v in VARIATIONS if not v.errno], ids=lambda line: line.sql.strip()[:70])
def test_what_succeeds_reads_back_from_what_it_prints(line: Line) -> None:
    statement = read_statement(line.sql)
    assert read_statement(statement.sql()) == statement


LOCKED = (5260, "HY000", "Tenant 't2' is locked")
UNKNOWN = (5160, "HY000", "invalid tenant name specified in connection string")


@pytest.mark.parametrize(
    "clause",
    [
        "BACKUP TENANT = {}", "CANCEL BACKUP TENANT = {}", "ARCHIVELOG TENANT = {}", "MAJOR FREEZE TENANT = {}",
        "MINOR FREEZE TENANT = {}", "SET ha_low_thread_score = 5 TENANT = {}", "RESET ha_low_thread_score TENANT = {}",
        "SET data_backup_dest = 'file:///x' TENANT = {}", "CANCEL DELETE BACKUP TENANT = {}",
        "ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d' TENANT = {}",
    ],
)  # fmt: skip
def test_names_are_looked_up_in_the_order_of_the_list(cluster: obsim.Cluster, clause: str) -> None:
    cluster.reset()
    _tenant(cluster, "t2").locked = True
    listed = "= {}" in clause and "SET " not in clause
    assert outcome(cluster, "sys", "ALTER SYSTEM " + clause.format("t2")) == LOCKED
    if listed:
        assert outcome(cluster, "sys", "ALTER SYSTEM " + clause.format("t1, t2, nosuch")) == LOCKED
        assert outcome(cluster, "sys", "ALTER SYSTEM " + clause.format("t1, nosuch, t2")) == UNKNOWN


def _tenant(cluster: obsim.Cluster, name: str) -> Tenant:
    tenant = cluster.state.tenant_named(name)
    assert tenant is not None
    return tenant


def _dropping(cluster: obsim.Cluster) -> None:
    _tenant(cluster, "t1").status = "DROPPING"


NOT_NORMAL = (9040, "HY000", "backup can not start, because tenant status is not normal.")


@pytest.mark.parametrize(
    ("run_as", "sql", "expected"),
    [
        ("sys", "ALTER SYSTEM BACKUP TENANT = t1", NOT_NORMAL),
        ("sys", "ALTER SYSTEM BACKUP TENANT = t2, t1", NOT_NORMAL),
        ("user", "ALTER SYSTEM BACKUP DATABASE", NOT_NORMAL),
        ("sys", "ALTER SYSTEM BACKUP DATABASE", (0, "", "")),
        ("sys", "ALTER SYSTEM CANCEL BACKUP TENANT = t1", (0, "", "")),
        ("sys", "ALTER SYSTEM SET ha_low_thread_score = 5 TENANT = t1", (0, "", "")),
        # Archiving cannot be turned on before the mode is looked at; turning it off asks for no state.
        ("user", "ALTER SYSTEM ARCHIVELOG", (9023, "HY000", "cannot start log archive backup")),
        ("user", "ALTER SYSTEM NOARCHIVELOG", (0, "", "")),
        ("sys", "ALTER SYSTEM ARCHIVELOG TENANT = t1", (0, "", "")),
        ("sys", "ALTER SYSTEM NOARCHIVELOG TENANT = t1", (0, "", "")),
    ],
)
def test_a_tenant_that_is_being_dropped(
    cluster: obsim.Cluster, run_as: str, sql: str, expected: tuple[int, str, str]
) -> None:
    cluster.reset()
    _dropping(cluster)
    assert outcome(cluster, run_as, sql) == expected
    if sql.startswith("ALTER SYSTEM NOARCHIVELOG"):
        assert outcome(cluster, "sys", "ALTER SYSTEM NOARCHIVELOG TENANT = all") == (0, "", "")
        assert not _tenant(cluster, "t2").archive.enabled
    if "thread_score" in sql:
        values = cluster.query("SHOW PARAMETERS LIKE 'ha_low%'", tenant="t1")
        assert [row["value"] for row in values] == ["0"]


@pytest.mark.parametrize(
    ("version", "sql", "expected"),
    [
        ("4.0.0", "ALTER SYSTEM BACKUP TENANT = nosuch PLUS ARCHIVELOG", UNKNOWN[:1]),
        ("4.0.0", "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", (1235,)),
        ("4.1.0", "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", (0,)),
        ("4.1.0", "ALTER SYSTEM SET ha_low_thread_score = 5 TENANT = all_meta", (1235,)),
        ("4.1.0", "ALTER SYSTEM SET ha_low_thread_score = 101 TENANT = all", (4147,)),
        ("4.2.1", "ALTER SYSTEM SET ha_low_thread_score = 5 TENANT = all_meta", (0,)),
        ("4.1.0", "ALTER SYSTEM RESET ha_low_thread_score", (1064,)),
        ("4.2.1", "ALTER SYSTEM RESET ha_low_thread_score", (0,)),
        ("4.1.0", "ALTER SYSTEM CANCEL RESTORE t9", (1235,)),
        ("4.2.5", "ALTER SYSTEM SET ha_low_thread_score = 5 TENANT = seed", (0,)),
        ("4.2.5", "ALTER SYSTEM SET ha_low_thread_score = 101 TENANT = seed", (4147,)),
        ("4.2.5", "ALTER SYSTEM SET ha_low_thread_score = 5 TENANT = SEED", (5160,)),
    ],
)
def test_versions(version: str, sql: str, expected: tuple[int, ...]) -> None:
    assert outcome(obsim.Cluster("statements", version=version), "sys", sql)[:1] == expected


def test_actions_of_one_statement_are_all_carried_out_or_none(cluster: obsim.Cluster) -> None:
    cluster.reset()

    def scores(tenant: str) -> list[str]:
        rows = cluster.query("SHOW PARAMETERS LIKE 'ha\\_%\\_thread\\_score'", tenant=tenant)
        return [row["value"] for row in rows]

    both = "ha_low_thread_score = 7, ha_mid_thread_score = {} TENANT = t1"
    for bad in ("101", "'x'"):
        assert outcome(cluster, "sys", f"ALTER SYSTEM SET {both.format(bad)}")[0] == 4147
        assert (scores("sys"), scores("t1")) == (["0"] * 3, ["0"] * 3)
    assert outcome(cluster, "sys", f"ALTER SYSTEM SET {both.format('8')}")[0] == 0
    assert (sorted(scores("sys")), sorted(scores("t1"))) == (["0", "0", "7"], ["0", "0", "8"])


