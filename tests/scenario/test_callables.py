"""Which functions and methods of the core a dump may name."""

from inspect import isfunction
from pathlib import Path

import pytest

import obsim
from obsim.cluster.state import ClusterState
from obsim.scenario import kinds
from obsim.scenario.callables import FUNCTIONS, METHODS
from obsim.scenario.dumping import dump_of

SCENARIOS = sorted(path.stem for path in Path(__file__, "../../../fixtures/scenarios").resolve().glob("*.toml"))


def test_what_the_tables_name_is_there():
    methods = {n for name in kinds.class_names() for n, x in vars(kinds.class_named(name)).items() if isfunction(x)}
    assert sorted(METHODS - methods) == []
    names = [f"{module}.{name}" for module, found in FUNCTIONS.items() for name in found]
    assert [name for name in names if kinds.function_named(name) is None] == []


def test_a_callback_that_the_tables_lack_is_found_in_the_sources(monkeypatch):
    state = object.__new__(ClusterState)
    monkeypatch.setattr(kinds, "METHODS", frozenset())
    monkeypatch.setattr(kinds, "FUNCTIONS", {})
    assert kinds.method_of(state, "_fault_over") == state._fault_over
    assert kinds.function_named("cluster.load._due").__name__ == "_due"
    for name in ("execute", "carry_out", "advance_to", "add_tenant", "__init__", "tenants"):
        assert kinds.method_of(state, name) is None
    for name in ("cluster.load.order_load", "cluster.copying.copy_of", "backup.flow._sys_meta"):
        assert kinds.function_named(name) is None


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_scenario_needs_the_sources_to_be_dumped(monkeypatch, scenario):
    def look_up(*_module):
        raise AssertionError("the tables of callbacks lack one")

    monkeypatch.setattr(kinds, "_more_methods", look_up)
    monkeypatch.setattr(kinds, "_more_functions", look_up)
    cluster = obsim.Cluster(scenario, clock="manual")
    assert dump_of(cluster.state).startswith("# ")
    cluster.advance(seconds=3)
    assert dump_of(cluster.state).startswith("# ")
