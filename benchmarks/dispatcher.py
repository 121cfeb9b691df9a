"""DAG tasks started and finished per second: `python benchmarks/dispatcher.py [--check] [--rounds N] [--tasks N]`.

The same random workloads (nets with dependencies, nine priorities, limits that change, tasks that refuse to start,
emergencies) go through obsim's dispatcher and two SimPy programs, in turn. All three must leave the same trace, step by
step. A ratio is the median over the rounds of one program's time by the other's in the same round.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median

from harness import Figure, machine, print_figures
from rivals.fastest import prepared_fastest
from rivals.plain import prepared_plain
from rivals.workload import Command, Step, prepared_dispatcher, random_workload

Program = Callable[[list[Command]], Callable[[], list[Step]]]
PROGRAMS: dict[str, Program] = {
    "dispatcher": prepared_dispatcher,
    "fastest SimPy form": prepared_fastest,
    "plain SimPy form": prepared_plain,
}
SEEDS = range(1, 9)
LENGTHS_MS = {"short tasks": (50, 2_000), "long tasks": (50, 20_000)}


def timed(program: Program, work: list[Command]) -> tuple[float, list[Step]]:
    """Seconds of processor time, and the trace; the garbage collector rests meanwhile, as in timeit."""
    run = program(work)
    gc.collect()
    gc.disable()
    start = time.process_time()
    trace = run()
    seconds = time.process_time() - start
    gc.enable()
    return seconds, trace


def measured(workloads: list[list[Command]], rounds: int) -> dict[str, list[float]]:
    """Seconds for all workloads, program by program, one figure a round."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        sums = dict.fromkeys(PROGRAMS, 0.0)
        for work in workloads:
            traces = []
            for name, program in PROGRAMS.items():
                took, trace = timed(program, work)
                sums[name] += took
                traces.append(trace)
            if traces[1:] != traces[:-1]:
                sys.exit("the traces differ")
        for name, total in sums.items():
            seconds[name].append(total)
    return seconds


def figures(name: str, seconds: dict[str, list[float]], tasks: int) -> list[Figure]:
    """Rates, and the two ratios."""
    own = seconds["dispatcher"]
    table = [Figure(f"{name}: {who}", tasks / median(took) / 1000, "k/s") for who, took in seconds.items()]
    for who, required in (("fastest SimPy form", 1.0), ("plain SimPy form", 4.0)):
        ratios = [other / one for one, other in zip(own, seconds[who], strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        table.append(Figure(f"{name}: by the {who}", median(ratios), "x", required, detail=spread))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a requirement is missed")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tasks", type=int, default=1_000, help="in each of eight workloads")
    options = parser.parse_args()
    print(f"{machine()}, simpy {version('simpy')}")
    table = []
    for name, lengths_ms in LENGTHS_MS.items():
        workloads = [random_workload(seed, options.tasks, lengths_ms=lengths_ms) for seed in SEEDS]
        table += figures(name, measured(workloads, options.rounds), options.tasks * len(workloads))
    holds = print_figures(f"DAG tasks, {len(SEEDS)} workloads of {options.tasks}, identical traces", table)
    sys.exit(0 if holds or not options.check else 1)


if __name__ == "__main__":
    main()
