"""Wrong ways to dispatch DAG tasks."""

from collections import deque
from typing import Any

from obsim.cluster import ClusterState
from obsim.cluster import state as cluster_state
from obsim.scheduler import sharing
from obsim.scheduler.demand import Demand
from obsim.scheduler.dispatcher import Dispatcher
from obsim.scheduler.priorities import HA_LOW
from obsim.scheduler.threads import Threads
from obsim.testing.defect import defect


@defect("tasks never pause after a score was lowered", "S1b", Threads, "_yield")
def _lowering_ignored(right: Any) -> Any:
    def yield_point(self: Threads, task: Any, now_ns: Any) -> None:
        over = min(task.queue.room, 0)
        task.queue.room -= over
        right(self, task, now_ns)
        task.queue.room += over

    return yield_point


@defect("a raised score starts nobody", "S2", Dispatcher, "set_limit")
def _raising_waits(right: Any) -> Any:
    def set_limit(self: Dispatcher, priority: Any, limit: int, now_ns: Any) -> None:
        queue = self._queues[priority.index]
        if limit > queue.limit:
            queue.room += limit - queue.limit
            queue.limit = limit
        else:
            right(self, priority, limit, now_ns)

    return set_limit


@defect("tasks start although the limit is reached", "S1", Dispatcher, "_scan")
def _limit_ignored(right: Any) -> Any:
    def scan(self: Dispatcher, priorities: int, *rest: Any) -> None:
        for queue in self._queues:
            queue.room += 1
        right(self, priorities, *rest)
        for queue in self._queues:
            queue.room -= 1

    return scan


@defect("low priority gets no slot that becomes free", "S2", Dispatcher, "_wake")
def _low_priority_starves(right: Any) -> Any:
    def _wake(self: Dispatcher, task: Any, now_ns: Any) -> None:
        queue, hidden = task.queue, task.queue.ready
        if queue is self._queues[HA_LOW.index]:
            queue.ready = deque()
        right(self, task, now_ns)
        if queue.ready is not hidden:
            hidden.extend(queue.ready)
            queue.ready = hidden

    return _wake  # of that very name: schedulers keep the method and are pickled


@defect("a score of one priority holds for low priority too while that has none", "S3", ClusterState, "apply_score")
def _scores_spill_over(right: Any) -> Any:
    def apply_score(self: ClusterState, tenant: Any, priority: Any, parameter: str) -> None:
        right(self, tenant, priority, parameter)
        score = self.parameters.get_int(parameter, tenant.tenant_id)
        if priority is not HA_LOW and score and not self.parameters.get_int(str(HA_LOW.parameter), tenant.tenant_id):
            tenant.dispatcher.set_limit(HA_LOW, score, self.now_ns)

    return apply_score


@defect("the youngest task starts first", "S4", Dispatcher, "_wake")
def _last_come_first_started(right: Any) -> Any:
    def _wake(self: Dispatcher, task: Any, now_ns: Any) -> None:
        task.queue.ready.reverse()
        right(self, task, now_ns)
        task.queue.ready.reverse()

    return _wake  # of that very name: schedulers keep the method and are pickled


@defect("score 0 stops a priority but for one task", "S6", cluster_state, "limit_of")
def _zero_is_one(right: Any) -> Any:
    return lambda priority, score: right(priority, score) if score else 1


@defect("major merges get twice the CPU of other threads when it is short", "F", sharing, "demand_of")
def _major_merges_favoured(right: Any) -> Any:
    def demand_of(kind: str) -> Demand:
        demand: Demand = right(kind)
        return demand._replace(cpu=demand.cpu // 2) if kind == "MAJOR_MERGE" else demand

    return demand_of
