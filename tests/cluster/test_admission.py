"""Service checks of BACKUP in their order, and running twice (statements.md, Data backup)."""

import pytest

SYS, T1, T2 = 1, 1002, 1004
NOT_NORMAL = "9040 backup can not start, because tenant status is not normal."
NOT_DOING = "9040 backup can not start, because log archive status is not doing."
NO_DEST = "9040 backup can not start, because backup dest is not set."
NO_DEST_PLAIN = "9040 backup can not start"
RUNNING = "9036 Backup is in progress"
NOBODY = (
    "9040 backup can not start, because no tenant meets the backup condition,\ufffcplease check the tenant status, log "
    "archive status, backup data dest, and backup status for each tenant"
)
LIST, ALL, OWN = "ALTER SYSTEM BACKUP TENANT = t1", "ALTER SYSTEM BACKUP DATABASE", "ALTER SYSTEM BACKUP DATABASE"


def spoil(state, run, *what: str, tenant_id: int = T1) -> None:
    """Make a tenant fail the named checks."""
    tenant = state.tenants[tenant_id]
    if "running" in what:
        assert run(state, SYS, f"ALTER SYSTEM BACKUP TENANT = {tenant.name}") == ""
        assert run(state, tenant_id, OWN) == ""
    if "dest" in what:
        tenant.backup.path = ""  # a statement could not, while jobs run
    if "archive" in what:
        assert run(state, tenant_id, "ALTER SYSTEM NOARCHIVELOG") == ""
    if "status" in what:
        tenant.status = "RESTORE"


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (["status", "archive", "running", "dest"], NOT_NORMAL),
        (["archive", "running", "dest"], NOT_DOING),
        (["running", "dest"], RUNNING),
        (["dest"], NO_DEST),
        ([], ""),
    ],
)
def test_order_of_checks_for_a_list(state, run, what, answer):
    spoil(state, run, *what)
    assert run(state, SYS, LIST) == answer


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        (["dest", "status", "running", "archive"], NO_DEST_PLAIN),
        (["status", "running", "archive"], NOT_NORMAL),
        (["running", "archive"], RUNNING),
        (["archive"], NOT_DOING),
        ([], ""),
    ],
)
def test_order_of_checks_for_a_tenant_itself(state, run, what, answer):
    spoil(state, run, *what)
    assert run(state, T1, OWN) == answer


def test_first_tenant_that_fails_ends_a_list(state, run):
    spoil(state, run, "archive")
    spoil(state, run, "dest", tenant_id=T2)
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t2, t1") == NO_DEST
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t1, t2") == NOT_DOING
    assert state.sys.backup.jobs == []


@pytest.mark.parametrize("what", ["status", "archive", "running"])
def test_database_skips_who_does_not_qualify(state, run, what):
    spoil(state, run, what)
    assert run(state, SYS, ALL) == ""
    assert state.sys.backup.jobs[-1].executor_tenant_ids == (T2,)


@pytest.mark.parametrize("what", ["status", "archive", "running"])
def test_database_fails_when_nobody_qualifies(state, run, what):
    for tenant_id in (T1, T2):
        spoil(state, run, what, tenant_id=tenant_id)
    assert run(state, SYS, ALL) == NOBODY


def test_database_does_not_skip_who_has_no_destination(state, run):
    spoil(state, run, "dest")
    assert run(state, SYS, ALL) == ""
    assert state.sys.backup.jobs[-1].executor_tenant_ids == (T1, T2)


def test_initiators_do_not_block_each_other(state, run):
    assert run(state, SYS, LIST) == ""
    assert run(state, T1, OWN) == ""
    assert run(state, T1, OWN) == RUNNING
    state.advance_to(state.now_ns + 10**9)
    assert run(state, SYS, LIST) == RUNNING
    assert [j.initiator_tenant_id for j in state.tenants[T1].backup.jobs] == [T1, SYS]


def test_a_job_being_cancelled_still_counts(state, run):
    assert run(state, T1, OWN) == ""
    state.advance_to(state.now_ns + 2 * 10**9)
    assert run(state, T1, "ALTER SYSTEM CANCEL BACKUP") == ""
    assert run(state, T1, OWN) == RUNNING
    while not state.idle():
        state.advance_to(state.next_event_ns)
    assert run(state, T1, OWN) == ""


def test_destination_stays_while_a_job_runs(state, run):
    change = "ALTER SYSTEM SET data_backup_dest = '{}' TENANT = t1"
    assert run(state, SYS, LIST) == ""
    assert run(state, SYS, change.format("file:///x")) == RUNNING
    assert run(state, SYS, change.format("x")) == "9026 backup destination is not valid"
    assert state.tenants[T1].backup.path == "file:///backup/data"


@pytest.mark.parametrize(
    ("by", "sql"),
    [(SYS, "ALTER SYSTEM BACKUP INCREMENTAL TENANT = t1"), (T1, "ALTER SYSTEM BACKUP INCREMENTAL DATABASE")],
)
def test_strict_incremental_refuses_to_convert(make_state, run, by, sql):
    state = make_state(strict_incremental=True)
    answer = "9040 backup can not start, because tenant t1 has no usable backup set to build on."
    assert run(state, by, sql) == answer
    assert run(state, by, sql.replace(" INCREMENTAL", "")) == ""


def test_plus_archivelog_of_4_0(make_state, run):
    answer = "1235 plus archive is not supported not supported"
    assert run(make_state("4.0.0"), T1, "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG") == answer
    assert run(make_state("4.1.0"), T1, "ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG") == ""


def test_major_freeze_switched_off(state, run):
    assert run(state, SYS, "ALTER SYSTEM SET enable_major_freeze = 'False'") == ""
    assert run(state, T1, "ALTER SYSTEM MAJOR FREEZE") == "4179 Operation not allowed now"
    assert run(state, T1, "ALTER SYSTEM MINOR FREEZE") == ""
