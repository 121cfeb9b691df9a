"""The `mariadb` command as a script uses it: several statements from one -e, errors on stderr, the exit code."""

import json
import os
import subprocess

import pytest

from tests.clients import programs


@pytest.fixture(scope="module")
def mariadb(serve, require):
    """Run the client with options; returns the ended process."""
    require("mariadb")
    server = serve("--clock", "step")
    command = ["mariadb", "--no-defaults", "-h", server.host, "-P", str(server.port), "-u", "root", "--batch"]

    def run(*options, script=""):
        return subprocess.run(
            [*command, *options], input=script, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_two_statements_of_one_option(mariadb):
    ended = mariadb("-N", "-e", "SET SESSION ob_query_timeout = 100000000000; SHOW VARIABLES LIKE 'ob_query_timeout'")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ob_query_timeout\t100000000000\n", "")


def test_an_error_ends_the_script(mariadb):
    ended = mariadb("-e", "SELECT * FROM oceanbase.no_such_view; SELECT 1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "ERROR 1146 (42S02) at line 1: Table 'oceanbase.no_such_view' doesn't exist" in ended.stderr


def test_with_force_the_same_session_goes_on(mariadb):
    script = "SET @seen = 5;\nSELECT * FROM oceanbase.no_such_view;\nSELECT @seen + 1 AS n;\n"
    ended = mariadb("--force", script=script)
    assert ended.stdout == "n\n6\n"
    assert "ERROR 1146 (42S02)" in ended.stderr


def test_databases_and_the_default_one(mariadb):
    assert mariadb("-N", "-D", "oceanbase", "-e", "SELECT DATABASE()").stdout == "oceanbase\n"
    assert "ERROR 1049 (42000): Unknown database 'nowhere'" in mariadb("-D", "nowhere", "-e", "SELECT 1").stderr


@pytest.fixture(scope="module")
def obcli(serve, require, tmp_path_factory):
    """Run obcli with arguments, its address stored as its users store it; returns what it printed."""
    require("obcli")
    server = serve("--clock", "step")
    home = str(tmp_path_factory.mktemp("obcli"))

    def run(*arguments, script=""):
        ended = subprocess.run(
            [programs.TOOLS / "obcli", *arguments], input=script, capture_output=True, text=True, timeout=60,
            check=False, env=os.environ | {"HOME": home, "XDG_CONFIG_HOME": home},
        )
        return json.loads(ended.stdout)

    run("config", "set-dsn", script=f"oceanbase://root@mysql_tenant#obcluster:@{server.host}:{server.port}/oceanbase")
    return run


def test_obcli_tells_its_status(obcli):
    assert obcli("status")["data"] == {
        "mode": "mysql_protocol", "connected": True, "version": "5.7.25-OceanBase_CE-v4.2.1.0",
        "current_db": "oceanbase",
    }


def test_obcli_lists_the_views_of_its_tenant(obcli):
    names = {row["table_name"] for row in obcli("schema", "tables")["rows"]}
    assert "DBA_OB_BACKUP_JOBS" in names
    assert "CDB_OB_BACKUP_JOBS" not in names
