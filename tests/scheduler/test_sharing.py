"""CPUs and bandwidth shared by running tasks (engine.md 5.6, 5.7): shares, the fairness bound, pauses, laws of time."""

from fractions import Fraction
from heapq import heapify, heapreplace
from itertools import pairwise
from random import Random

import pytest

from obsim.backup.progress import COPY_BLOCK_NS
from obsim.ids import MACROBLOCK_BYTES, Nanoseconds
from obsim.scheduler.dag import DagTask
from obsim.scheduler.demand import COPY_BYTES_PER_S, demand_of
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.events import EventQueue
from obsim.scheduler.priorities import HA_LOW, PRIORITIES
from obsim.scheduler.sharing import Pipe

S = 1_000_000_000
MS = 1_000_000
COMPACTION = tuple(p for p in PRIORITIES if "COMPACTION" in p.name)


class Clock:
    """Shows the time of what happens."""

    now_ns, event_count = Nanoseconds(0), 0


class Bench:
    """A dispatcher with CPUs, its event queue, and what ended when."""

    def __init__(self, cpus: int = 1 << 20) -> None:
        self.events = EventQueue()
        self.dispatcher = Dispatcher(self.events, cpus=cpus * 1000)
        self.ended: list[tuple[str, int]] = []
        self.tasks: list[DagTask] = []
        self.now_ns = 0

    def submit(self, seconds: float, priority=HA_LOW, kind: str = "VALIDATE_NOTHING", count: int = 1) -> list[DagTask]:
        tasks = [
            DagTask(kind, priority, Nanoseconds(int(seconds * S)), lambda ns: self.ended.append((kind, ns)))
            for _ in range(count)
        ]
        self.tasks += tasks
        self.dispatcher.submit_net(tasks, Nanoseconds(self.now_ns))
        return tasks

    def run_to(self, at_s: float) -> None:
        self.now_ns = int(at_s * S)
        self.events.run_until(self.now_ns, 1 << 40, Clock())

    def service_ns(self, priority, at_ns: int) -> int:
        """Full-speed nanoseconds of all tasks of a priority by a time that may be past."""
        tasks = [*self.dispatcher.finished, *self.dispatcher.unfinished()]
        return sum(task.done_ns(at_ns) for task in tasks if task.priority is priority)

    def cores(self, priority, seconds: int) -> float:
        """CPUs that a priority has had on average since the beginning."""
        return self.service_ns(priority, seconds * S) / (seconds * S)


def backlogged(cpus: int, score: int, priorities=PRIORITIES) -> Bench:
    """All of some priorities want more than they get, HA_LOW with a score."""
    bench = Bench(cpus)
    if score:
        bench.dispatcher.set_limit(HA_LOW, score, Nanoseconds(0))
    for priority in priorities:
        bench.submit(100_000, priority, count=120)
    return bench


@pytest.mark.parametrize(
    ("score", "share", "cores"),
    [(0, 0.0465, (0.186, 0.744, 2)), (10, 0.196, (0.784, 3.137, 10)), (100, 0.709, (2.837, 11.35, 45.4))],
)
def test_shares_of_low_priority_with_all_nine_backlogged(score, share, cores):
    for cpus, expected in zip((4, 16, 64), cores, strict=True):
        bench = backlogged(cpus, score)
        bench.run_to(1000)
        assert bench.cores(HA_LOW, 1000) == pytest.approx(expected, rel=2e-3)
        total = sum(bench.cores(p, 1000) for p in PRIORITIES)
        assert total == pytest.approx(min(cpus, 41 + (score or 2)))
        if total == pytest.approx(cpus):
            assert bench.cores(HA_LOW, 1000) / total == pytest.approx(share, rel=2e-3)


@pytest.mark.parametrize(("score", "share"), [(0, 0.1), (10, 0.357), (100, 0.847)])
def test_shares_beside_the_compactions_alone(score, share):
    bench = backlogged(4, score, (*COMPACTION, HA_LOW))
    bench.run_to(1000)
    assert bench.cores(HA_LOW, 1000) / 4 == pytest.approx(share, rel=2e-3)


@pytest.mark.parametrize("score", [0, 10, 100])
@pytest.mark.parametrize("cpus", [1, 2, 4, 8, 16, 64])
def test_low_priority_alone_uses_limit_or_cpus(score, cpus):
    bench = backlogged(cpus, score, (HA_LOW,))
    bench.run_to(100)
    assert bench.cores(HA_LOW, 100) == pytest.approx(min(score or 2, cpus))


def test_a_task_that_shares_ends_later_and_one_after_it_is_fast_again():
    bench = Bench(cpus=1)
    bench.submit(2, kind="A")
    bench.submit(1, kind="B")
    bench.run_to(100)
    assert bench.ended == [("B", 2 * S), ("A", 3 * S)]


