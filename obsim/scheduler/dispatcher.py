"""A tenant's DAG scheduler: how many tasks of each priority run at once, and which (engine.md 5.2-5.4).

A priority is limited by its own counter alone: FIFO inside, nothing borrowed from others. A signal wakes the scheduler:
a DAG that is added, a task that ends, a new score (ob_tenant_dag_scheduler.cpp, set_thread_score). It then makes a
pass: it scans the priorities in order and begins again after every start; paused tasks go before ready ones. Raising a
limit therefore starts waiting tasks at once. Lowering it stops nobody in the middle of a step (`Threads`).

A task whose parents have not finished, or that refuses to be scheduled yet, waits. The last parent's end brings it
into the ready list if it is willing; who refuses is looked at again later (`Looks`).
"""

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace

from obsim.errors import error
from obsim.ids import Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.events import KEY_BITS, EventQueue
from obsim.scheduler.looks import Looks
from obsim.scheduler.priorities import PRIORITIES, Priority
from obsim.scheduler.queue import PriorityQueue
from obsim.scheduler.roster import CpuService
from obsim.scheduler.sharing import UNLIMITED, Pipe
from obsim.scheduler.threads import Step, Threads

__all__ = ["DAG_COUNT_MAX", "CpuService", "Dispatcher", "QueueFigures", "Step"]

DAG_COUNT_MAX = 15_000
"""DAGs of one type that a scheduler holds."""
_TIDY_COUNT = 256
"""So many submitted tasks after the last time ended ones are sorted out, should nobody have looked."""

QueueFigures = tuple[int, int, int, tuple[int, ...], tuple[int, ...]]
"""Limit, running and waiting tasks of a priority; numbers of those that have not begun, next first, and that have."""

_SCAN_ORDERS: list[tuple[int, ...]] = [()]
"""The priorities of a set of bits in scan order."""
for _priority in PRIORITIES:
    _SCAN_ORDERS += [(*order, _priority.index) for order in _SCAN_ORDERS]


