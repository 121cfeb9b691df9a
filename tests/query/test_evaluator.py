"""Queries over views: rows, labels and wire types."""

# ruff: noqa: E501 - a query a line

import pytest

from obsim.answers import Column, ColumnFlag, MysqlType, Value
from obsim.errors import ServerError
from tests.query.fakes import JOBS, SCN, FakeTenant, World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_star_gives_the_views_columns_and_rows(world: World) -> None:
    answer = world.ask("SELECT * FROM oceanbase.cdb_jobs")
    assert [c.name for c in answer.columns] == [
        "TENANT_ID",
        "JOB_ID",
        "BACKUP_TYPE",
        "STATUS",
        "START_TIMESTAMP",
        "END_TIMESTAMP",
        "START_SCN",
        "OUTPUT_BYTES",
        "RATE",
        "COMMENT",
    ]
    assert [tuple(r) for r in answer.rows] == JOBS


def test_a_columns_wire_form_is_the_views(world: World) -> None:
    answer = world.ask("SELECT start_scn s, rate, End_Timestamp FROM CDB_JOBS j")
    assert answer.columns == (
        Column(
            "s",
            MysqlType.LONGLONG,
            20,
            0,
            ColumnFlag.NOT_NULL | ColumnFlag.UNSIGNED,
            63,
            "START_SCN",
            "j",
            "cdb_jobs",
            "oceanbase",
        ),
        Column("rate", MysqlType.NEWDECIMAL, 28, 2, ColumnFlag.NONE, 63, "RATE", "j", "cdb_jobs", "oceanbase"),
        Column(
            "End_Timestamp",
            MysqlType.TIMESTAMP,
            26,
            6,
            ColumnFlag.BINARY | ColumnFlag.TIMESTAMP,
            63,
            "END_TIMESTAMP",
            "j",
            "cdb_jobs",
            "oceanbase",
        ),
    )


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (
            "SELECT status, STATUS, j.Status, oceanbase.j.sTatus FROM cdb_jobs j",
            ["status", "STATUS", "Status", "sTatus"],
        ),
        ("SELECT `status`, status AS `x y`, status 'q', status \"d\" FROM cdb_jobs", ["status", "x y", "q", "d"]),
        ("SELECT count( * ),  MAX(job_id)+1 , (job_id) FROM cdb_jobs", ["count( * )", "MAX(job_id)+1", "job_id"]),
        ("SELECT NOW(), 1+1, 'a', version() -- end", ["NOW()", "1+1", "a", "version()"]),
        ("SELECT @@autocommit, @@session.autocommit, @x, null", ["@@autocommit", "@@session.autocommit", "@x", "null"]),
        ("SELECT /*+ hint */ DISTINCT concat(status, ',', (select 1, 2 from dual where 0) ) FROM cdb_jobs where 0", []),
        ("SELECT case when 1 then 2 end, if(1,2,3), 1 in (1,2)", ["case when 1 then 2 end", "if(1,2,3)", "1 in (1,2)"]),
        ("SELECT * FROM (SELECT count(*), max(job_id) m FROM cdb_jobs)", ["count(*)", "m"]),
        ("SELECT t.*, 1 FROM (select 7 AS Seven) t", ["Seven", "1"]),
        ("(SELECT 1 AS a) UNION (SELECT 2)", ["a"]),
        ("SELECT 1 a, 2 a", ["a", "a"]),
        ("SELECT '" + "x" * 300 + "'", ["x" * 256]),
    ],
)
def test_labels(world: World, text: str, labels: list[str]) -> None:
    if labels:
        assert world.labels(text) == labels
    else:
        with pytest.raises(ServerError) as caught:
            world.ask(text)
        assert caught.value.errno == 1241


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("1", (MysqlType.LONGLONG, 20, 0, 129, 63)),
        ("'xyz'", (MysqlType.VAR_STRING, 12, 0, 1, 45)),
        ("1.5", (MysqlType.NEWDECIMAL, 4, 1, 129, 63)),
        ("1e3", (MysqlType.DOUBLE, 23, 31, 129, 63)),
        ("NULL", (MysqlType.NULL, 0, 0, 128, 63)),
        ("NOW() > '2020-01-01'", (MysqlType.LONG, 1, 0, 128, 63)),
        ("1 IS NOT NULL", (MysqlType.LONG, 1, 0, 129, 63)),
        ("NOW()", (MysqlType.DATETIME, 19, 0, 128, 63)),
        ("NOW(6)", (MysqlType.DATETIME, 26, 6, 128, 63)),
        ("UTC_TIMESTAMP()", (MysqlType.DATETIME, 19, 0, 129, 63)),
        ("1/3", (MysqlType.NEWDECIMAL, 29, 4, 128, 63)),
        ("VERSION()", (MysqlType.VAR_STRING, 16384, 0, 0, 45)),
        ("OB_VERSION()", (MysqlType.VAR_STRING, 28, 0, 0, 45)),
        ("DATABASE()", (MysqlType.VAR_STRING, 512, 0, 0, 45)),
        ("USER()", (MysqlType.VAR_STRING, 772, 0, 0, 45)),
        ("@@autocommit", (MysqlType.LONGLONG, 20, 0, 128, 63)),
        ("@@version", (MysqlType.VAR_STRING, 16384, 0, 0, 45)),
        ("(select count(*) from cdb_jobs)", (MysqlType.LONGLONG, 20, 0, 128, 63)),
        ("(select sum(job_id) from cdb_jobs)", (MysqlType.NEWDECIMAL, 40, 0, 128, 63)),
        ("(select avg(rate) from cdb_jobs)", (MysqlType.NEWDECIMAL, 40, 6, 128, 63)),
        ("(select max(end_timestamp) from cdb_jobs)", (MysqlType.TIMESTAMP, 26, 6, 128, 63)),
        ("CAST('5' AS UNSIGNED)", (MysqlType.LONGLONG, 20, 0, 161, 63)),
        ("CURDATE()", (MysqlType.DATE, 10, 0, 128, 63)),
        ("IF(1, 'ab', 'c')", (MysqlType.VAR_STRING, 8, 0, 1, 45)),
        ("COALESCE(NULL, 1.25)", (MysqlType.NEWDECIMAL, 5, 2, 129, 63)),
    ],
)
def test_types_of_expressions(world: World, expression: str, column: tuple[MysqlType, int, int, int, int]) -> None:
    found = world.ask(f"SELECT {expression}").columns[0]
    assert (found.type, found.length, found.decimals, int(found.flags), found.charset) == column


