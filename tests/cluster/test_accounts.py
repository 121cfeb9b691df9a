"""Accounts, privileges and who may run what, by statements."""

from pathlib import Path

import pytest

from obsim.answers import ResultSet, Value
from obsim.api import make_host
from obsim.cluster.commands import every_command
from obsim.errors import ScenarioError, ServerError
from obsim.session import Session, SessionHost

NEEDS = "Access denied; you need (at least one of) the {} privilege(s) for this operation"
MARKER = "s3cretMARKER"


@pytest.fixture
def host() -> SessionHost:
    return make_host()


def login(host: SessionHost, user: str = "root", tenant: str = "sys", account_host: str = "%") -> Session:
    owner = host.state.tenant_named(tenant)
    assert owner is not None
    return host.open(user, owner, "127.0.0.1", account_host=account_host)


def rows(session: Session, text: str) -> list[tuple[Value, ...]]:
    answer = session.execute(text)
    assert isinstance(answer, ResultSet)
    return [tuple(row) for row in answer.rows]


def refused(session: Session, text: str) -> tuple[int, str, str]:
    with pytest.raises(ServerError) as caught:
        session.execute(text)
    return caught.value.errno, caught.value.sqlstate, caught.value.message


def plain_user(host: SessionHost, tenant: str = "sys", *grants: str) -> Session:
    root = login(host, tenant=tenant)
    root.execute("CREATE USER u1 IDENTIFIED BY 'p'")
    for grant in grants:
        root.execute(grant)
    return login(host, "u1", tenant)


