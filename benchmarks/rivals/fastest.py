"""The DAG scheduler as fast as SimPy allows: no processes, no Resource, only its clock, its queue and callbacks.

Events are small objects of our own with the three attributes that `Environment.step` looks at, pushed straight into
the environment's queue; lists of callbacks are shared. What is left of SimPy is `Environment.run`.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappush
from itertools import count

import simpy

from obsim.scheduler.dispatcher import PATIENCE_NS, WAITING_PASS_NS, YIELD_NS
from obsim.scheduler.priorities import PRIORITIES
from rivals.workload import Command, Job, Step

__all__ = ["prepared_fastest"]


class _Wake:
    """An event of SimPy without what is not needed: `what` is handed to the callback inside it."""

    __slots__ = ("callbacks", "what")
    _ok = True

    def __init__(self, callbacks: object, what: object) -> None:
        self.callbacks = callbacks
        self.what = what


class _Task:
    __slots__ = (
        "children", "finished", "indegree", "job", "left_ns", "number", "parents", "paused_ns", "priority", "since_ns",
        "wake",
    )  # fmt: skip

    def __init__(self, job: Job, parents: "tuple[_Task, ...]") -> None:
        self.job = job
        self.parents = parents
        self.number = job.number
        self.priority = job.priority
        self.left_ns = job.work_ns
        self.indegree = 0
        self.children = None
        self.finished = False
        self.paused_ns = -1


class _Scheduler:
    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.queue = env._queue  # noqa: SLF001 - schedule() costs a call
        self.numbers = count()
        self.limits = [p.default_score for p in PRIORITIES]
        self.ready = [deque() for _ in PRIORITIES]
        self.paused = [deque() for _ in PRIORITIES]
        self.waiting = [{} for _ in PRIORITIES]
        self.running = [{} for _ in PRIORITIES]
        self.passes: set[int] = set()
        self.trace: list[Step] = []
        self.finish_callbacks = (self.finish,)
        self.yield_callbacks = (self.yield_point,)
        self.pass_callbacks = (self.waiting_pass,)

    def scan(self, priorities: int) -> None:
        while priorities:
            index = (priorities & -priorities).bit_length() - 1
            running, paused, ready = self.running[index], self.paused[index], self.ready[index]
            limit = self.limits[index]
            while len(running) < limit and (paused or ready):
                self.start((paused or ready).popleft())
            priorities &= priorities - 1

    def start(self, task: _Task) -> None:
        now_ns, index = self.env._now, task.priority  # noqa: SLF001 - the property costs a call
        task.since_ns = now_ns
        self.running[index][task] = None
        self.trace.append((now_ns, "start" if task.paused_ns < 0 else "resume", task.number))
        if self.paused[index]:
            self.plan(task, now_ns)
        else:
            task.wake = wake = _Wake(self.finish_callbacks, task)
            heappush(self.queue, (now_ns + task.left_ns, 1, next(self.numbers), wake))

    def plan(self, task: _Task, now_ns: int) -> None:
        index, since_ns = task.priority, task.since_ns
        at_ns, callbacks = since_ns + task.left_ns, self.finish_callbacks
        if self.paused[index] or len(self.running[index]) > self.limits[index]:
            yield_ns = since_ns + ((now_ns - since_ns) // YIELD_NS + 1) * YIELD_NS
            if yield_ns < at_ns:
                at_ns, callbacks = yield_ns, self.yield_callbacks
        task.wake = wake = _Wake(callbacks, task)
        heappush(self.queue, (at_ns, 1, next(self.numbers), wake))

    def yield_point(self, wake: _Wake) -> None:
        task, now_ns = wake.what, self.env._now  # noqa: SLF001
        paused = self.paused[task.priority]
        over = len(self.running[task.priority]) > self.limits[task.priority]
        if over or (paused and now_ns - paused[0].paused_ns > PATIENCE_NS):
            del self.running[task.priority][task]
            self.trace.append((now_ns, "pause", task.number))
            task.left_ns -= now_ns - task.since_ns
            task.paused_ns = now_ns
            paused.append(task)
            if not over:
                self.start(paused.popleft())
        else:
            self.plan(task, now_ns)

    def finish(self, wake: _Wake) -> None:
        task, now_ns = wake.what, self.env._now  # noqa: SLF001
        index = task.priority
        del self.running[index][task]
        self.trace.append((now_ns, "finish", task.number))
        task.finished = True
        ready = 1 << index
        if task.children:
            for child in task.children:
                child.indegree -= 1
                if not child.indegree:
                    ready |= self.admit(child, now_ns)
        self.scan(ready)

    def admit(self, task: _Task, now_ns: int) -> int:
        job, index = task.job, task.priority
        if job.not_before_ns > now_ns:
            at_ns = -(-job.not_before_ns // WAITING_PASS_NS) * WAITING_PASS_NS
            if at_ns not in self.passes:
                self.passes.add(at_ns)
                heappush(self.queue, (at_ns, 1, next(self.numbers), _Wake(self.pass_callbacks, None)))
            self.waiting[index][task] = None
            return 0
        if job.emergency:
            self.ready[index].appendleft(task)
        else:
            self.ready[index].append(task)
        return 1 << index

    def waiting_pass(self, _wake: _Wake) -> None:
        now_ns, ready = self.env._now, 0  # noqa: SLF001
        self.passes.remove(now_ns)
        for waiting in self.waiting:
            willing = [t for t in waiting if t.job.not_before_ns <= now_ns]
            for task in sorted(willing, key=lambda t: t.number):
                del waiting[task]
                ready |= self.admit(task, now_ns)
        self.scan(ready)

    def command(self, wake: _Wake) -> None:
        command = wake.what
        if type(command) is list:
            self.submit_net(command)
            return
        index = command.priority
        lowered = command.limit < self.limits[index]
        self.limits[index] = command.limit
        if not lowered:
            self.scan(1 << index)
        elif len(self.running[index]) > command.limit:
            for task in self.running[index]:
                task.wake.callbacks = ()
                self.plan(task, self.env._now)  # noqa: SLF001

    def submit_net(self, net: list[_Task]) -> None:
        now_ns, ready = self.env._now, 0  # noqa: SLF001
        for task in net:
            for parent in task.parents:
                if not parent.finished:
                    task.indegree += 1
                    if parent.children is None:
                        parent.children = [task]
                    else:
                        parent.children.append(task)
            if not task.indegree:
                ready |= self.admit(task, now_ns)
        self.scan(ready)


def prepared_fastest(commands: list[Command]) -> Callable[[], list[Step]]:
    """A function that runs a workload through this program, with its tasks made beforehand."""
    env = simpy.Environment()
    scheduler = _Scheduler(env)
    callbacks = (scheduler.command,)
    tasks: dict[int, _Task] = {}
    for command in commands:
        what: object = command
        if command.jobs:
            for job in command.jobs:
                tasks[job.number] = _Task(job, tuple([tasks[number] for number in job.parents]))
            what = [tasks[job.number] for job in command.jobs]
        heappush(scheduler.queue, (command.at_ns, 1, next(scheduler.numbers), _Wake(callbacks, what)))

    def run() -> list[Step]:
        env.run()
        return scheduler.trace

    return run
