import pytest

from obsim.answers import Column, ResultSet, Value
from obsim.api import make_host
from obsim.errors import ServerError
from obsim.session import Session
from obsim.session.show import LISTINGS
from obsim.sql.grammar.show import SHOW_KINDS

Shape = tuple[str, int, int, int, int]


def login(tenant: str = "sys", version: str = "4.2.1", database: str | None = None) -> Session:
    host = make_host(version=version)
    owner = host.state.tenant_named(tenant)
    assert owner is not None
    return host.open("SYS" if owner.mode == "ORACLE" else "root", owner, "127.0.0.1:40000", database)


def shown(session: Session, text: str) -> ResultSet:
    answer = session.execute(text)
    assert isinstance(answer, ResultSet)
    assert all(len(row) == len(answer.columns) for row in answer.rows)
    return answer


def rows(session: Session, text: str) -> list[tuple[Value, ...]]:
    return [tuple(row) for row in shown(session, text).rows]


def labels(session: Session, text: str) -> list[str]:
    return [column.name for column in shown(session, text).columns]


def refused(session: Session, text: str) -> tuple[int, str]:
    with pytest.raises(ServerError) as caught:
        session.execute(text)
    return caught.value.errno, caught.value.message


def shape(column: Column) -> Shape:
    return column.name, int(column.type), column.length, column.charset, int(column.flags)


def shapes(session: Session, text: str) -> list[Shape]:
    return [shape(column) for column in shown(session, text).columns]


