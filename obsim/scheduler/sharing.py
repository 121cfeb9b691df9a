"""What running tasks share when they want more than there is: the tenant's CPUs, and bandwidth (engine.md 5.6, 5.7).

As long as all threads fit, every task goes at full speed and this file has nothing to do. When they do not, tasks with
equal demands form a lane, and a lane goes at one rate: the fair part of each pipe, and of the CPUs what start-time fair
queuing gives to threads of equal weight as its quantum goes to zero: no thread gets more than another one that wants
it too, and nothing is left over while one wants more. A priority's share is therefore that of its running threads.

The bound. Over any time in which two tasks of equal demand both run, their service differs by less than two nanoseconds
(both follow one clock; each is read in whole ones). Over any time in which the priorities i and j have threads that
only compute and w_i, w_j of these run, |S_i/w_i - S_j/w_j| <= l_i/w_i + l_j/w_j holds with l = w * 1 ns: a quantum of a
nanosecond. A thread that a pipe or its own waiting holds back is not backlogged at the CPUs; what it leaves is shared
by the others. A thread that the CPUs hold back leaves its part of a pipe unused.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from heapq import heappop, heappush

from obsim.ids import Nanoseconds
from obsim.scheduler.clock import SCALE_BITS, Rate, ServiceClock
from obsim.scheduler.dag import DagTask
from obsim.scheduler.demand import Demand, demand_of
from obsim.scheduler.events import KEY_BITS, NEVER, Event, EventQueue
from obsim.scheduler.queue import PriorityQueue

__all__ = ["FULL_SPEED", "UNLIMITED", "Lane", "Pipe", "Sharing"]

UNLIMITED = 1 << 62
FULL_SPEED: Rate = (1, 1)
_CHANGES_MAX = 512
"""A clock with so many rates is followed by a new one, so that the past can be forgotten with the tasks in it."""


class Pipe:
    """Bandwidth that tasks of several schedulers share: a server's network, or a backup destination."""

    def __init__(self, bytes_per_s: int) -> None:
        self.bytes_per_s = bytes_per_s
        self._wanted: dict[Sharing, int] = {}

    @property
    def wanted_bytes_per_s(self) -> int:
        """What all running tasks would take at full speed."""
        return sum(self._wanted.values())

    @property
    def part(self) -> Rate:
        """The part of full speed that each task gets."""
        wanted = self.wanted_bytes_per_s
        return (self.bytes_per_s, wanted) if wanted > self.bytes_per_s else FULL_SPEED

    def wants(self, sharing: "Sharing") -> bool:
        """Whether a scheduler has tasks that send through it."""
        return sharing in self._wanted

    def limit(self, bytes_per_s: int, now_ns: Nanoseconds) -> None:
        """Have another width from now on."""
        if bytes_per_s != self.bytes_per_s:
            self.bytes_per_s = bytes_per_s
            for sharing in list(self._wanted):
                sharing.apportion(now_ns)

    def want(self, sharing: "Sharing", bytes_per_s: int, now_ns: Nanoseconds) -> None:
        """Note what the tasks of one scheduler would take, and let the others know if they feel it."""
        before = self.part
        if bytes_per_s:
            self._wanted[sharing] = bytes_per_s
        else:
            self._wanted.pop(sharing, None)
        if self.part != before:
            for other in list(self._wanted):
                if other is not sharing:
                    other.apportion(now_ns)


