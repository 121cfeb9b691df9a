"""obsim scenario list, check and show."""

import pytest
from typer.testing import CliRunner

from obsim.cli import app
from obsim.errors import ScenarioError
from obsim.scenario import scenario_names


def run(*arguments):
    return CliRunner().invoke(app, ["scenario", *arguments])


def test_list_has_all_with_their_sentence():
    lines = run("list").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == scenario_names()
    assert all(len(line.split("\t")[1]) > 40 for line in lines)


def test_check(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('about = "x"\n[[tenant]]\nname = "a"\nmode = "pg"\n')
    assert run("check", "long-chain").output == "long-chain: good\n"
    refused = run("check", str(file)).exception
    assert isinstance(refused, ScenarioError)
    assert str(refused) == f"{file}:4: tenant[0].mode is 'pg': allowed are mysql, oracle"


def test_show():
    lines = run("show", "long-chain").output.splitlines()
    assert lines[1:] == [
        "version 4.2.1.0, 2024-01-01 00:00:00 +08:00",
        "server 127.0.0.1:2882 in zone z1",
        "tenant shop, MYSQL, id 1002",
        "  table orders: 4 tablets, 240 macroblocks",
        "  backups to file:///backup/shop/data",
        "  1 sets FULL AVAILABLE",
        "  30 sets INC AVAILABLE",
        "  archive round 1 DOING to file:///backup/shop/archive",
    ]


@pytest.mark.parametrize("name", ["full-disk", "three-zones"])
def test_show_names_faults_and_servers(name):
    text = run("show", name).output
    assert ("fault: destination=full" in text) is (name == "full-disk")
    assert text.count("server ") == (6 if name == "three-zones" else 1)
