"""Scenarios: the state a cluster starts from, written in TOML and read strictly.

`specs` has what a file may say, `reading` finds and checks it, `lines` knows on which line a key stands, `building`
makes a `ClusterState` of it, `history` lets things happen before and after the start.
"""

from obsim.scenario.building import DEFAULT_START_NS, Blueprint, build_state
from obsim.scenario.reading import load_scenario, scenario_names
from obsim.scenario.specs import Scenario

__all__ = ["DEFAULT_START_NS", "Blueprint", "Scenario", "build_state", "load_scenario", "scenario_names"]
