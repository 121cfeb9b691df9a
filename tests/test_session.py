from contextlib import suppress

import pytest

import obsim
from obsim.answers import Ok, ResultSet, Value
from obsim.api import make_host
from obsim.errors import NotModelled, ServerError
from obsim.session import Pending, Session, SessionHost
from tests.answers import done, refused, rows

SECOND = 1_000_000_000
ROOT_SYS_FLAGS = 0x22
READ_ONLY_VIEW = "cannot perform a DML operation on a read-only view"


@pytest.fixture
def host() -> SessionHost:
    return make_host()


def login(host: SessionHost, tenant: str = "sys", database: str | None = None, user: str | None = None) -> Session:
    owner = host.state.tenant_named(tenant)
    assert owner is not None
    name = user or ("SYS" if owner.mode == "ORACLE" else "root")
    return host.open(name, owner, "127.0.0.1", database)


class TestDatabase:
    def test_none_at_first(self, host: SessionHost) -> None:
        assert login(host).database is None

    def test_the_oracle_tenant_starts_in_its_user_s_schema(self, host: SessionHost) -> None:
        assert login(host, "oracle_tenant").database == "SYS"

    def test_any_case_is_found_and_kept_lower(self, host: SessionHost) -> None:
        session = login(host, database="OceanBase")
        assert session.database == "oceanbase"
        session.execute("USE TEST")
        assert session.database == "test"
        session.use("INFORMATION_SCHEMA")
        assert session.database == "information_schema"

    def test_unknown(self, host: SessionHost) -> None:
        session = login(host)
        assert refused(session, "USE nosuchdb") == (1049, "42000", "Unknown database 'nosuchdb'")
        with pytest.raises(ServerError) as caught:
            session.use("nosuchdb")
        assert (caught.value.errno, caught.value.message) == (1049, "Unknown database")
        with pytest.raises(ServerError, match="Unknown database 'nosuchdb'"):
            login(host, database="nosuchdb")
        assert session.database is None

    def test_a_login_that_failed_leaves_no_session(self, host: SessionHost) -> None:
        with pytest.raises(ServerError):
            login(host, database="nosuchdb")
        assert host.sessions == {}


