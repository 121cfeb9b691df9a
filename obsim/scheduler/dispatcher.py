"""A tenant's DAG scheduler: how many tasks of each priority run at once, and which (engine.md 5.2-5.4).

A priority is limited by its own counter alone: FIFO inside, nothing borrowed from others. A signal wakes the scheduler:
a DAG that is added, a task that ends, a new score (ob_tenant_dag_scheduler.cpp, set_thread_score). It then makes a
pass: it scans the priorities in order and begins again after every start; paused tasks go before ready ones. Raising a
limit therefore starts waiting tasks at once. Lowering it stops nobody in the middle of a step: a running task looks at
the limit at its next yield point, at most every 3 s, and pauses there if too many run; else it makes room for the first
paused one of its priority if that has waited for over 30 s.

A task whose parents have not finished, or that refuses to be scheduled yet, waits. The last parent's end brings it
into the ready list if it is willing. Who refuses is looked at again by the first pass that comes 5 s or more after the
last look, passes being made every second when nothing signals; the look comes after the scan, so what it finds starts
with the pass after it: at once if the scan started something, else at the next signal or a second later. A pass that
finds nothing to do is no event here: when it was is worked out when it matters.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from typing import NamedTuple

from obsim.errors import error
from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.demand import FULL_CPU
from obsim.scheduler.events import KEY_BITS, NEVER, EventQueue
from obsim.scheduler.priorities import PRIORITIES, Priority
from obsim.scheduler.queue import PriorityQueue
from obsim.scheduler.sharing import UNLIMITED, Pipe, Sharing

__all__ = [
    "DAG_COUNT_MAX", "LOOK_NS", "PASS_NS", "PATIENCE_NS", "YIELD_NS", "CpuService", "Dispatcher", "QueueFigures",
    "Step",
]  # fmt: skip

YIELD_NS = 3_000_000_000
PATIENCE_NS = 10 * YIELD_NS
"""A paused task that has waited longer is let in at a yield point (ob_dag_scheduler.cpp, need_wake_up)."""
PASS_NS = 1_000_000_000
"""The scheduler sleeps no longer than that between two passes."""
LOOK_NS = 5_000_000_000
"""How often the waiting list is gone through at most."""
DAG_COUNT_MAX = 15_000
"""DAGs of one type that a scheduler holds."""
FINISHED_KEPT_MAX = 2_000
"""So many ended tasks are kept at least, up to twice as many and those of one net at times."""

Step = tuple[int, str, int]
"""Time in nanoseconds; start, pause, resume, finish or cancel; the number of the task."""

QueueFigures = tuple[int, int, int, tuple[int, ...], tuple[int, ...]]
"""Limit, running and waiting tasks of a priority; numbers of those that have not begun, next first, and that have."""


class CpuService(NamedTuple):
    """What one priority has had of the tenant's CPUs, and whether it wants more (engine.md 5.7)."""

    served_ns: int
    """CPU time of all its tasks since the scheduler began."""
    thread_count: int
    """Its running threads, all of which would take more CPU than they get; 0 if one of them would not."""
    since_ns: int
    """Since when these very threads have been in this state, NEVER if they are not."""


