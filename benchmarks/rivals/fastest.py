"""The DAG scheduler as fast as SimPy allows: no processes, no Resource, only its clock, its queue and callbacks.

A task is itself the event that wakes it: it has the attributes that `Environment.step` looks at, is pushed straight
into the environment's queue, and shares its list of callbacks with all others. What is left of SimPy is
`Environment.run`. The bookkeeping is that of obsim's dispatcher, without what only obsim's views need.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappush

import simpy

from obsim.scheduler.looks import LOOK_NS, PASS_NS
from obsim.scheduler.priorities import PRIORITIES
from obsim.scheduler.threads import PATIENCE_NS, YIELD_NS
from rivals.workload import Command, Job, Step

__all__ = ["prepared_fastest"]

_LAST = 1 << 40
"""Key of the wake-ups of the scheduler: after everything else of a moment."""


class _Wake:
    """An event of SimPy without what is not needed."""

    __slots__ = ("callbacks", "wake_ns", "what")
    _ok = True

    def __init__(self, callbacks: object, what: object) -> None:
        self.callbacks = callbacks
        self.what = what
        self.wake_ns = -1


class _Task:
    __slots__ = (
        "callbacks", "children", "finish_ns", "finished", "indegree", "job", "left_ns", "number", "parents",
        "paused_ns", "priority", "since_ns", "wake_ns", "work_ns",
    )  # fmt: skip
    _ok = True

    def __init__(self, job: Job, parents: "tuple[_Task, ...]", callbacks: object) -> None:
        self.job = job
        self.parents = parents
        self.number = job.number
        self.priority = job.priority
        self.left_ns = job.work_ns
        self.indegree = 0
        self.children = None
        self.finished = False
        self.paused_ns = -1
        self.callbacks = callbacks


class _Scheduler:
    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.queue = env._queue  # noqa: SLF001 - schedule() costs a call
        self.limits = [p.default_score for p in PRIORITIES]
        self.ready = [deque() for _ in PRIORITIES]
        self.paused = [deque() for _ in PRIORITIES]
        self.refusing = [{} for _ in PRIORITIES]
        self.running = [{} for _ in PRIORITIES]
        self.trace: list[Step] = []
        self.commands: list[tuple[int, int, int, _Wake]] = []
        """What is to come, the next one last: only that one is in the queue, which stays short."""
        self.task_callbacks = (self.wake,)
        self.look_callbacks = (self.look_if_due,)
        self.alarm = _Wake(self.look_callbacks, None)
        self.passed_ns = 0
        self.due_ns = LOOK_NS
        self.unscanned = 0

    def scan(self, priorities: int, now_ns: int) -> None:
        """A pass of the scheduler."""
        if self.unscanned:
            priorities |= self.unscanned
            self.unscanned = 0
        started = False
        while priorities:
            index = (priorities & -priorities).bit_length() - 1
            priorities &= priorities - 1
            if (self.ready[index] or self.paused[index]) and self.fill(index, now_ns):
                started = True
                if now_ns >= self.due_ns:
                    priorities |= self.look_in_pass(now_ns)
        if now_ns >= self.due_ns and not started:
            self.unscanned = self.look_in_pass(now_ns)
            if self.unscanned:
                self.set_alarm(now_ns + PASS_NS)
        self.passed_ns = now_ns

    def fill(self, index: int, now_ns: int) -> bool:
        running, paused, ready = self.running[index], self.paused[index], self.ready[index]
        room = self.limits[index] - len(running)
        if room <= 0:
            return False
        queue, trace = self.queue, self.trace
        while room and (paused or ready):
            room -= 1
            if paused:
                self.resume(paused.popleft(), index, now_ns)
                continue
            task = ready.popleft()
            running[task] = None
            task.since_ns = now_ns
            trace.append((now_ns, "start", task.number))
            task.finish_ns = task.wake_ns = at_ns = now_ns + task.left_ns
            heappush(queue, (at_ns, 1, task.number, task))
        return True

    def resume(self, task: _Task, index: int, now_ns: int) -> None:
        self.running[index][task] = None
        task.since_ns = now_ns
        self.trace.append((now_ns, "resume", task.number))
        self.plan(task, index, now_ns)

    def plan(self, task: _Task, index: int, now_ns: int) -> None:
        since_ns = task.since_ns
        task.finish_ns = at_ns = since_ns + task.left_ns
        paused, over = self.paused[index], len(self.running[index]) > self.limits[index]
        if paused or over:
            least_ns = now_ns + 1
            if not over:
                least_ns = max(least_ns, paused[0].paused_ns + PATIENCE_NS + 1)
            yield_ns = since_ns - (since_ns - least_ns) // YIELD_NS * YIELD_NS
            at_ns = min(at_ns, yield_ns)
        if task.wake_ns != at_ns:
            task.wake_ns = at_ns
            heappush(self.queue, (at_ns, 1, task.number, task))

    def wake(self, task: _Task) -> None:
        now_ns = self.env._now  # noqa: SLF001 - the property costs a call
        task.callbacks = self.task_callbacks
        if task.wake_ns != now_ns:
            return
        task.wake_ns = -1
        index = task.priority
        if task.finish_ns != now_ns:
            self.yield_point(task, index, now_ns)
            return
        del self.running[index][task]
        task.finished = True
        self.trace.append((now_ns, "finish", task.number))
        ready = 1 << index
        if task.children is not None:
            for child in task.children:
                child.indegree -= 1
                if not child.indegree:
                    ready |= self.admit(child, now_ns)
        self.scan(ready, now_ns)

    def yield_point(self, task: _Task, index: int, now_ns: int) -> None:
        paused, over = self.paused[index], len(self.running[index]) > self.limits[index]
        if over or (paused and now_ns - paused[0].paused_ns > PATIENCE_NS):
            del self.running[index][task]
            self.trace.append((now_ns, "pause", task.number))
            task.left_ns -= now_ns - task.since_ns
            task.paused_ns = now_ns
            paused.append(task)
            if not over:
                self.resume(paused.popleft(), index, now_ns)
        else:
            self.plan(task, index, now_ns)

    def admit(self, task: _Task, now_ns: int) -> int:
        job, index = task.job, task.priority
        if job.not_before_ns > now_ns:
            self.refusing[index][task] = None
            self.set_alarm(max(job.not_before_ns, self.due_ns))
            return 0
        if job.emergency:
            self.ready[index].appendleft(task)
        else:
            self.ready[index].append(task)
        return 1 << index

    # The looks at those that refuse, and the wake-ups of every second.

    def set_alarm(self, at_ns: int) -> None:
        alarm = self.alarm
        if alarm.wake_ns < 0 or alarm.wake_ns > at_ns:
            alarm.wake_ns = at_ns
            heappush(self.queue, (at_ns, 1, _LAST, alarm))

    def next_idle_pass_ns(self, from_ns: int) -> int:
        return self.passed_ns + max(-(-(from_ns - self.passed_ns) // PASS_NS), 1) * PASS_NS

    def note_idle_looks(self, now_ns: int) -> None:
        first_ns = self.next_idle_pass_ns(self.due_ns)
        if first_ns < now_ns:
            self.due_ns = first_ns + (now_ns - 1 - first_ns) // LOOK_NS * LOOK_NS + LOOK_NS

    def look_in_pass(self, now_ns: int) -> int:
        self.note_idle_looks(now_ns)
        return self.look(now_ns) if now_ns >= self.due_ns else 0

    def look(self, now_ns: int) -> int:
        self.due_ns = now_ns + LOOK_NS
        found, next_ns = 0, 0
        for refusing in self.refusing:
            if refusing:
                willing = [t for t in refusing if t.job.not_before_ns <= now_ns]
                for task in sorted(willing, key=lambda t: t.number):
                    del refusing[task]
                    found |= self.admit(task, now_ns)
                for task in refusing:
                    next_ns = min(next_ns or task.job.not_before_ns, task.job.not_before_ns)
        self.alarm.wake_ns = -1
        if next_ns:
            self.set_alarm(max(next_ns, self.due_ns))
        return found

    def look_if_due(self, alarm: _Wake) -> None:
        now_ns = self.env._now  # noqa: SLF001
        alarm.callbacks = self.look_callbacks
        if alarm.wake_ns != now_ns:
            return
        alarm.wake_ns = -1
        refusing = [task.job.not_before_ns for tasks in self.refusing for task in tasks]
        if not self.unscanned and not refusing:
            return
        self.note_idle_looks(now_ns)
        from_ns = now_ns if self.unscanned else max(self.due_ns, min(refusing))
        at_ns = self.next_idle_pass_ns(now_ns) if from_ns <= now_ns else from_ns
        if at_ns > now_ns:
            self.set_alarm(at_ns)
            return
        self.scan(0, now_ns)
        waiting = [task.job.not_before_ns for tasks in self.refusing for task in tasks]
        if waiting:
            self.set_alarm(max(self.due_ns, min(waiting)))

    # Commands.

    def command(self, wake: _Wake) -> None:
        command, now_ns = wake.what, self.env._now  # noqa: SLF001
        if self.commands:
            heappush(self.queue, self.commands.pop())
        if type(command) is list:
            self.submit_net(command, now_ns)
            return
        index = command.priority
        lowered = command.limit < self.limits[index]
        self.limits[index] = command.limit
        if lowered and len(self.running[index]) > command.limit:
            for task in self.running[index]:
                self.plan(task, index, now_ns)
        self.scan(1 << index, now_ns)

    def submit_net(self, net: list[_Task], now_ns: int) -> None:
        ready = 0
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
        self.scan(ready, now_ns)


def prepared_fastest(commands: list[Command]) -> Callable[[], list[Step]]:
    """A function that runs a workload through this program, with its tasks made beforehand and kept."""
    env = simpy.Environment()
    scheduler = _Scheduler(env)
    tasks: dict[int, _Task] = {}
    for command in commands:
        what: object = command
        if command.jobs:
            for job in command.jobs:
                parents = tuple([tasks[number] for number in job.parents])
                tasks[job.number] = _Task(job, parents, scheduler.task_callbacks)
            what = [tasks[job.number] for job in command.jobs]
        scheduler.commands.append((command.at_ns, 1, 0, _Wake((scheduler.command,), what)))
    scheduler.commands.reverse()
    scheduler.queue.append(scheduler.commands.pop())

    def run(_kept: object = tasks) -> list[Step]:
        env.run()
        return scheduler.trace

    return run
