"""`obsim lab` as its user has it: a lab in one terminal, check, hint and reset in another."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from obsim.cli import app
from obsim.errors import UsageError
from obsim.labs.loading import lab_names

ROOT = Path(__file__).parent.parent.parent
OBSIM = [sys.executable, "-m", "obsim.cli"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDE = (ROOT / "docs" / "labs.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    return tmp_path


@contextmanager
def started(*arguments):
    """A lab in a process of its own; gives its port and what it says."""
    process = subprocess.Popen(
        [*OBSIM, "lab", "start", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        line = process.stdout.readline()
        match = re.fullmatch(r"ready 127\.0\.0\.1 (\d+)\n", line)
        assert match, (line, process.stderr.read())
        yield process, int(match[1])
    finally:
        process.kill()
        process.communicate()


def lab(*arguments):
    """Exit code and output of another command."""
    done = CliRunner().invoke(app, ["lab", *arguments])
    if isinstance(done.exception, UsageError):
        return 2, str(done.exception)
    assert type(done.exception) is (SystemExit if done.exit_code else type(None)), done.exception
    return done.exit_code, done.stdout


def test_a_lab_from_its_start_to_its_end(state_home):
    solution = str(ROOT / "fixtures" / "labs" / "solutions" / "first-backup.sql")
    with started("first-backup", "--port", "0") as (process, port):
        file = state_home / "obsim" / "labs" / "first-backup.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        code, said = lab("check")
        assert (code, said.splitlines()[0]) == (1, "Step 1 of 4: Archive the log")
        assert "  [missing] The archive round of shop is not DOING.\n      found no row, expected DOING\n" in said
        assert "      Why it matters: A data backup is copied while the tenant is written to." in said
        assert "A full backup" not in said
        assert "Hint 1 of 2" in lab("hint")[1]
        assert "Hint 2 of 2" in lab("hint", "first-backup")[1]
        assert lab("hint", "--all")[1].count("Hint ") == 2
        assert "提示 2" in lab("hint", "--lang", "zh")[1]

        assert lab("start", "first-backup", "--port", "0") == (
            2, f"the lab first-backup runs already, at port {port}: end it there first"
        )  # fmt: skip
        done = CliRunner().invoke(app, ["sql", "--host", "127.0.0.1", "--port", str(port), "--file", solution])
        assert done.exit_code == 0

        code, said = lab("check", "--json")
        facts = json.loads(said)
        assert (code, facts["lab"], facts["holds"]) == (0, "first-backup", True)
        assert [step["step"] for step in facts["steps"]] == ["archive", "full", "increment", "own"]
        assert all(check["holds"] and check["found"] for step in facts["steps"] for check in step["checks"])
        code, said = lab("check", "first-backup", "--port", str(port), "--lang", "zh")
        assert (code, "所有条件均已满足。" in said) == (0, True)
        assert lab("hint") == (0, "Everything holds.\n")

        code, said = lab("reset")
        assert (code, said.splitlines()[0]) == (0, "The lab is back at its beginning.")
        assert json.loads(lab("check", "--json")[1])["holds"] is False
        assert "Hint 1 of 2" in lab("hint")[1]

        process.send_signal(signal.SIGTERM)
        said, complaints = process.stdout.read(), process.stderr.read()
        assert (process.wait(timeout=30), complaints) == (0, "")
        assert f"mysql -h 127.0.0.1 -P {port} -u root@sys -A oceanbase" in said
        assert "Step 1 of 4: Archive the log" in said
        assert not file.exists()
    assert lab("check") == (2, "no lab runs: start one, or say which it is")
    assert lab("check", "first-backup")[1].startswith("the lab first-backup does not run: start it with `obsim lab")
    assert lab("check", "first-backup", "--port", str(port))[1].startswith(f"no lab listens at 127.0.0.1:{port}")


def test_the_example_of_the_guide_is_a_lab_and_its_solution_solves_it(tmp_path):
    blocks = {kind: text for kind, text in reversed(BLOCK.findall(GUIDE)) if kind in {"toml", "sql"}}
    own = tmp_path / "trial.toml"
    own.write_text(blocks["toml"], "utf-8")
    solution = tmp_path / "trial.sql"
    solution.write_text(blocks["sql"], "utf-8")
    with started(str(own), "--port", "0", "--lang", "zh") as (process, port):
        code, said = lab("check", "trial")
        wanted = "要求\uff1a(NORMAL, MYSQL)\n"
        assert (code, "  [未满足] 还没有租户 trial。\n" in said, wanted in said) == (1, True, True)
        done = CliRunner().invoke(app, ["sql", "--host", "127.0.0.1", "--port", str(port), "-f", str(solution)])
        assert done.exit_code == 0
        code, said = lab("check", "trial", "--lang", "en")
        shown = "Step 1 of 1: Create it - done\n  [holds] The tenant trial is there.\n"
        assert (code, said.startswith(shown), shown in GUIDE) == (0, True, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    broken = tmp_path / "broken" / "trial.toml"
    broken.parent.mkdir()
    broken.write_text(blocks["toml"].replace("rows = [[", "valeu = [["), "utf-8")
    done = subprocess.run([*OBSIM, "lab", "start", "./trial.toml"], cwd=broken.parent, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    (shown,) = re.findall(r"^obsim: trial\.toml:.*(?=\.\.\.$)", GUIDE, re.MULTILINE)
    assert done.stderr.startswith(shown)


def test_the_list_names_every_lab_in_both_languages():
    for language, minutes in (("en", "min"), ("zh", "分钟")):
        code, said = lab("list", "--lang", language)
        rows = [line.split("\t") for line in said.splitlines()]
        assert (code, [row[0] for row in rows]) == (0, lab_names())
        assert all(re.fullmatch(rf"\d+ {minutes}", row[1]) and row[2] for row in rows)
    assert all(f"| `{name}` |" in GUIDE for name in lab_names())


def test_a_lab_that_is_gone_without_a_word_gives_its_name_back(state_home):
    with started("first-backup", "--port", "0") as (process, port):
        process.kill()
        process.communicate()
    assert lab("check")[1].startswith(f"no lab listens at 127.0.0.1:{port}")
    with started("first-backup", "--port", "0"):
        assert lab("check")[0] == 1


@pytest.mark.parametrize("command", ["check", "hint", "reset"])
@pytest.mark.parametrize("name", ["..", "FIRST", "a/../../B.toml", "../first backup"])
def test_no_name_is_taken_for_a_path(command, name):
    code, said = lab(command, name)
    assert (code, "is no name of a lab" in said) == (2, True)


def test_every_command_has_help():
    code, said = lab("--help")
    assert (code, [name for name in ("list", "start", "check", "hint", "reset") if name not in said]) == (0, [])
    for name in ("list", "start", "check", "hint", "reset"):
        code, said = lab(name, "--help")
        assert (code, f"Usage: obsim lab {name}" in said) == (0, True)


def test_what_no_command_knows_is_refused():
    done = subprocess.run([*OBSIM, "lab", "check", "--nothing"], capture_output=True, text=True, check=False)
    assert (done.returncode, "No such option: --nothing" in done.stderr) == (2, True)


def test_a_port_that_no_file_knows_needs_a_name():
    assert lab("check", "--port", "1") == (2, "no lab runs: start one, or say which it is")


def test_the_command_line_loads_no_lab_before_one_is_asked_for():
    program = "import sys, obsim.cli; print(sorted(m for m in sys.modules if m.startswith('obsim.labs')))"
    said = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)
    assert said.strip() == "[]"
