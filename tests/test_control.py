"""The control procedures as functions (design, section 5)."""

import pytest

from obsim.answers import Ok
from obsim.cluster import ClusterState
from obsim.control import PROCEDURES, Move, Reset, Schedule, parse_interval
from obsim.errors import ServerError
from obsim.scenario import build_state
from obsim.versions import profile_for

MS, S = 10**6, 10**9


@pytest.fixture
def state() -> ClusterState:
    return build_state(profile=profile_for("4.2.1"))


def call(state, name, *arguments):
    return PROCEDURES[name].call(state, arguments)


@pytest.mark.parametrize(
    ("value", "ns"),
    [
        ("10m", 600 * S),
        ("1.5h", 5400 * S),
        ("1h30m", 5400 * S),
        ("1h 30m", 5400 * S),
        (" 2 D ", 172_800 * S),
        ("500ms", 500 * MS),
        ("7us", 7_000),
        ("3ns", 3),
        ("0.25s", 250 * MS),
        (3, 3 * S),
        (0.5, 500 * MS),
        ("0s", 0),
        ("36600d", 36_600 * 86_400 * S),
    ],
)
def test_interval(value, ns):
    assert parse_interval(value) == ns


@pytest.mark.parametrize("value", ["", "10", "m", "-1m", "1x", "1m2", None, -1, "36601d", "1e3s", "1..5s", "٣s"])
def test_what_is_no_interval(value):
    with pytest.raises(ServerError) as refused:
        parse_interval(value)
    assert refused.value.errno == 1210
    assert "write it as '10m', '1h30m' or '500ms'" in refused.value.message


def test_moves(state):
    assert call(state, "advance", "10m") == Move(state.start_ns + 600 * S)
    assert call(state, "run_until_idle") == Move(None)
    assert call(state, "reset") == Reset()
    assert state.now_ns == state.start_ns


def test_write(state):
    before = state.revision(("storage",))
    assert call(state, "write", "mysql_tenant", "t1", 37, "RANDOM") == Ok()
    assert len(state.tenants[1002].storage.blocks.dirty) == 37
    assert state.revision(("storage",)) > before


@pytest.mark.parametrize(
    ("arguments", "errno"),
    [
        (("nosuch", "t1", 1, "random"), 5160),
        (("sys", "t1", 1, "random"), 5160),
        (("META$1002", "t1", 1, "random"), 5160),
        ((None, "t1", 1, "random"), 5160),
        (("mysql_tenant", "nosuch", 1, "random"), 1146),
        (("mysql_tenant", "t1", 49, "random"), 1210),
        (("mysql_tenant", "t1", -1, "append"), 1210),
        (("mysql_tenant", "t1", 1, "sideways"), 1210),
        (("mysql_tenant", "t1", "1", "random"), 1210),
        (("mysql_tenant", "t1", 1.5, "random"), 1210),
        (("mysql_tenant", "t1", 1, None), 1210),
        (("mysql_tenant", "t1", 1), 1210),
    ],
)
def test_write_refuses(state, arguments, errno):
    with pytest.raises(ServerError) as refused:
        call(state, "write", *arguments)
    assert refused.value.errno == errno
    assert not state.tenants[1002].storage.blocks.dirty


def test_unknown_table_is_named_with_its_tenant(state):
    with pytest.raises(ServerError, match=r"Table 'mysql_tenant.nosuch' doesn't exist"):
        call(state, "write", "mysql_tenant", "nosuch", 1, "random")


def test_schedule(state):
    found = call(state, "schedule", "1d", "sys", "ALTER SYSTEM BACKUP DATABASE")
    assert found == Schedule(86_400 * S, "sys", "ALTER SYSTEM BACKUP DATABASE")
    for arguments in (("0s", "sys", "x"), ("1d", None, "x"), ("1d", "sys", 3)):
        with pytest.raises(ServerError) as refused:
            call(state, "schedule", *arguments)
        assert refused.value.errno == 1210


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_wrong_number_of_arguments_is_1210_and_names_the_right_ones(state, name):
    procedure = PROCEDURES[name]
    with pytest.raises(ServerError) as refused:
        procedure.call(state, tuple("x" for _ in range(len(procedure.arguments) + 1)))
    shown = f"obsim.{name}({', '.join(procedure.arguments)})"
    assert (refused.value.errno, refused.value.message) == (1210, f"Incorrect arguments to {shown}")


def test_the_table_is_complete():
    names = (
        "advance advance_to run_until run_until_idle reset snapshot restore_snapshot dump write create_table "
        "drop_table truncate_table alter_table transfer load schedule empty_destination fault clear_faults"
    )
    assert " ".join(PROCEDURES) == names
    assert all(procedure.help for procedure in PROCEDURES.values())
