"""The DAG scheduler as one would write it with SimPy: a process for the scheduler and for each task, slots as Resource.

SimPy cannot change a Resource's capacity, so a new limit is written into its `_capacity`. What happens at one moment
happens in order of SimPy's priorities: commands, tasks by number, the scheduler's wake-ups.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy
from simpy.events import URGENT

from obsim.scheduler.looks import LOOK_NS, PASS_NS
from obsim.scheduler.priorities import PRIORITIES
from obsim.scheduler.threads import PATIENCE_NS, YIELD_NS
from rivals.workload import Command, Job, Step

__all__ = ["prepared_plain"]

Process = Generator[simpy.Event, Any, None]
_TASKS = 1_000
_LAST = 1 << 40


@dataclass(slots=True, eq=False)
class _Task:
    job: Job
    left_ns: int
    indegree: int = 0
    children: "list[_Task]" = field(default_factory=list)
    finished: bool = False
    paused_ns: int | None = None
    process: simpy.Process | None = None


class _Scheduler:
    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.slots = [simpy.Resource(env, p.default_score) for p in PRIORITIES]
        self.ready: list[deque[_Task]] = [deque() for _ in PRIORITIES]
        self.paused: list[deque[_Task]] = [deque() for _ in PRIORITIES]
        self.waiting: list[list[_Task]] = [[] for _ in PRIORITIES]
        self.running: list[list[_Task]] = [[] for _ in PRIORITIES]
        self.tasks: dict[int, _Task] = {}
        self.unfinished = 0
        self.trace: list[Step] = []
        self.woken = env.event()
        env.process(self.loop())

    def after(self, delay_ns: int, priority: int) -> simpy.Event:
        """A timeout with a place among the events of its moment."""
        event = self.env.event()
        event._ok, event._value = True, None  # noqa: SLF001 - Timeout takes no priority
        self.env.schedule(event, priority, delay_ns)
        return event

    def signal(self, _event: simpy.Event | None = None) -> None:
        """Wake the scheduler before anything else happens at this moment."""
        if not self.woken.triggered:
            self.woken._ok, self.woken._value = True, None  # noqa: SLF001 - succeed() is never urgent
            self.env.schedule(self.woken, priority=URGENT)

    def loop(self) -> Process:
        env, looked_ns = self.env, 0
        while self.unfinished:
            found = self.start_some()
            if env.now >= looked_ns + LOOK_NS:
                looked_ns = env.now
                self.look()
            if not found:
                tick = self.after(PASS_NS, _LAST)
                tick.callbacks.append(self.signal)
                yield self.woken
                self.woken = env.event()
                if not tick.processed:
                    tick.callbacks.remove(self.signal)

    def start_some(self) -> bool:
        """Start tasks of the first priority that has room and work."""
        for index, slots in enumerate(self.slots):
            if (self.paused[index] or self.ready[index]) and slots.count < slots.capacity:
                while slots.count < slots.capacity and (queue := self.paused[index] or self.ready[index]):
                    self.start(queue.popleft())
                return True
        return False

    def look(self) -> None:
        """Go through the waiting lists."""
        for waiting in self.waiting:
            for task in [t for t in waiting if not t.indegree and t.job.not_before_ns <= self.env.now]:
                self.admit(task)

    def start(self, task: _Task) -> None:
        index = task.job.priority
        request = self.slots[index].request()
        self.running[index].append(task)
        self.trace.append((self.env.now, "start" if task.paused_ns is None else "resume", task.job.number))
        task.process = self.env.process(self.work(task, request))

    def work(self, task: _Task, request: Any) -> Process:
        env, index, since_ns = self.env, task.job.priority, self.env.now
        slots, paused, finish_ns = self.slots[index], self.paused[index], since_ns + task.left_ns
        while True:
            at_ns = finish_ns
            if paused or slots.count > slots.capacity:
                at_ns = min(at_ns, since_ns + ((env.now - since_ns) // YIELD_NS + 1) * YIELD_NS)
            try:
                yield self.after(at_ns - env.now, _TASKS + task.job.number)
            except simpy.Interrupt:
                continue
            if at_ns == finish_ns:
                self.leave(task, request, "finish")
                self.finish(task)
                return
            over = slots.count > slots.capacity
            if over or (paused and env.now - paused[0].paused_ns > PATIENCE_NS):
                self.leave(task, request, "pause")
                task.left_ns, task.paused_ns = finish_ns - env.now, env.now
                paused.append(task)
                if not over:
                    self.start(paused.popleft())
                return

    def leave(self, task: _Task, request: Any, what: str) -> None:
        self.slots[task.job.priority].release(request)
        self.running[task.job.priority].remove(task)
        self.trace.append((self.env.now, what, task.job.number))

    def finish(self, task: _Task) -> None:
        task.finished = True
        self.unfinished -= 1
        for child in task.children:
            child.indegree -= 1
            if not child.indegree:
                self.admit(child)
        self.signal()

    def admit(self, task: _Task) -> None:
        """Make a task that waits for no other ready, unless it refuses."""
        job = task.job
        if job.not_before_ns > self.env.now:
            return
        self.waiting[job.priority].remove(task)
        if job.emergency:
            self.ready[job.priority].appendleft(task)
        else:
            self.ready[job.priority].append(task)

    def command(self, command: Command, net: list[_Task]) -> Process:
        yield self.env.timeout(command.at_ns)
        for task in net:
            self.add(task)
        if not command.jobs:
            slots = self.slots[command.priority]
            lowered = command.limit < slots.capacity
            slots._capacity = command.limit  # noqa: SLF001 - there is no other way
            if lowered and slots.count > slots.capacity:
                for task in self.running[command.priority]:
                    if task.process is not None:
                        task.process.interrupt()
        self.signal()

    def made(self, job: Job) -> _Task:
        task = self.tasks[job.number] = _Task(job, job.work_ns)
        self.unfinished += 1
        return task

    def add(self, task: _Task) -> None:
        job = task.job
        for number in job.parents:
            parent = self.tasks[number]
            if not parent.finished:
                task.indegree += 1
                parent.children.append(task)
        self.waiting[job.priority].append(task)
        if not task.indegree:
            self.admit(task)


def prepared_plain(commands: list[Command]) -> Callable[[], list[Step]]:
    """A function that runs a workload through this program, with its tasks made beforehand and kept."""
    env = simpy.Environment()
    scheduler = _Scheduler(env)
    for command in commands:
        env.process(scheduler.command(command, [scheduler.made(job) for job in command.jobs]))

    def run() -> list[Step]:
        env.run()
        return scheduler.trace

    return run
