"""The dispatcher and two SimPy programs make the same trace of the same work, every step at its place."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("simpy")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from rivals.fastest import prepared_fastest
from rivals.plain import prepared_plain
from rivals.workload import Command, Job, prepared_dispatcher, random_workload

WORKLOADS = int(os.environ.get("OBSIM_DAG_WORKLOADS", "100"))
S = 1_000_000_000
PROGRAMS = [prepared_dispatcher, prepared_fastest, prepared_plain]


def test_random_workloads_leave_one_trace():
    seen: Counter[str] = Counter()
    for seed in range(WORKLOADS):
        work = random_workload(seed, 40 + seed % 80)
        expected = prepared_dispatcher(work)()
        assert prepared_fastest(work)() == expected, f"seed {seed}"
        assert prepared_plain(work)() == expected, f"seed {seed}"
        seen.update(what for _, what, _ in expected)
        assert sum(what == "finish" for _, what, _ in expected) == 40 + seed % 80
    assert set(seen) == {"start", "pause", "resume", "finish"}
    assert seen["pause"] == seen["resume"] > WORKLOADS // 2


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_trace_worked_out_by_hand(program):
    """Two slots of HA_LOW; the limit falls to 1 while both run, a child waits for the second, a third refuses.

    The end at 5 s is a pass that looks; the next look is at 10 s, and what it finds starts with the pass of 11 s.
    """
    work = [
        Command(0, (Job(1, 5, 10 * S), Job(2, 5, 4 * S), Job(3, 0, S, (2,)), Job(4, 1, S, (), 6 * S))),
        Command(S, (), 5, 1),
    ]
    assert program(work)() == [
        (0, "start", 1), (0, "start", 2), (3 * S, "pause", 1), (4 * S, "finish", 2), (4 * S, "start", 3),
        (4 * S, "resume", 1), (5 * S, "finish", 3), (11 * S, "finish", 1), (11 * S, "start", 4), (12 * S, "finish", 4),
    ]  # fmt: skip
