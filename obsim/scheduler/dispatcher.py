"""A tenant's DAG scheduler: how many tasks of each priority run at once, and which (engine.md 5.2-5.4).

A priority is limited by its own counter alone: FIFO inside, nothing borrowed from others. Whatever may make room or
bring work signals the scheduler, which scans the priorities in order and begins again after every start; paused tasks
go before ready ones. Raising a limit therefore starts waiting tasks at once. Lowering it stops nobody in the middle
of a step: a running task looks at the limit at its next yield point, at most every 3 s, and pauses there if too many
run; else it makes room for the first paused one of its priority if that has waited for over 30 s.

A task whose parents have not finished, or that refuses to be scheduled yet, waits. The last parent's end brings it
into the ready list if it is willing; one that was not is asked again every 5 s. All other state changes signal, so
the wake-up of every second finds nothing to do and is no event here.
"""

from collections import deque
from collections.abc import Iterable
from functools import partial

from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import PRIORITIES, Priority
from obsim.scheduler.queue import PriorityQueue

__all__ = ["PATIENCE_NS", "WAITING_PASS_NS", "YIELD_NS", "Dispatcher", "QueueFigures", "Step"]

YIELD_NS = 3_000_000_000
PATIENCE_NS = 10 * YIELD_NS
"""A paused task that has waited longer is let in at a yield point (ob_dag_scheduler.cpp, need_wake_up)."""
WAITING_PASS_NS = 5_000_000_000
"""How often the waiting list is gone through."""
FINISHED_KEPT_MAX = 2_000

Step = tuple[int, str, int]
"""Time in nanoseconds; start, pause, resume, finish or cancel; the number of the task."""

QueueFigures = tuple[int, int, int, tuple[int, ...], tuple[int, ...]]
"""Limit, running and waiting tasks of a priority; numbers of those that have not begun, next first, and that have."""


def _ended(_now_ns: Nanoseconds) -> None:
    """What a task that has ended holds in place of its callback, so that it keeps nothing else alive."""


