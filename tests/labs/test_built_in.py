"""The built-in labs: nothing holds at the start, solutions solve them step by step over a socket, texts are whole."""

import io
import re
from contextlib import contextmanager
from pathlib import Path

import pytest

import obsim
from obsim.labs.checking import check_lab, current_step, first_missing
from obsim.labs.loading import lab_names, load_lab
from obsim.labs.running import Learner
from obsim.shell import remote_session, run_script

SOLUTIONS = Path(__file__).parent.parent.parent / "fixtures" / "labs" / "solutions"
SECTION = re.compile(r"^-- (\S+)\n", re.MULTILINE)
HAN = re.compile(r"[\u4e00-\u9fff]")


@contextmanager
def learner(name_or_file, folder):
    loaded = load_lab(name_or_file)
    with obsim.Server(scenario=loaded.blueprint) as server:
        yield Learner(loaded, server.port, None, folder)


def solve(text, port):
    assert run_script(text, remote_session("127.0.0.1", port, None, "sys", ""), "tsv", io.StringIO())


def test_the_labs_are_listed_in_the_order_to_do_them_in():
    assert lab_names() == ["first-backup", "macroblocks", "thread-scores", "broken-chain", "point-in-time"]


@pytest.mark.parametrize("name", lab_names())
def test_its_solution_and_its_last_hints_solve_one_step_after_the_other(name, tmp_path):
    _, *parts = SECTION.split((SOLUTIONS / f"{name}.sql").read_text("utf-8"))
    with learner(name, tmp_path) as at:
        lab = at.lab.lab
        assert parts[::2] == [step.name for step in lab.step]
        before = check_lab(lab, at.ask)
        assert [one.check.query for step in before for one in step.checks if one.holds or one.error] == []
        for number, section in enumerate(parts[1::2]):
            assert current_step(lab, at.ask) == number
            solve(section, at.port)
        after = check_lab(lab, at.ask)
        assert first_missing(after) == len(lab.step)
        at.reset()
        for number, step in enumerate(lab.step):
            assert current_step(lab, at.ask) == number
            text = re.sub(r"^mysql .*@(\w+) .*$", r"CONNECT \1; USE oceanbase;", step.hint[-1].en, flags=re.MULTILINE)
            solve(f"{text}; CONNECT sys; CALL obsim.run_until_idle(); CALL obsim.advance('1s')", at.port)
        assert current_step(lab, at.ask) == len(lab.step)


def test_what_lies_on_another_path_is_no_step(tmp_path):
    with learner("first-backup", tmp_path) as at:
        _, *parts = SECTION.split((SOLUTIONS / "first-backup.sql").read_text("utf-8"))
        solve(parts[1].replace("shop/archive", "shop/elsewhere"), at.port)
        assert current_step(at.lab.lab, at.ask) == 0
        at.reset()
        solve(parts[1] + parts[3].replace("shop/data", "shop/elsewhere"), at.port)
        solve("ALTER SYSTEM SET data_backup_dest = 'file:///backup/shop/data' TENANT = shop", at.port)
        assert current_step(at.lab.lab, at.ask) == 1
        _, full = check_lab(at.lab.lab, at.ask)[1].checks
        assert not full.holds
        solve(parts[3], at.port)
        assert current_step(at.lab.lab, at.ask) == 2


@pytest.mark.parametrize("name", lab_names())
def test_every_text_says_something_in_its_language(name):
    lab = load_lab(name).lab
    texts = [lab.title, lab.about, lab.intro, lab.outro]
    for step in lab.step:
        texts += [step.title, step.task]
        for check in step.check:
            texts += [check.holds, check.missing, check.why]
    for text in texts:
        assert not HAN.search(text.of("en"))
        assert HAN.search(text.of("zh"))
    for step in lab.step:
        assert statements(step.hint[-1].en) == statements(step.hint[-1].zh)


def statements(hint):
    """The statements of a hint; those of the last one are the same in every language."""
    return re.findall(r"^(?:ALTER|CALL|SELECT) .*?;", hint, re.MULTILINE)