# (name, type, length, character set, flags) as a real engine sent them; every table is `subquery_alias`.
NAME_VALUE = [("Variable_name", 253, 512, 45, 1), ("Value", 253, 262_144, 45, 0)]
FIELDS = [
    ("Field", 253, 512, 45, 16387), ("Type", 253, 4_194_304, 45, 1), ("Null", 253, 16, 45, 1), ("Key", 253, 16, 45, 1),
    ("Default", 253, 16384, 45, 0), ("Extra", 253, 16384, 45, 1),
]  # fmt: skip
RECORDED: dict[str, list[Shape]] = {
    "SHOW TENANT": [("Current_tenant_name", 253, 512, 45, 1)],
    "SHOW DATABASES": [("Database", 253, 512, 45, 1)],
    "SHOW PROCESSLIST": [
        ("Id", 8, 20, 63, 33), ("User", 253, 128, 45, 1), ("Host", 253, 512, 45, 1), ("db", 253, 512, 45, 0),
        ("Command", 253, 16384, 45, 1), ("Time", 8, 21, 63, 1), ("State", 253, 512, 45, 0),
        ("Info", 253, 1_048_572, 45, 0),
    ],
    "SHOW FULL PROCESSLIST": [
        ("Id", 8, 20, 63, 33), ("User", 253, 128, 45, 1), ("Tenant", 253, 512, 45, 1), ("Host", 253, 512, 45, 1),
        ("db", 253, 512, 45, 0), ("Command", 253, 16384, 45, 1), ("Time", 8, 21, 63, 1), ("State", 253, 512, 45, 0),
        ("Info", 253, 1_048_572, 45, 0), ("Port", 8, 20, 63, 1), ("Proxy_sessid", 8, 20, 63, 32),
    ],
    "SHOW ENGINES": [
        ("ENGINE", 253, 256, 45, 1), ("SUPPORT", 253, 32, 45, 1), ("COMMENT", 253, 320, 45, 1),
        ("TRANSACTIONS", 253, 12, 45, 1), ("XA", 253, 12, 45, 1), ("SAVEPOINTS", 253, 12, 45, 1),
    ],
    "SHOW COLLATION": [
        ("Collation", 253, 512, 45, 1), ("Charset", 253, 512, 45, 1), ("Id", 8, 20, 63, 1), ("Default", 253, 16, 45, 1),
        ("Compiled", 253, 16, 45, 1), ("Sortlen", 8, 20, 63, 1),
    ],
    "SHOW CHARSET": [
        ("Charset", 253, 512, 45, 1), ("Description", 253, 256, 45, 1), ("Default collation", 253, 512, 45, 1),
        ("Maxlen", 8, 20, 63, 1),
    ],
    "SHOW STATUS": [("Variable_name", 253, 512, 45, 1), ("Value", 253, 4096, 45, 0)],
    "SHOW VARIABLES": NAME_VALUE,
    "SHOW GLOBAL VARIABLES": NAME_VALUE,
    "SHOW WARNINGS": [("Level", 253, 128, 45, 1), ("Code", 8, 20, 63, 1), ("Message", 253, 2048, 45, 1)],
    "SHOW ERRORS": [("Level", 253, 128, 45, 1), ("Code", 8, 20, 63, 1), ("Message", 253, 2048, 45, 1)],
    "SHOW GRANTS": [("Grants for root@%", 253, 4096, 45, 1)],
    "SHOW FULL TABLES FROM oceanbase": [("Tables_in_oceanbase", 253, 1024, 45, 16387), ("Table_type", 253, 256, 45, 1)],
    "DESC oceanbase.GV$OB_PARAMETERS": FIELDS,
    "SHOW COLUMNS FROM oceanbase.GV$OB_PARAMETERS": FIELDS,
    "SHOW CREATE TABLE oceanbase.GV$OB_PARAMETERS": [
        ("View", 253, 1024, 45, 1), ("Create View", 252, 4_294_967_295, 45, 17),
        ("character_set_client", 253, 512, 45, 1), ("collation_connection", 253, 512, 45, 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", RECORDED)
def test_columns_are_those_of_a_real_engine(text: str) -> None:
    session = login()
    assert shapes(session, text) == RECORDED[text]
    assert {column.org_table for column in shown(session, text).columns} == {"subquery_alias"}


def test_every_kind_of_the_grammar_is_answered_or_refused_by_name() -> None:
    session = login(database="oceanbase")
    for kind, _ in SHOW_KINDS.values():
        if kind not in LISTINGS and not kind.startswith("CREATE "):
            assert refused(session, f"SHOW {kind}") == (1235, f"obsim does not model SHOW {kind}")
    assert set(LISTINGS) <= {kind for kind, _ in SHOW_KINDS.values()}


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [("sys", ["information_schema", "mysql", "oceanbase", "test"]), ("oracle_tenant", ["SYS"])],
)
def test_databases(tenant: str, expected: list[str]) -> None:
    assert [name for (name,) in rows(login(tenant), "SHOW DATABASES")] == expected


class TestTables:
    def test_of_the_current_database(self) -> None:
        session = login("mysql_tenant", database="oceanbase")
        assert labels(session, "SHOW TABLES") == ["Tables_in_oceanbase"]
        names = [name for (name,) in rows(session, "SHOW TABLES")]
        assert "DBA_OB_BACKUP_JOBS" in names
        assert not [name for name in names if str(name).startswith("CDB_")]
        assert names == sorted(names, key=str)

    def test_like_stands_in_the_label_and_ignores_case(self) -> None:
        session = login()
        assert labels(session, "SHOW TABLES FROM oceanbase LIKE '%backup_JOB%'") == [
            "Tables_in_oceanbase (%backup_JOB%)"
        ]
        found = [name for (name,) in rows(session, "SHOW TABLES FROM OceanBase LIKE '%backup_JOB%'")]
        assert found[:2] == ["CDB_OB_BACKUP_JOBS", "CDB_OB_BACKUP_JOB_HISTORY"]

    def test_full(self) -> None:
        found = dict(rows(login(), "SHOW FULL TABLES FROM oceanbase"))  # type: ignore[arg-type]
        assert found["CDB_OB_BACKUP_JOBS"] == "SYSTEM VIEW"
        assert found["__all_virtual_dag_scheduler"] == "SYSTEM TABLE"

    def test_errors(self) -> None:
        session = login()
        assert refused(session, "SHOW TABLES") == (1046, "No database selected")
        assert refused(session, "SHOW TABLES FROM nosuchdb") == (1049, "Unknown database 'nosuchdb'")
        assert refused(session, "SHOW TABLES FROM SYS") == (1049, "Unknown database 'SYS'")
        assert rows(session, "SHOW TABLES FROM test") == []

    def test_status_is_empty(self) -> None:
        session = login(database="oceanbase")
        assert rows(session, "SHOW TABLE STATUS LIKE 'x'") == []
        assert labels(session, "SHOW TABLE STATUS")[:3] == ["Name", "Engine", "Version"]


class TestColumns:
    def test_desc(self) -> None:
        found = rows(login(), "DESC oceanbase.cdb_ob_backup_jobs")
        assert found[0] == ("TENANT_ID", "bigint(20)", "NO", "", "NULL", "")
        assert ("COMMENT", "varchar(4096)", "YES", "", "NULL", "") in found
        assert len(found) == 19

    def test_desc_of_one_column_and_of_a_pattern(self) -> None:
        session = login(database="oceanbase")
        assert [row[0] for row in rows(session, "DESC CDB_OB_BACKUP_JOBS status")] == ["STATUS"]
        assert [row[0] for row in rows(session, "DESC CDB_OB_BACKUP_JOBS '%TENANT_ID'")] == [
            "TENANT_ID", "INITIATOR_TENANT_ID", "EXECUTOR_TENANT_ID",
        ]  # fmt: skip

    def test_an_inner_table_has_no_default_text(self) -> None:
        assert rows(login(), "DESC oceanbase.__all_virtual_dag_scheduler")[0][4] is None
        assert {row[4] for row in rows(login(), "DESC oceanbase.V$OB_UNITS")} == {""}  # it selects from GV$OB_UNITS
        assert {row[4] for row in rows(login(), "DESC oceanbase.V$OB_ARCHIVE_DEST_STATUS")} == {"NULL"}

    def test_where(self) -> None:
        found = rows(login(), "SHOW COLUMNS FROM CDB_OB_BACKUP_JOBS FROM oceanbase WHERE Type LIKE 'timestamp%'")
        assert [row[0] for row in found] == ["START_TIMESTAMP", "END_TIMESTAMP"]

    def test_full(self) -> None:
        session = login()
        found = rows(session, "SHOW FULL COLUMNS FROM oceanbase.CDB_OB_BACKUP_JOBS LIKE 'STATUS'")
        assert found == [
            ("STATUS", "varchar(4096)", "utf8mb4_general_ci", "NO", "", "NULL", "", "SELECT", "")
        ]

    def test_unknown(self) -> None:
        session = login(database="oceanbase")
        message = "Table 'oceanbase.nosuch_view' doesn't exist"
        for words in ("DESC", "SHOW COLUMNS FROM", "SHOW CREATE VIEW", "SHOW CREATE TABLE", "SHOW INDEX FROM"):
            assert refused(session, f"{words} Nosuch_View") == (1146, message)

    def test_a_view_of_sys_is_not_there_for_a_user_tenant(self) -> None:
        session = login("mysql_tenant")
        assert refused(session, "DESC oceanbase.CDB_OB_BACKUP_JOBS") == (
            1146, "Table 'oceanbase.cdb_ob_backup_jobs' doesn't exist",
        )  # fmt: skip

    def test_index_is_empty(self) -> None:
        assert rows(login(), "SHOW INDEX FROM oceanbase.CDB_OB_BACKUP_JOBS") == []


class TestCreate:
    def test_view(self) -> None:
        ((name, ddl, charset, collation),) = rows(login(), "SHOW CREATE VIEW oceanbase.cdb_ob_backup_parameter")
        assert (name, charset, collation) == ("CDB_OB_BACKUP_PARAMETER", "utf8mb4", "utf8mb4_general_ci")
        assert str(ddl).startswith("CREATE VIEW `CDB_OB_BACKUP_PARAMETER` AS SELECT TENANT_ID, NAME, VALUE FROM ")

    def test_inner_table(self) -> None:
        session = login()
        ((name, ddl),) = rows(session, "SHOW CREATE TABLE oceanbase.__all_virtual_dag_scheduler")
        assert name == "__all_virtual_dag_scheduler"
        assert "value_type varchar(64) NOT NULL" in str(ddl).replace("`", "")
        assert refused(session, "SHOW CREATE VIEW oceanbase.__all_virtual_dag_scheduler") == (
            1347, "'oceanbase.__all_virtual_dag_scheduler' is not VIEW",
        )  # fmt: skip

    def test_database(self) -> None:
        session = login()
        assert rows(session, "SHOW CREATE DATABASE OCEANBASE") == [
            ("oceanbase", "CREATE DATABASE `oceanbase` DEFAULT CHARACTER SET = utf8mb4 REPLICA_NUM = 1")
        ]
        assert refused(session, "SHOW CREATE DATABASE nosuch")[0] == 1049


class TestVariables:
    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("autocommit", [("autocommit", "ON")]),
            ("ob_%timeout", [
                ("ob_pl_block_timeout", "3216672000000000"), ("ob_query_timeout", "10000000"),
                ("ob_trx_idle_timeout", "86400000000"), ("ob_trx_lock_timeout", "-1"),
                ("ob_trx_timeout", "86400000000"),
            ]),
            ("sql_mode", [("sql_mode", "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_AUTO_CREATE_USER")]),
            ("lower_case%", [("lower_case_file_system", "OFF"), ("lower_case_table_names", "1")]),
            ("char%", [
                ("character_sets_dir", ""), ("character_set_client", "utf8mb4"),
                ("character_set_connection", "utf8mb4"),
                ("character_set_database", "utf8mb4"), ("character_set_filesystem", "binary"),
                ("character_set_results", "utf8mb4"), ("character_set_server", "utf8mb4"),
                ("character_set_system", "utf8mb4"),
            ]),
            ("max_allowed_packet", [("max_allowed_packet", "16777216")]),
            ("tx_isolation", [("tx_isolation", "READ-COMMITTED")]),
            ("nosuch%", []),
        ],
    )  # fmt: skip
    def test_recorded(self, pattern: str, expected: list[tuple[str, str]]) -> None:
        assert rows(login(), f"SHOW VARIABLES LIKE '{pattern}'") == expected

    def test_where(self) -> None:
        assert rows(login(), "SHOW VARIABLES WHERE variable_name = 'PORT'") == [("port", "2881")]

    def test_scopes(self) -> None:
        session = login()
        session.execute("SET autocommit = 0")
        assert rows(session, "SHOW VARIABLES LIKE 'autocommit'") == [("autocommit", "OFF")]
        assert rows(session, "SHOW GLOBAL VARIABLES LIKE 'autocommit'") == [("autocommit", "ON")]
        assert rows(session, "SHOW GLOBAL VARIABLES LIKE 'warning_count'") == []

    def test_what_drivers_ask_for_exists(self) -> None:
        found = dict(rows(login(), "SHOW VARIABLES"))  # type: ignore[arg-type]
        for name in (
            "version_comment", "license", "init_connect", "query_cache_size", "query_cache_type", "net_write_timeout",
            "wait_timeout", "interactive_timeout", "system_time_zone", "time_zone", "performance_schema",
            "transaction_isolation", "auto_increment_increment", "collation_server", "collation_connection", "hostname",
        ):  # fmt: skip
            assert name in found
        assert "OceanBase" in str(found["version_comment"])