class Lane:
    """The running tasks of one scheduler with equal demands."""

    __slots__ = ("alarm", "clock", "demand", "ends", "key", "short_since_ns", "tasks")

    def __init__(self, demand: Demand, clock: ServiceClock) -> None:
        self.demand = demand
        self.clock = clock
        self.alarm: Event
        """Rings when the first of its tasks ends."""
        self.key = 0
        self.tasks: dict[DagTask, None] = {}
        self.ends: list[tuple[int, int, DagTask]] = []
        """A heap of what the clock shows at each task's end, the task's number, the task."""
        self.short_since_ns = NEVER
        """Since when its threads get less of the CPUs than they could use, NEVER if they do not."""

    def enter(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """Let a task go at the lane's rate from now on."""
        clock = self.clock
        if task.course is None and task.running_since_ns == now_ns:  # it has just begun
            left_ns = task.work_ns
            task.clock = clock
        else:
            left_ns = Nanoseconds(task.left_ns(now_ns))
            task.change_pace(now_ns, clock)
        task.ends_at_value = ends_at_value = clock.value(now_ns) + (left_ns << SCALE_BITS)
        self.tasks[task] = None
        heappush(self.ends, (ends_at_value, task.number, task))

    def first(self) -> int | None:
        """What the clock will show when the first task ends, None without one."""
        ends, tasks = self.ends, self.tasks
        while ends:
            ends_at_value, _, task = ends[0]
            if task in tasks and task.ends_at_value == ends_at_value:
                return ends_at_value
            heappop(ends)  # it is outdated
        return None

    def take_ended(self, now_ns: Nanoseconds) -> list[DagTask]:
        """The tasks that have ended by now."""
        value, ended = self.clock.value(now_ns), []
        while (first := self.first()) is not None and first <= value:
            ended.append(heappop(self.ends)[2])
        return ended


class Sharing:
    """The CPUs of one tenant on one server, and the pipes that its tasks send through.

    `finish` ends a task of the scheduler, `replan` orders its next wake-up, `settle_all` comes back with the load.
    """

    def __init__(
        self,
        events: EventQueue,
        first_key: int,
        finish: Callable[[DagTask, Nanoseconds], None],
        replan: Callable[[DagTask, Nanoseconds], None],
        settle_all: Callable[[Nanoseconds], None],
        running: Callable[[], Iterable[DagTask]],
    ) -> None:
        self._events = events
        self._last_key = first_key + (1 << KEY_BITS) - 2
        self._finish, self._replan, self._settle_all, self._running = finish, replan, settle_all, running
        self.load = 0
        """Thousandths of a CPU that all running tasks want."""
        self.cpus = UNLIMITED
        """Thousandths of a CPU."""
        self.server: Pipe | None = None
        self.destination: Pipe | None = None
        self.active = False
        """Whether tasks go in lanes now."""
        self.lanes: dict[Demand, Lane] = {}

    def pipes(self, demand: Demand) -> list[Pipe]:
        """What the bytes of a demand go through."""
        pipes = [self.server, self.destination if demand.to_destination else None] if demand.bytes_per_s else []
        return [pipe for pipe in pipes if pipe is not None]

    @property
    def piped(self) -> bool:
        """Whether bytes go through a pipe."""
        return self.server is not None or self.destination is not None

    def want(self, now_ns: Nanoseconds) -> None:
        """Something began or ended to run: tell the pipes what the tasks would take."""
        wanted: dict[Pipe, int] = {pipe: 0 for pipe in (self.server, self.destination) if pipe is not None}
        for task in self._running():
            demand = demand_of(task.kind)
            for pipe in self.pipes(demand):
                wanted[pipe] += demand.bytes_per_s
        for pipe, bytes_per_s in wanted.items():
            pipe.want(self, bytes_per_s, now_ns)

    def apportion(self, now_ns: Nanoseconds) -> None:
        """Find the rates from now on; go back to full speed for all when nothing is short."""
        if not self._short():
            if self.active:
                self._deactivate(now_ns)
            return
        if not self.active:
            self.active = True
            for task in self._running():
                self.enter(task, now_ns)
                self._replan(task, now_ns)
        lanes = [lane for lane in self.lanes.values() if lane.tasks]
        if self.piped:
            wishes = tuple([(lane.demand.cpu, len(lane.tasks), self._part(lane.demand)) for lane in lanes])
        else:
            wishes = tuple([(lane.demand.cpu, len(lane.tasks), FULL_SPEED) for lane in lanes])
        for lane, rate, (_, _, part) in zip(lanes, _rates(self.cpus, wishes), wishes, strict=True):
            lane.clock.change(now_ns, rate)
            if rate == part:
                lane.short_since_ns = NEVER
            elif lane.short_since_ns == NEVER:
                lane.short_since_ns = now_ns
            if lane.clock.change_count > _CHANGES_MAX:
                self._renew(lane, now_ns)
            first = lane.first()
            if first is not None:
                self._events.set(lane.alarm, max(lane.clock.reaches_ns(first), now_ns), lane.key)

    def enter(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task begins to run, or goes on, while tasks go in lanes."""
        demand = demand_of(task.kind)
        lane = self.lanes.get(demand)
        if lane is None:
            lane = self.lanes[demand] = Lane(demand, ServiceClock(now_ns, 0, FULL_SPEED))
            lane.key = self._last_key - len(self.lanes)
            lane.alarm = self._events.alarm(partial(self._ended, lane))
        elif not lane.tasks:
            lane.clock = ServiceClock(now_ns, 0, FULL_SPEED)
            lane.ends.clear()
        lane.enter(task, now_ns)
        task.queue.threads_since_ns = now_ns

    def leave(self, task: DagTask, now_ns: Nanoseconds) -> None:
        """A task ends to run while tasks go in lanes."""
        task.queue.threads_since_ns = now_ns
        lane = self.lanes[demand_of(task.kind)]
        lane.tasks.pop(task, None)
        if not lane.tasks:
            self._events.cancel(lane.alarm)

    def held_back(self, queue: PriorityQueue) -> tuple[int, int]:
        """How many threads of a priority run, all of them short of CPU, and since when; (0, NEVER) otherwise."""
        if not self.active or not queue.running_count:
            return 0, NEVER
        demands = {demand_of(task.kind) for task in self._running() if task.queue is queue}
        since_ns = [self.lanes[demand].short_since_ns for demand in demands]
        if NEVER in since_ns:
            return 0, NEVER
        return queue.running_count, max(queue.threads_since_ns, *since_ns)

    def _ended(self, lane: Lane, now_ns: Nanoseconds) -> None:
        ended = lane.take_ended(now_ns)
        if not ended:
            self._settle_all(now_ns)
        for task in ended:
            self._finish(task, now_ns)  # its end, which comes next, apportions anew

    def _short(self) -> bool:
        if self.load > self.cpus:
            return True
        if not self.piped:
            return False
        pipes = [pipe for pipe in (self.server, self.destination) if pipe is not None]
        return any(pipe.part != FULL_SPEED and pipe.wants(self) for pipe in pipes)

    def _part(self, demand: Demand) -> Rate:
        parts = [pipe.part for pipe in self.pipes(demand)]
        if not parts:
            return FULL_SPEED
        one, other = parts[0], parts[-1]
        return one if one[0] * other[1] <= other[0] * one[1] else other

    def _deactivate(self, now_ns: Nanoseconds) -> None:
        self.active = False
        for lane in self.lanes.values():
            self._events.cancel(lane.alarm)
            lane.tasks.clear()
            lane.ends.clear()
            lane.short_since_ns = NEVER
        for task in self._running():
            task.change_pace(now_ns, None)
            self._replan(task, now_ns)

    def _renew(self, lane: Lane, now_ns: Nanoseconds) -> None:
        """Go on with a new clock that shows the same."""
        lane.clock = ServiceClock(now_ns, lane.clock.value(now_ns), lane.clock.rate)
        for task in lane.tasks:
            task.change_pace(now_ns, lane.clock)
            task.queue.threads_since_ns = now_ns


@lru_cache(maxsize=4096)
def _rates(cpus: int, wishes: tuple[tuple[int, int, Rate], ...]) -> tuple[Rate, ...]:
    """The rate of each lane: (thousandths of a CPU at full speed, threads, part of full speed that the pipes allow).

    Threads are served in the order of what they can use at most: one that can use less than an equal part of what is
    left gets all of that, and the rest is for the others (max-min fairness between threads).
    """
    from fractions import Fraction  # noqa: PLC0415 - three milliseconds that most clusters never need

    rates: list[Rate] = [part for _, _, part in wishes]
    useful = [Fraction(cpu * part[0], part[1]) for cpu, _, part in wishes]
    left, threads = Fraction(cpus), sum(count for _, count, _ in wishes)
    for place in sorted(range(len(wishes)), key=lambda place: useful[place]):
        cpu, count, _ = wishes[place]
        if useful[place] * threads > left:
            rate = left / (threads * cpu)
            rates[place] = (rate.numerator, rate.denominator)
        left -= count * Fraction(cpu * rates[place][0], rates[place][1])
        threads -= count
    return tuple(rates)
