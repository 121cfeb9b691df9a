"""Every change of state of jobs, tasks, sets, rounds, tenants and parameters, with its time: obsim.events.

Nobody who changes a state has to know of it. Whoever changes rows touches a family of revisions; when the event or the
command is over, what the touched families watch is compared with what it was. States that come and go within one event
are not to be seen, as in any view.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from obsim.ids import Nanoseconds, TenantId

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState

__all__ = ["KEPT_MAX", "EventLog", "StateEvent"]

KEPT_MAX = 5_000
"""The oldest go first."""
_RECENT = 2
"""Ended jobs and tasks that are looked at once more: their last state may come with their end."""

Key = tuple[int | str, ...]
"""Tenant (0 for the cluster), and what the name of the thing is made of."""
Found = tuple[Key, tuple[str, ...]]
"""The thing, and the words of its state."""


class StateEvent(NamedTuple):
    """One change; '' stands for "was not there" and "is not there any more"."""

    number: int
    at_ns: Nanoseconds
    tenant_id: TenantId
    kind: str
    name: str
    before: str
    after: str


def _jobs(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        for job in (*tenant.backup.jobs, *tenant.backup.job_history[-_RECENT:]):
            yield (tenant.tenant_id, job.job_id), (job.status,)


def _tasks(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        for task in (*tenant.backup.tasks, *tenant.backup.task_history[-_RECENT:]):
            yield (tenant.tenant_id, task.task_id, task.backup_set.backup_set_id), (task.status,)


def _sets(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        for number, backup_set in tenant.backup.sets.items():
            yield (tenant.tenant_id, number), (backup_set.status, backup_set.file_status)


def _deletes(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        for job in (*tenant.cleanup.jobs, *tenant.cleanup.job_history[-_RECENT:]):
            yield (tenant.tenant_id, job.job_id), (job.status,)


def _rounds(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        if tenant.archive.round is not None:
            yield (tenant.tenant_id, tenant.archive.round.round_id), (tenant.archive.round.status,)


def _tenants(state: "ClusterState") -> Iterator[Found]:
    for tenant in state.tenants.values():
        marks = ("LOCKED",) * tenant.locked + ("IN RECYCLEBIN",) * tenant.in_recyclebin
        yield (tenant.tenant_id, tenant.name), (tenant.role, tenant.status, *marks)


def _parameters(state: "ClusterState") -> Iterator[Found]:
    for tenant_id, name, text in state.parameters.dump():
        yield (tenant_id or 0, name), (text,)


_KINDS: dict[str, tuple[tuple[str, ...], Callable[["ClusterState"], Iterator[Found]], str]] = {
    "BACKUP_JOB": (("jobs", "job_history"), _jobs, "job {}"),
    "BACKUP_TASK": (("tasks", "task_history"), _tasks, "task {} of set {}"),
    "BACKUP_SET": (("sets",), _sets, "set {}"),
    "DELETE_JOB": (("deletes", "delete_history"), _deletes, "delete job {}"),
    "ARCHIVE_ROUND": (("archive",), _rounds, "round {}"),
    "TENANT": (("tenants",), _tenants, "{}"),
    "PARAMETER": (("parameters",), _parameters, "{}"),
}
"""What is watched: the families that are touched when it changes, how it stands now, and how its names are written."""
_STAYS = frozenset({"BACKUP_JOB", "BACKUP_TASK", "BACKUP_SET", "DELETE_JOB", "ARCHIVE_ROUND"})
"""Of these one that is not found any more is history, not gone."""


class EventLog:
    """The newest changes, oldest first."""

    __slots__ = ("_known", "_seen", "_state", "count", "revisions", "rows")

    def __init__(self, state: "ClusterState") -> None:
        self._state = state
        self.revisions = state.revisions
        self.rows: list[StateEvent] = []
        self.count = 0
        self._seen = dict.fromkeys(_KINDS, -1)
        self._known: dict[str, dict[Key, tuple[str, ...]]] = {kind: {} for kind in _KINDS}

    def write(self) -> None:
        """Note what has changed, at the present moment."""
        revisions = self.revisions
        revisions.stirred = False
        for kind, (families, states, _) in _KINDS.items():
            seen = sum(map(revisions.count, families))
            if seen != self._seen[kind]:
                self._seen[kind] = seen
                self._compare(kind, dict(states(self._state)))

    def _compare(self, kind: str, found: dict[Key, tuple[str, ...]]) -> None:
        known = self._known[kind]
        if found == known:
            return
        for key, after in found.items():
            if known.get(key) != after:
                self._add(kind, key, known.get(key, ()), after)
        if kind not in _STAYS:
            for key, before in known.items():
                if key not in found:
                    self._add(kind, key, before, ())
        self._known[kind] = found

    def _add(self, kind: str, key: Key, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        self.count += 1
        name = _KINDS[kind][2].format(*key[1:])
        tenant_id = TenantId(int(key[0]))
        states = " ".join(before), " ".join(after)
        self.rows.append(StateEvent(self.count, self._state.now_ns, tenant_id, kind, name, *states))
        if len(self.rows) > 2 * KEPT_MAX:
            del self.rows[:-KEPT_MAX]