class Dispatcher:
    """The scheduler of one tenant on one server. `steps` takes every change of what runs, in order."""

    def __init__(self, events: EventQueue, steps: list[Step] | None = None, *, cpus: int = UNLIMITED) -> None:
        """`cpus` are the tenant's, in thousandths of one."""
        self._events = events
        self._heap = events.tasks
        self._steps = steps
        self._on_wake = self._wake
        self._queues = [PriorityQueue(p.default_score, 1 << p.index) for p in PRIORITIES]
        self._first_key = events.scheduler_number() << KEY_BITS
        self._submitted = self._ended = self._other_changes = 0
        self._load = 0
        """Thousandths of a CPU that running tasks want."""
        self._sharing = Sharing(events, self._first_key, self._finish, self._replan, self._settle, self._running)
        self._sharing.cpus = self._cpus = cpus
        self._careful = False
        """Whether starts and ends may change how fast others go although the CPUs suffice."""
        self._passed_ns = 0
        """When the scheduler was last at work."""
        self._look_due_ns = LOOK_NS
        """The first pass from then on looks at those that refuse."""
        self._simple_until_ns = LOOK_NS
        """Before that a task that ends just hands its thread on: no look is due, nothing is shared or unscanned."""
        self._unscanned = 0
        """Bits of the priorities where a look found willing tasks, until the next scan."""
        self._refusing_count = 0
        self._look_alarm = events.alarm(self._look_if_due)
        self.finished: list[DagTask] = []
        """The newest finished tasks and cancelled ones that had run, in order of their end."""
        self._counted = 0
        """How many of these are in the service of their priorities."""

    # What others look at.

    @property
    def change_count(self) -> int:
        """Grows with everything a view of the scheduler shows."""
        return self._submitted + self._ended + self._other_changes

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
        return sum(task.priority is priority and self.is_blocked(task) for task in self.unfinished())

    def is_blocked(self, task: DagTask) -> bool:
        """Whether a task is in the waiting list: unfinished parents, or it refuses to be scheduled yet."""
        return task.indegree > 0 or task in task.queue.refusing

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
        """Ready, paused, running and waiting tasks by priority, each priority in order of submission."""
        found = {task: None for queue in self._queues for task in queue.tasks()}
        parents = [task for task in found if task.children]
        while parents:
            children = [child for child in parents.pop().children or () if child not in found and not child.cancelled]
            found.update(dict.fromkeys(children))
            parents += [child for child in children if child.children]
        return sorted(found, key=lambda task: (task.priority.index, task.number))

    def kind_counts(self) -> dict[str, int]:
        """Unfinished tasks by DAG type."""
        return Counter(task.kind for task in self.unfinished())

    def services(self, now_ns: Nanoseconds) -> list[CpuService]:
        """CPU time of every priority in scan order, up to the present moment.

        Over any time in which two priorities keep their `since_ns`, the service of a thread differs by less than two
        nanoseconds and the cut of each `served_ns` to whole ones: a quantum is `thread_count` + 1 nanoseconds.
        """
        self.count_ended()
        return [
            CpuService(queue.service(now_ns) // FULL_CPU, *self._sharing.held_back(queue)) for queue in self._queues
        ]

    def count_ended(self) -> None:
        """Add what has ended since the last time to the service of its priority: done when somebody asks."""
        for task in self.finished[self._counted :]:
            task.queue.ended_service += task.cpu * task.had_ns(0)
        self._counted = len(self.finished)

    def _forget(self) -> None:
        """Keep the newest of the ended tasks only."""
        self.count_ended()
        del self.finished[:-FINISHED_KEPT_MAX]
        self._counted = len(self.finished)

    def _running(self) -> Iterator[DagTask]:
        for queue in self._queues:
            yield from queue.running

    # What others order.

    def submit(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Queue a task behind the others of its priority and start it if there is room.

        Raises 4019 when there are as many of its type as a scheduler holds.
        """
        self.submit_net((task,), now_ns)

    def submit_net(self, tasks: Sequence[DagTask], now_ns: Nanoseconds) -> None:
        """Queue the tasks of a DAG net, parents before children, and then start those there is room for.

        A task that would wait for a cancelled one is cancelled too. Raises 4019 when one type would be too many.
        """
        if self._submitted - self._ended + len(tasks) > DAG_COUNT_MAX:
            self._check_room(tasks)
        if len(self.finished) > 2 * FINISHED_KEPT_MAX:
            self._forget()
        queues, on_wake, first_key = self._queues, self._on_wake, self._first_key
        number, found = self._submitted, 0
        for task in tasks:
            number += 1
            task.number, task.added_ns = number, now_ns
            task.queue = queue = queues[task.priority.index]
            task.on_wake, task.key = on_wake, first_key + number
            if task.parents:
                self._await_parents(task)
                if task.indegree or task.cancelled:
                    continue
            if task.plain:
                queue.ready.append(task)
                found |= queue.bit
            else:
                found |= self._admit(task, queue, now_ns)
        self._submitted = number
        self._pass(found, now_ns)

    def set_limit(self, priority: Priority, limit: int, now_ns: Nanoseconds) -> None:
        """Change a limit; lowering takes effect at the yield points, raising now."""
        queue = self._queues[priority.index]
        self._other_changes += 1
        lowered = limit < queue.limit
        queue.limit = limit
        if lowered and len(queue.running) > limit:
            for task in queue.running:
                self._plan(task, now_ns)
        self._pass(queue.bit, now_ns)

    def cancel(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Take a task out wherever it is, and all that wait for it; their `on_finish` is not called."""
        if task.finished or task.cancelled:
            return
        task.cancelled = True
        task.on_finish = None
        self._ended += 1
        children, task.children = task.children, None
        queue = task.queue
        running = task in queue.running
        if running:
            self._stop(task, queue, now_ns, "cancel")
        else:
            self._refusing_count -= queue.take_out(task)
        if task.course is not None:
            self.finished.append(task)
        for child in children or ():
            self.cancel(child, now_ns)
        if running:
            self._pass(queue.bit, now_ns)

    def set_cpus(self, cpus: int, now_ns: Nanoseconds) -> None:
        """Have so many CPUs from now on, in thousandths of one."""
        self._sharing.cpus = self._cpus = cpus
        self._settle(now_ns)

    def set_pipes(self, server: Pipe | None, destination: Pipe | None, now_ns: Nanoseconds) -> None:
        """Let tasks that send bytes share these pipes from now on."""
        sharing = self._sharing
        for pipe in {sharing.server, sharing.destination} - {server, destination, None}:
            if pipe is not None:
                pipe.want(sharing, 0, now_ns)
        sharing.server, sharing.destination = server, destination
        self._settle(now_ns)

    # Entering the lists.

    def _check_room(self, tasks: Sequence[DagTask]) -> None:
        counts = self.kind_counts()
        for task in tasks:
            counts[task.kind] = counts.get(task.kind, 0) + 1
            if counts[task.kind] > DAG_COUNT_MAX:
                raise error("OB_SIZE_OVERFLOW")

    def _await_parents(self, task: DagTask) -> None:
        """Let the parents know their child; if one of them was cancelled the child is cancelled too."""
        waits_for = 0
        for parent in task.parents:
            if parent.cancelled:
                task.cancelled = True
                self._ended += 1
                break
            if not parent.finished:
                waits_for += 1
                if parent.children is None:
                    parent.children = [task]
                else:
                    parent.children.append(task)
        task.indegree = waits_for
        task.parents = ()

    def _admit(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds) -> int:
        """Make a task without unfinished parents ready, or let it be looked at again; the bits of what is ready."""
        if task.not_before_ns > now_ns:
            queue.refusing[task] = None
            self._refusing_count += 1
            self._set_look(max(task.not_before_ns, self._look_due_ns))
            return 0
        if task.emergency:
            queue.ready.appendleft(task)
        else:
            queue.ready.append(task)
        return queue.bit

    # Passes of the scheduler.

    def _pass(self, priorities: int, now_ns: Nanoseconds) -> None:
        """A signal: start what there is room for, and look at those that refuse if it is time.

        The first priority that can start something comes first; of those whose bit is not set none can.
        """
        if self._unscanned:
            priorities |= self._unscanned
            self._unscanned = 0
        if now_ns < self._look_due_ns:
            self._scan(priorities, now_ns)
        else:
            self._scan_and_look(priorities, now_ns)
        self._passed_ns = now_ns
        if self._load > self._cpus or self._careful:
            self._settle(now_ns)
        self._simple_until_ns = 0 if self._unscanned or self._careful else self._look_due_ns

    def _scan(self, priorities: int, now_ns: Nanoseconds) -> None:
        """Start what there is room for, in order of priority."""
        queues = self._queues
        while priorities:
            lowest = priorities & -priorities
            priorities ^= lowest
            queue = queues[lowest.bit_length() - 1]
            if (queue.ready or queue.paused) and len(queue.running) < queue.limit:
                self._fill(queue, now_ns)

    def _scan_and_look(self, priorities: int, now_ns: Nanoseconds) -> None:
        """The same, with a look when a priority has started something, or at the end if none has."""
        for queue in self._queues:
            if queue.bit & priorities and (queue.ready or queue.paused) and len(queue.running) < queue.limit:
                self._fill(queue, now_ns)
                self._scan((priorities & ~queue.bit) | self._look_in_pass(now_ns), now_ns)
                return
        self._unscanned = self._look_in_pass(now_ns)
        if self._unscanned:
            self._set_look(now_ns + PASS_NS)

    def _looked_at_nobody(self, now_ns: Nanoseconds) -> bool:
        """A look may be due; whether nobody refuses, so that nothing came of it."""
        if self._refusing_count or self._careful or self._unscanned:
            return False
        self._look_in_pass(now_ns)
        self._simple_until_ns = self._look_due_ns
        return True

    def _next_idle_pass_ns(self, from_ns: int) -> int:
        """The first pass at or after a time if nothing signals until then."""
        return self._passed_ns + max(-(-(from_ns - self._passed_ns) // PASS_NS), 1) * PASS_NS

    def _note_idle_looks(self, now_ns: Nanoseconds) -> None:
        """Looks of passes that were made before now without a signal; they found nobody willing."""
        due_ns, passed_ns = self._look_due_ns, self._passed_ns
        first_ns = passed_ns + PASS_NS
        if first_ns < due_ns:
            first_ns -= (first_ns - due_ns) // PASS_NS * PASS_NS
        if first_ns < now_ns:
            self._look_due_ns = first_ns + (now_ns - 1 - first_ns) // LOOK_NS * LOOK_NS + LOOK_NS

    def _look_in_pass(self, now_ns: Nanoseconds) -> int:
        """Look if none of the passes that nothing signalled has done so; bits of the priorities with willing tasks."""
        self._note_idle_looks(now_ns)
        if now_ns < self._look_due_ns:
            return 0
        if self._refusing_count:
            return self._look(now_ns)
        self._look_due_ns = now_ns + LOOK_NS
        return 0

    def _look(self, now_ns: Nanoseconds) -> int:
        """Move those that no longer refuse to the ready lists, in order of priority and arrival."""
        self._look_due_ns = now_ns + LOOK_NS
        found, next_ns = 0, 0
        for queue in self._queues:
            if not queue.refusing:
                continue
            willing = [task for task in queue.refusing if task.not_before_ns <= now_ns]
            for task in sorted(willing, key=lambda task: task.number):
                del queue.refusing[task]
                self._refusing_count -= 1
                found |= self._admit(task, queue, now_ns)
            for task in queue.refusing:
                next_ns = min(next_ns or task.not_before_ns, task.not_before_ns)
        self._other_changes += bool(found)
        self._events.cancel(self._look_alarm)
        if next_ns:
            self._set_look(max(next_ns, self._look_due_ns))
        return found

    def _set_look(self, at_ns: int) -> None:
        """Have the alarm ring no later than at a time."""
        alarm = self._look_alarm
        if alarm.wake_ns == NEVER or alarm.wake_ns > at_ns:
            self._events.set(alarm, at_ns, self._first_key + (1 << KEY_BITS) - 1)

    def _look_if_due(self, now_ns: Nanoseconds) -> None:
        """The alarm rings: make a pass if this is the moment of one that nothing signalled; else set it anew."""
        if not self._unscanned and not self._refusing_count:
            return
        refusing = [task.not_before_ns for queue in self._queues for task in queue.refusing]
        self._note_idle_looks(now_ns)
        from_ns = now_ns if self._unscanned else max(self._look_due_ns, min(refusing))
        at_ns = self._next_idle_pass_ns(now_ns) if from_ns <= now_ns else from_ns
        if at_ns > now_ns:
            self._set_look(at_ns)
            return
        self._pass(0, now_ns)
        waiting = [task.not_before_ns for queue in self._queues for task in queue.refusing]
        if waiting:
            self._set_look(max(self._look_due_ns, min(waiting)))

    # Starting and ending.

    def _fill(self, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        """Start tasks while there is room."""
        room = queue.limit - len(queue.running)
        running, ready, steps = queue.running, queue.ready, self._steps
        while queue.paused and room > 0:
            room -= 1
            self._start(queue.paused.popleft(), queue, now_ns)
        heap = self._heap
        while ready and room > 0:
            room -= 1
            task = ready.popleft()
            task.running_since_ns = now_ns
            running[task] = None
            self._events.work_count += 1
            self._load += task.cpu
            if steps is not None:
                steps.append((now_ns, "start", task.number))
            if self._careful and self._sharing.active:
                self._sharing.enter(task, now_ns)
            else:
                task.wake_ns = at_ns = now_ns + task.work_ns
                heappush(heap, (at_ns, task.key, task))

    def _start(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        """Let a paused task go on."""
        task.running_since_ns = now_ns
        queue.running[task] = None
        self._events.work_count += 1
        self._other_changes += 1
        self._load += task.cpu
        if self._steps is not None:
            self._steps.append((now_ns, "resume", task.number))
        if self._sharing.active:
            self._sharing.enter(task, now_ns)
        self._plan(task, now_ns)

    def _replan(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Order it again because it goes at another pace; a yield point that is now, and still to come, stays."""
        due = task.yields and task.wake_ns == now_ns
        self._plan(task, now_ns, now_ns if due else 0)

    def _plan(self, task: DagTask, now_ns: Nanoseconds, first_ns: int = 0) -> None:
        """Order what wakes a running task: its end, or before that a yield point at which something may come of it.

        At full speed its end is known; otherwise its lane knows it.
        """
        queue, course, since_ns = task.queue, task.course, task.running_since_ns
        assert since_ns is not None
        if self._sharing.active:
            at_ns = UNLIMITED
        else:
            at_ns = since_ns + task.work_ns - (course.done_ns if course is not None else 0)
        task.yields = False
        over = len(queue.running) > queue.limit
        if over or queue.paused:
            if course is not None and course.resumed_ns != NEVER:
                since_ns = course.resumed_ns
            least_ns = first_ns or now_ns + 1 if over else max(now_ns, queue.paused[0].paused_ns + PATIENCE_NS) + 1
            yield_ns = since_ns - (since_ns - least_ns) // YIELD_NS * YIELD_NS
            if yield_ns < at_ns:
                at_ns = yield_ns
                task.yields = True
        if at_ns == UNLIMITED:
            task.wake_ns = NEVER
        else:
            self._events.wake(task, at_ns)

    def _stop(self, task: DagTask, queue: PriorityQueue, now_ns: Nanoseconds, what: str) -> None:
        """Take a running task's thread from it."""
        task.wake_ns = NEVER
        del queue.running[task]
        self._other_changes += 1
        self._leave(task, now_ns)
        task.close_span(now_ns).resumed_ns = NEVER
        if self._steps is not None:
            self._steps.append((now_ns, what, task.number))

    def _yield(self, task: DagTask, now_ns: Nanoseconds) -> None:
        task.wake_ns = NEVER
        queue = task.queue
        paused, over = queue.paused, len(queue.running) > queue.limit
        if not over and not (paused and now_ns - paused[0].paused_ns > PATIENCE_NS):
            self._plan(task, now_ns)
            return
        self._stop(task, queue, now_ns, "pause")
        paused.append(task)
        if not over:
            self._start(paused.popleft(), queue, now_ns)
        if self._load > self._cpus or self._careful:
            self._settle(now_ns)

    def _wake(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A running task is at its end or at a yield point; its entry is the first one of the heap."""
        if task.yields or task.finished:
            heappop(self._heap)
            if not task.finished:  # else this was an outdated plan for the same moment
                self._yield(task, now_ns)
            return
        queue = task.queue
        running = queue.running
        del running[task]
        task.finished = True
        self._ended += 1
        self.finished.append(task)
        steps = self._steps
        if steps is not None:
            steps.append((now_ns, "finish", task.number))
        found = 0 if task.children is None else self._release(task.children, now_ns)
        task.children = None
        ready = queue.ready
        if queue.paused or (now_ns >= self._simple_until_ns and not self._looked_at_nobody(now_ns)):
            heappop(self._heap)
            self._leave(task, now_ns)
            self._pass(found | queue.bit, now_ns)
        elif found:
            heappop(self._heap)
            self._events.work_count -= 1
            self._load -= task.cpu
            self._passed_ns = now_ns
            self._scan(found | queue.bit, now_ns)
            if self._load > self._cpus:
                self._settle(now_ns)
        elif ready and len(running) < queue.limit:
            # The way of most tasks: another one takes the thread. There is room for no more than one.
            successor = ready.popleft()
            running[successor] = None
            successor.running_since_ns = self._passed_ns = now_ns
            successor.wake_ns = at_ns = now_ns + successor.work_ns
            heapreplace(self._heap, (at_ns, successor.key, successor))
            if steps is not None:
                steps.append((now_ns, "start", successor.number))
            if successor.cpu != task.cpu:
                self._load += successor.cpu - task.cpu
                if self._load > self._cpus:
                    self._settle(now_ns)
        else:
            heappop(self._heap)
            self._leave(task, now_ns)
            self._passed_ns = now_ns
        on_finish = task.on_finish
        if on_finish is not None:
            task.on_finish = None  # so that a task that is kept keeps nothing else alive
            on_finish(now_ns)

    def _release(self, children: list[DagTask], now_ns: Nanoseconds) -> int:
        """A parent has ended: make those children ready that wait for no other; the bits of their priorities."""
        found = 0
        for child in children:
            child.indegree -= 1
            if not child.indegree and not child.cancelled:
                if child.plain:
                    child.queue.ready.append(child)
                    found |= child.queue.bit
                else:
                    found |= self._admit(child, child.queue, now_ns)
        return found

    def _leave(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task no longer runs."""
        self._events.work_count -= 1
        self._load -= task.cpu
        if self._careful and self._sharing.active:
            self._sharing.leave(task, now_ns)

    def _finish(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task's lane says that it is at its end: that is what happens next."""
        task.yields = False
        self._events.wake(task, now_ns)

    def _settle(self, now_ns: Nanoseconds) -> None:
        """Apportion CPUs and bandwidth anew."""
        sharing = self._sharing
        sharing.settle(self._load, now_ns)
        self._careful = sharing.active or sharing.server is not None or sharing.destination is not None
        self._simple_until_ns = 0 if self._careful or self._unscanned else self._look_due_ns
