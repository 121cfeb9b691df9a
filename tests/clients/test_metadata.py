"""What the drivers of other languages make of types: JDBC's DatabaseMetaData, and Go's time.Time."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.common import Address, Row, table
from tests.clients.programs import ConnectorJ, GoDriver

VIEW = "CDB_OB_BACKUP_TASKS"


@pytest.fixture(scope="module")
def java(serve: Callable[..., Any], require: Callable[[str], None]) -> Iterator[ConnectorJ]:
    require("connector-j")
    server = serve("--clock", "step")
    driver = ConnectorJ(Address(server.host, server.port, "root@sys", "oceanbase"))
    yield driver
    driver.close()


def asked(java: ConnectorJ, method: str, *names: str | None) -> list[Row]:
    told = java.ask(metadata=method, parameters=names)
    return table(told["columns"], told["rows"])


def test_catalogs_are_the_databases(java: ConnectorJ) -> None:
    names = [row["TABLE_CAT"] for row in asked(java, "getCatalogs")]
    assert names == ["information_schema", "mysql", "oceanbase", "test"]


def test_tables_are_found_by_pattern(java: ConnectorJ) -> None:
    rows = asked(java, "getTables", "oceanbase", "CDB\\_OB\\_BACKUP\\_JOB%")
    assert [(row["TABLE_CAT"], row["TABLE_NAME"], row["TABLE_TYPE"]) for row in rows] == [
        ("oceanbase", "CDB_OB_BACKUP_JOBS", "SYSTEM VIEW"), ("oceanbase", "CDB_OB_BACKUP_JOB_HISTORY", "SYSTEM VIEW"),
    ]
    assert asked(java, "getTables", "oceanbase", "no such view") == []


@pytest.mark.parametrize(
    ("name", "sql_type", "type_name", "size", "digits", "nullable"),
    [
        ("TENANT_ID", "-5", "BIGINT", "19", "0", "NO"),
        ("START_TIMESTAMP", "93", "TIMESTAMP", "26", None, "NO"),
        ("START_SCN", "-5", "BIGINT UNSIGNED", "20", "0", "NO"),
        ("STATUS", "12", "VARCHAR", "4096", None, "NO"),
        ("OUTPUT_RATE_BYTES", "3", "DECIMAL", "28", "4", "NO"),
        ("COMMENT", "12", "VARCHAR", "4096", None, "YES"),
    ],
)
def test_columns_have_the_types_of_jdbc(
    java: ConnectorJ, name: str, sql_type: str, type_name: str, size: str, digits: str | None, nullable: str
) -> None:
    (row,) = asked(java, "getColumns", "oceanbase", VIEW, name)
    told = (row["DATA_TYPE"], row["TYPE_NAME"], row["COLUMN_SIZE"], row["DECIMAL_DIGITS"], row["IS_NULLABLE"])
    assert told == (sql_type, type_name, size, digits, nullable)


def test_columns_come_in_the_order_of_the_view(java: ConnectorJ) -> None:
    rows = asked(java, "getColumns", "oceanbase", VIEW, "%")
    assert [row["Field"] for row in java.rows(f"DESC {VIEW}")] == [row["COLUMN_NAME"] for row in rows]
    assert [row["ORDINAL_POSITION"] for row in rows] == [str(place + 1) for place in range(len(rows))]


@pytest.mark.parametrize(
    "method",
    ["getPrimaryKeys", "getImportedKeys", "getExportedKeys", "getIndexInfo", "getBestRowIdentifier", "getProcedures",
     "getFunctions"],
)
def test_views_have_no_keys_and_there_are_no_routines(java: ConnectorJ, method: str) -> None:
    assert asked(java, method, "oceanbase", VIEW) == []


def test_go_reads_moments_as_moments(serve: Callable[..., Any], require: Callable[[str], None]) -> None:
    require("go-sql-driver")
    server = serve("--clock", "step")
    driver = GoDriver(Address(server.host, server.port, "root@sys", "oceanbase"))
    try:
        driver.rows("ALTER SYSTEM BACKUP TENANT = mysql_tenant")
        read = "SELECT JOB_ID, STATUS, START_TIMESTAMP, END_TIMESTAMP FROM {} WHERE TENANT_ID = "
        running = read.format("CDB_OB_BACKUP_JOBS")
        for sql, parameters in ((running + "1002", None), (running + "?", [1002])):
            told = driver.ask(sql=sql, parameters=parameters)
            assert told["kinds"][2:] == ["time.Time", "<nil>"]
            assert told["rows"][0][2].startswith("2024-01-01 00:00:0")
        driver.rows("CALL obsim.run_until_idle()")
        ended = read.format("CDB_OB_BACKUP_JOB_HISTORY")
        as_text = driver.ask(sql=ended + "1002", parameters=None)
        prepared = driver.ask(sql=ended + "?", parameters=[1002])
        assert as_text["kinds"][2:] == prepared["kinds"][2:] == ["time.Time", "time.Time"]
        assert as_text["rows"] == prepared["rows"]
        assert prepared["kinds"][0] == "int64"
    finally:
        driver.close()
