"""Work for a DAG scheduler, and the trace that it must leave: the same for the dispatcher and its rivals."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.demand import FULL_CPU
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import PRIORITIES

__all__ = ["Command", "Job", "Step", "prepared_dispatcher", "random_workload"]

Step = tuple[int, str, int]
"""Time in nanoseconds, what happened (start, pause, resume, finish), the number of the task."""
CPUS = 1_000
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """One task of the workload, numbered from 1 in order of arrival; parents by their numbers, which are smaller."""

    number: int
    priority: int
    work_ns: int
    parents: tuple[int, ...] = ()
    not_before_ns: int = 0
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """At a time a net of tasks arrives (`jobs`), or the limit of a priority changes (no jobs)."""

    at_ns: int
    jobs: tuple[Job, ...] = ()
    priority: int = 0
    limit: int = 0


def random_workload(seed: int, task_count: int, *, lengths_ms: tuple[int, int] = (50, 20_000)) -> list[Command]:
    """Nets of 1 to 12 tasks with dependencies, limits that change, tasks that refuse to run yet, emergencies.

    Times lie on a grid of 50 ms, so that many things happen at the same moment.
    """
    random = Random(seed)
    commands: list[Command] = []
    at_ms, number, priorities = 0, 1, random.randint(1, len(PRIORITIES))
    least, most = lengths_ms
    gap_ms = max(1, random.randint(1, 12) * (least + most) // (40 * priorities))
    while number <= task_count:
        at_ms += random.choice((0, 0, 1, 2, 3)) * gap_ms // 50 * 50
        if random.random() < 0.15:
            index = random.randrange(priorities)
            commands.append(Command(at_ms * _MS, (), index, random.choice((1, 1, 2, 3, 5, 10))))
            continue
        first, jobs = number, []
        for number in range(first, min(first + random.randint(1, 12), task_count + 1)):
            earlier = range(first, number)
            parents = tuple(sorted(random.sample(earlier, min(len(earlier), random.choice((0, 1, 1, 2, 3))))))
            refuses = (at_ms + random.randint(0, 400) * 50) * _MS if random.random() < 0.1 else 0
            work_ns = random.randint(least, most) // 50 * 50 * _MS
            emergency = random.random() < 0.05
            jobs.append(Job(number, random.randrange(priorities), work_ns, parents, refuses, emergency))
        number += 1
        commands.append(Command(at_ms * _MS, tuple(jobs)))
    return commands


def prepared_dispatcher(commands: list[Command]) -> Callable[[], list[Step]]:
    """A function that runs a workload through obsim's dispatcher, with its tasks made beforehand and kept.

    The tenant has CPUs for all that may run, so that it shares none, but counts them as always.
    """
    steps: list[Step] = []
    tasks: dict[int, DagTask] = {}
    events = EventQueue()
    dispatcher = Dispatcher(events, steps, cpus=FULL_CPU * CPUS)
    for command in commands:
        if command.jobs:
            net = [_made(job, tasks) for job in command.jobs]
            events.push(command.at_ns, partial(dispatcher.submit_net, net))
        else:
            events.push(command.at_ns, partial(dispatcher.set_limit, PRIORITIES[command.priority], command.limit))

    def run(_kept: object = tasks) -> list[Step]:
        events.run()
        return steps

    return run


def _made(job: Job, tasks: dict[int, DagTask]) -> DagTask:
    task = tasks[job.number] = DagTask(
        "", PRIORITIES[job.priority], Nanoseconds(job.work_ns),
        parents=tuple([tasks[number] for number in job.parents]),
        not_before_ns=Nanoseconds(job.not_before_ns), emergency=job.emergency,
    )  # fmt: skip
    return task
