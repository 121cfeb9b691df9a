"""Policies and deletions of backups: each cell of the TENANT clause, each check before the next, and what is kept."""

import pytest

from obsim import Cluster

SYS, T1 = 1, 1002
UNKNOWN = "5160 invalid tenant name specified in connection string"
INTERNAL = "4016 Internal error"
USER_NAMES = "1235 user tenant cannot specify tenant names not supported"
LITTLE = "1235 Too little tenant names specified, only one tenant name can be specified not supported"
MANY = "1235 Too many tenant names specified, only one tenant name can be specified not supported"
NAME = "1235 The policy name is not 'default', it is not supported"
NEITHER = "1235 Neither recovery_window nor redundancy is set not supported"
NO_TIME = "1235 recovery window is not be time string not supported"
NOT_ONE = "1235 Redundancy not equal to 1 is not supported"
CLOSED = "1235 function is not supported"
NO_NAME = "1235 need to specify a tenant name not supported"
OK = ""
ADD = "ALTER SYSTEM ADD DELETE BACKUP POLICY "
DROP = "ALTER SYSTEM DROP DELETE BACKUP POLICY "
CANCEL = "ALTER SYSTEM CANCEL DELETE BACKUP"
DELETE = "ALTER SYSTEM DELETE "

ANSWERS = [
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d'", LITTLE),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1", OK),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1, t1", OK),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1, t2", MANY),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT all", UNKNOWN),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT all_user", UNKNOWN),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT sys", INTERNAL),
    (SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT ''", "1210 Invalid argument"),
    (T1, ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1", USER_NAMES),
    (T1, ADD + "'default' RECOVERY_WINDOW '7d'", OK),
    (T1, ADD + "'weekly' TENANT nosuch", NAME),
    (T1, ADD + "'Default' RECOVERY_WINDOW '7d'", NAME),
    (SYS, ADD + "'default' TENANT nosuch", UNKNOWN),
    (SYS, ADD + "'default'", LITTLE),
    (T1, ADD + "'default'", NEITHER),
    (T1, ADD + "'default' BACKUP_COPIES 2", NEITHER),
    (T1, ADD + "'default' RECOVERY_WINDOW '7 days' REDUNDANCY 2", NO_TIME),
    (T1, ADD + "'default' RECOVERY_WINDOW ''", OK),
    (T1, ADD + "'default' RECOVERY_WINDOW '' REDUNDANCY 2", NOT_ONE),
    (T1, ADD + "'default' RECOVERY_WINDOW '-1d'", NO_TIME),
    (T1, ADD + "'default' REDUNDANCY 2", NOT_ONE),
    (T1, ADD + "'default' REDUNDANCY 1", OK),
    (T1, ADD + "'default' RECOVERY_WINDOW '36H' REDUNDANCY 2 BACKUP_COPIES 1", OK),
    (T1, DROP + "'default'", OK),
    (T1, DROP + "'weekly'", NAME),
    (T1, DROP + "'default' TENANT t1", USER_NAMES),
    (SYS, DROP + "'default'", LITTLE),
    (SYS, DROP + "'default' TENANT t1, t2", MANY),
    (SYS, DROP + "'default' TENANT t1", OK),
    (SYS, CANCEL, OK),
    (T1, CANCEL, OK),
    (T1, CANCEL + " TENANT t1", USER_NAMES),
    (SYS, CANCEL + " TENANT t1, t1, t2 DESCRIPTION 'x'", OK),
    (SYS, CANCEL + " TENANT all", UNKNOWN),
    (SYS, CANCEL + " TENANT all_meta", UNKNOWN),
    (SYS, CANCEL + " TENANT sys", INTERNAL),
    (SYS, DELETE + "BACKUPSET 1 TENANT = t1", NO_NAME),
    (SYS, DELETE + "BACKUPPIECE 1", NO_NAME),
    (T1, DELETE + "BACKUPSET 1", CLOSED),
    (T1, DELETE + "BACKUPPIECE 1 COPY 2 TENANT t1 DESCRIPTION 'x'", CLOSED),
    (SYS, DELETE + "OBSOLETE BACKUP TENANT t1", CLOSED),
    (T1, DELETE + "OBSOLETE BACKUP", CLOSED),
]


@pytest.mark.parametrize("version", ["4.0.0", "4.2.5", "4.3.3"])
@pytest.mark.parametrize(("tenant_id", "text", "answer"), ANSWERS)
def test_answer(make_state, run, version: str, tenant_id: int, text: str, answer: str) -> None:
    assert run(make_state(version), tenant_id, text) == answer


def test_a_locked_tenant_is_refused(state, run) -> None:
    state.tenant_named("t1").locked = True
    assert run(state, SYS, ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1").startswith("5260 ")


def test_the_view_shows_the_policy_until_it_is_dropped() -> None:
    cluster = Cluster("statements")
    query = "SELECT * FROM oceanbase.CDB_OB_BACKUP_DELETE_POLICY"
    own = "SELECT policy_name, recovery_window FROM oceanbase.DBA_OB_BACKUP_DELETE_POLICY"
    assert cluster.query(query) == []
    cluster.execute(ADD + "'default' RECOVERY_WINDOW '7d' TENANT t1")
    cluster.execute(ADD + "'default' REDUNDANCY 1", tenant="t2")
    assert [tuple(row) for row in cluster.query(query)] == [(1002, "default", "7d"), (1004, "default", "")]
    assert [tuple(row) for row in cluster.query(own, tenant="t1")] == [("default", "7d")]
    cluster.execute(DROP + "'default' TENANT t1")
    assert cluster.query(own, tenant="t1") == []


def test_a_second_policy_is_a_duplicate_and_changes_nothing(state, run) -> None:
    assert run(state, T1, ADD + "'default' RECOVERY_WINDOW '7d'") == OK
    twice = run(state, T1, ADD + "'default' RECOVERY_WINDOW '8d'")
    assert twice == "1062 Duplicate entry '1002-default' for key 'PRIMARY'"
    assert state.tenant_named("t1").cleanup.policy == "7d"