class TestAccounts:
    def test_a_new_one_has_usage_alone(self, host: SessionHost) -> None:
        session = plain_user(host)
        assert rows(session, "SHOW GRANTS") == [("GRANT USAGE ON *.* TO 'u1'",)]

    def test_the_recorded_grant(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT SELECT ON oceanbase.* TO u1")
        answer = session.execute("SHOW GRANTS")
        assert isinstance(answer, ResultSet)
        assert answer.columns[0].name == "Grants for u1@%"
        assert rows(session, "SHOW GRANTS") == [
            ("GRANT USAGE ON *.* TO 'u1'",),
            ("GRANT SELECT ON `oceanbase`.* TO 'u1'",),
        ]

    def test_grants_print_in_the_engine_s_order(self, host: SessionHost) -> None:
        root = login(host)
        root.execute("CREATE USER 'a'@'10.%'")
        root.execute("GRANT ALTER SYSTEM, SELECT, CREATE USER, SHOW DATABASES ON *.* TO 'a'@'10.%' WITH GRANT OPTION")
        root.execute("GRANT INSERT ON test.t TO 'a'@'10.%'")
        root.execute("GRANT ALL ON test.* TO 'a'@'10.%'")
        assert rows(root, "SHOW GRANTS FOR 'a'@'10.%'") == [
            ("GRANT CREATE USER, SELECT, SHOW DB, ALTER SYSTEM ON *.* TO 'a'@'10.%' WITH GRANT OPTION",),
            ("GRANT ALL PRIVILEGES ON `test`.* TO 'a'@'10.%'",),
            ("GRANT INSERT ON `test`.`t` TO 'a'@'10.%'",),
        ]

    def test_1396_names_every_account_that_is_there_and_makes_none(self, host: SessionHost) -> None:
        root = login(host)
        root.execute("CREATE USER a, 'b'@'1.2.3.4'")
        assert refused(root, "CREATE USER a, c, 'b'@'1.2.3.4'") == (
            1396, "HY000", "Operation CREATE USER failed for 'a'@'%','b'@'1.2.3.4'",
        )  # fmt: skip
        assert refused(root, "DROP USER c")[2] == "Operation DROP USER failed for 'c'@'%'"
        root.execute("CREATE USER IF NOT EXISTS a, c")
        assert {row[0] for row in rows(root, "SELECT user FROM mysql.user")} == {"root", "a", "b", "c"}

    def test_others_that_are_not_there(self, host: SessionHost) -> None:
        root = login(host)
        assert refused(root, "ALTER USER n ACCOUNT LOCK")[::2] == (1396, "Operation LOCK USER failed for 'n'@'%'")
        assert refused(root, "RENAME USER n TO m")[::2] == (1396, "Operation RENAME USER failed for 'n'@'%'")
        assert refused(root, "SET PASSWORD FOR n = PASSWORD('x')")[0] == 1133
        assert refused(root, "REVOKE SELECT ON *.* FROM n")[0] == 1133
        root.execute("CREATE USER n")
        assert refused(root, "REVOKE SELECT ON test.* FROM n") == (
            1141, "42000", "There is no such grant defined for user 'n' on host '%'",
        )  # fmt: skip

    def test_rename_and_drop(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT ALTER SYSTEM ON *.* TO u1")
        root = login(host)
        root.execute("RENAME USER u1 TO 'u2'@'127.0.0.1'")
        assert rows(root, "SHOW GRANTS FOR 'u2'@'127.0.0.1'") == [("GRANT ALTER SYSTEM ON *.* TO 'u2'@'127.0.0.1'",)]
        assert refused(session, "ALTER SYSTEM MINOR FREEZE")[0] == 1227
        root.execute("DROP USER 'u2'@'127.0.0.1'")
        assert rows(root, "SELECT user FROM mysql.user") == [("root",)]

    @pytest.mark.parametrize("text", ["DROP USER root", "RENAME USER root TO r"])
    def test_administrators_stay(self, host: SessionHost, text: str) -> None:
        assert refused(login(host), text) == (1227, "42501", "Access denied")
        assert refused(plain_user(host), text) == (1227, "42501", "Access denied")

    def test_levels_that_do_not_fit(self, host: SessionHost) -> None:
        root = login(host)
        root.execute("CREATE USER a")
        assert refused(root, "GRANT SUPER ON test.* TO a") == (
            1221, "HY000", "Incorrect usage of DB GRANT and GLOBAL PRIVILEGES",
        )  # fmt: skip
        assert refused(root, "GRANT SUPER ON test.t TO a")[0] == 1144
        assert refused(root, "GRANT SELECT ON * TO a")[0] == 1046
        root.execute("USE test")
        root.execute("GRANT SELECT ON * TO a")
        assert rows(root, "SHOW GRANTS FOR a")[1] == ("GRANT SELECT ON `test`.* TO 'a'",)

    def test_a_grant_makes_the_account_for_who_may(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT SELECT ON *.* TO u1 WITH GRANT OPTION")
        assert refused(session, "GRANT SELECT ON *.* TO fresh")[::2] == (
            1410, "You are not allowed to create a user with GRANT",
        )  # fmt: skip
        login(host).execute("GRANT SELECT ON *.* TO fresh IDENTIFIED BY 'p'")
        assert rows(login(host), "SHOW GRANTS FOR fresh") == [("GRANT SELECT ON *.* TO 'fresh'",)]

    def test_tenants_have_accounts_of_their_own(self, host: SessionHost) -> None:
        plain_user(host, "mysql_tenant")
        assert rows(login(host), "SELECT user FROM mysql.user") == [("root",)]
        found = rows(login(host), "SELECT TENANT_ID, USER_NAME, PRIV_ALTER_SYSTEM FROM oceanbase.CDB_OB_USERS")
        assert (1002, "root", "YES") in found
        assert (1002, "u1", "NO") in found

    def test_reset_forgets_them(self, host: SessionHost) -> None:
        plain_user(host)
        login(host).execute("CALL obsim.reset()")
        assert rows(login(host), "SELECT user FROM mysql.user") == [("root",)]


class TestPrivileges:
    def test_every_statement_that_changes_the_cluster_is_behind_the_table(self) -> None:
        free = {"Grant", "Revoke", "SetPassword"}
        assert {kind.__name__ for kind, run in every_command().items() if run.__name__ != "run"} == free

    def test_4_3_5_takes_super_too(self) -> None:
        host = make_host(version="4.3.5")
        session = plain_user(host)
        assert refused(session, "ALTER SYSTEM MINOR FREEZE")[2] == NEEDS.format("SUPER or ALTER SYSTEM")
        login(host).execute("GRANT SUPER ON *.* TO u1")
        session.execute("ALTER SYSTEM MINOR FREEZE")

    @pytest.mark.parametrize(
        "text", ["CREATE USER x", "DROP USER u1", "ALTER USER u1 ACCOUNT LOCK", "RENAME USER u1 TO x"]
    )
    def test_accounts_need_create_user(self, host: SessionHost, text: str) -> None:
        session = plain_user(host)
        assert refused(session, text) == (1227, "42501", NEEDS.format("CREATE USER"))
        login(host).execute("GRANT CREATE USER ON *.* TO u1")
        session.execute(text)

    def test_grant_needs_all_it_gives_and_the_option(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT SELECT ON *.* TO u1", "CREATE USER x")
        assert refused(session, "GRANT SELECT ON *.* TO x") == (1227, "42501", NEEDS.format("GRANT"))
        assert refused(session, "GRANT SELECT ON test.* TO x") == (
            1044, "42000", "Access denied for user 'u1'@'%' to database 'test'",
        )  # fmt: skip
        login(host).execute("GRANT SELECT ON *.* TO u1 WITH GRANT OPTION")
        session.execute("GRANT SELECT ON *.* TO x")
        assert refused(session, "GRANT INSERT ON *.* TO x")[2] == NEEDS.format("INSERT")

    def test_set_global(self, host: SessionHost) -> None:
        session = plain_user(host)
        session.execute("SET SESSION wait_timeout = 100")
        assert refused(session, "SET GLOBAL wait_timeout = 100") == (1227, "42501", NEEDS.format("ALTER SYSTEM"))
        assert refused(session, "SET @a = 1, GLOBAL wait_timeout = 1")[0] == 1227
        assert rows(session, "SELECT @a") == [(None,)]

    def test_own_password_needs_nothing(self, host: SessionHost) -> None:
        session = plain_user(host)
        session.execute("SET PASSWORD = PASSWORD('new')")
        assert refused(session, "SET PASSWORD FOR root = PASSWORD('x')")[2] == NEEDS.format("CREATE USER")

    def test_views(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT SELECT ON oceanbase.* TO u1")
        assert refused(session, "SELECT * FROM mysql.user") == (
            1142, "42000", "SELECT command denied to user 'u1'@'%' for table 'user'",
        )  # fmt: skip
        text = "SELECT name FROM oceanbase.GV$OB_PARAMETERS WHERE name = 'ha_low_thread_score'"
        assert set(rows(session, text)) == {("ha_low_thread_score",)}
        assert rows(session, "SELECT COUNT(*) FROM information_schema.ENGINES") == [(1,)]
        login(host).execute("REVOKE SELECT ON oceanbase.* FROM u1")
        assert refused(session, text)[0] == 1142
        with pytest.raises(ServerError) as caught:
            session.prepare(text)
        assert caught.value.errno == 1142

    def test_schemas(self, host: SessionHost) -> None:
        session = plain_user(host)
        assert rows(session, "SHOW DATABASES") == [("information_schema",)]
        assert refused(session, "USE oceanbase") == (
            1044, "42000", "Access denied for user 'u1'@'%' to database 'oceanbase'",
        )  # fmt: skip
        login(host).execute("GRANT SELECT ON oceanbase.DBA_OB_TENANTS TO u1")
        session.execute("USE oceanbase")
        assert rows(session, "SELECT COUNT(*) FROM DBA_OB_TENANTS") == [(5,)]
        assert refused(session, "SELECT * FROM CDB_OB_BACKUP_JOBS")[0] == 1142

    def test_create_database(self, host: SessionHost) -> None:
        assert refused(plain_user(host), "CREATE DATABASE dd") == (
            1044, "42000", "Access denied for user 'u1'@'%' to database 'dd'",
        )  # fmt: skip

    def test_process_list_and_kill(self, host: SessionHost) -> None:
        root = login(host)
        session = plain_user(host)
        assert [row[1] for row in rows(session, "SHOW PROCESSLIST")] == ["u1"]
        assert refused(session, f"KILL {root.connection_id}")[0] == 1095
        assert refused(session, "KILL 999999")[0] == 1094
        assert refused(session, f"KILL QUERY {session.connection_id}")[0] == 1317
        root.execute("GRANT PROCESS, SUPER ON *.* TO u1")
        assert "root" in [row[1] for row in rows(session, "SHOW PROCESSLIST")]
        session.execute(f"KILL {root.connection_id}")
        assert root.killed

    def test_others_grants(self, host: SessionHost) -> None:
        session = plain_user(host)
        assert refused(session, "SHOW GRANTS FOR root")[::2] == (
            1044, "Access denied for user 'u1'@'%' to database 'mysql'",
        )  # fmt: skip

    def test_a_dropped_user_s_session_lives_and_may_nothing(self, host: SessionHost) -> None:
        session = plain_user(host, "sys", "GRANT ALL ON *.* TO u1")
        session.execute("ALTER SYSTEM MINOR FREEZE")
        login(host).execute("DROP USER u1")
        assert rows(session, "SELECT 1") == [(1,)]
        assert refused(session, "ALTER SYSTEM MINOR FREEZE")[0] == 1227

    def test_a_change_of_accounts_changes_the_fingerprint(self, host: SessionHost) -> None:
        session = plain_user(host)
        before = session.fingerprint
        login(host).execute("GRANT SELECT ON *.* TO u1")
        assert session.fingerprint != before


def test_a_scenario_s_accounts_come_back_with_a_reset(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    file.write_text(
        """about = "x"
[[tenant]]
name = "t1"
[[tenant.user]]
name = "app"
password = "p"
grants = { "*.*" = ["alter system"], "oceanbase.*" = ["SELECT"] }
"""
    )
    host = make_host(str(file))
    for _ in range(2):
        assert rows(login(host, tenant="t1"), "SHOW GRANTS FOR app") == [
            ("GRANT ALTER SYSTEM ON *.* TO 'app'",),
            ("GRANT SELECT ON `oceanbase`.* TO 'app'",),
        ]
        login(host, tenant="t1").execute("DROP USER app")
        login(host).execute("CALL obsim.reset()")
    file.write_text(file.read_text().replace("alter system", "fly"))
    with pytest.raises(ScenarioError, match="FLY"):
        make_host(str(file))


def test_passwords_show_nowhere(host: SessionHost) -> None:
    root = login(host)
    for text in (
        f"CREATE USER m IDENTIFIED BY '{MARKER}'",
        f"ALTER USER m IDENTIFIED BY '{MARKER}'",
        f"SET PASSWORD FOR m = PASSWORD('{MARKER}')",
        f"GRANT SELECT ON *.* TO n IDENTIFIED BY '{MARKER}'",
    ):
        statement = host.read(text)
        assert MARKER not in repr(statement)
        root.statement = statement
        assert MARKER not in repr(rows(login(host), "SHOW FULL PROCESSLIST"))
        root.execute(text)
    assert MARKER not in repr(host.state.sys.users)
    assert MARKER not in repr(rows(root, "SELECT * FROM mysql.user"))


def test_a_password_by_parameter(host: SessionHost) -> None:
    root = login(host)
    root.execute("CREATE USER m")
    root.execute_prepared(root.prepare("ALTER USER m IDENTIFIED BY ?"), [MARKER])
    user = host.state.sys.account("m", "%")
    assert user is not None
    assert len(user.password_sha1) == 20