SCORE_INFO = (
    "the current work thread score of high availability low thread. Range: [0,100] in integer. "
    "Especially, 0 means default value"
)


class TestParameters:
    def test_twelve_columns_then_fourteen(self) -> None:
        twelve = labels(login(), "SHOW PARAMETERS LIKE 'ha_low_thread_score'")
        assert twelve == [
            "zone", "svr_type", "svr_ip", "svr_port", "name", "data_type", "value", "info", "section", "scope",
            "source", "edit_level",
        ]  # fmt: skip
        assert labels(login(version="4.3.3"), "SHOW PARAMETERS") == [*twelve, "default_value", "isdefault"]

    def test_a_row(self) -> None:
        session = login("mysql_tenant", version="4.3.3")
        session.execute("ALTER SYSTEM SET ha_low_thread_score = 10")
        assert rows(session, "SHOW PARAMETERS LIKE 'HA_LOW_thread_score'") == [(
            "z1", "observer", "127.0.0.1", 2882, "ha_low_thread_score", "INT", "10",
            SCORE_INFO, "OBSERVER", "TENANT", "DEFAULT", "DYNAMIC_EFFECTIVE", "0", 0,
        )]  # fmt: skip
        assert session.families == ("parameters",)

    def test_of_another_tenant(self) -> None:
        session = login()
        session.execute("ALTER SYSTEM SET ha_low_thread_score = 10 TENANT = mysql_tenant")
        text = "SHOW PARAMETERS LIKE 'ha_low_thread_score'"
        assert rows(session, text)[0][6] == "0"
        assert rows(session, text + " TENANT = mysql_tenant")[0][6] == "10"
        assert rows(session, text + " TENANT = 'oracle_tenant'")[0][6] == "0"

    @pytest.mark.parametrize("name", ["nosuch", "all", "MYSQL_TENANT"])
    def test_unknown_tenant(self, name: str) -> None:
        assert refused(login(), f"SHOW PARAMETERS TENANT = {name}") == (
            5160, "invalid tenant name specified in connection string",
        )  # fmt: skip

    def test_tenant_is_for_sys(self) -> None:
        assert refused(login("mysql_tenant"), "SHOW PARAMETERS TENANT = mysql_tenant") == (1227, "Access denied")

    def test_hidden_ones_show_once_changed(self) -> None:
        session = login()
        assert rows(session, "SHOW PARAMETERS LIKE '\\_backup\\_idle\\_time'") == []
        session.execute("ALTER SYSTEM SET _backup_idle_time = '6m'")
        assert [row[4] for row in rows(session, "SHOW PARAMETERS LIKE '\\_%'")] == ["_backup_idle_time"]

    def test_like_escapes_and_where(self) -> None:
        session = login()
        assert len(rows(session, "SHOW PARAMETERS LIKE 'ha!_%!_thread!_score' ESCAPE '!'")) == 3
        found = rows(session, "SHOW PARAMETERS WHERE scope = 'tenant' AND name IN ('ha_low_thread_score', 'zone')")
        assert [row[4] for row in found] == ["ha_low_thread_score"]
        assert refused(session, "SHOW PARAMETERS WHERE nosuch = 1")[0] == 1054