class TestDiagnostics:
    def test_an_error_is_what_show_warnings_has(self, host: SessionHost) -> None:
        session = login(host)
        refused(session, "USE nosuchdb")
        assert rows(session, "SHOW WARNINGS") == [("Error", 1049, "Unknown database 'nosuchdb'")]
        assert rows(session, "SHOW ERRORS") == [("Error", 1049, "Unknown database 'nosuchdb'")]
        assert rows(session, "SHOW COUNT(*) WARNINGS") == [(1,)]
        assert rows(session, "SHOW COUNT(*) ERRORS") == [(1,)]
        session.execute("SET @a = 1")
        assert rows(session, "SHOW WARNINGS") == []

    def test_a_syntax_error_is_recorded(self, host: SessionHost) -> None:
        session = login(host)
        assert refused(session, "SELEC 1")[0] == 1064
        assert session.warnings[0][:2] == ("Error", 1064)

    def test_a_cut_value_is_a_warning_and_counted(self, host: SessionHost) -> None:
        session = login(host)
        answer = session.execute("SET wait_timeout = 0")
        assert answer == Ok(0, 1)
        assert rows(session, "SHOW WARNINGS") == [("Warning", 1292, "Truncated incorrect wait_timeout value: '0'")]
        assert session.system_variable("warning_count", "") == 1

    def test_show_warnings_limit(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET wait_timeout = 0, interactive_timeout = 0, net_read_timeout = 0")
        assert [message for _, _, message in rows(session, "SHOW WARNINGS LIMIT 1, 1")] == [
            "Truncated incorrect interactive_timeout value: '0'"
        ]

    def test_no_two_sessions_with_warnings_share_a_fingerprint(self, host: SessionHost) -> None:
        one, other = login(host), login(host)
        assert one.fingerprint == other.fingerprint
        refused(one, "USE nosuchdb")
        refused(other, "USE nosuchdb")
        assert one.fingerprint != other.fingerprint


class TestSet:
    def test_session_variables(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET ob_query_timeout = 3600000000000, SESSION ob_trx_timeout = 5, @@time_zone = '-03:00'")
        assert session.system_variable("ob_query_timeout", "session") == 3_600_000_000_000
        assert session.system_variable("OB_TRX_TIMEOUT", "") == 5
        assert session.offset_s == -10_800

    def test_global_is_the_tenant_s_own(self, host: SessionHost) -> None:
        session, other_tenant = login(host, "mysql_tenant"), login(host)
        session.execute("SET GLOBAL ob_query_timeout = 77000000")
        assert session.system_variable("ob_query_timeout", "") == 10_000_000
        assert session.system_variable("ob_query_timeout", "global") == 77_000_000
        assert login(host, "mysql_tenant").system_variable("ob_query_timeout", "") == 77_000_000
        assert other_tenant.system_variable("ob_query_timeout", "global") == 10_000_000

    def test_default(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET sql_mode = ''")
        session.execute("SET sql_mode = DEFAULT")
        assert session.system_variable("sql_mode", "") == "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_AUTO_CREATE_USER"

    def test_all_or_nothing(self, host: SessionHost) -> None:
        session = login(host)
        assert refused(session, "SET GLOBAL wait_timeout = 9, @x = 1, wait_timeout = 7, nosuch = 1")[0] == 1193
        assert session.system_variable("wait_timeout", "") == 28_800
        assert session.system_variable("wait_timeout", "global") == 28_800
        assert session.user_variable("x") is None

    def test_user_variables_ignore_case(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET @Who = 'me'")
        assert session.user_variable("WHO") == "me"

    def test_an_expression_is_evaluated(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET autocommit = 0, sql_mode = concat(@@sql_mode, ',STRICT_TRANS_TABLES')")
        assert session.system_variable("sql_mode", "") == (
            "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_AUTO_CREATE_USER"
        )
        assert session.system_variable("autocommit", "") == 0

    @pytest.mark.parametrize(
        ("text", "errno", "sqlstate", "message"),
        [
            ("SET @@nosuch_var = 1", 1193, "HY000", "Unknown system variable 'nosuch_var'"),
            ("SET ha_low_thread_score = 10", 1193, "HY000", "Unknown system variable 'ha_low_thread_score'"),
            ("SET SESSION wait_timeout = 'abc'", 1232, "42000", "Incorrect argument type to variable 'wait_timeout'"),
            ("SET version = 'x'", 1238, "HY000", "Variable 'version' is a read only variable"),
            ("SET NAMES klingon", 1115, "42000", "Unknown character set: 'klingon'"),
            ("SET NAMES utf8mb4 COLLATE klingon", 1273, "HY000", "Unknown collation: 'klingon'"),
            ("SET NAMES latin1 COLLATE utf8mb4_bin", 1253, "42000",
             "COLLATION 'utf8mb4_bin' is not valid for CHARACTER SET 'latin1'"),
        ],
    )
    def test_refused(self, host: SessionHost, text: str, errno: int, sqlstate: str, message: str) -> None:
        assert refused(login(host), text) == (errno, sqlstate, message)

    def test_names(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET NAMES gbk COLLATE gbk_bin")
        assert session.system_variable("character_set_client", "") == "gbk"
        assert session.system_variable("collation_connection", "") == "gbk_bin"
        assert session.charset == "gbk"
        session.execute("SET NAMES DEFAULT")
        assert session.charset == "utf-8"

    def test_timestamp_says_what_to_do_instead(self, host: SessionHost) -> None:
        with pytest.raises(NotModelled, match=r"obsim\.advance"):
            login(host).execute("SET timestamp = 1700000000")

    def test_reset_keeps_the_database_only(self, host: SessionHost) -> None:
        session = login(host, database="oceanbase")
        session.execute("SET autocommit = 0, time_zone = '+00:00', @x = 1")
        session.execute("SET ENCRYPTION ON IDENTIFIED BY 'secret' ONLY")
        session.reset()
        assert session.database == "oceanbase"
        assert (session.offset_s, session.user_variable("x"), session.encryption) == (28_800, None, None)
        assert session.status_flags == ROOT_SYS_FLAGS


class TestTransactions:
    def flags(self, session: Session) -> tuple[bool, bool]:
        return bool(session.status_flags & 1), bool(session.status_flags & 2)

    def test_begin_and_commit(self, host: SessionHost) -> None:
        session = login(host)
        assert self.flags(session) == (False, True)
        session.execute("BEGIN")
        assert self.flags(session) == (True, True)
        session.execute("COMMIT")
        assert self.flags(session) == (False, True)

    def test_autocommit_off(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET autocommit = 0")
        assert self.flags(session) == (False, False)
        session.execute("SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOBS")
        assert self.flags(session) == (True, False)
        session.execute("SET autocommit = ON")
        assert self.flags(session) == (False, True)

    def test_chain(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("BEGIN")
        session.execute("COMMIT AND CHAIN")
        assert self.flags(session)[0]
        session.execute("ROLLBACK AND NO CHAIN")
        assert not self.flags(session)[0]

    def test_read_only_refuses_alter_system(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("START TRANSACTION READ ONLY")
        assert refused(session, "ALTER SYSTEM SET ha_low_thread_score = 10") == (
            1792, "25006", "Cannot execute statement in a READ ONLY transaction.",
        )  # fmt: skip
        session.execute("COMMIT")
        assert session.execute("ALTER SYSTEM SET ha_low_thread_score = 10") == Ok()

    def test_isolation_level_is_a_variable(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY")
        assert session.system_variable("tx_isolation", "") == "SERIALIZABLE"
        assert session.system_variable("transaction_read_only", "") == 1
        session.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        assert session.system_variable("tx_isolation", "") == "SERIALIZABLE"

    def test_unknown_savepoint(self, host: SessionHost) -> None:
        assert refused(login(host), "ROLLBACK TO s1") == (1305, "42000", "savepoint does not exist: s1")


class TestKill:
    def test_unknown(self, host: SessionHost) -> None:
        assert refused(login(host), "KILL 999999") == (1094, "HY000", "Unknown thread id: 999999")

    def test_sys_kills_any(self, host: SessionHost) -> None:
        victim, killer = login(host, "mysql_tenant"), login(host)
        told: list[bool] = []
        victim.on_kill = told.append
        assert killer.execute(f"KILL QUERY {victim.connection_id}") == Ok()
        assert (told, victim.killed) == ([True], False)
        assert killer.execute(f"KILL {victim.connection_id}") == Ok()
        assert (told, victim.killed) == ([True, False], True)
        assert victim.connection_id not in host.sessions

    def test_another_tenant_s_session_is_not_there(self, host: SessionHost) -> None:
        victim, killer = login(host), login(host, "mysql_tenant")
        assert refused(killer, f"KILL {victim.connection_id}")[0] == 1094
        assert not victim.killed

    def test_oneself(self, host: SessionHost) -> None:
        session = login(host)
        assert refused(session, f"KILL {session.connection_id}")[:2] == (1317, "70100")
        assert session.killed


class TestEncryption:
    def test_decryption_is_for_sys(self, host: SessionHost) -> None:
        text = "SET DECRYPTION IDENTIFIED BY 'a', 'b'"
        session = login(host)
        assert session.execute(text) == Ok()
        assert [secret.reveal for secret in session.decryption] == ["a", "b"]
        assert refused(login(host, "mysql_tenant"), text) == (
            1235, "0A000", "non-sys tenant set decryption is not supported",
        )  # fmt: skip

    def test_the_password_goes_with_the_principal(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("SET ENCRYPTION ON IDENTIFIED BY 'secret' ONLY")
        assert session.principal.encryption is not None
        assert session.principal.encryption.reveal == "secret"
        assert "secret" not in repr(session.principal)


class TestPrepared:
    def test_a_query_with_parameters(self, host: SessionHost) -> None:
        session = login(host)
        prepared = session.prepare("SELECT ? + 1 AS n, NAME FROM oceanbase.GV$OB_PARAMETERS WHERE NAME = ? LIMIT 1")
        assert prepared.parameter_count == 2
        assert [column.name for column in prepared.columns] == ["n", "NAME"]
        for _ in range(2):
            answer = session.execute_prepared(prepared, (41, "cluster_id"))
            assert isinstance(answer, ResultSet)
            assert [tuple(row) for row in answer.rows] == [(42, "cluster_id")]

    def test_a_parameter_never_becomes_sql(self, host: SessionHost) -> None:
        session = login(host)
        prepared = session.prepare("SELECT ?")
        answer = session.execute_prepared(prepared, ("x' OR '1'='1",))
        assert isinstance(answer, ResultSet)
        assert list(answer.rows[0]) == ["x' OR '1'='1"]

    def test_set_with_a_parameter(self, host: SessionHost) -> None:
        session = login(host)
        prepared = session.prepare("SET ob_query_timeout = ?")
        assert (prepared.parameter_count, prepared.columns) == (1, ())
        session.execute_prepared(prepared, (123_456_789_000,))
        assert session.system_variable("ob_query_timeout", "") == 123_456_789_000

    def test_show_has_its_columns(self, host: SessionHost) -> None:
        prepared = login(host).prepare("SHOW TENANT")
        assert [column.name for column in prepared.columns] == ["Current_tenant_name"]

    def test_the_wrong_number_of_parameters(self, host: SessionHost) -> None:
        session = login(host)
        prepared = session.prepare("SET @a = ?")
        with pytest.raises(ServerError) as caught:
            session.execute_prepared(prepared, ())
        assert caught.value.errno == 1210

    def test_errors_come_at_once(self, host: SessionHost) -> None:
        session = login(host)
        with pytest.raises(ServerError) as caught:
            session.prepare("SELECT * FROM oceanbase.nosuch WHERE a = ?")
        assert caught.value.errno == 1146
        assert session.warnings == [("Error", 1146, "Table 'oceanbase.nosuch' doesn't exist")]

    def test_a_reset_of_the_cluster_leaves_it_usable(self, host: SessionHost) -> None:
        session = login(host)
        prepared = session.prepare("SELECT COUNT(*) FROM oceanbase.DBA_OB_TENANTS")
        before = session.execute_prepared(prepared, ())
        session.execute("CALL obsim.reset()")
        after = session.execute_prepared(prepared, ())
        assert isinstance(before, ResultSet)
        assert isinstance(after, ResultSet)
        assert [tuple(r) for r in before.rows] == [tuple(r) for r in after.rows] == [(5,)]


class TestClock:
    VIEW = "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOBS"

    @pytest.mark.parametrize(
        ("text", "moved"),
        [
            (VIEW, True),
            ("SELECT STATUS FROM (SELECT * FROM oceanbase.CDB_OB_BACKUP_JOBS) x", True),
            ("ALTER SYSTEM SET ha_low_thread_score = 3", True),
            ("SELECT 1", False),
            ("SELECT COUNT(*) FROM information_schema.TABLES", False),
            ("SELECT COUNT(*) FROM obsim.clock", False),
            ("SHOW PARAMETERS", False),
            ("SET @a = 1", False),
            ("BEGIN", False),
        ],
    )
    def test_step_counts_what_acts(self, text: str, moved: bool) -> None:
        host = make_host(clock="step", step_s=2)
        session = login(host)
        start_ns = host.state.now_ns
        done(session.execute(text))
        assert host.state.now_ns - start_ns == (2 * SECOND if moved else 0)

    def test_step_counts_a_refused_alter_system_too(self) -> None:
        host = make_host(clock="step")
        start_ns = host.state.now_ns
        assert refused(login(host), "ALTER SYSTEM SET nosuch = 1")[0] == 5099
        assert host.state.now_ns == start_ns + SECOND

    def test_step_moves_before_the_statement(self) -> None:
        host = make_host(clock="step")
        session = login(host)
        start_ns = host.state.now_ns
        session.execute("ALTER SYSTEM BACKUP TENANT = mysql_tenant")
        answer = rows(session, "SELECT TIME_TO_USEC(MIN(START_TIMESTAMP)) FROM oceanbase.CDB_OB_BACKUP_JOBS")
        assert answer[0][0] == (start_ns + SECOND) // 1000

    def test_manual_does_not_move(self, host: SessionHost) -> None:
        start_ns = host.state.now_ns
        session = login(host)
        session.execute("ALTER SYSTEM BACKUP DATABASE")
        rows(session, self.VIEW)
        assert host.state.now_ns == start_ns

    def test_a_query_in_step_mode_is_never_kept(self) -> None:
        session = login(make_host(clock="step"))
        rows(session, self.VIEW)
        assert session.families is None

    def test_a_query_in_manual_mode_tells_its_families(self, host: SessionHost) -> None:
        session = login(host)
        rows(session, "SELECT * FROM oceanbase.CDB_OB_BACKUP_SET_FILES")
        assert session.families is not None
        assert "sets" in session.families
        rows(session, "SHOW VARIABLES")
        assert session.families is None


def busy_login(host: SessionHost) -> Session:
    """Of a cluster that has a backup every hour to come."""
    session = login(host)
    session.execute("CALL obsim.schedule('1h', 'mysql_tenant', 'ALTER SYSTEM BACKUP DATABASE')")
    return session


class TestPending:
    def test_a_jump_goes_in_slices(self, host: SessionHost) -> None:
        session = busy_login(host)
        start_ns = host.state.now_ns
        pending = session.execute("CALL obsim.advance('2d')")
        assert isinstance(pending, Pending)
        answers = [pending.step(lambda: True)]
        while answers[-1] is None:
            answers.append(pending.step(lambda: True))
        assert len(answers) > 2
        assert answers[-1] == Ok()
        assert host.state.now_ns == start_ns + 2 * 86_400 * SECOND

    def test_cancelled_it_keeps_the_time_it_reached(self, host: SessionHost) -> None:
        session = busy_login(host)
        start_ns = host.state.now_ns
        pending = session.execute("CALL obsim.advance('30d')")
        assert isinstance(pending, Pending)
        assert pending.step(lambda: True) is None
        pending.cancel()
        with pytest.raises(ServerError) as caught:
            pending.step(lambda: True)
        assert (caught.value.errno, caught.value.sqlstate) == (1317, "70100")
        assert start_ns <= host.state.now_ns < start_ns + 30 * 86_400 * SECOND
        assert session.warnings[0][1] == 1317

    def test_slices_change_nothing(self) -> None:
        def dump(slow: bool) -> list[tuple[Value, ...]]:
            session = login(make_host(seed=3))
            session.execute("ALTER SYSTEM BACKUP DATABASE")
            pending = session.execute("CALL obsim.run_until_idle()")
            assert isinstance(pending, Pending)
            while pending.step(lambda: slow) is None:
                pass
            return rows(session, "SELECT * FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")

        assert dump(slow=True) == dump(slow=False) != []

    def test_idle_at_once(self, host: SessionHost) -> None:
        session = login(host)
        start_ns = host.state.now_ns
        assert done(session.execute("CALL obsim.run_until_idle()")) == Ok()
        assert host.state.now_ns == start_ns


class Wall:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


class TestWallClock:
    @pytest.fixture
    def wall(self, monkeypatch: pytest.MonkeyPatch) -> Wall:
        wall = Wall()
        monkeypatch.setattr("time.monotonic_ns", wall)
        return wall

    def test_a_statement_brings_time_up(self, wall: Wall) -> None:
        host = make_host(clock="wall", start_time="2024-01-01", speed=10)
        session = login(host)
        start_ns = host.state.now_ns
        wall.ns = 3 * SECOND
        done(session.execute("SELECT 1"))
        assert host.state.now_ns == start_ns + 30 * SECOND

    def test_settle(self, wall: Wall) -> None:
        host = make_host(clock="wall", start_time="2024-01-01")
        start_ns = host.state.now_ns
        assert host.settle() is None
        wall.ns = 3600 * SECOND
        pending = host.settle()
        if pending is not None:
            pending.run()
        assert host.state.now_ns == start_ns + 3600 * SECOND
        assert host.settle() is None

    def test_goes_on_from_a_jump(self, wall: Wall) -> None:
        host = make_host(clock="wall", start_time="2024-01-01")
        session = login(host)
        start_ns = host.state.now_ns
        wall.ns = SECOND
        done(session.execute("CALL obsim.advance('1h')"))
        wall.ns = 2 * SECOND
        done(session.execute("SET @a = 1"))
        assert host.state.now_ns == start_ns + 3602 * SECOND


class TestControl:
    CALL = "CALL obsim.advance('1s')"

    def test_open_to_sys_only(self, host: SessionHost) -> None:
        assert done(login(host).execute(self.CALL)) == Ok()
        for tenant in ("mysql_tenant", "oracle_tenant"):
            assert refused(login(host, tenant), self.CALL) == (
                1305, "42000", "PROCEDURE obsim.advance does not exist",
            )  # fmt: skip
        assert not login(host, "mysql_tenant").control

    def test_off(self) -> None:
        host = make_host(control="off")
        session = login(host)
        assert refused(session, self.CALL)[0] == 1305
        assert refused(session, "USE obsim")[0] == 1049
        assert refused(session, "SELECT * FROM obsim.clock")[0] == 1146

    def test_a_password_unlocks_one_session(self) -> None:
        host = make_host(control="open sesame")
        session, other = login(host), login(host)
        errno, _, message = refused(session, self.CALL)
        assert errno == 1227
        assert "CALL obsim.unlock('password')" in message
        assert refused(session, "CALL obsim.unlock('wrong')")[0] == 1227
        assert refused(session, "CALL obsim.unlock()")[0] == 1318
        assert session.execute("CALL obsim.unlock('open sesame')") == Ok()
        assert done(session.execute(self.CALL)) == Ok()
        assert refused(other, self.CALL)[0] == 1227
        session.reset()
        assert refused(session, self.CALL)[0] == 1227

    def test_unlock_is_unknown_where_nothing_is_locked(self, host: SessionHost) -> None:
        assert refused(login(host), "CALL obsim.unlock('x')")[0] == 1305

    def test_other_procedures(self, host: SessionHost) -> None:
        session = login(host)
        assert refused(session, "CALL dbms_stats.gather()")[2] == "PROCEDURE dbms_stats.gather does not exist"
        assert refused(session, "CALL obsim.nosuch()")[2] == "PROCEDURE obsim.nosuch does not exist"
        assert session.execute("CALL obsim.snapshot('a')") == Ok()
        assert refused(login(host, "mysql_tenant"), "CALL obsim.snapshot('a')")[0] == 1305
        assert refused(session, "CALL obsim.advance()")[0] == 1210
        assert refused(session, "CALL advance('1s')") == (1046, "3D000", "No database selected")
        session.execute("USE obsim")
        assert done(session.execute("CALL advance('1s')")) == Ok()

    @pytest.mark.parametrize(("shown", "found"), [(True, True), (False, False)])
    def test_the_schema_is_listed_only_on_request(self, shown: bool, found: bool) -> None:
        session = login(make_host(show_control=shown))
        assert (("obsim",) in rows(session, "SHOW DATABASES")) is found
        assert rows(session, "SELECT TIMELINE FROM obsim.clock") == [(1,)]

    def test_reset(self, host: SessionHost) -> None:
        session, other = login(host), login(host, "mysql_tenant", "oceanbase")
        start_ns = host.state.now_ns
        session.execute("SET GLOBAL wait_timeout = 5")
        session.execute("ALTER SYSTEM BACKUP DATABASE")
        done(session.execute("CALL obsim.run_until_idle()"))
        assert rows(session, "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY") == [(3,)]
        assert session.execute("CALL obsim.reset()") == Ok()
        assert (host.state.now_ns, host.state.timeline) == (start_ns, 2)
        assert rows(session, "SELECT COUNT(*) FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY") == [(0,)]
        assert rows(other, "SELECT COUNT(*) FROM DBA_OB_BACKUP_JOBS") == [(0,)]
        assert session.system_variable("wait_timeout", "global") == 28_800

    def test_schedule(self, host: SessionHost) -> None:
        session = login(host)
        session.execute("CALL obsim.schedule('1h', 'mysql_tenant', 'ALTER SYSTEM BACKUP DATABASE')")
        done(session.execute("CALL obsim.advance('150m')"))
        found = rows(session, "SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY WHERE TENANT_ID = 1002")
        assert found == [("COMPLETED",), ("COMPLETED",)]
        assert refused(session, "CALL obsim.schedule('1h', 'mysql_tenant', 'SELECT 1')")[0] == 1210


class TestStatementsOfTheCluster:
    def test_a_backup_from_either_side(self, host: SessionHost) -> None:
        assert login(host).execute("ALTER SYSTEM BACKUP INCREMENTAL TENANT = mysql_tenant") == Ok()
        assert login(host, "oracle_tenant").execute("ALTER SYSTEM BACKUP DATABASE") == Ok()

    def test_what_every_version_refuses(self, host: SessionHost) -> None:
        assert refused(login(host), "ALTER SYSTEM SUSPEND BACKUP")[0] == 1235

    @pytest.mark.parametrize(
        "text",
        [
            "ALTER SYSTEM CANCEL RESTORE t9", "DROP TENANT sys", "ALTER TENANT mysql_tenant READ ONLY",
            "ALTER SYSTEM BOOTSTRAP ZONE 'z1'",
        ],
    )
    def test_what_only_sys_may_run(self, host: SessionHost, text: str) -> None:
        assert refused(login(host, "mysql_tenant"), text) == (1227, "42501", "Access denied")
        assert refused(login(host), text)[0] == 1235

    def test_what_a_user_tenant_may_run_and_obsim_does_not_model(self, host: SessionHost) -> None:
        assert refused(login(host, "mysql_tenant"), "ALTER SYSTEM TRIGGER TTL")[0] == 1235

    @pytest.mark.parametrize(
        ("text", "errno", "message"),
        [
            ("INSERT INTO oceanbase.GV$OB_PARAMETERS VALUES (1)", 5723, READ_ONLY_VIEW),
            ("delete from `GV$OB_PARAMETERS`", 5723, READ_ONLY_VIEW),
            ("UPDATE OceanBase.GV$OB_PARAMETERS SET value = 1", 5723, READ_ONLY_VIEW),
            ("DROP VIEW oceanbase.GV$OB_PARAMETERS", 4179, "drop system view not allowed"),
            ("INSERT INTO test.t VALUES (1)", 1235, "obsim does not model INSERT"),
        ],
    )
    def test_system_views_are_read_only(self, host: SessionHost, text: str, errno: int, message: str) -> None:
        assert refused(login(host, database="oceanbase"), text)[::2] == (errno, message)

    def test_what_is_not_modelled_says_so(self, host: SessionHost) -> None:
        errno, sqlstate, message = refused(login(host), "CREATE TABLE t (a INT)")
        assert (errno, sqlstate) == (1235, "0A000")
        assert message.startswith("obsim does not model ")

    def test_the_text_in_the_process_list_has_no_password(self, host: SessionHost) -> None:
        session = login(host)
        texts = []
        for text in ("SET ENCRYPTION ON IDENTIFIED BY 'hush' ONLY", "CALL obsim.unlock('hush')"):
            session.statement = host.read(text)
            texts.append(session.statement_text())
        assert texts == ["SET ENCRYPTION ON IDENTIFIED BY '***' ONLY", "CALL obsim.unlock('***')"]

    def test_texts_with_secrets_are_not_remembered(self, host: SessionHost) -> None:
        session = login(host)
        for text in (
            "SET ENCRYPTION ON IDENTIFIED BY 'hush' ONLY",
            "ALTER SYSTEM SET log_archive_dest = 'LOCATION=s3://b/a?host=h&access_id=hush&access_key=hush'",
            "CALL obsim.unlock('hush')",
            "CALL obsim.snapshot('hush')",
        ):
            with suppress(ServerError):
                session.execute(text)
        harmless = ["SHOW TENANT", "SHOW DATABASES", "ALTER SYSTEM SET ha_low_thread_score = 3"]
        for text in harmless:
            session.execute(text)
        assert list(host._read_texts) == harmless


def test_alter_session_is_a_statement_of_oracle_mode() -> None:
    cluster = obsim.Cluster()
    refusals = []
    for tenant in ("mysql_tenant", "oracle_tenant"):
        with pytest.raises(ServerError) as refused:
            cluster.execute("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY'", tenant=tenant)
        refusals.append((refused.value.errno, refused.value.message[-60:]))
    assert refusals[0][0] == 1064
    assert refusals[0][1].endswith("near 'SESSION SET NLS_DATE_FORMAT = 'YYYY'' at line 1")
    assert refusals[1] == (1235, "obsim does not model ALTER SESSION")
