"""Tools for tests with obsim: drivers, observations, invariants, a naive model, a state machine, mutants, campaigns.

docs/testing.md is the guide. What is imported here loads its part of the package when it is first used; strategies and
machines need hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obsim.testing.database import DatabaseDriver, dml_write, obsim_write
    from obsim.testing.defect import Mutant
    from obsim.testing.destination_trial import DestinationBroken, DestinationTrial
    from obsim.testing.driver import Driver, NotReached, at_rest
    from obsim.testing.invariants import (
        INVARIANTS,
        Checker,
        Invariant,
        InvariantBroken,
        Violation,
        check_invariants,
        skipped,
        skipped_lines,
        violations,
    )
    from obsim.testing.machine import BackupMachine, ClusterMachine, machine_for
    from obsim.testing.model import NaiveCluster, NaiveTenant
    from obsim.testing.modelled import ModelledTrial
    from obsim.testing.mutants import MUTANTS, killer_of, survey
    from obsim.testing.naive_restore import plan
    from obsim.testing.naive_tablet import ModelBroken
    from obsim.testing.observation import Observation
    from obsim.testing.restore_trial import RestoreBroken, RestoreTrial
    from obsim.testing.simulated import SimulatedDriver
    from obsim.testing.sometimes import SITUATIONS, Sometimes
    from obsim.testing.strategies import disturbances, fault_plans, scenarios, statements, workloads
    from obsim.testing.trial import Trial

_HOMES = {
    "database": ("DatabaseDriver", "dml_write", "obsim_write"),
    "defect": ("Mutant",),
    "destination_trial": ("DestinationBroken", "DestinationTrial"),
    "driver": ("Driver", "NotReached", "at_rest"),
    "invariants": (
        "INVARIANTS", "Checker", "Invariant", "InvariantBroken", "Violation", "check_invariants", "skipped",
        "skipped_lines", "violations",
    ),
    "machine": ("BackupMachine", "ClusterMachine", "machine_for"),
    "model": ("NaiveCluster", "NaiveTenant"),
    "modelled": ("ModelledTrial",),
    "mutants": ("MUTANTS", "killer_of", "survey"),
    "naive_restore": ("plan",),
    "naive_tablet": ("ModelBroken",),
    "observation": ("Observation",),
    "restore_trial": ("RestoreBroken", "RestoreTrial"),
    "simulated": ("SimulatedDriver",),
    "sometimes": ("SITUATIONS", "Sometimes"),
    "strategies": ("disturbances", "fault_plans", "scenarios", "statements", "workloads"),
    "trial": ("Trial",),
}  # fmt: skip
"""The module that each public name lives in."""

__all__ = [
    "INVARIANTS", "MUTANTS", "SITUATIONS", "BackupMachine", "Checker", "ClusterMachine", "DatabaseDriver",
    "DestinationBroken", "DestinationTrial", "Driver",
    "Invariant", "InvariantBroken", "ModelBroken", "ModelledTrial", "Mutant", "NaiveCluster", "NaiveTenant",
    "NotReached", "Observation", "RestoreBroken", "RestoreTrial", "SimulatedDriver", "Sometimes", "Trial",
    "Violation", "at_rest", "check_invariants", "disturbances", "dml_write", "fault_plans", "killer_of", "machine_for",
    "obsim_write", "plan", "scenarios", "skipped", "skipped_lines", "statements", "survey", "violations", "workloads",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"obsim.testing.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'obsim.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
