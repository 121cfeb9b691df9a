"""The sqlglot dialect `oceanbase`, with sqlglot as it is or compiled."""

import logging
import subprocess
import sys

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from obsim.sql.dialect import OceanBase
from obsim.statements import BackupDatabase, CallProcedure, DropTenant, SetEncryption, ShowTenant


def test_own_statements_are_dataclasses() -> None:
    found: list[object] = [sqlglot.parse_one("ALTER SYSTEM BACKUP DATABASE", dialect="oceanbase")]
    found += sqlglot.parse("/* c */ show tenant; ", dialect=OceanBase)
    assert found == [BackupDatabase(), ShowTenant()]
    assert sqlglot.parse_one("DROP TENANT t", dialect="oceanbase") == DropTenant("t")


def test_the_rest_are_expressions() -> None:
    assert isinstance(sqlglot.parse_one("SELECT a FROM b", dialect="oceanbase"), exp.Select)
    assert isinstance(sqlglot.parse_one("SET NAMES utf8mb4", dialect="oceanbase"), exp.Set)
    assert isinstance(sqlglot.parse_one("ALTER TABLE t ADD COLUMN c INT", dialect="oceanbase"), exp.Alter)
    assert isinstance(sqlglot.parse_one("a + 1", dialect="oceanbase"), exp.Add)


def test_several_statements_in_one_text() -> None:
    found = sqlglot.parse("SELECT 1; CALL obsim.reset(); SELECT ';'", dialect="oceanbase")
    assert [type(item) for item in found] == [exp.Select, CallProcedure, exp.Select]


def test_both_kinds_print() -> None:
    dialect = OceanBase()
    assert dialect.generate(BackupDatabase(incremental=True)) == "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"
    assert dialect.generate(exp.select("a").from_("b")) == "SELECT a FROM b"
    assert sqlglot.transpile("alter system backup tenant t1", read="oceanbase", write="oceanbase") == [
        "ALTER SYSTEM BACKUP TENANT = t1"
    ]


def test_syntax_error_is_sqlglots_with_position() -> None:
    with pytest.raises(ParseError) as caught:
        sqlglot.parse_one("ALTER SYSTEM\nBACKUP FULL DATABASE", dialect="oceanbase")
    (details,) = caught.value.errors
    assert (details["line"], details["highlight"]) == (2, "FULL DATABASE")


def test_refusal_is_sqlglots_too() -> None:
    with pytest.raises(ParseError, match="nested deeper"):
        sqlglot.parse_one("SELECT " + "(" * 1000, dialect="oceanbase")


def test_unknown_statement_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    sqlglot.parse_one("ALTER SYSTEM RESTORE t WITH 'p' ENCRYPTED BY 'marker'", dialect="oceanbase")
    statement = sqlglot.parse_one("SET ENCRYPTION ON IDENTIFIED BY 'marker' ONLY", dialect="oceanbase")
    assert isinstance(statement, SetEncryption)
    assert "marker" not in caplog.text
    assert logging.getLogger("sqlglot").getEffectiveLevel() >= logging.ERROR


def test_entry_point_is_enough_to_find_the_dialect() -> None:
    program = "import sqlglot; print(sqlglot.parse_one('ALTER SYSTEM CANCEL BACKUP', dialect='oceanbase'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "CancelBackup(tenants=())", done.stderr
