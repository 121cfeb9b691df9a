"""Lab files are read strictly: what is wrong is one line with file, line, key and rule."""

import pytest

from obsim.errors import ScenarioError, UsageError
from obsim.labs.loading import check_name, lab_names, load_lab

GOOD = """\
minutes = 5
title = { en = "a", zh = "b" }
about = { en = "a", zh = "b" }
intro = { en = "a", zh = "b" }
outro = { en = "a", zh = "b" }

[scenario]
about = "x"

[[scenario.tenant]]
name = "shop"
mode = "mysql"

[[step]]
name = "one"
title = { en = "a", zh = "b" }
task = { en = "a", zh = "b" }

[[step.check]]
query = "SELECT 1"
value = 1
holds = { en = "a", zh = "b" }
missing = { en = "a", zh = "b" }
why = { en = "a", zh = "b" }

[[step.hint]]
en = "a"
zh = "b"
"""


def loaded(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return load_lab(str(path))


def test_a_lab_of_ones_own_has_the_name_of_its_file(tmp_path):
    found = loaded(tmp_path, GOOD)
    assert (found.name, found.built_in, found.lab.step[0].check[0].value) == ("mine", False, 1)
    assert found.blueprint.scenario.tenant[0].name == "shop"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("value = 1", "valeu = 1", ":21: step[0].check[0].valeu: Object contains unknown field `valeu`"),
        ("value = 1", "value = 1\nat_least = 2", ":19: step[0].check[0] has no clear condition: give one of rows, "),
        ("value = 1", "", ":19: step[0].check[0] has no clear condition"),
        ("value = 1", "value = 2024-01-01", ":21: step[0].check[0].value: Expected `"),
        ('"SELECT 1"', '"DROP TENANT shop"', ":20: step[0].check[0].query is 'DROP TENANT shop': a check reads"),
        ('en = "a"\nzh', 'en = " "\nzh', ":27: step[0].hint[0].en is empty: say it in every language"),
        ('name = "one"', 'name = "../one"', ":15: step[0].name is '../one': small letters, digits and -"),
        ("minutes = 5", "minutes = 0", ":1: minutes is 0: allowed are 1 to 240"),
        ('mode = "mysql"', 'mode = "pg"', ":12: tenant[0].mode is 'pg': allowed are mysql"),
        ('mode = "mysql"', 'mod = "mysql"', ":12: tenant[0].mod: Object contains unknown field `mod`"),
        ('zh = "b" }\nabout', 'de = "b" }\nabout', ":2: title.de: Object contains unknown field `de`"),
    ],
)
def test_what_is_wrong_has_file_line_key_and_rule(tmp_path, old, new, what):
    assert GOOD.count(old) >= 1
    with pytest.raises(ScenarioError) as refused:
        loaded(tmp_path, GOOD.replace(old, new, 1))
    assert str(refused.value).startswith(f"{tmp_path / 'mine.toml'}{what}")


def test_unknown_keys_say_what_is_allowed(tmp_path):
    with pytest.raises(ScenarioError, match="allowed are name, title, task, check, hint"):
        loaded(tmp_path, GOOD.replace('name = "one"', 'name = "one"\nhnt = 1'))


def test_two_steps_of_one_name_are_refused(tmp_path):
    again = GOOD + GOOD[GOOD.index("[[step]]") :]
    with pytest.raises(ScenarioError, match=r":15: step\[0\].name is 'one': .* not given twice"):
        loaded(tmp_path, again)


def test_a_step_needs_a_check_and_a_hint(tmp_path):
    for table in ("check", "hint"):
        at = GOOD.index(f"[[step.{table}]]")
        end = GOOD.find("[[", at + 2)
        with pytest.raises(ScenarioError) as refused:
            loaded(tmp_path, GOOD[:at] + GOOD[end if end > 0 else len(GOOD) :])
        assert f"missing required field `{table}`" in str(refused.value)


def test_the_scenario_may_be_a_built_in_one_or_a_file_beside_the_lab(tmp_path):
    at, end = GOOD.index("[scenario]"), GOOD.index("[[step]]")
    named = "scenario = 'blank'\n" + GOOD[:at] + GOOD[end:]
    assert loaded(tmp_path, named).blueprint.file.path.stem == "blank"
    (tmp_path / "world.toml").write_text('about = "w"\n[[tenant]]\nname = "shop"\n', "utf-8")
    assert loaded(tmp_path, named.replace("blank", "world.toml")).blueprint.scenario.about == "w"
    for bad, what in (("../world.toml", "in the folder of the lab"), ("nothing", "no scenario 'nothing'")):
        with pytest.raises(ScenarioError, match=what):
            loaded(tmp_path, named.replace("blank", bad))


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "A", "-a", "a\0", "a" * 65, ".hidden", "a.b"])
def test_a_name_is_never_a_path(name):
    with pytest.raises(UsageError, match="is no name of a lab"):
        check_name(name)


def test_an_unknown_lab_says_which_there_are():
    with pytest.raises(UsageError, match="no lab 'nothing': give a file or one of first-backup, macroblocks, "):
        load_lab("nothing")
    with pytest.raises(UsageError, match=r"no lab '../nothing.toml'"):
        load_lab("../nothing.toml")
    assert len(lab_names()) == len(set(lab_names()))