class Dispatcher:
    """The scheduler of one tenant on one server. `steps` takes every change of what runs, in order."""

    def __init__(self, events: EventQueue, steps: list[Step] | None = None) -> None:
        self._events = events
        self._steps = steps
        self._queues = [PriorityQueue(p.default_score, 1 << p.index) for p in PRIORITIES]
        self._passes: set[int] = set()
        self._submitted = 0
        self.finished: deque[DagTask] = deque(maxlen=FINISHED_KEPT_MAX)
        """The newest finished tasks and cancelled ones that had run, in order of their end."""
        self.change_count = 0
        """Grows with everything a view of the scheduler shows."""

    def limit(self, priority: Priority) -> int:
        """UP_LIMIT of a priority."""
        return self._queues[priority.index].limit

    def running_count(self, priority: Priority) -> int:
        """RUNNING_TASK_CNT of a priority."""
        return len(self._queues[priority.index].running)

    def waiting_count(self, priority: Priority) -> int:
        """Ready and paused tasks of a priority: a slot is all they need."""
        queue = self._queues[priority.index]
        return len(queue.ready) + len(queue.paused)

    def blocked_count(self, priority: Priority) -> int:
        """Tasks of a priority that wait for their parents or refuse to be scheduled yet."""
        queue = self._queues[priority.index]
        return len(queue.blocked) + len(queue.refusing)

    def is_blocked(self, task: DagTask) -> bool:
        """Whether a task is in the waiting list: unfinished parents, or it refuses to be scheduled yet."""
        queue = self._queues[task.priority.index]
        return task in queue.blocked or task in queue.refusing

    def overview(self) -> list[QueueFigures]:
        """Every priority in scan order, for somebody who looks often."""
        return [
            (
                queue.limit,
                len(queue.running),
                len(queue.ready) + len(queue.paused),
                tuple([task.number for task in queue.ready]),
                tuple([task.number for task in (*queue.running, *queue.paused)]),
            )
            for queue in self._queues
        ]

    def unfinished(self) -> list[DagTask]:
        """Ready, paused, running and blocked tasks by priority, each priority in order of submission."""
        tasks: list[DagTask] = []
        for queue in self._queues:
            tasks += sorted(queue.tasks(), key=lambda task: task.number)
        return tasks

    def kind_counts(self) -> dict[str, int]:
        """Unfinished tasks by DAG type."""
        counts: dict[str, int] = {}
        for task in self.unfinished():
            counts[task.kind] = counts.get(task.kind, 0) + 1
        return counts

    def submit(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Queue a task behind the others of its priority and start it if there is room."""
        self.change_count += 1
        self._scan(self._add(task, now_ns), now_ns)

    def submit_net(self, tasks: Iterable[DagTask], now_ns: Nanoseconds) -> None:
        """Queue the tasks of a DAG net, parents before children, and then start those there is room for."""
        ready = 0
        for task in tasks:
            ready |= self._add(task, now_ns)
        self.change_count += 1
        self._scan(ready, now_ns)

    def set_limit(self, priority: Priority, limit: int, now_ns: Nanoseconds) -> None:
        """Change a limit; lowering takes effect at the yield points, raising now."""
        queue = self._queues[priority.index]
        self.change_count += 1
        lowered = limit < queue.limit
        queue.limit = limit
        if not lowered:
            self._fill(queue, now_ns)
        elif len(queue.running) > limit:
            for task in queue.running:
                self._plan(task, queue, now_ns)

    def cancel(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Take a task out wherever it is, and all that wait for it; their `on_finish` is not called."""
        if task.finished or task.cancelled:
            return
        task.cancelled = True
        task.on_finish = _ended
        self.change_count += 1
        for child in task.children or ():
            self.cancel(child, now_ns)
        queue = self._queues[task.priority.index]
        if task in queue.running:
            self._stop(task, queue, now_ns, "cancel")
            self.finished.append(task)
            self._fill(queue, now_ns)
        elif queue.take_out(task) and task.segments:
            self.finished.append(task)

    def _add(self, task: DagTask, now_ns: Nanoseconds) -> int:
        """Put a task into the list it belongs to; the bit of its priority when it is ready, else 0.

        A task that would wait for a cancelled one is cancelled too.
        """
        self._submitted += 1
        task.number, task.added_ns = self._submitted, now_ns
        queue = self._queues[task.priority.index]
        if task.parents and not self._await_parents(task):
            return 0
        if task.indegree:
            queue.blocked[task] = None
            return 0
        return self._admit(task, queue, now_ns)

    def _await_parents(self, task: DagTask) -> bool:
        """Let the parents know their child; False when one of them was cancelled."""
        for parent in task.parents:
            if parent.cancelled:
                task.cancelled = True
                return False
            if not parent.finished:
                task.indegree += 1
                if parent.children is None:
                    parent.children = [task]
                else:
                    parent.children.append(task)
        return True

    def _admit(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds) -> int:
        """Make a task without unfinished parents ready; if it refuses, order the pass that finds it willing."""
        if task.not_before_ns > now_ns:
            queue.refusing[task] = None
            at_ns = -(-task.not_before_ns // WAITING_PASS_NS) * WAITING_PASS_NS
            if at_ns not in self._passes:
                self._passes.add(at_ns)
                self._events.push(at_ns, self._waiting_pass)
            return 0
        if task.emergency:
            queue.ready.appendleft(task)
        else:
            queue.ready.append(task)
        return queue.bit

    def _waiting_pass(self, now_ns: Nanoseconds) -> None:
        """Move what may run now from the waiting lists to the ready lists, in order of priority and arrival."""
        self._passes.discard(now_ns)
        ready = 0
        for queue in self._queues:
            willing = [task for task in queue.refusing if task.not_before_ns <= now_ns]
            for task in sorted(willing, key=lambda task: task.number):
                del queue.refusing[task]
                ready |= self._admit(task, queue, now_ns)
        self._scan(ready, now_ns)

    def _scan(self, priorities: int, now_ns: Nanoseconds) -> None:
        """Start what there is room for: always the first priority that can, of those whose bit is set.

        The others cannot: nothing has come or gone there since the last scan.
        """
        while priorities:
            self._fill(self._queues[(priorities & -priorities).bit_length() - 1], now_ns)
            priorities &= priorities - 1

    def _fill(self, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        running, limit, ready, paused = queue.running, queue.limit, queue.ready, queue.paused
        while len(running) < limit and (paused or ready):
            self._start(paused.popleft() if paused else ready.popleft(), queue, now_ns)

    def _start(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        task.running_since_ns = now_ns
        self.change_count += 1
        queue.running[task] = None
        if self._steps is not None:
            self._steps.append((now_ns, "resume" if task.segments else "start", task.number))
        if task.segments or queue.paused:
            self._plan(task, queue, now_ns)
        else:
            task.wake = self._events.push(now_ns + task.work_ns, partial(self._finish, task))

    def _plan(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        """Order the event that ends the running segment: the finish, or before it a yield point that may pause it."""
        if task.wake is not None:
            self._events.cancel(task.wake)
        since_ns = task.running_since_ns if task.running_since_ns is not None else now_ns
        finish_ns = now_ns + task.work_ns - task.done_ns(now_ns)
        if queue.paused or len(queue.running) > queue.limit:
            yield_ns = since_ns + ((now_ns - since_ns) // YIELD_NS + 1) * YIELD_NS
            if yield_ns < finish_ns:
                task.wake = self._events.push(yield_ns, partial(self._yield, task))
                return
        task.wake = self._events.push(finish_ns, partial(self._finish, task))

    def _stop(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds, what: str) -> None:
        """End the running segment."""
        self.change_count += 1
        if task.wake is not None:
            self._events.cancel(task.wake)
            task.wake = None
        if task.running_since_ns is not None:
            task.segments.append((task.running_since_ns, now_ns))
            task.running_since_ns = None
        del queue.running[task]
        if self._steps is not None:
            self._steps.append((now_ns, what, task.number))

    def _yield(self, task: DagTask, now_ns: Nanoseconds) -> None:
        queue = self._queues[task.priority.index]
        paused, over = queue.paused, len(queue.running) > queue.limit
        if over or (paused and now_ns - paused[0].segments[-1][1] > PATIENCE_NS):
            self._stop(task, queue, now_ns, "pause")
            paused.append(task)
            if not over:
                self._start(paused.popleft(), queue, now_ns)
        else:
            self._plan(task, queue, now_ns)

    def _finish(self, task: DagTask, now_ns: Nanoseconds) -> None:
        queue = self._queues[task.priority.index]
        task.wake = None
        self._stop(task, queue, now_ns, "finish")
        task.finished = True
        self.finished.append(task)
        if task.children is not None:
            ready = queue.bit
            for child in task.children:
                child.indegree -= 1
                if not child.indegree and not child.cancelled:
                    child_queue = self._queues[child.priority.index]
                    del child_queue.blocked[child]
                    ready |= self._admit(child, child_queue, now_ns)
            task.children = None
            self._scan(ready, now_ns)
        elif queue.ready or queue.paused:
            self._fill(queue, now_ns)
        task.parents = ()
        on_finish, task.on_finish = task.on_finish, _ended
        on_finish(now_ns)
