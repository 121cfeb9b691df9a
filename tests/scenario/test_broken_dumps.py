"""A dump that is no longer what obsim wrote: it loads, or a ScenarioError says where it is wrong."""

import os
import pickle
import re
import subprocess
from io import BytesIO
from itertools import permutations
from pathlib import Path
from pickle import UnpicklingError
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obsim
from obsim.cluster import copying
from obsim.errors import ScenarioError
from obsim.scenario import saved
from obsim.scenario.reading import ScenarioFile

FILE = ScenarioFile(Path("x.toml"), "")
EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "60"))
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[\[\]{}=,]')
VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?')
INSTEAD = [
    "", "0", "-1", "1.5", "1e400", "nan", str(1 << 70), "true", '""', '"@none"', '"x"', '"@text:x"', '"@bytes:0g"',
    "[]", "[[]]", "{}", "{ tuple = [] }", "{ set = [[]] }", "{ dict = [[[], 1]] }", "{ frozenset = [{ set = [] }] }",
    "{ deque = [], most = -1 }", "{ deque = [], most = 99999999999999999999 }",
    '{ positions = "0-18446744073709551615" }',
    '{ positions = "zlib:AAAA" }', '{ method = "x", of = "@none" }', '{ call = "@none", with = [] }', '{ is = "Scn" }',
    '{ is = "ClusterState" }', "[" * 90 + "]" * 90, "{ tuple = [" * 60 + "] }" * 60, "1979-05-27", "value", "is", "=",
]  # fmt: skip


@pytest.fixture(scope="module")
def text():
    cluster = obsim.Cluster("fresh-tenant", seed=5)
    for sql in ("BACKUP DATABASE", "MINOR FREEZE", "ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d'"):
        cluster.execute(f"ALTER SYSTEM {sql}", tenant="shop")
    cluster.fault("error=OB_EAGAIN stage=BACKUP_LOG times=1 for=1h")
    cluster.advance(seconds=2)
    return cluster.dump()


def load(folder, text):
    """The error, None where the dump loads; only a ScenarioError may come out, with file and line."""
    file = folder / "dump.toml"
    file.write_text(text, "utf-8")
    try:
        obsim.Cluster(str(file))
    except ScenarioError as caught:
        refused = str(caught)
    else:
        return None
    assert re.match(rf"{re.escape(str(file))}:\d+: ", refused), refused
    return refused.removeprefix(str(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("broken")


def changed(text, seed):
    """The dump with up to three of its words or values replaced by others, of its own or strange ones."""
    random = Random(seed)
    own = TOKEN.findall(text)
    for _ in range(random.randint(1, 3)):
        pattern = random.choice([TOKEN, VALUE])
        token = random.choice(list(pattern.finditer(text)))
        new = random.choice(INSTEAD) if random.random() < 0.5 else random.choice(own)
        text = text[: token.start()] + new + text[token.end() :]
    return text


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 1 << 60))
def test_a_changed_dump_loads_or_is_a_scenario_error(folder, text, seed):
    load(folder, changed(text, seed))


def test_the_property_can_fail(folder, text, monkeypatch):
    monkeypatch.setattr(saved, "_REFUSED", (ScenarioError,))
    with pytest.raises(OverflowError):
        load(folder, re.sub(r"most = \S+", "most = 99999999999999999999", text, count=1))


def SAVED(tables):  # noqa: N802
    return SimpleNamespace(version="4.2.1", deployed={}, object=tables, cluster="@none")


CLUSTER = "@ClusterState-1"


@pytest.mark.parametrize(
    "value",
    [
        '"@function:os.system"', '"@function:builtins.eval"', '"@function:cluster.copying._the_same"',
        '"@function:cluster.commands.every_command"', '"@function:parameters.definitions_of"', '"@shared:os"',
        '"@function:backup.flow._sys_meta"',  # of the core, but nothing is ever left to it
        '{ call = "@ClusterState", with = [] }', '{ call = "@text:system", with = ["id"] }',
        *(f'{{ method = "{name}", of = "{CLUSTER}" }}' for name in (
            "__init__", "__reduce_ex__", "__class__", "execute", "carry_out", "advance_to", "faults", "nosuch",
        )),
        '{ method = "append", of = [] }', '{ method = "add", of = { set = [] } }', '{ method = "format", of = "x" }',
        '{ method = "__subclasses__", of = "@none" }',
        *(f'{{ is = "{name}" }}' for name in (
            "Mould", "_Maker", "cluster.copying.Mould", "_Commands", "VersionProfile", "Priority", "Rule", "Popen",
            "object", "type", "Performer", "ServerError", "Path",
        )),
        '{ is = "Mould", with = [] }', '{ is = "Rule", with = [] }',
    ],
)  # fmt: skip
def test_what_no_dump_of_ours_names_is_out_of_reach(folder, text, value):
    message = load(folder, re.sub(r"event_count = \d+", lambda _: f"event_count = {value}", text, count=1))
    place, _, what = message[1:].partition(": ")
    assert text.splitlines()[int(place) - 1].startswith("event_count = ")
    key, _, what = what.partition(": ")
    assert key == "object.ClusterState-1.event_count"
    assert re.match(r"there is no |`call` names|\w+ has no method", what)