def test_progress_is_known_for_any_moment():
    bench = Bench(cpus=1)
    (a,) = bench.submit(2)
    bench.run_to(0.5)
    bench.submit(1)
    bench.run_to(100)
    assert [a.done_ns(int(at * S)) for at in (0, 0.5, 1.5, 2.5, 3, 4)] == [0, S // 2, S, 3 * S // 2, 2 * S, 2 * S]
    assert a.segments == [(0, 3 * S)]


def test_a_pause_lets_the_others_go_faster():
    """Two of one CPU; the limit falls to 1 at 0 s, the pause comes at the yield point at 3 s."""
    bench = Bench(cpus=1)
    first, second = bench.submit(5, count=2)
    bench.dispatcher.set_limit(HA_LOW, 1, Nanoseconds(0))
    bench.run_to(100)
    assert first.segments == [(0, 3 * S), (6_500_000_000, 10 * S)]
    assert second.segments == [(0, 6_500_000_000)]


def test_a_waiting_thread_takes_only_what_it_needs():
    """One CPU: a copy wants an eighth and gets it; three merges share the rest."""
    bench = Bench(cpus=1)
    (copy,) = bench.submit(8, kind="BACKUP_DATA")
    merges = bench.submit(100, COMPACTION[0], "MINI_MERGE", count=3)
    bench.run_to(8)
    assert copy.finished
    assert [merge.done_ns(8 * S) for merge in merges] == [8 * S * 7 // 24] * 3
    assert demand_of("BACKUP_DATA").cpu == 125


def test_cpus_may_come_and_go():
    bench = Bench(cpus=1)
    tasks = bench.submit(4, count=2)
    bench.run_to(2)
    bench.dispatcher.set_cpus(4000, Nanoseconds(2 * S))
    bench.run_to(3)
    assert [task.done_ns(3 * S) for task in tasks] == [2 * S, 2 * S]
    bench.dispatcher.set_cpus(500, Nanoseconds(3 * S))
    bench.run_to(100)
    assert [at for _, at in bench.ended] == [11 * S, 11 * S]


# Bandwidth.


def test_a_copy_thread_sends_what_the_backup_says():
    assert COPY_BYTES_PER_S == MACROBLOCK_BYTES * S // COPY_BLOCK_NS


def test_a_narrow_destination_slows_copies_but_not_migrations():
    bench = Bench()
    pipe = Pipe(COPY_BYTES_PER_S)
    bench.dispatcher.set_pipes(None, pipe, Nanoseconds(0))
    bench.submit(3, kind="BACKUP_DATA", count=2)
    bench.submit(3, PRIORITIES[1], "TABLET_MIGRATION")
    bench.run_to(100)
    assert bench.ended == [("TABLET_MIGRATION", 3 * S), ("BACKUP_DATA", 6 * S), ("BACKUP_DATA", 6 * S)]


def two_on_a_server():
    """The events, two tenants, and the server's width, that of two copies."""
    events = EventQueue()
    one, other, server = Bench(), Bench(), Pipe(2 * COPY_BYTES_PER_S)
    for bench in (one, other):
        bench.events = events
        bench.dispatcher = Dispatcher(events)
        bench.dispatcher.set_pipes(server, None, Nanoseconds(0))
    return events, one, other, server


def test_tenants_share_a_server():
    events, one, other, server = two_on_a_server()
    one.submit(2, kind="BACKUP_DATA", count=2)
    other.submit(1, kind="BACKUP_DATA", count=2)
    events.run()
    assert [at for _, at in other.ended] == [2 * S, 2 * S]
    assert [at for _, at in one.ended] == [3 * S, 3 * S]
    assert server.wanted_bytes_per_s == 0


def test_who_leaves_a_pipe_leaves_its_part_to_the_others():
    events, one, other, server = two_on_a_server()
    for bench in (one, other):
        bench.submit(3, kind="BACKUP_DATA", count=2)
    events.push(Nanoseconds(2 * S), lambda now_ns: other.dispatcher.set_pipes(None, None, now_ns))
    events.run()
    assert [at for _, at in one.ended + other.ended] == [4 * S] * 4  # a second of work by then, two at full speed
    assert server.wanted_bytes_per_s == 0


def test_a_pipe_may_change_its_width():
    bench = Bench()
    pipe = Pipe(COPY_BYTES_PER_S)
    bench.dispatcher.set_pipes(pipe, None, Nanoseconds(0))
    bench.submit(3, kind="BACKUP_DATA", count=2)
    bench.run_to(2)
    pipe.limit(10 * COPY_BYTES_PER_S, Nanoseconds(2 * S))
    bench.run_to(100)
    assert [at for _, at in bench.ended] == [4 * S, 4 * S]


# The bound, and a model that hands out quanta one by one.


def quantum_by_quantum(cpus: int, threads: int, quantum_ns: int, until_ns: int) -> list[int]:
    """Start-time fair queuing of equal weights: a free CPU takes the waiting thread with the smallest start tag."""
    tags = [(0, number) for number in range(threads)]
    heapify(tags)
    served = [0] * threads
    free_ns = [0] * cpus
    heapify(free_ns)
    busy: list[tuple[int, int]] = []
    while free_ns[0] < until_ns:
        now_ns = free_ns[0]
        busy = [(end_ns, number) for end_ns, number in busy if end_ns > now_ns]
        running = {number for _, number in busy}
        tag, number = min(t for t in tags if t[1] not in running)
        tags.remove((tag, number))
        tags.append((tag + quantum_ns, number))
        served[number] += quantum_ns
        busy.append((now_ns + quantum_ns, number))
        heapreplace(free_ns, now_ns + quantum_ns)
    return served


@pytest.mark.parametrize(("cpus", "limits"), [(1, (2, 6)), (2, (6, 3, 1)), (4, (6, 8, 6, 5, 6, 2, 2, 6, 2)), (3, (4,))])
def test_quanta_stay_by_the_shares(cpus, limits):
    """No priority is ahead of or behind what it has here by more than two quanta a thread."""
    quantum_ns, until_ns = 10 * MS, 20 * S
    bench = Bench(cpus)
    for priority, limit in zip(PRIORITIES, limits, strict=False):
        bench.dispatcher.set_limit(priority, limit, Nanoseconds(0))
        bench.submit(1000, priority, count=limit)
    bench.run_to(20)
    naive = quantum_by_quantum(cpus, sum(limits), quantum_ns, until_ns)
    first = 0
    for priority, limit in zip(PRIORITIES, limits, strict=False):
        served_ns = bench.service_ns(priority, until_ns)
        assert abs(sum(naive[first : first + limit]) - served_ns) <= 2 * quantum_ns * limit
        first += limit


@pytest.mark.parametrize("seed", range(60))
def test_the_fairness_bound_holds_in_every_interval(seed):
    """|S_i/w_i - S_j/w_j| <= l_i/w_i + l_j/w_j with quanta of a nanosecond a thread, while w_i and w_j threads run."""
    random = Random(seed)
    bench = Bench(cpus=random.randint(1, 6))
    names = random.sample(PRIORITIES, random.randint(2, 6))
    marks = []
    for _ in range(40):
        bench.run_to(bench.now_ns / S + random.choice((0.001, 0.05, 0.333, 1, 2.5)))
        marks.append((bench.now_ns, {p: bench.dispatcher.running_count(p) for p in names}, changes(bench)))
        if random.random() < 0.4:
            bench.dispatcher.set_limit(random.choice(names), random.randint(1, 9), Nanoseconds(bench.now_ns))
        else:
            bench.submit(random.randint(1, 4000) / 1000, random.choice(names), count=random.randint(1, 5))
        marks.append((bench.now_ns, {p: bench.dispatcher.running_count(p) for p in names}, changes(bench)))
    compared = 0
    for (start_ns, weights, seen), (end_ns, _, seen_then) in zip(marks[1::2], marks[2::2], strict=False):
        if seen != seen_then:
            continue  # something began or ended to run in between
        served = {
            p: Fraction(bench.service_ns(p, end_ns) - bench.service_ns(p, start_ns), weight)
            for p, weight in weights.items()
            if weight
        }
        for one, rate in served.items():
            for other, other_rate in served.items():
                compared += one is not other
                assert abs(rate - other_rate) <= 2
    assert compared >= 20


MIXED_KINDS = ("MINI_MERGE", "BACKUP_DATA", "TABLET_MIGRATION", "BACKUP_META")


def shaken(random: Random, bench: Bench, names) -> None:
    """Something that changes who runs, or how fast."""
    what = random.randrange(6)
    now_ns = Nanoseconds(bench.now_ns)
    if what == 0:
        bench.dispatcher.set_limit(random.choice(names), random.randint(1, 9), now_ns)
    elif what == 1:
        bench.dispatcher.set_cpus(random.choice((500, 1000, 3000)), now_ns)
    elif what == 2:
        bench.dispatcher.set_pipes(random.choice((None, Pipe(COPY_BYTES_PER_S * 2))), None, now_ns)
    elif what == 3 and bench.dispatcher.unfinished():
        bench.dispatcher.cancel(random.choice(bench.dispatcher.unfinished()), now_ns)
    else:
        kind, count = random.choice(MIXED_KINDS), random.randint(1, 5)
        bench.submit(random.randint(1, 9000) / 1000, random.choice(names), kind, count)


def test_the_running_count_of_service_is_fair_and_complete():
    """What `services` says between two looks while `since_ns` stands still, of threads that compute and that copy."""
    compared = 0
    for seed in range(40):
        random = Random(seed)
        bench = Bench(cpus=random.randint(1, 3))
        names = random.sample(PRIORITIES, random.randint(2, 5))
        seen = bench.dispatcher.services(Nanoseconds(0))
        for _ in range(40):
            shaken(random, bench, names)
            before = bench.dispatcher.services(Nanoseconds(bench.now_ns))
            assert all(now.served_ns >= was.served_ns for now, was in zip(before, seen, strict=True))
            bench.run_to(bench.now_ns / S + random.choice((0.001, 0.05, 0.333, 1, 4)))
            seen = bench.dispatcher.services(Nanoseconds(bench.now_ns))
            kept = [
                ((now.served_ns - was.served_ns) / now.thread_count, (now.thread_count + 1) / now.thread_count)
                for now, was in zip(seen, before, strict=True)
                if now.thread_count and now.since_ns == was.since_ns
            ]
            for (rate, quantum), (other_rate, other_quantum) in pairwise(kept):
                assert abs(rate - other_rate) <= quantum + other_quantum
                compared += 1
        bench.dispatcher.set_cpus(1000, Nanoseconds(bench.now_ns))
        bench.run_to(100_000)
        assert [task for task in bench.tasks if not task.cancelled and not task.finished] == []
        for priority, service in zip(PRIORITIES, bench.dispatcher.services(Nanoseconds(bench.now_ns)), strict=True):
            had = [t.done_ns(bench.now_ns) * t.cpu for t in bench.tasks if t.priority is priority]
            assert service == (sum(had) // 1000, 0, -1)
    assert compared > 300


def test_service_is_counted_however_many_tasks_have_ended():
    bench = Bench(cpus=1)
    for _ in range(3):
        bench.submit(0.001, count=3000)
        bench.run_to(bench.now_ns / S + 5)
    assert len(bench.dispatcher.finished) < 9000
    assert bench.dispatcher.services(Nanoseconds(bench.now_ns))[HA_LOW.index].served_ns == 9 * S


def changes(bench: Bench) -> tuple[int, ...]:
    return tuple(sorted(task.number for task in bench.dispatcher.unfinished() if task.running))


@pytest.mark.parametrize("seed", range(40))
def test_no_cpu_idles_and_none_is_used_twice(seed):
    """The service of all tasks is what min(CPUs, threads) gives, to a nanosecond a task and change."""
    random = Random(seed)
    cpus = random.randint(1, 4)
    bench = Bench(cpus)
    tasks = []
    for _ in range(12):
        tasks += bench.submit(random.randint(1, 3000) / 1000, random.choice(PRIORITIES), count=random.randint(1, 4))
        bench.run_to(bench.now_ns / S + random.choice((0, 0.01, 0.7)))
    bench.run_to(1000)
    assert all(task.finished for task in tasks)
    moments = sorted({at for task in tasks for segment in task.segments for at in segment})
    for start_ns, end_ns in pairwise(moments):
        running = sum(any(a <= start_ns and end_ns <= b for a, b in task.segments) for task in tasks)
        served_ns = sum(task.done_ns(end_ns) - task.done_ns(start_ns) for task in tasks)
        assert abs(served_ns - min(cpus, running) * (end_ns - start_ns)) <= 2 * len(tasks)


@pytest.mark.parametrize("seed", range(30))
def test_looking_in_between_changes_nothing(seed):
    """advance_to(a); advance_to(b) is advance_to(b), with rates that change and pauses."""
    traces = []
    for pieces in (1, 7):
        random = Random(seed)
        bench = Bench(cpus=2)
        for _ in range(15):
            bench.submit(random.randint(1, 9000) / 1000, random.choice(PRIORITIES[:4]), count=random.randint(1, 4))
            if random.random() < 0.5:
                limit = random.randint(1, 4)
                bench.dispatcher.set_limit(random.choice(PRIORITIES[:4]), limit, Nanoseconds(bench.now_ns))
            target = bench.now_ns / S + random.choice((0.25, 1, 4))
            start = bench.now_ns / S
            for piece in range(1, pieces + 1):
                bench.run_to(start + (target - start) * piece / pieces)
                assert all(task.done_ns(bench.now_ns) <= task.work_ns for task in bench.dispatcher.unfinished())
            bench.run_to(target)
        bench.run_to(5000)
        traces.append(bench.ended)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 15
