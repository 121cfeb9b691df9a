"""Who ran when, as a trace that Perfetto (ui.perfetto.dev) and chrome://tracing show: JSON of the Trace Event Format.

A process is a tenant on a server. A priority has as many tracks as tasks of it ran at once, one more for each that was
paused then, and a counter of running tasks. Times are microseconds since the start of the cluster. What a scheduler no
longer remembers is not in it: it keeps the newest 2,000 tasks that have ended.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import pairwise

from obsim.cluster.replicas import schedulers_of
from obsim.cluster.state import ClusterState
from obsim.ids import display_time
from obsim.scheduler.dag import DagTask
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.priorities import PRIORITIES, Priority

__all__ = ["TraceEvent", "trace_of"]

TraceEvent = dict[str, object]
"""One entry of `traceEvents`."""
_TRACKS_OF_A_PRIORITY = 1000
_PAUSED_TRACKS = 500
Stretch = tuple[int, int, DagTask]
"""From when to when a task ran, or was paused, in nanoseconds."""


def trace_of(state: ClusterState) -> dict[str, object]:
    """Everything that the schedulers of all tenants remember, up to now."""
    events: list[TraceEvent] = []
    pid = 0
    for tenant in state.tenants.values():
        for address, dispatcher in schedulers_of(state, tenant).items():
            pid += 1
            events += _process(state, pid, f"{tenant.name} on {address}", dispatcher)
    about = {"start": display_time(state.start_ns), "seed": state.seed, "version": str(state.profile.version)}
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}


def _process(state: ClusterState, pid: int, name: str, dispatcher: Dispatcher) -> Iterator[TraceEvent]:
    tasks = [*dispatcher.finished, *dispatcher.unfinished()]
    if not tasks:
        return
    yield {"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": name}}
    for priority in PRIORITIES:
        own = [task for task in tasks if task.priority is priority and task.start_ns]
        ran = sorted(_ran(own, state.now_ns), key=_order)
        paused = sorted(_paused(own, state.now_ns), key=_order)
        first = priority.index * _TRACKS_OF_A_PRIORITY
        yield from _tracks(state, pid, first, priority.name, ran, paused=False)
        yield from _tracks(state, pid, first + _PAUSED_TRACKS, f"{priority.name} paused", paused, paused=True)
        yield from _counter(state, pid, priority, ran)


def _order(stretch: Stretch) -> tuple[int, int, int]:
    start_ns, end_ns, task = stretch
    return start_ns, end_ns, task.number


def _ran(tasks: Iterable[DagTask], now_ns: int) -> Iterator[Stretch]:
    for task in tasks:
        for start_ns, end_ns in task.ran(now_ns):
            yield start_ns, end_ns, task


def _paused(tasks: Iterable[DagTask], now_ns: int) -> Iterator[Stretch]:
    for task in tasks:
        stretches = task.ran(now_ns)
        if not (task.running or task.finished or task.cancelled):
            stretches.append((now_ns, now_ns))
        for (_, end_ns), (start_ns, _) in pairwise(stretches):
            yield end_ns, start_ns, task


def _tracks(
    state: ClusterState, pid: int, first: int, name: str, stretches: list[Stretch], *, paused: bool
) -> Iterator[TraceEvent]:
    """Put stretches on as few tracks as it takes for none to overlap."""
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    count = 0
    for start_ns, end_ns, task in stretches:
        while busy and busy[0][0] <= start_ns:
            heappush(free, heappop(busy)[1])
        if not free:
            count += 1
            tid = first + count
            yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": f"{name} {count}"}}
            yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}}
            heappush(free, tid)
        tid = heappop(free)
        heappush(busy, (end_ns, tid))
        yield {
            "ph": "X", "name": task.kind, "cat": "paused" if paused else "running", "pid": pid, "tid": tid,
            "ts": _us(state, start_ns), "dur": (end_ns - start_ns) / 1000, "args": _about(state, task, end_ns),
        }  # fmt: skip


def _about(state: ClusterState, task: DagTask, end_ns: int) -> dict[str, object]:
    about: dict[str, object] = {
        "number": task.number, "ls_id": task.log_stream_id, "added_us": _us(state, task.added_ns),
        "work_us": task.work_ns / 1000, "done_us": task.done_ns(end_ns) / 1000,
    }  # fmt: skip
    if task.tablet_id is not None:
        about["tablet_id"] = task.tablet_id
    if task.cancelled:
        about["cancelled"] = True
    return about


def _counter(state: ClusterState, pid: int, priority: Priority, ran: list[Stretch]) -> Iterator[TraceEvent]:
    """How many tasks ran, at every change."""
    changes: dict[int, int] = {}
    for start_ns, end_ns, _ in ran:
        changes[start_ns] = changes.get(start_ns, 0) + 1
        changes[end_ns] = changes.get(end_ns, 0) - 1
    running = 0
    for at_ns in sorted(changes):
        if changes[at_ns]:
            running += changes[at_ns]
            yield {
                "ph": "C", "name": priority.name, "pid": pid, "tid": 0, "ts": _us(state, at_ns),
                "args": {"running": running},
            }  # fmt: skip


def _us(state: ClusterState, at_ns: int) -> float:
    return (at_ns - state.start_ns) / 1000
