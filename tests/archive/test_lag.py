"""`archive_lag_target`: how far a checkpoint may lag, and who may set it (parameters.json, engine.md 4.2)."""

import pytest

from obsim.catalog import Catalog, Scope
from obsim.cluster import ClusterState, Principal
from obsim.errors import ServerError
from obsim.ids import SYS_TENANT_ID, TenantId
from obsim.scenario import build_state
from obsim.sql.reader import read_statement
from obsim.versions import profile_for

MYSQL = TenantId(1002)
SECOND_NS = 10**9


def cluster(version: str = "4.2.5", scenario: str = "three-tenants") -> ClusterState:
    return build_state(scenario, profile=profile_for(version))


def run(state: ClusterState, sql: str, tenant_id: int = MYSQL) -> str:
    """'' for OK, else `errno message`."""
    try:
        state.execute(Principal(TenantId(tenant_id), "root"), read_statement(sql))
    except ServerError as refused:
        return f"{refused.errno} {refused.message}"
    return ""


def advance(state: ClusterState, seconds: float) -> None:
    state.advance_to(state.now_ns + int(seconds * SECOND_NS))


def checkpoint_s(state: ClusterState) -> float:
    """CHECKPOINT_SCN as the view prints it, in seconds since the start."""
    catalog = Catalog(state)
    view = catalog.find("oceanbase", "DBA_OB_ARCHIVELOG", state.tenants[MYSQL])
    names = [column.name for column in catalog.columns(view)]
    (row,) = catalog.rows(view, Scope(MYSQL))
    return (row[names.index("CHECKPOINT_SCN")] - state.start_ns) / SECOND_NS


@pytest.mark.parametrize(
    ("version", "target", "seconds", "checkpoint"),
    [
        ("4.1.0", None, 12.5, 12),
        ("4.2.1", None, 119.9, 0),
        ("4.2.1", None, 120, 120),
        ("4.3.3", None, 250, 240),
        ("4.2.5", "10s", 29.9, 20),
        ("4.2.5", "10", 30, 30),
        ("4.2.5", "0ms", 12.5, 12),
        ("4.2.5", "2500ms", 7.9, 6),
        ("4.3.3", "2h", 7199, 0),
        ("4.3.3", "2h", 7200, 7200),
    ],
)
def test_the_checkpoint_lags_by_the_target_at_most(
    version: str, target: str | None, seconds: float, checkpoint: int
) -> None:
    state = cluster(version)
    if target is not None:
        assert run(state, f"ALTER SYSTEM SET archive_lag_target = '{target}'") == ""
    advance(state, seconds)
    assert checkpoint_s(state) == checkpoint


def test_a_longer_target_takes_nothing_back() -> None:
    state = cluster()
    run(state, "ALTER SYSTEM SET archive_lag_target = '1s'")
    advance(state, 65)
    run(state, "ALTER SYSTEM SET archive_lag_target = '1h'")
    assert checkpoint_s(state) == 65
    advance(state, 600)
    assert checkpoint_s(state) == 65
    run(state, "ALTER SYSTEM RESET archive_lag_target")
    assert checkpoint_s(state) == 600


def test_only_the_tenant_that_is_named_changes() -> None:
    state = cluster()
    assert run(state, "ALTER SYSTEM SET archive_lag_target = '1s' TENANT = oracle_tenant", SYS_TENANT_ID) == ""
    advance(state, 30)
    assert checkpoint_s(state) == 0


def test_the_next_round_keeps_the_target() -> None:
    state = cluster()
    run(state, "ALTER SYSTEM SET archive_lag_target = '10s'")
    run(state, "ALTER SYSTEM NOARCHIVELOG")
    advance(state, 5)
    run(state, "ALTER SYSTEM ARCHIVELOG")
    advance(state, 24)
    assert checkpoint_s(state) == 20


def test_the_target_puts_off_a_backup_with_its_log() -> None:
    ends = []
    for target in ("1s", "60s"):
        state = cluster()
        run(state, f"ALTER SYSTEM SET archive_lag_target = '{target}'")
        run(state, "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG")
        advance(state, 200)
        ends.append((state.tenants[MYSQL].backup.sets[1].end_ns - state.start_ns) / SECOND_NS)
    assert ends[0] < 20
    assert ends[1] == 60.8


def test_a_target_that_grows_while_a_backup_waits_for_the_log() -> None:
    state = cluster()
    run(state, "ALTER SYSTEM SET archive_lag_target = '20s'")
    run(state, "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG")
    advance(state, 15)
    run(state, "ALTER SYSTEM SET archive_lag_target = '50s'")
    advance(state, 200)
    assert (state.tenants[MYSQL].backup.sets[1].end_ns - state.start_ns) / SECOND_NS == 50.8


@pytest.mark.parametrize("jumps", [[300], [1, 7, 92, 200], [119.5, 1, 179.5]])
def test_the_way_to_a_moment_does_not_matter(jumps: list[float]) -> None:
    state = cluster()
    for seconds in jumps:
        advance(state, seconds)
        checkpoint_s(state)
    assert checkpoint_s(state) == 240


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("'60s'", ""),
        ("'7201s'", "4147 Invalid config"),
        ("'-1s'", "4179 Operation not allowed now"),
        ("'x'", "4179 Operation not allowed now"),
        ("''", "4179 Operation not allowed now"),
        ("NULL", "4147 Invalid config"),
    ],
)
def test_its_own_checker(value: str, answer: str) -> None:
    state = cluster()
    assert run(state, f"ALTER SYSTEM SET archive_lag_target = {value}") == answer
    assert state.parameters.get("archive_lag_target", MYSQL) == ("120s" if answer else "60s")


def test_a_destination_comes_first() -> None:
    state = cluster(scenario="blank")
    refused = "4179 log_archive_dest has not been set, set archive_lag_target is not allowed"
    assert run(state, "ALTER SYSTEM SET archive_lag_target = '7201s'") == refused
    assert run(state, "ALTER SYSTEM SET archive_lag_target = '10s'", SYS_TENANT_ID) == ""  # its own, with no archive
    run(state, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=s3://b/a?host=h&access_id=i&access_key=k'")
    refused = "4179 set archive_lag_target smaller than 60s when log_archive_dest is S3 is not allowed"
    assert run(state, "ALTER SYSTEM SET archive_lag_target = '59s'") == refused
    assert run(state, "ALTER SYSTEM SET archive_lag_target = '60s'") == ""


@pytest.mark.parametrize("word", ["all", "all_user", "ALL_META"])
def test_no_word_for_many_tenants(word: str) -> None:
    answer = run(cluster(), f"ALTER SYSTEM SET archive_lag_target = '60s' TENANT = {word}", SYS_TENANT_ID)
    assert answer.startswith("1235 use all")
    assert answer.endswith("in 'ALTER SYSTEM SET ARCHIVE_LAG_TARGET' syntax is not supported")