def test_types_hold_without_rows(world: World) -> None:
    columns = world.ask("SELECT max(rate), upper(status), rate FROM cdb_jobs WHERE 0 GROUP BY status").columns
    assert [c.type for c in columns] == [MysqlType.NEWDECIMAL, MysqlType.VAR_STRING, MysqlType.NEWDECIMAL]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # comparing
        ("SELECT job_id FROM cdb_jobs WHERE tenant_id = '1002' ORDER BY 1", [(1,), (2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE status = 'Completed' ORDER BY job_id", [(1,), (4,)]),
        ("SELECT job_id FROM cdb_jobs WHERE status IN ('completed', 'DOING') ORDER BY 1", [(1,), (3,), (4,)]),
        ("SELECT job_id FROM cdb_jobs WHERE comment LIKE 'a\\_b\\%c'", [(4,)]),
        ("SELECT job_id FROM cdb_jobs WHERE backup_type LIKE 'IN_' ORDER BY 1", [(2,), (4,)]),
        ("SELECT job_id FROM cdb_jobs WHERE comment IS NULL OR comment = '' ORDER BY 1", [(1,), (2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE start_timestamp = '2024-01-01'", [(1,)]),
        ("SELECT job_id FROM cdb_jobs WHERE start_timestamp > 20240102 ORDER BY 1", [(2,), (3,), (4,)]),
        (
            "SELECT job_id FROM cdb_jobs WHERE start_timestamp >= NOW() - INTERVAL 2 DAY AND start_timestamp < NOW()",
            [(1,), (2,)],
        ),
        (f"SELECT job_id FROM cdb_jobs WHERE start_scn > {SCN} ORDER BY 1", [(2,), (3,), (4,)]),
        (
            "SELECT job_id FROM cdb_jobs WHERE (tenant_id, backup_type) IN ((1002, 'full'), (1004, 'INC')) ORDER BY 1",
            [(1,), (4,)],
        ),
        ("SELECT job_id FROM cdb_jobs WHERE tenant_id = 1002 XOR job_id = 3 ORDER BY 1", [(1,), (2,), (3,)]),
        ("SELECT job_id FROM cdb_jobs WHERE !(tenant_id = 1002) && comment <=> 'über'", [(3,)]),
        # ordering and limits
        ("SELECT job_id FROM cdb_jobs ORDER BY end_timestamp, job_id", [(3,), (1,), (2,), (4,)]),
        ("SELECT job_id FROM cdb_jobs ORDER BY end_timestamp DESC", [(4,), (2,), (1,), (3,)]),
        ("SELECT job_id j FROM cdb_jobs ORDER BY status DESC, j LIMIT 1, 2", [(3,), (1,)]),
        ("SELECT job_id FROM cdb_jobs ORDER BY field(job_id, 4, 2) DESC, -job_id LIMIT 3 OFFSET 1", [(4,), (3,), (1,)]),
        # grouping
        ("SELECT backup_type, count(*) n FROM cdb_jobs GROUP BY 1 HAVING n > 1 ORDER BY 1", [("FULL", 2), ("INC", 2)]),
        (
            "SELECT lower(backup_type) b, sum(rate) FROM cdb_jobs GROUP BY b ORDER BY 2 DESC",
            [("inc", "10.00"), ("full", "1.50")],
        ),
        ("SELECT DISTINCT upper(status) FROM cdb_jobs ORDER BY 1", [("COMPLETED",), ("DOING",), ("FAILED",)]),
        (
            "SELECT sum(output_bytes), avg(output_bytes), max(rate) FROM cdb_jobs",
            [("3145728", "1048576.0000", "10.00")],
        ),
        ("SELECT sum(start_scn) FROM cdb_jobs", [(str(3 * SCN + 2_000_001_000 + 2**62 - 1),)]),
        (
            "SELECT count(DISTINCT backup_type), count(DISTINCT tenant_id, backup_type), count(comment) FROM cdb_jobs",
            [(2, 4, 3)],
        ),
        (
            "SELECT group_concat(DISTINCT backup_type ORDER BY backup_type DESC SEPARATOR '; ') FROM cdb_jobs WHERE job_id < 3",
            [("INC; FULL",)],
        ),
        (
            "SELECT tenant_id, group_concat(job_id, '-', backup_type ORDER BY job_id DESC) FROM cdb_jobs GROUP BY 1 ORDER BY 1 LIMIT 1",
            [(1002, "2-INC,1-FULL")],
        ),
        ("SELECT max(job_id) FROM cdb_jobs WHERE 0", [(None,)]),
        ("SELECT job_id AS j FROM cdb_jobs HAVING j > 3", [(4,)]),
        # joins
        (
            "SELECT tenant_name, job_id FROM dba_tenants t LEFT JOIN cdb_jobs j ON j.tenant_id = t.tenant_id WHERE job_id IS NULL ORDER BY 1",
            [("Empty", None), ("sys", None)],
        ),
        (
            "SELECT t.tenant_name FROM cdb_jobs j RIGHT JOIN dba_tenants t USING (tenant_id) WHERE j.job_id IS NULL ORDER BY 1",
            [("Empty",), ("sys",)],
        ),
        ("SELECT count(*) FROM cdb_jobs, dba_tenants", [(16,)]),
        ("SELECT * FROM (SELECT 1 a, 2 b) x NATURAL JOIN (SELECT 1 a, 3 c) y", [(1, 2, 3)]),
        (
            "SELECT count(*) FROM cdb_jobs a, dba_tenants b RIGHT JOIN dba_tenants c ON b.tenant_id = c.tenant_id",
            [(16,)],
        ),
        # subqueries, sets, common table expressions, windows
        (
            "SELECT tenant_name FROM dba_tenants t WHERE 2 = (SELECT count(*) FROM cdb_jobs WHERE tenant_id = t.tenant_id) ORDER BY 1",
            [("mysql_tenant",), ("oracle_tenant",)],
        ),
        (
            "SELECT tenant_name FROM dba_tenants WHERE tenant_id NOT IN (SELECT tenant_id FROM cdb_jobs) ORDER BY 1",
            [("Empty",), ("sys",)],
        ),
        ("SELECT job_id FROM cdb_jobs WHERE job_id >= ALL (SELECT job_id FROM cdb_jobs)", [(4,)]),
        (
            "SELECT n FROM (SELECT tenant_id, count(*) n FROM cdb_jobs GROUP BY tenant_id) ORDER BY tenant_id LIMIT 1",
            [(2,)],
        ),
        (
            "SELECT status FROM cdb_jobs UNION SELECT backup_type FROM cdb_jobs ORDER BY 1 DESC LIMIT 2",
            [("INC",), ("FULL",)],
        ),
        ("SELECT tenant_id FROM dba_tenants EXCEPT SELECT tenant_id FROM cdb_jobs ORDER BY 1", [(1,), (1006,)]),
        ("SELECT tenant_id FROM dba_tenants MINUS (SELECT tenant_id FROM cdb_jobs) ORDER BY 1", [(1,), (1006,)]),
        ("SELECT 1 UNION ALL SELECT 'x' UNION ALL SELECT NULL", [("1",), ("x",), (None,)]),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, i / 2 FROM n",
            [(1, "0.5000"), (2, "1.0000"), (3, "1.5000")],
        ),
        (
            "SELECT job_id, row_number() OVER (PARTITION BY tenant_id ORDER BY job_id DESC), sum(job_id) OVER (ORDER BY job_id) FROM cdb_jobs ORDER BY 1",
            [(1, 2, "1"), (2, 1, "3"), (3, 2, "6"), (4, 1, "10")],
        ),
        ("SELECT 1 FROM DUAL FOR UPDATE", [(1,)]),
        ("SELECT /* a */ SQL_NO_CACHE 1 # b", [(1,)]),
        ("TABLE moment", [("x",)]),
        # SQLite would order '1' after 9; the column is a decimal and prints its digits
        ("SELECT rate * 2, rate / 3, rate - 0.25 FROM cdb_jobs WHERE job_id = 1", [("3.00", "0.500000", "1.25")]),
        (
            "SELECT concat(rate, '|', start_timestamp), ifnull(end_timestamp, 'none') FROM cdb_jobs WHERE job_id = 3",
            [("0.00|2024-01-03 12:34:56.789012", "none")],
        ),
    ],
)
def test_rows(world: World, text: str, rows: list[tuple[object, ...]]) -> None:
    assert world.rows(text) == rows


@pytest.mark.parametrize(
    ("text", "parameters", "rows"),
    [
        ("SELECT job_id FROM cdb_jobs WHERE status = ? AND job_id IN (?, ?)", ("failed", 2, 3), [(2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE tenant_id = ? ORDER BY 1 LIMIT ?", ("1002", 1), [(1,)]),
        ("SELECT job_id FROM cdb_jobs ORDER BY job_id LIMIT ?, ?", (1, 2), [(2,), (3,)]),
        ("SELECT job_id FROM cdb_jobs WHERE comment LIKE ? ORDER BY 1", ("%_b%",), [(3,), (4,)]),
        ("SELECT job_id FROM cdb_jobs WHERE start_timestamp > ? ORDER BY 1", ("2024-01-03",), [(3,), (4,)]),
        ("SELECT ?, concat(?, 'x'), ? + 1", ("a'; DROP", "b", 41), [("a'; DROP", "bx", 42)]),
        ("SELECT (SELECT max(job_id) FROM cdb_jobs WHERE tenant_id = ?), ?", (1002, None), [(2, None)]),
        ("SELECT job_id FROM cdb_jobs LIMIT ?", (-1,), []),
    ],
)
def test_parameters(world: World, text: str, parameters: tuple[object, ...], rows: list[tuple[object, ...]]) -> None:
    assert world.rows(text, *parameters) == rows  # type: ignore[arg-type]


def test_a_parameters_type_is_its_values(world: World) -> None:
    assert [c.type for c in world.ask("SELECT ?, ?, ?", 1, "x", 1.5).columns] == [
        MysqlType.LONGLONG,
        MysqlType.VAR_STRING,
        MysqlType.DOUBLE,
    ]
    plan = world.evaluator.compile("SELECT ?, job_id FROM cdb_jobs", world.session)  # type: ignore[arg-type]
    assert plan.parameter_count == 1
    assert [c.name for c in world.evaluator.columns(plan, world.session)] == ["?", "job_id"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "errno", "message"),
    [
        ("SELECT * FROM NoSuch", 1146, "Table 'oceanbase.nosuch' doesn't exist"),
        ("SELECT * FROM NoDb.T", 1146, "Table 'nodb.t' doesn't exist"),
        ("SELECT * FROM obsim.secrets", 1146, "Table 'obsim.secrets' doesn't exist"),
        ("SELECT Nope FROM cdb_jobs", 1054, "Unknown column 'Nope' in 'field list'"),
        ("SELECT j.nope FROM cdb_jobs j", 1054, "Unknown column 'j.nope' in 'field list'"),
        ("SELECT 1 FROM cdb_jobs WHERE nope", 1054, "Unknown column 'nope' in 'where clause'"),
        ("SELECT job_id a FROM cdb_jobs WHERE a = 1", 1054, "Unknown column 'a' in 'where clause'"),
        ("SELECT 1 FROM cdb_jobs ORDER BY nope", 1054, "Unknown column 'nope' in 'order clause'"),
        ("SELECT 1 FROM cdb_jobs ORDER BY 2", 1054, "Unknown column '2' in 'order clause'"),
        ("SELECT 1 FROM cdb_jobs GROUP BY nope", 1054, "Unknown column 'nope' in 'group statement'"),
        ("SELECT 1 FROM cdb_jobs HAVING nope", 1054, "Unknown column 'nope' in 'having clause'"),
        ("SELECT 1 FROM cdb_jobs a JOIN cdb_jobs b ON b.nope", 1054, "Unknown column 'b.nope' in 'on clause'"),
        ("SELECT job_id FROM cdb_jobs a, cdb_jobs b", 1052, "Column 'job_id' in field list is ambiguous"),
        ("SELECT 1 FROM cdb_jobs, cdb_jobs", 1066, "Not unique table/alias: 'cdb_jobs'"),
        ("SELECT x.* FROM cdb_jobs", 1051, "Unknown table 'x'"),
        ("SELECT *", 1096, "No tables used"),
        ("SELECT NoSuch_Func(1)", 1305, "FUNCTION NoSuch_Func does not exist"),
        ("SELECT right('a')", 1582, "Incorrect parameter count in the call to native function 'right'"),
        ("SELECT 1 FROM cdb_jobs WHERE count(*) > 1", 1111, "Invalid use of group function"),
        ("SELECT sum(max(job_id)) FROM cdb_jobs", 1111, "Invalid use of group function"),
        ("SELECT count(*) FROM cdb_jobs GROUP BY 1", 1056, "Can't group on 'count(*)'"),
        ("SELECT (SELECT job_id FROM cdb_jobs)", 1242, "Subquery returns more than 1 row"),
        ("SELECT 1 = (SELECT 1, 2)", 1241, "Operand should contain 1 column(s)"),
        ("SELECT 1 UNION SELECT 1, 2", 1222, "The used SELECT statements have a different number of columns"),
        ("SELECT @@nosuch", 1193, "Unknown system variable 'nosuch'"),
        ("SELECT 'a' REGEXP '('", 1139, "Got error 'parentheses not balanced' from regexp"),
        ("SELECT 9223372036854775807 + 1", 1690, "BIGINT value is out of range"),
        ("SELECT 1 INTO @x", 1235, "obsim does not model INTO in a query"),
        ("SELECT RAND()", 1235, "obsim does not model the function RAND"),
        ("SELECT any_value(status) FROM cdb_jobs", 1235, "obsim does not model the function ANY_VALUE"),
        ("SELECT json_extract('{}', '$.a')", 1235, "obsim does not model the function JSON_EXTRACT"),
        ("SELECT to_char(1)", 1305, "FUNCTION to_char does not exist"),
    ],
)
def test_errors(world: World, text: str, errno: int, message: str) -> None:
    with pytest.raises(ServerError) as caught:
        world.ask(text)
    assert (caught.value.errno, caught.value.message) == (errno, message)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("SELECT FROM", "FROM"),
        ("SELECT * FROM", "FROM"),
        ("SELECT 1 +", "+"),
        ("SELECT 1 )", ")"),
        ("SELECT 1,", ","),
        ("SELECT 1 FROM cdb_jobs LIMIT -1", "-1"),
        ("garbage here", "garbage here"),
        ("SELECT job_id\nFROM\nWHERE x", "WHERE x"),
        ("VALUES ROW(1)", "VALUES ROW(1)"),
        ("SELECT 1 AS", "AS"),
    ],
)
def test_syntax(world: World, text: str, near: str) -> None:
    with pytest.raises(ServerError) as caught:
        world.ask(text)
    assert caught.value.errno == 1064
    assert f"near '{near}' at line {text[: text.rindex(near)].count(chr(10)) + 1}" in caught.value.message


def test_without_a_database_a_bare_name_is_1046(world: World) -> None:
    with pytest.raises(ServerError) as caught:
        world.ask("SELECT * FROM cdb_jobs", database=None)
    assert (caught.value.errno, caught.value.sqlstate) == (1046, "3D000")
    assert world.rows("SELECT count(*) FROM OceanBase.CDB_Jobs", database=None) == [(4,)]


def test_the_schema_obsim_shows_itself_to_control(world: World) -> None:
    assert world.rows("SELECT * FROM obsim.secrets", control=True) == [("x",)]


def test_oracle_mode_reads_double_quotes_as_names_and_joins_texts(world: World) -> None:
    tenant = FakeTenant(1004, "oracle_tenant", "ORACLE", "USER")
    assert world.rows("SELECT \"JOB_ID\" || '-' || status FROM cdb_jobs WHERE job_id = 2", tenant=tenant) == [
        ("2-FAILED",)
    ]
    assert world.rows("SELECT sysdate > '2024-01-01' FROM dual", tenant=tenant) == [(1,)]


def test_names_without_quotes_are_labels_in_upper_case_in_oracle_mode(world: World) -> None:
    tenant = FakeTenant(1004, "oracle_tenant", "ORACLE", "USER")
    text = 'SELECT job_id, j.status AS outcome, job_id AS "Mixed", count(*) n FROM cdb_jobs j GROUP BY 1, 2, 3'
    assert [column.name for column in world.ask(text, tenant=tenant).columns] == ["JOB_ID", "OUTCOME", "Mixed", "N"]
    assert world.labels(text.replace('"', "`")) == ["job_id", "outcome", "Mixed", "n"]


def test_facts_of_the_session(world: World) -> None:
    world.session.user_variables["a"] = "x"
    text = "SELECT USER(), CURRENT_USER, DATABASE(), CONNECTION_ID(), EFFECTIVE_TENANT(), TENANT_ID(), @a, @b, OB_VERSION()"
    assert world.rows(text) == [("root@127.0.0.1", "root@%", "oceanbase", 7, "sys", 1, "x", None, "4.2.1.0")]
    assert world.value("concat(@@version, '!')") == "5.7.25-OceanBase-v4.2.1.0!"


def test_times_are_virtual_and_in_the_sessions_zone(world: World) -> None:
    text = "NOW(6), NOW(), CURDATE(), UTC_TIMESTAMP(3), UNIX_TIMESTAMP(), UNIX_TIMESTAMP(NOW()), CURTIME()"
    assert world.rows(f"SELECT {text}") == [
        (
            "2024-01-02 01:01:01.123456",
            "2024-01-02 01:01:01",
            "2024-01-02",
            "2024-01-01 17:01:01.123",
            1704128461,
            1704128461,
            "01:01:01",
        ),
    ]
    assert world.value("NOW()", offset_s=0) == "2024-01-01 17:01:01"
    assert world.value(f"SCN_TO_TIMESTAMP({SCN})", offset_s=3600) == "2023-12-31 17:00:00.000000"


def test_select_rows_filters_a_given_row_set(world: World) -> None:
    columns = (Column("name"), Column("value"), Column("default_value", MysqlType.LONGLONG, 20))
    rows = [("ha_low", "10", 0), ("ha_high", "", 1), ("other", None, 1)]

    def names(where: str | None, like: tuple[str, str, str] | None = None) -> list[object]:
        found = world.evaluator.select_rows(columns, rows, where, like, world.session)  # type: ignore[arg-type]
        assert found.columns == columns
        return [row[0] for row in found.rows]

    assert names(None, ("NAME", "HA\\_%", "\\")) == ["ha_low", "ha_high"]
    assert names("name IN ('HA_LOW', 'other') AND value > 5") == ["ha_low"]
    assert names("`default_value` = '1' and name like '%H%'") == ["ha_high", "other"]
    assert names("value is null or length(value) = 0") == ["ha_high", "other"]
    for where, errno in (
        ("nope = 1", 1054),
        ("1 UNION SELECT 1", 1064),
        ("1 ORDER BY 1", 1064),
        ("", 1064),
        ("f(1)", 1305),
    ):
        with pytest.raises(ServerError) as caught:
            names(where)
        assert caught.value.errno == errno, where


@pytest.mark.parametrize(
    ("sql", "parameters", "value", "type_", "decimals"),
    [
        ("SELECT ? + 1", ("1.1",), 2.1, MysqlType.DOUBLE, 31),
        ("SELECT ? + 1", (1.5,), 2.5, MysqlType.DOUBLE, 31),
        ("SELECT ? + 1", (1,), 2, MysqlType.LONGLONG, 0),
        ("SELECT ? + 1.00", (1,), "2.00", MysqlType.NEWDECIMAL, 2),
        ("SELECT ? + 1.0", ("1.125",), 2.125, MysqlType.DOUBLE, 31),
        ("SELECT -?", (5,), -5, MysqlType.LONGLONG, 0),
        ("SELECT abs(?)", (-5,), 5, MysqlType.LONGLONG, 0),
        ("SELECT sum(x) FROM (SELECT ? x UNION ALL SELECT 2) t", (1.25,), 3.25, MysqlType.DOUBLE, 31),
        ("SELECT coalesce(?, 3)", ("x",), "x", MysqlType.VAR_STRING, 0),
        ("SELECT ?", (b"\x00\xff",), b"\x00\xff", MysqlType.VAR_STRING, 0),
        ("SELECT coalesce(?, 3)", (None,), 3, MysqlType.LONGLONG, 0),
        ("SELECT ifnull(rate, ?) FROM cdb_jobs ORDER BY job_id LIMIT 1", (0,), "1.50", MysqlType.NEWDECIMAL, 2),
    ],
)
def test_a_parameters_value_decides_the_type(
    world: World, sql: str, parameters: tuple[Value, ...], value: object, type_: int, decimals: int
) -> None:
    answer = world.ask(sql, *parameters)
    assert [tuple(row) for row in answer.rows] == [(value,)]
    assert (answer.columns[0].type, answer.columns[0].decimals) == (type_, decimals)


@pytest.mark.parametrize(
    ("parameters", "values", "type_"),
    [
        ((1, "x"), ["1", "x"], MysqlType.VAR_STRING),
        ((1, 2.5), [1.0, 2.5], MysqlType.DOUBLE),
        ((1, None), [1, None], MysqlType.LONGLONG),
        (("a", None), ["a", None], MysqlType.VAR_STRING),
    ],
)
def test_parameters_of_several_types_share_one_that_holds_them(
    world: World, parameters: tuple[Value, ...], values: list[object], type_: int
) -> None:
    answer = world.ask("SELECT ? UNION ALL SELECT ?", *parameters)
    assert [row[0] for row in answer.rows] == values
    assert answer.columns[0].type == type_


def test_no_limit_given_is_a_limit_of_zero(world: World) -> None:
    assert world.rows("SELECT job_id FROM cdb_jobs LIMIT ?", None) == []


def test_a_function_of_oracle_mode_is_named_where_it_exists(world: World) -> None:
    tenant = FakeTenant(1004, "oracle_tenant", "ORACLE", "USER")
    with pytest.raises(ServerError) as caught:
        world.ask("SELECT to_char(1) FROM dual", tenant=tenant)
    assert (caught.value.errno, caught.value.message) == (1235, "obsim does not model the function TO_CHAR")


def test_bytes_that_are_no_text_are_announced_as_bytes(world: World) -> None:
    (column,) = world.ask("SELECT ?", b"\x00\xff").columns
    assert (column.charset, bool(column.flags & ColumnFlag.BINARY)) == (63, True)


@pytest.mark.parametrize(
    ("sql", "parameters", "rows"),
    [
        ("SELECT ? = ?, ? = ?", (1, "1", "a", "A"), [(1, 1)]),
        ("SELECT ? < ?", ("9", 10), [(1,)]),
        ("SELECT ? BETWEEN ? AND ?", ("5", 1, 10), [(1,)]),
        ("SELECT ? IN (?, ?)", (1, "2", "1"), [(1,)]),
        ("SELECT job_id FROM cdb_jobs WHERE concat(tenant_id, '') = ? ORDER BY 1", (1002,), [(1,), (2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE concat(tenant_id, '') IN (?, ?) ORDER BY 1", (1002, 1), [(1,), (2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE status = ?", ("failed",), [(2,)]),
        ("SELECT job_id FROM cdb_jobs WHERE status = ?", (1,), []),
        ("SELECT job_id FROM cdb_jobs WHERE status <=> ?", (None,), []),
    ],
)
def test_a_number_that_is_a_parameter_compares_as_a_number(
    world: World, sql: str, parameters: tuple[Value, ...], rows: list[tuple[object, ...]]
) -> None:
    assert world.rows(sql, *parameters) == rows


def test_a_long_list_of_parameters(world: World) -> None:
    marks = ", ".join("?" * 2000)
    sql = f"SELECT job_id FROM cdb_jobs WHERE status IN ({marks})"
    assert world.rows(sql, *["x"] * 1999, "FAILED") == [(2,)]