def test_objects_of_their_own_of_such_classes_are_refused_too(folder, text):
    for name in ("Mould", "_Commands", "VersionProfile", "Intent"):
        message = load(folder, f'{text}\n[object.X-1]\nis = "{name}"\n')
        assert f"object.X-1: there is no class '{name}'" in message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (r"\noptions = \S.*", "\noptions = 1", "ClusterState-1.options: it is of type int: allowed is ClusterOptions"),
        (r"backup_set_id = 1\n", 'backup_set_id = "1"\n', "it is of type str: allowed is BackupSetId, and in it"),
        (r"start_ns = \d+\n", "start_ns = 1e400\n", "it is of type float: allowed is Nanoseconds"),
        (r"backup_set_id = 1\n", f"backup_set_id = {1 << 200}\n", "is a number of more than 128 bits"),
        (r"most = \S+", "most = 99999999999999999999", "OverflowError: Python int too large"),
        (r'positions = "(?=\d)', 'positions = "18446744073709551615,', "1 in a run, are more than any tenant has"),
        (r'positions = "(?=\d)', 'positions = "5-99999999999999999999,', "lies beyond 64 bits"),
        (r'positions = "(?=\d)', 'positions = "5-9999999999999999999,', "are more than any tenant has"),
        (r'call = "@function:backup.flow._\w+", with = \[', '\\g<0>1, 2, 3, 4, 5, ', "TypeError: too many positional"),
    ],
)
def test_values_of_the_wrong_kind_name_line_and_key(folder, text, old, new, message):
    changed, count = re.subn(old, new, text, count=1)
    assert count, old
    found = load(folder, changed)
    assert re.match(r":\d+: object\.\w+-\d+", found)
    assert message in found


def test_syntax_names_the_line(folder, text):
    lines = text.splitlines()
    lines[99:99] = ["] ["]
    assert load(folder, "\n".join(lines)).startswith(":100: ")


DEEP = "{ tuple = [" * 80 + "] }" * 80


def test_what_is_nested_too_deeply(folder, text):
    for value in ("[" * 500 + "]" * 500, "[" * 4000 + "]" * 4000, DEEP):
        message = load(folder, text.replace("event_count = ", f"event_count = {value} #", 1))
        assert message.startswith(":"), message


def test_what_is_hashed_waits_for_what_is_in_it():
    """A frozen set of values that have the set's own owner, a queue with itself in it: in any order of the file."""
    tables = {
        "a": {"is": "Owner", "tenant_id": 1, "purpose": "@b"},
        "b": {"value": {"frozenset": ["@c", {"tuple": ["@c", "@d"]}]}},
        "c": {"is": "Owner", "tenant_id": 2, "purpose": "@d"},
        "d": {"value": {"frozenset": [{"tuple": ["x"]}]}},
        "e": {"value": {"deque": ["@e", "@f"], "most": 5}},
        "f": {"value": {"dict": [["@a", ["@f", "@e"]], ["@b", {"set": ["@a", "@b"]}]]}},
    }
    for names in permutations(tables):
        reader = saved._Reader(SAVED({name: tables[name] for name in names}), FILE, None)
        for name in names:
            reader._make(name, tables[name])
        for name in names:
            if "is" in tables[name]:
                reader._fill(reader._made[name], tables[name])
        reader._settle()
        made = reader._made
        d = frozenset({("x",)})
        assert made["b"] == {made["c"], (made["c"], d)}
        assert (made["a"].purpose, made["c"].purpose) == (made["b"], d)
        assert (made["e"][0], made["e"][1], made["e"].maxlen) == (made["e"], made["f"], 5)
        assert made["f"][made["a"]] == [made["f"], made["e"]]
        assert made["f"][made["b"]] == {made["a"], made["b"]}


def test_a_set_that_is_its_own_element_is_refused(folder, text):
    own = '\n[object.A-1]\nis = "Owner"\ntenant_id = 1\npurpose = "@B-1"\n'
    own += '[object.B-1]\nvalue = { frozenset = ["@A-1"] }\n'
    line = text.count("\n") + 6
    message = load(folder, text + own)
    assert message.startswith(f":{line}: object.B-1: what is hashed here never gets all its fields")


@pytest.mark.parametrize(
    "thing", [os.system, eval, subprocess.Popen, Path, copying.Mould, copying._Maker, obsim.Cluster, os.path.join]
)
def test_copies_are_made_of_nothing_but_the_core(thing):
    with pytest.raises(UnpicklingError, match="is no class and no function of the core"):
        copying._Maker(BytesIO(pickle.dumps(thing)), []).load()


def test_copies_bind_no_methods_of_anything_else():
    for thing in ([].append, "x".format, Path("x").unlink):
        with pytest.raises(UnpicklingError, match="is no"):
            copying._Maker(BytesIO(pickle.dumps(thing)), []).load()
