"""What each statement understands in its TENANT clause: every cell of the table of statements.md."""

import pytest

SYS, T1 = 1, 1002
UNKNOWN = "5160 invalid tenant name specified in connection string"
DENIED = "1227 Access denied"
PLAIN = "1235 Not supported feature or function"
INTERNAL = "4016 Internal error"
USER_NAMES = "1235 user tenant cannot specify tenant names not supported"
MIXED = "1235 all/all_user/all_meta in combination with other names is not supported"
EMPTY = "1210 Invalid argument"
OK = ""

BACKUP = [
    (SYS, "ALTER SYSTEM BACKUP", "1235 No tenant name specified not supported"),
    (SYS, "ALTER SYSTEM BACKUP INCREMENTAL", "1235 No tenant name specified not supported"),
    (SYS, "ALTER SYSTEM BACKUP TENANT = all", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP TENANT = all_user", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP TENANT = all_meta", UNKNOWN),
    (T1, "ALTER SYSTEM BACKUP TENANT = t1", USER_NAMES),
    (T1, "ALTER SYSTEM BACKUP", USER_NAMES),
    (SYS, "ALTER SYSTEM BACKUP TENANT = t1, t1", OK),
    (SYS, "ALTER SYSTEM BACKUP TENANT = t1, sys", INTERNAL),
    (SYS, "ALTER SYSTEM BACKUP TENANT = nosuch, sys", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP TENANT = sys, nosuch", INTERNAL),
    (SYS, "ALTER SYSTEM BACKUP TENANT = T1", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP TENANT = `META$1002`", INTERNAL),
    (SYS, "ALTER SYSTEM BACKUP DATABASE", OK),
    (T1, "ALTER SYSTEM BACKUP DATABASE", OK),
    (SYS, "ALTER SYSTEM BACKUP TENANT = nosuch TO 'file:///x'", UNKNOWN),
    (SYS, "ALTER SYSTEM BACKUP DATABASE TO 'file:///x'", "1235 backup do not support using specify path not supported"),
]
CANCEL = [
    (SYS, "ALTER SYSTEM CANCEL BACKUP", OK),
    (T1, "ALTER SYSTEM CANCEL BACKUP", OK),
    (SYS, "ALTER SYSTEM CANCEL BACKUP TENANT = all", UNKNOWN),
    (SYS, "ALTER SYSTEM CANCEL BACKUP TENANT = all_user", UNKNOWN),
    (T1, "ALTER SYSTEM CANCEL BACKUP TENANT = t1", PLAIN),
    (SYS, "ALTER SYSTEM CANCEL BACKUP TENANT = t1, t1", OK),
    (SYS, "ALTER SYSTEM CANCEL BACKUP TENANT = sys", INTERNAL),
    (SYS, "ALTER SYSTEM CANCEL BACKUP TENANT = nosuch", UNKNOWN),
]
WORDS = "1235 use all_user/all_meta in 'ALTER SYSTEM ARCHIVELOG' syntax is not supported"
ARCHIVE = [
    (SYS, "ALTER SYSTEM NOARCHIVELOG", OK),
    (SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = all", OK),
    (SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = ALL", OK),
    (SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = all_user", WORDS),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = all_meta", WORDS),
    (T1, "ALTER SYSTEM NOARCHIVELOG TENANT = t1", DENIED),
    (T1, "ALTER SYSTEM ARCHIVELOG TENANT = all", DENIED),
    (T1, "ALTER SYSTEM NOARCHIVELOG", OK),
    (T1, "ALTER SYSTEM ARCHIVELOG", "9091 Already in ARCHIVELOG mode"),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = t1, t1", "1235 duplicate tenant t1 is not supported"),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = t1, all", MIXED),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = nosuch", UNKNOWN),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = t1", OK),
    (SYS, "ALTER SYSTEM ARCHIVELOG TENANT = sys", OK),
]
FREEZE = [
    (SYS, "ALTER SYSTEM MAJOR FREEZE", OK),
    (T1, "ALTER SYSTEM MAJOR FREEZE", OK),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = all", OK),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = all_user", OK),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = all_meta", OK),
    (SYS, "ALTER SYSTEM MINOR FREEZE TENANT = all_meta", OK),
    (T1, "ALTER SYSTEM MAJOR FREEZE TENANT = t1", DENIED),
    (T1, "ALTER SYSTEM MINOR FREEZE TENANT = t1", OK),
    (T1, "ALTER SYSTEM MINOR FREEZE TENANT = all_user", DENIED),
    (T1, "ALTER SYSTEM MINOR FREEZE TENANT = nosuch", DENIED),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = t1, t2", OK),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = t1, t1", "1235 duplicate tenant t1 is not supported"),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = t1, all_user", MIXED),
    (SYS, "ALTER SYSTEM MAJOR FREEZE TENANT = sys", OK),
    (SYS, "ALTER SYSTEM MINOR FREEZE TENANT = nosuch", UNKNOWN),
    (SYS, "ALTER SYSTEM MINOR FREEZE ZONE = 'z9'", "1210 Incorrect arguments to zone"),
    (SYS, "ALTER SYSTEM MINOR FREEZE SERVER = ('127.0.0.1:1')", "1210 Incorrect arguments to server"),
]
SET = [
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10", OK),
    (T1, "ALTER SYSTEM SET ha_low_thread_score = 10", OK),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all", OK),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = ALL_USER", OK),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_meta", OK),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = sys", OK),
    (T1, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = t1", DENIED),
    (T1, "ALTER SYSTEM SET nosuch = 10 TENANT = t1", DENIED),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = nosuch", UNKNOWN),
    (SYS, "ALTER SYSTEM SET nosuch = 10 TENANT = nosuch", "5099 System config unknown"),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 101 TENANT = nosuch", UNKNOWN),
    (SYS, "ALTER SYSTEM SET enable_major_freeze = 0 TENANT = t1", "5099 System config unknown"),
    (T1, "ALTER SYSTEM SET enable_major_freeze = 0", "5099 System config unknown"),
    (SYS, "ALTER SYSTEM SET cluster_id = 2", "4179 alter the parameter cluster_id not allowed"),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 ZONE = 'z9'", "1210 Incorrect arguments to zone"),
    (SYS, "ALTER SYSTEM SET ha_low_thread_score = 10 SERVER = '127.0.0.1:1'", "1210 Incorrect arguments to server"),
]
DEST = [
    (SYS, "ALTER SYSTEM SET data_backup_dest = 'file:///x'", PLAIN),
    (SYS, "ALTER SYSTEM SET data_backup_dest = 'file:///x' TENANT = all", UNKNOWN),
    (SYS, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///x' TENANT = all_user", UNKNOWN),
    (T1, "ALTER SYSTEM SET data_backup_dest = 'file:///x' TENANT = t1", DENIED),
    (SYS, "ALTER SYSTEM SET data_backup_dest = 'file:///x' TENANT = sys", PLAIN),
    (SYS, "ALTER SYSTEM SET data_backup_dest = 'file:///x' TENANT = t1", OK),
    (T1, "ALTER SYSTEM SET data_backup_dest = 'file:///x'", OK),
    (T1, "ALTER SYSTEM SET data_backup_dest = ''", OK),
    (T1, "ALTER SYSTEM SET data_backup_dest = '/x'", "9026 backup destination is not valid"),
    (
        T1, "ALTER SYSTEM SET data_backup_dest = 'file:///x', ha_low_thread_score = 1",
        "1235 backup configuration items cannot be set together with non data backup configuration items not supported",
    ),
    (
        T1, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///x'",
        "1235 change archive dest when archive is running is not supported",
    ),
    (
        T1, "ALTER SYSTEM SET log_archive_dest = ''",
        "1235 change archive dest when archive is running is not supported",
    ),
    (T1, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///x SPEED=1'", PLAIN),
    (
        T1, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///x PIECE_SWITCH_INTERVAL=8d'",
        "1235 invalid piece_switch_interval out of range [1d,7d] is not supported",
    ),
    (
        T1, "ALTER SYSTEM SET log_archive_dest = 'BINDING=Optional'",
        "1235 set archive dest without location is not supported",
    ),
    (T1, "ALTER SYSTEM SET log_archive_dest_state = 'DEFER'", OK),
    (T1, "ALTER SYSTEM SET log_archive_dest_state = ''", EMPTY),
    (T1, "ALTER SYSTEM SET log_archive_dest_state = 'ON'", EMPTY),
]  # fmt: skip
CELLS = BACKUP + CANCEL + ARCHIVE + FREEZE + SET + DEST


@pytest.mark.parametrize(
    ("by", "sql", "answer"), CELLS, ids=[f"{'sys' if row[0] == SYS else 't1'}: {row[1]}" for row in CELLS]
)
def test_cell(state, run, by, sql, answer):
    assert run(state, by, sql) == answer


@pytest.mark.parametrize(("by", "sql", "answer"), [row for row in CELLS if row[2]], ids=lambda value: str(value)[:60])
def test_a_refusal_changes_nothing(state, run, by, sql, answer):
    before = (state.parameters.dump(), [vars_of(t) for t in state.user_tenants()])
    run(state, by, sql)
    assert (state.parameters.dump(), [vars_of(t) for t in state.user_tenants()]) == before
    assert state.idle()


def vars_of(tenant) -> tuple:
    backup, archive = tenant.backup, tenant.archive
    return (
        backup.path, len(backup.jobs), backup.expected_by_sys, archive.enabled, archive.destination, archive.deferred,
        archive.round.status, tenant.storage.blocks.epoch, len(tenant.storage.blocks.dirty),
    )  # fmt: skip


OLD = [
    ("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_user", PLAIN),
    ("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all_meta", PLAIN),
    ("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = all", OK),
]


@pytest.mark.parametrize(("sql", "answer"), OLD)
def test_words_before_4_2_1(make_state, run, sql, answer):
    assert run(make_state("4.1.0"), SYS, sql) == answer


def scores(state) -> dict[str, int]:
    return {t.name: state.parameters.get_int("ha_low_thread_score", t.tenant_id) for t in state.tenants.values()}


def test_whom_the_words_mean(make_state, run):
    for version, word, changed in (
        ("4.2.5", "all", ["t1", "t2"]),
        ("4.2.5", "all_user", ["t1", "t2"]),
        ("4.2.5", "all_meta", ["META$1002", "META$1004"]),
        ("4.1.0", "all", ["META$1002", "META$1004", "sys", "t1", "t2"]),
        ("4.2.5", "t2", ["t2"]),
        ("4.2.5", "sys", ["sys"]),
    ):
        state = make_state(version)
        assert run(state, SYS, f"ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = {word}") == OK
        assert sorted(name for name, score in scores(state).items() if score == 10) == changed


def test_each_action_has_its_own_tenant(state, run):
    sql = "ALTER SYSTEM SET ha_low_thread_score = 7, ha_mid_thread_score = 8 TENANT = t1"
    assert run(state, SYS, sql) == OK
    assert scores(state)["sys"] == 7
    assert state.parameters.get_int("ha_mid_thread_score", T1) == 8
    assert scores(state)["t1"] == 0


def test_a_locked_tenant_is_named_in_the_refusal(state, run):
    state.tenants[T1].locked = True
    assert run(state, SYS, "ALTER SYSTEM BACKUP TENANT = t1") == "5260 Tenant 't1' is locked"
