"""What docs/persistence.md shows is what happens."""

import contextlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest
from typer.testing import CliRunner

from obsim.cli import app

TEXT = (Path(__file__).parents[2] / "docs" / "persistence.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PROGRAM = "from obsim.cli import main; main()"


def said(folder: Path, line: str) -> str:
    """What a command of the page prints."""
    words, _, target = line.removeprefix("obsim ").partition(" > ")
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, words.split())
    assert done.exit_code == 0, done.output
    if target:
        (folder / target).write_text(done.output)
    return done.output


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page, worked through."""
    folder = tmp_path_factory.mktemp("page")
    (_, serve), (_, kept), (_, look), (_, program), (_, replay) = BLOCKS
    for kill in (True, False):
        words = [sys.executable, "-c", PROGRAM, *serve.split()[1:]]
        server = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True)
        port = int(server.stdout.readline().split()[2])
        with pymysql.connect(host="127.0.0.1", port=port, user="root@sys") as connection:
            cursor = connection.cursor()
            if kill:
                cursor.execute("CREATE USER reader IDENTIFIED BY 'geheim'")
                cursor.execute("ALTER SYSTEM BACKUP DATABASE")
                cursor.execute("CALL obsim.run_until_idle()")
            cursor.execute("SELECT STATUS, NOW(6) FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY WHERE TENANT_ID = 1")
            row = cursor.fetchone()
        server.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        assert (server.wait(), kill) in {(-9, True), (0, False)}
        server.stdout.close()
        (folder / f"row-{kill}").write_text(str(row))
    with contextlib.chdir(folder):
        exec(kept, {})
        exec(program, {})
    return {line: said(folder, line) for line in (look + replay).splitlines()} | {"folder": folder}


def test_a_killed_server_goes_on_where_it_was(page):
    before, after = ((page["folder"] / f"row-{kill}").read_text() for kill in (True, False))
    assert before == after
    assert before.startswith("('COMPLETED', datetime.datetime(2024, 1, 1, 0, 0, ")


def test_the_commands_say_that_all_is_well(page):
    assert page["obsim replay cluster.journal --secrets cluster/secrets"].startswith("equal: 4 records, ")
    assert page["obsim replay backup.journal"].startswith("equal: 1 records, ")
    assert page["obsim fsck cluster"].endswith("cluster: whole\n")
    assert "geheim" not in (page["folder"] / "cluster.journal").read_text()