class Dispatcher(Threads):
    """The scheduler of one tenant on one server. `steps` takes every change of what runs, in order."""

    def __init__(self, events: EventQueue, steps: list[Step] | None = None, *, cpus: int = UNLIMITED) -> None:
        """`cpus` are the tenant's, in thousandths of one."""
        super().__init__(events, steps, cpus)
        self._looks = Looks(events, self._first_key + (1 << KEY_BITS) - 1, self._queues, self._pass)
        self._submitted = self._cancelled_unstarted = 0
        self._halted = False
        self._submitted_max = _TIDY_COUNT
        """Before so many are submitted there cannot be too many of a type, and few ended ones are in the way."""

    # What others look at.

    @property
    def change_count(self) -> int:
        """Grows with everything a view of the scheduler shows."""
        running_count = sum([queue.limit - queue.room for queue in self._queues])
        begun_or_ended = 2 * self._roster.start_count - running_count
        return self._submitted + begun_or_ended + self._looks.found_count + self._other_changes

    @property
    def halted(self) -> bool:
        """Whether its server is gone."""
        return self._halted

    @property
    def finished(self) -> list[DagTask]:
        """The newest finished tasks and cancelled ones that had run, in order of their end."""
        return self._roster.ended()

    def limit(self, priority: Priority) -> int:
        """UP_LIMIT of a priority."""
        return self._queues[priority.index].limit

    def running_count(self, priority: Priority) -> int:
        """RUNNING_TASK_CNT of a priority."""
        return self._queues[priority.index].running_count

    def waiting_count(self, priority: Priority) -> int:
        """Ready and paused tasks of a priority: a slot is all they need."""
        return self._queues[priority.index].waiting_count

    def blocked_count(self, priority: Priority) -> int:
        """Tasks of a priority that wait for their parents or refuse to be scheduled yet."""
        return sum(task.priority is priority and self.is_blocked(task) for task in self.unfinished())

    def is_blocked(self, task: DagTask) -> bool:
        """Whether a task is in the waiting list: unfinished parents, or it refuses to be scheduled yet."""
        return task.indegree > 0 or task in task.queue.refusing

    def overview(self) -> list[QueueFigures]:
        """Every priority in scan order, for somebody who looks often."""
        begun: dict[PriorityQueue, list[int]] = {}
        for task in self._roster.running():
            begun.setdefault(task.queue, []).append(task.number)
        return [
            (
                queue.limit,
                queue.running_count,
                queue.waiting_count,
                tuple([task.number for task in queue.ready]),
                (*begun.get(queue, ()), *[task.number for task in queue.paused]),
            )
            if queue.ready or queue.paused or queue in begun
            else (queue.limit, queue.running_count, 0, (), ())
            for queue in self._queues
        ]

    def unfinished(self) -> list[DagTask]:
        """Ready, paused, running and waiting tasks by priority, each priority in order of submission."""
        found = dict.fromkeys(self._roster.running())
        found |= {task: None for queue in self._queues for task in queue.waiting()}
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
        roster, sharing = self._roster, self._sharing
        return [CpuService(roster.served_ns(queue, now_ns), *sharing.held_back(queue)) for queue in self._queues]

    def count_ended(self) -> None:
        """Sort out who has ended and add their service to that of their priorities: done when somebody asks."""
        self._roster.ended()

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
        number = self._submitted
        if number + len(tasks) > self._submitted_max:
            self._tidy(tasks)
        queues, found = self._queues, 0
        for task in tasks:
            number += 1
            task.number = number
            task.added_ns = now_ns
            task.queue = queue = queues[task.priority.index]
            if task.parents:
                waits_for = 0
                for parent in task.parents:
                    if parent.finished:
                        continue
                    if parent.cancelled:
                        task.cancelled = True
                        self._cancelled_unstarted += 1
                        waits_for = -1
                        break
                    waits_for += 1
                    if parent.children is None:
                        parent.children = [task]
                    else:
                        parent.children.append(task)
                task.parents = ()
                if waits_for:
                    task.indegree = waits_for
                    continue
            if task.plain:
                queue.ready.append(task)
                found |= queue.bit
            else:
                found |= self._looks.admit(task, now_ns)
        self._submitted = number
        self._pass(found, now_ns)

    def set_limit(self, priority: Priority, limit: int, now_ns: Nanoseconds) -> None:
        """Change a limit; lowering takes effect at the yield points, raising now."""
        queue = self._queues[priority.index]
        self._other_changes += 1
        lowered = limit < queue.limit
        queue.room += limit - queue.limit
        queue.limit = limit
        if lowered and queue.room < 0:
            for task in self._roster.with_thread(queue):
                self._plan(task, now_ns)
        self._pass(queue.bit, now_ns)

    def cancel(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Take a task out wherever it is, and all that wait for it; their `on_finish` is not called."""
        if task.finished or task.cancelled:
            return
        self._roster.sort_out()
        task.cancelled = True
        task.on_finish = None
        task.indegree = -1
        children, task.children = task.children, None
        self._other_changes += 1
        running = task.running_since_ns is not None
        if running:
            self._stop(task, now_ns, "cancel")
        else:
            self._looks.refusing_count -= task.queue.take_out(task)
            if task.course is not None:
                self._roster.add_ended(task)
            else:
                self._cancelled_unstarted += 1
        for child in children or ():
            self.cancel(child, now_ns)
        if running:
            self._pass(task.queue.bit, now_ns)

    def halt(self, now_ns: Nanoseconds) -> None:
        """Its server is gone: what runs loses what it has done, and nothing starts before `go_on`."""
        if self._halted:
            return
        self._halted = True
        self._roster.sort_out()
        self._other_changes += 1
        running = sorted(self._roster.running(), key=lambda task: -task.number)
        for task in running:
            self._stop(task, now_ns, "pause")
            course = task.course
            assert course is not None, "it has just been stopped"
            task.work_ns = Nanoseconds(task.work_ns + course.done_ns)  # all of it is to be done again
            task.queue.paused.appendleft(task)
        self._settle(now_ns)

    def go_on(self, now_ns: Nanoseconds) -> None:
        """Its server is back, and so is all that was to be done there."""
        self._halted = False
        self._other_changes += 1
        self._pass((1 << len(self._queues)) - 1, now_ns)

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

    def _tidy(self, tasks: Sequence[DagTask]) -> None:
        """Let go of ended tasks that nobody has asked for, and find out whether there would be too many of a type."""
        self._roster.ended()
        number = self._submitted + len(tasks)
        if number > self._room():
            counts = self.kind_counts()
            for task in tasks:
                counts[task.kind] = counts.get(task.kind, 0) + 1
                if counts[task.kind] > DAG_COUNT_MAX:
                    raise error("OB_SIZE_OVERFLOW")
        self._submitted_max = min(self._room(), number + _TIDY_COUNT)

    def _room(self) -> int:
        """How many may be submitted by then without so many that have not ended."""
        return self._roster.ended_count + self._cancelled_unstarted + DAG_COUNT_MAX

    # Passes of the scheduler.

    def _pass(self, priorities: int, now_ns: Nanoseconds) -> None:
        """A signal: start what there is room for, and look at those that refuse if it is time.

        The first priority that can start something comes first; of those whose bit is not set none can.
        """
        if self._halted:
            return
        looks = self._looks
        if looks.unscanned:
            priorities |= looks.unscanned
            looks.unscanned = 0
        if now_ns < looks.due_ns:
            self._scan(priorities, now_ns)
        else:
            self._scan_and_look(priorities, now_ns)
        looks.passed_ns = now_ns
        if self._load > self._cpus or self._careful:
            self._settle(now_ns)
        looks.quiet_until_ns = 0 if looks.unscanned or self._careful else looks.due_ns

    def _scan(self, priorities: int, now_ns: Nanoseconds, ended: bool = False) -> None:
        """Start what there is room for, in order of priority.

        With `ended` the first entry of the heap is that of a task that has ended: the first one to start replaces it.
        """
        queues, heap, steps, first_key = self._queues, self._heap, self._steps, self._first_key
        for index in _SCAN_ORDERS[priorities]:
            queue = queues[index]
            if queue.paused:
                self._resume_some(queue, now_ns)
            ready, room = queue.ready, queue.room
            if room <= 0 or not ready:
                continue
            while ready and room:
                room -= 1
                task = ready.popleft()
                task.running_since_ns = now_ns
                self._started.append(task)
                self._load += task.cpu
                number = task.number
                if steps is not None:
                    steps.append((now_ns, "start", number))
                if self._careful and self._sharing.active:
                    self._sharing.enter(task, now_ns)
                    continue
                task.wake_ns = at_ns = now_ns + task.work_ns
                if ended:
                    heapreplace(heap, (at_ns, first_key + number, task))
                    ended = False
                else:
                    heappush(heap, (at_ns, first_key + number, task))
            queue.room = room
        if ended:
            heappop(heap)

    def _resume_some(self, queue: PriorityQueue, now_ns: Nanoseconds) -> None:
        """Let paused tasks go on while there is room."""
        while queue.paused and queue.room > 0:
            self._resume(queue.paused.popleft(), now_ns)

    def _scan_and_look(self, priorities: int, now_ns: Nanoseconds) -> None:
        """The same, with a look when a priority has started something, or at the end if none has."""
        for index in _SCAN_ORDERS[priorities]:
            queue = self._queues[index]
            if (queue.ready or queue.paused) and queue.room > 0:
                self._scan(queue.bit, now_ns)
                self._scan((priorities & ~queue.bit) | self._looks.in_pass(now_ns), now_ns)
                return
        self._looks.after_scan(now_ns)

    # The end of a task.

    def _wake(self, task: DagTask, now_ns: Nanoseconds) -> None:  # noqa: C901, PLR0912, PLR0915 - see below
        """A running task is at its end or at a yield point; its entry is the first one of the heap.

        Every task comes through here, which is why this is one function: calls would take a tenth of the time.
        """
        if task.yields:
            heappop(self._heap)
            self._yield(task, now_ns)
            return
        task.finished = True
        queue, steps, children = task.queue, self._steps, task.children
        if steps is not None:
            steps.append((now_ns, "finish", task.number))
        found = 0
        if children is not None:
            task.children = None
            for child in children:
                child.indegree = parents_left = child.indegree - 1
                if not parents_left:
                    if child.plain:
                        waits_in = child.queue
                        waits_in.ready.append(child)
                        found |= waits_in.bit
                    else:
                        found |= self._looks.admit(child, now_ns)
        looks = self._looks
        if now_ns >= looks.quiet_until_ns and (self._careful or not looks.nobody_refuses(now_ns)):
            heappop(self._heap)
            self._leave(task, now_ns)
            self._pass(found | queue.bit, now_ns)
        elif queue.paused or (found and (found != queue.bit or queue.room > 0)):
            looks.passed_ns = now_ns
            self._load -= task.cpu
            queue.room += 1
            self._scan(found | queue.bit, now_ns, True)
            if self._load > self._cpus:
                self._settle(now_ns)
        else:
            # Most tasks just hand their thread on: there is room for one.
            looks.passed_ns = now_ns
            ready = queue.ready
            if ready and queue.room >= 0:
                successor = ready.popleft()
                successor.running_since_ns = now_ns
                successor.wake_ns = at_ns = now_ns + successor.work_ns
                self._started.append(successor)
                number = successor.number
                if steps is not None:
                    steps.append((now_ns, "start", number))
                heapreplace(self._heap, (at_ns, self._first_key + number, successor))
                if successor.cpu != task.cpu:
                    self._load += successor.cpu - task.cpu
                    if self._load > self._cpus:
                        self._settle(now_ns)
            else:
                heappop(self._heap)
                self._load -= task.cpu
                queue.room += 1
        on_finish = task.on_finish
        if on_finish is not None:
            task.on_finish = None  # so that a task that is kept keeps nothing else alive
            on_finish(now_ns)

    def _settle(self, now_ns: Nanoseconds) -> None:
        """Apportion CPUs and bandwidth anew."""
        sharing, looks = self._sharing, self._looks
        piped = sharing.piped
        sharing.load = self._load
        if piped:
            sharing.want(now_ns)
        sharing.apportion(now_ns)
        self._careful = careful = piped or sharing.active
        looks.quiet_until_ns = 0 if careful or looks.unscanned else looks.due_ns
