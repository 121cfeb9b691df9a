"""What an installed obsim promises: its names, its entry points, a cheap start, a README that is true."""

import re
import subprocess
import sys
from importlib.metadata import entry_points, metadata, version
from pathlib import Path

import apsw
import pytest
import sqlglot

import obsim
from obsim import statements

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def run(program: str) -> str:
    """What a program prints in a Python of its own."""
    command = [sys.executable, "-W", "error", "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(obsim.__all__) == obsim.__all__
    assert set(obsim.__all__) <= set(dir(obsim))
    for name in obsim.__all__:
        assert getattr(obsim, name) is not None


def test_every_name_of_the_statements_is_there() -> None:
    assert sorted(statements.__all__) == statements.__all__
    assert set(statements.__all__) <= set(dir(statements))
    for name in statements.__all__:
        assert getattr(statements, name) is not None
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = statements.nothing_here


def test_statements_load_with_the_first_of_their_family() -> None:
    homes = "('obsim.statements.', 'obsim.sql.grammar.', 'obsim.cluster.')"
    files = "('account_commands', '.tenants', '.accounts')"
    named = f"[m for m in sys.modules if m.startswith({homes}) and m.endswith({files})]"
    begin = f"import sys, obsim; cluster = obsim.Cluster(); cluster.query('SELECT 1'); print(sorted({named}))"
    assert run(begin) == "['obsim.cluster.accounts']"
    loaded = run(f"{begin}; cluster.execute('CREATE USER u'); print(sorted({named}))").splitlines()[1]
    assert loaded == str([
        "obsim.cluster.account_commands", "obsim.cluster.accounts", "obsim.sql.grammar.accounts",
        "obsim.statements.accounts",
    ])  # fmt: skip


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = obsim.nothing_here


def test_the_errors_are_one_tree() -> None:
    for name in ("NotModelled", "ScenarioError", "ServerError", "UsageError"):
        assert issubclass(getattr(obsim, name), obsim.ObsimError)
    assert issubclass(obsim.NotModelled, obsim.ServerError)


def test_the_version_is_that_of_the_package() -> None:
    assert metadata("obsim")["Version"] == obsim.__version__
    command = [sys.executable, "-c", "from obsim.cli import main; main()", "--version"]
    names = ", ".join(f"{name} {version(name)}" for name in ("sqlglot", "mysql-mimic"))
    said = f"obsim {obsim.__version__} ({names}, SQLite {apsw.sqlite_lib_version()})\n"
    assert subprocess.check_output(command, cwd=ROOT, text=True) == said


def test_the_command_is_an_entry_point() -> None:
    (command,) = [entry for entry in entry_points(group="console_scripts") if entry.name == "obsim"]
    assert callable(command.load())


def test_sqlglot_finds_the_dialect_by_its_name() -> None:
    home = run("import sqlglot; print(type(sqlglot.Dialect.get_or_raise('oceanbase')).__module__)")
    assert home == "obsim.sql.dialect"
    assert sqlglot.transpile("select ifnull(a, 1)", read="oceanbase", write="sqlite") == ["SELECT COALESCE(a, 1)"]


def test_importing_the_package_loads_none_of_its_parts() -> None:
    loaded = run("import sys, obsim; print(*sorted(m for m in sys.modules if m.startswith('obsim')))")
    assert loaded == "obsim"


def test_a_server_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'hypothesis', 'pytest', 'rich.progress', 'pymysql'}"
    program = f"import sys, obsim.cli, obsim.api, obsim.server.running; print(sorted({heavy} & set(sys.modules)))"
    assert run(program) == "[]"


def test_the_first_two_blocks_of_the_readme_are_the_two_commands() -> None:
    (first, demo), (second, tests) = BLOCKS[:2]
    assert (first, second) == ("sh", "sh")
    assert demo.endswith(".venv/bin/obsim demo\n")
    assert "pytest" in tests
    assert demo.count("\n") == tests.count("\n") == 1


@pytest.mark.parametrize("program", [text for kind, text in BLOCKS if kind == "python" and "def test_" not in text])
def test_the_python_of_the_readme_runs(program: str) -> None:
    assert run(program) == ""


def test_files_named_by_the_readme_exist() -> None:
    for target in re.findall(r"\]\((\w[^):]*)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("excerpt", [text for kind, text in BLOCK.findall(GUIDE) if kind == "python"])
def test_the_code_of_the_guide_is_the_code(excerpt: str) -> None:
    place, *lines = excerpt.splitlines()
    code = (ROOT / place.removeprefix("# ")).read_text("utf-8").splitlines()
    assert [line for line in lines if line not in code and line.strip()] == []


def test_files_named_by_the_guide_exist() -> None:
    for name in re.findall(r"`((?:obsim|tests|benchmarks)/[\w./]+)`", GUIDE):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\b((?:server|session|sql|cluster)/\w+\.py)\b", GUIDE):
        assert (ROOT / "obsim" / name).exists(), name
