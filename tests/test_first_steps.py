"""The first steps of the README and what docs/ say about CI, done as they stand there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pymysql

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
STEPS = README[README.index("## Four first steps") : README.index("## A server for any client")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (test_\w+\.py)\n")
OBSIM = [sys.executable, "-m", "obsim.cli"]
WITH_OBSIM = os.environ | {"PYTHONPATH": str(ROOT)}
CI = (ROOT / "docs" / "ci.md").read_text("utf-8")


def written(folder: Path) -> list[str]:
    """The test files of the README, in a project of a newcomer."""
    files = {match[1]: text for _, text in BLOCK.findall(STEPS) if (match := FILE.match(text))}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return sorted(files)


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *arguments]
    return subprocess.run(command, cwd=folder, env=WITH_OBSIM, capture_output=True, text=True, timeout=120, check=False)


def test_the_first_tests_pass(tmp_path: Path) -> None:
    assert written(tmp_path) == ["test_backups.py", "test_full_destination.py"]
    ended = pytest_in(tmp_path)
    assert (ended.returncode, ended.stdout.splitlines()[-1][:8]) == (0, "2 passed"), ended.stdout


def test_the_commands_that_a_failed_test_prints_start_the_same_cluster_and_replay_it(tmp_path: Path) -> None:
    (report,) = re.findall(r"^```text\n(.*?)^```$", STEPS, re.MULTILINE | re.DOTALL)
    (said,) = re.findall(r"^\$ obsim replay .*\n(.*)$", STEPS, re.MULTILINE)
    written(tmp_path)
    tool = tmp_path / "test_backups.py"
    tool.write_text(tool.read_text("utf-8").replace('if status != "COMPLETED":', "if False:"), "utf-8")
    ended = pytest_in(tmp_path)
    assert (ended.returncode, "DID NOT RAISE" in ended.stdout) == (1, True), ended.stdout
    shown = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:41873", ended.stdout).replace(str(tmp_path), "/home/me/tool")
    assert report in shown, shown

    (command,) = re.findall(r"^what it did, once more: obsim (.*)$", ended.stdout, re.MULTILINE)
    replayed = subprocess.run([*OBSIM, *shlex.split(command)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (replayed.returncode, replayed.stdout, replayed.stderr) == (0, f"{said}\n", "")

    (command,) = re.findall(r"^the same by hand: obsim (.*)$", ended.stdout, re.MULTILINE)
    process = subprocess.Popen(
        [*OBSIM, *shlex.split(command), "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        word, host, port = process.stdout.readline().split()
        with pymysql.connect(host=host, port=int(port), user="root@mysql_tenant") as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT OB_VERSION()")
            assert (word, cursor.fetchall()) == ("ready", (("4.2.1.0",),))
    finally:
        process.kill()
        process.communicate()


def test_the_shell_of_the_workflow_starts_a_server(tmp_path: Path) -> None:
    (script,) = re.findall(r"- name: Start obsim\n +run: \|\n((?: {10}.*\n)+)", CI)
    (tmp_path / "obsim").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m obsim.cli "$@"\n', "utf-8")
    (tmp_path / "obsim").chmod(0o755)
    assert script.count("--port 2881") == 1
    text = script.replace("--port 2881", "--port 0") + "          echo $!\n"
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-e", "-c", text], cwd=tmp_path, env=WITH_OBSIM | path, stdout=subprocess.PIPE, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    try:
        word, host, port = (tmp_path / "obsim.txt").read_text("utf-8").split()
        assert word == "ready"
        with pymysql.connect(host=host, port=int(port), user="root@sys") as connection:
            assert connection.cursor().execute("SELECT 1") == 1
    finally:
        os.kill(int(ended.stdout), 15)


def test_the_command_line_of_the_container_starts_a_server() -> None:
    dockerfile = (ROOT / "docs" / "Dockerfile").read_text("utf-8")
    entry, command = (
        json.loads(re.findall(rf"^{word} (.*)$", dockerfile, re.MULTILINE)[0]) for word in ("ENTRYPOINT", "CMD")
    )
    assert entry[0] == "obsim"
    process = subprocess.Popen(
        [*OBSIM, *entry[1:], *command, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready 0.0.0.0 ")
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_what_is_untested_is_said_to_be() -> None:
    assert "Untested: no Docker engine was at hand" in (ROOT / "docs" / "Dockerfile").read_text("utf-8")
    assert "It is untested" in CI
