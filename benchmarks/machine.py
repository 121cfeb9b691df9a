"""Steps a second of the state machine on a simulated cluster, with every invariant and the naive model on.

    python benchmarks/machine.py [STEPS]

A step is one rule of `obsim.testing.machine.BackupMachine`, three actions in the mean; after each action the cluster is
observed, compared with the naive model and held against every invariant; now and then a tenant is restored.
hypothesis's own work counts too. What is required is the rate by CPU time, which other programs on the machine disturb
less than the one by the clock on the wall.
"""

import sys
import time
from typing import TYPE_CHECKING

from harness import Figure, machine, print_figures
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from obsim.session.pending import rare_collections
from obsim.testing.campaign import ALLOCATIONS_A_COLLECTION
from obsim.testing.machine import machine_for
from obsim.versions import IncrementalBase

if TYPE_CHECKING:
    from obsim.testing.modelled import ModelledTrial

STEPS_AN_EXAMPLE = 100
REQUIRED = 300
PROFILES = [("4.2.1", IncrementalBase.LAST_FULL), ("4.2.5", IncrementalBase.PREVIOUS)]


def measure(version: str, base: IncrementalBase, step_count: int) -> tuple[int, int, float, float]:
    """(steps, observations, seconds, seconds of CPU) of a run."""
    trials: list[ModelledTrial] = []
    run = settings(
        max_examples=max(1, step_count // STEPS_AN_EXAMPLE), stateful_step_count=STEPS_AN_EXAMPLE, deadline=None,
        derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    wall, cpu = time.perf_counter(), time.process_time()
    with rare_collections(ALLOCATIONS_A_COLLECTION):  # as a campaign has it
        run_state_machine_as_test(machine_for(version, base, on_trial=staticmethod(trials.append)), settings=run)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return sum(t.rule_count for t in trials), sum(t.step_count for t in trials), wall, cpu


def main() -> int:
    """Print the table; 0 when the rate is reached."""
    step_count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print(machine())
    for version, base in PROFILES:
        measure(version, base, 100)  # imports and caches
    figures = []
    for version, base in PROFILES:
        steps, looks, wall, cpu = measure(version, base, step_count)
        detail = f"{steps} steps, {looks} observations in {wall:.1f} s"
        figures.append(Figure(f"{version}, {base.value}, by CPU time", steps / cpu, "/s", REQUIRED, detail=detail))
        figures.append(Figure(f"{version}, {base.value}", steps / wall, "/s"))
    return 0 if print_figures("State machine with all invariants on", figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
