"""S1 to S6 of engine.md 5.7 over random work: scores lowered in the middle of tasks, too few CPUs, narrow pipes."""

import os
from collections.abc import Callable
from random import Random

import pytest

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import HA_LOW, PRIORITIES, limit_of
from obsim.scheduler.sharing import UNLIMITED, Pipe
from obsim.scheduler.threads import YIELD_NS, Step
from obsim.testing.scheduler_defects import (
    _last_come_first_started,
    _limit_ignored,
    _low_priority_starves,
    _lowering_ignored,
    _raising_waits,
)

S = 1_000_000_000
WORKLOADS = int(os.environ.get("OBSIM_DAG_WORKLOADS", "100"))
KINDS = ("MINI_MERGE", "BACKUP_DATA", "TABLET_MIGRATION", "BACKUP_META")


class World:
    """A dispatcher with random work. Every moment at which something happens is looked at before the next one."""

    now_ns, event_count = Nanoseconds(0), 0

    def __init__(self, seed: int, dispatcher_type: type[Dispatcher] = Dispatcher, *, short: bool = True) -> None:
        self.random = random = Random(seed)
        self.events, self.steps = EventQueue(), list[Step]()
        cpus = random.randint(1, 8) * 1000 if short else UNLIMITED
        self.dispatcher = dispatcher_type(self.events, self.steps, cpus=cpus)
        if short and seed % 3 == 0:
            pipes = Pipe(random.randint(1, 6) * 20_000_000), Pipe(random.randint(1, 6) * 20_000_000)
            self.dispatcher.set_pipes(*pipes, Nanoseconds(0))
        self.tasks: list[DagTask] = []
        self.scores = [0] * len(PRIORITIES)
        self.over_since_ns: dict[int, int] = {}
        self.broken: list[str] = []

    def run(self, left_alone: int = -1) -> None:
        """Forty commands, then until nothing is left; `left_alone` names a priority whose score stays."""
        random, at_ns = self.random, 0
        for _ in range(40):
            at_ns += random.choice((0, 0, 50, 300, 1000, 2500)) * 1_000_000
            self.advance(at_ns)
            if random.random() < 0.4:
                index, score = random.randrange(len(PRIORITIES)), random.choice((0, 1, 1, 2, 5, 12))
                if index != left_alone:
                    self.set_score(index, score)
            else:
                self.submit(random.randrange(len(PRIORITIES)), random.randint(1, 9))
            self.look()
        self.advance(at_ns + 10_000 * S)

    def advance(self, at_ns: int) -> None:
        while (next_ns := self.events.next_ns()) is not None and next_ns <= at_ns:
            self.events.run_until(next_ns, 1, self)
            self.look()
        self.now_ns = Nanoseconds(at_ns)

    def set_score(self, index: int, score: int) -> None:
        self.scores[index] = score
        self.over_since_ns.pop(index, None)
        limit = limit_of(PRIORITIES[index], score)
        if limit != self.dispatcher.limit(PRIORITIES[index]):
            self.dispatcher.set_limit(PRIORITIES[index], limit, self.now_ns)

    def submit(self, index: int, count: int) -> None:
        random = self.random
        net = [
            DagTask(random.choice(KINDS), PRIORITIES[index], Nanoseconds(random.randint(1, 20_000) * 1_000_000))
            for _ in range(count)
        ]
        self.tasks += net
        self.dispatcher.submit_net(net, self.now_ns)

    def look(self) -> None:
        """Check the present moment."""
        dispatcher = self.dispatcher
        for index, (limit, running, waiting, *_) in enumerate(dispatcher.overview()):
            if limit != limit_of(PRIORITIES[index], self.scores[index]):
                self.broken.append("S6")
            if waiting and running < limit:
                self.broken.append("S2")
            if running <= limit:
                self.over_since_ns.pop(index, None)
            elif self.now_ns > self.over_since_ns.setdefault(index, self.now_ns) + YIELD_NS:
                self.broken.append("S1")
        running, limits = (sum(map(count, PRIORITIES)) for count in (dispatcher.running_count, dispatcher.limit))
        if running > limits and not self.over_since_ns:
            self.broken.append("S5")
        if running:
            assert self.events.busy()

    def started(self, index: int) -> list[int]:
        """Numbers of the tasks of a priority in order of their start."""
        own = {task.number for task in self.tasks if task.priority is PRIORITIES[index]}
        return [number for _, what, number in self.steps if what == "start" and number in own]

    def verdict(self) -> set[str]:
        """The rules that were broken; S4 is looked for in the trace."""
        orders = map(self.started, range(len(PRIORITIES)))
        return set(self.broken) | {"S4" for order in orders if order != sorted(order)}


def test_random_work_keeps_the_rules():
    paused = shared = 0
    for seed in range(WORKLOADS // 5):
        world = World(seed)
        world.run()
        assert world.verdict() == set(), f"seed {seed}"
        assert all(task.finished for task in world.tasks)
        assert not world.events.busy()
        paused += sum(what == "pause" for _, what, _ in world.steps)
        shared += sum(task.course is not None or task.clock is not None for task in world.tasks)
    assert paused > WORKLOADS // 2
    assert shared > 10 * WORKLOADS


def test_other_scores_move_no_step_of_a_priority():
    """S3: with CPUs for all, the steps of a priority are the same whatever happens to the scores of the others."""
    for seed in range(8):
        traces = []
        for left_alone in (-1, 1):
            world = World(seed, short=False)
            world.run(left_alone)
            own = {task.number for task in world.tasks if task.priority is HA_LOW}
            traces.append([step for step in world.steps if step[2] in own])
        assert traces[0] == traces[1] != [], f"seed {seed}"


@pytest.mark.parametrize(
    ("method", "defect", "rule"),
    [
        ("_yield", _lowering_ignored, "S1"), ("_scan", _limit_ignored, "S1"), ("set_limit", _raising_waits, "S2"),
        ("_wake", _low_priority_starves, "S2"), ("_wake", _last_come_first_started, "S4"),
    ],
)  # fmt: skip
def test_a_wrong_dispatcher_breaks_its_rule(method: str, defect: Callable[..., object], rule: str):
    wrong = type("Wrong", (Dispatcher,), {method: defect(getattr(Dispatcher, method))})
    for seed in range(12):
        world = World(seed, wrong)
        world.run()
        if rule in world.verdict():
            return
    pytest.fail(f"{defect.__name__} keeps {rule}")