class TestSessions:
    def test_processes(self) -> None:
        session = login(database="oceanbase")
        mysql_tenant = session.cluster.state.tenant_named("mysql_tenant")
        assert mysql_tenant is not None
        other = session.cluster.open("root", mysql_tenant, "10.0.0.9:555")
        session.cluster.state.advance_to(session.cluster.state.now_ns + 90_000_000_000)
        mine = (session.connection_id, "root", "127.0.0.1:40000", "oceanbase", "Query", 0, "ACTIVE", "SHOW PROCESSLIST")
        theirs = (other.connection_id, "root", "10.0.0.9:555", None, "Sleep", 90, "SLEEP", None)
        assert rows(session, "SHOW PROCESSLIST") == [mine, theirs]
        assert [row[0] for row in rows(other, "SHOW PROCESSLIST")] == [other.connection_id]
        full = rows(other, "SHOW FULL PROCESSLIST")[0]
        assert (full[2], full[8], full[9]) == ("mysql_tenant", "SHOW FULL PROCESSLIST", 2881)

    def test_grants(self) -> None:
        session = login("mysql_tenant")
        assert rows(session, "SHOW GRANTS")[0] == ("GRANT ALL PRIVILEGES ON *.* TO 'root' WITH GRANT OPTION",)
        assert ("GRANT ALL PRIVILEGES ON `oceanbase`.* TO 'root'",) in rows(session, "SHOW GRANTS FOR CURRENT_USER()")
        assert refused(session, "SHOW GRANTS FOR nobody") == (
            1141, "There is no such grant defined for user 'nobody' on host '%'",
        )  # fmt: skip

    def test_uptime_is_virtual(self) -> None:
        session = login()
        session.cluster.state.advance_to(session.cluster.state.now_ns + 301_000_000_000)
        assert rows(session, "SHOW STATUS LIKE 'Uptime'") == [("Uptime", "301")]

    def test_tenant(self) -> None:
        assert rows(login("oracle_tenant"), "SHOW TENANT") == [("oracle_tenant",)]
        assert rows(login(), "SHOW TENANT STATUS") == [
            ("sys", "READ WRITE"), ("mysql_tenant", "READ WRITE"), ("oracle_tenant", "READ WRITE"),
        ]  # fmt: skip

    def test_collations(self) -> None:
        assert rows(login(), "SHOW COLLATION LIKE 'utf8mb4_%'")[:3] == [
            ("utf8mb4_general_ci", "utf8mb4", 45, "Yes", "Yes", 1), ("utf8mb4_bin", "utf8mb4", 46, "", "Yes", 1),
            ("utf8mb4_unicode_ci", "utf8mb4", 224, "", "Yes", 8),
        ]  # fmt: skip
        assert rows(login(), "SHOW CHARACTER SET WHERE Maxlen = 2") == [("gbk", "GBK charset", "gbk_chinese_ci", 2)]


def test_the_column_charset_is_a_name() -> None:
    session = login()
    assert [row[0] for row in rows(session, "SHOW COLLATION WHERE Charset = 'binary'")] == ["binary"]
    assert [row[0] for row in rows(session, "SHOW CHARACTER SET WHERE charset = 'GBK'")] == ["gbk"]
    assert rows(session, "SELECT CAST('a' AS CHAR CHARSET utf8mb4), CAST('b' AS CHAR(1) CHARACTER SET utf8mb4)") == [
        ("a", "b")
    ]
