"""The command line as its user has it: processes, their output, their exit codes."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest

OBSIM = [sys.executable, "-m", "obsim.cli"]


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*OBSIM, *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    process = subprocess.Popen(
        [*OBSIM, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"ready (\S+) (\d+)\n", line)
        assert match, line
        yield process, match.group(1), int(match.group(2))
    finally:
        process.kill()
        process.communicate()


def test_version_is_one_line() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    number = r"\d+\.\d+\.\d+"
    built_on = rf"sqlglot {number}, mysql-mimic {number}, SQLite {number}"
    assert re.fullmatch(rf"obsim {number} \({built_on}\)\n", done.stdout)


@pytest.mark.parametrize("command", ["serve", "demo", "sql"])
def test_every_command_has_help(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert "--ob-version" in done.stdout


def test_a_signal_that_comes_with_the_ready_line_is_noticed() -> None:
    program = (
        "import os, signal; from obsim.api import make_host; from obsim.server.listener import ListenOptions; "
        "from obsim.server.running import run; "
        "run(make_host(), ListenOptions(port=0), lambda host, port: os.kill(os.getpid(), signal.SIGTERM)); "
        "print('over')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "over\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_one_line_and_ends_well(number: signal.Signals) -> None:
    with served() as (process, host, port):
        connection = pymysql.connect(host=host, port=port, user="root")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")


def test_serve_follows_real_time_unless_told() -> None:
    with served("--clock", "manual", "--start-time", "2024-05-06T07:08:09+08:00") as (_, host, port):
        connection = pymysql.connect(host=host, port=port, user="root")
        with connection.cursor() as cursor:
            cursor.execute("SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s')")
            assert cursor.fetchall() == (("2024-05-06 07:08:09",),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "--allow-empty-passwords"),
        (("--scenario", "nosuch"), "three-tenants"),
        (("--ob-version", "3.1.0"), "4.0, 4.1, 4.2 and 4.3"),
        (("--ob-version", "4.x"), "4.2.1"),
        (("--data-dir", "/dev/null/d"), "cannot use the data directory /dev/null/d: Not a directory"),
        (("--catch-up",), "--catch-up goes with --data-dir"),
        (("--tls-cert", "/nowhere.pem"), "TLS needs both"),
        (("--step", "0", "--clock", "step"), "step"),
        (("--start-time", "yesterday"), "yesterday"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(arguments: tuple[str, ...], said: str) -> None:
    done = run("serve", "--port", "0", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("obsim: ")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sql", "--file", "/nowhere.sql"), "cannot read /nowhere.sql: No such file or directory"),
        (("sql", "--file", sys.executable), f"cannot read {sys.executable}: 'utf-8' codec can't decode"),
        (("sql", "--trace", "/nowhere/t.json", "SELECT 1"), "cannot write /nowhere/t.json: No such file or directory"),
        (("replay", "/nowhere"), "cannot read /nowhere: No such file or directory"),
        (("support", "--clients", "/nowhere"), "cannot read /nowhere: No such file or directory"),
    ],
)
def test_files_that_cannot_be_used_are_one_line_and_exit_2(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"obsim: {said}")


def test_sql_prints_rows_as_tsv_and_json() -> None:
    columns = "TENANT_ID, TENANT_NAME, PREVIOUS_LOCALITY"
    script = f"SELECT {columns} FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_ID IN (1, 1002)"
    assert run("sql", script).stdout == (
        "TENANT_ID\tTENANT_NAME\tPREVIOUS_LOCALITY\n1\tsys\tNULL\n1002\tmysql_tenant\tNULL\n"
    )
    rows = [json.loads(line) for line in run("sql", "--format", "json", script).stdout.splitlines()]
    assert rows[1] == {"TENANT_ID": 1002, "TENANT_NAME": "mysql_tenant", "PREVIOUS_LOCALITY": None}


def test_sql_runs_a_script_from_standard_input_as_a_tenant() -> None:
    script = "ALTER SYSTEM BACKUP DATABASE; SELECT STATUS, JOB_LEVEL FROM oceanbase.DBA_OB_BACKUP_JOBS;"
    done = run("sql", "--tenant", "mysql_tenant", "-", text=script)
    assert (done.returncode, done.stdout) == (0, "STATUS\tJOB_LEVEL\nINIT\tUSER_TENANT\n")


def test_sql_stops_at_the_first_error_without_showing_a_password() -> None:
    done = run("sql", "SET ENCRYPTION ON IDENTIFIED BY 'sesame' ONLY; BACKUP DATABASE; SELECT 1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ERROR 1064 (42000)" in done.stderr
    assert "in statement 2: BACKUP DATABASE" in done.stderr
    assert "sesame" not in done.stderr


def test_sql_asks_a_running_server() -> None:
    with served("--clock", "manual") as (_, host, port):
        address = ("--host", host, "--port", str(port))
        done = run("sql", *address, "--tenant", "oracle_tenant", "--user", "SYS", "SHOW TENANT")
        assert (done.returncode, done.stdout) == (0, "Current_tenant_name\noracle_tenant\n")
        done = run("sql", *address, "--user", "nobody", "SELECT 1")
        assert done.returncode == 2
        assert "cannot log in" in done.stderr


@pytest.mark.parametrize("version", ["4.2.1", "4.3.3"])
def test_demo_holds(version: str) -> None:
    done = run("demo", "--ob-version", version)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The procedure held." in done.stdout
    assert re.search(r"macroblocks it stores: 37\b", done.stdout)
