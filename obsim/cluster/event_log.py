"""Every change of state of jobs, tasks, sets, rounds, tenants and parameters, with its time: obsim.events.

Nobody who changes a state has to know of it. Whoever changes rows touches a family of revisions; when the event or the
command is over, what the touched families watch is compared with what it was. States that come and go within one event
are not to be seen, as in any view.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from obsim.ids import Nanoseconds, TenantId
from obsim.revisions import EVERYONE

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState
    from obsim.cluster.tenant import Tenant

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


def _jobs(tenant: "Tenant") -> Iterator[Found]:
    for job in (*tenant.backup.jobs, *tenant.backup.job_history[-_RECENT:]):
        yield (tenant.tenant_id, job.job_id), (job.status,)


def _tasks(tenant: "Tenant") -> Iterator[Found]:
    for task in (*tenant.backup.tasks, *tenant.backup.task_history[-_RECENT:]):
        yield (tenant.tenant_id, task.task_id, task.backup_set.backup_set_id), (task.status,)


def _sets(tenant: "Tenant") -> Iterator[Found]:
    for number, backup_set in tenant.backup.sets.items():
        yield (tenant.tenant_id, number), (backup_set.status, backup_set.file_status)


def _deletes(tenant: "Tenant") -> Iterator[Found]:
    for job in (*tenant.cleanup.jobs, *tenant.cleanup.job_history[-_RECENT:]):
        yield (tenant.tenant_id, job.job_id), (job.status,)


def _rounds(tenant: "Tenant") -> Iterator[Found]:
    if tenant.archive.round is not None:
        yield (tenant.tenant_id, tenant.archive.round.round_id), (tenant.archive.round.status,)


def _tenants(tenant: "Tenant") -> Iterator[Found]:
    marks = ("LOCKED",) * tenant.locked + ("IN RECYCLEBIN",) * tenant.in_recyclebin
    yield (tenant.tenant_id, tenant.name), (tenant.role, tenant.status, *marks)


_KINDS: dict[str, tuple[tuple[str, ...], Callable[["Tenant"], Iterator[Found]], str]] = {
    "BACKUP_JOB": (("jobs", "job_history"), _jobs, "job {}"),
    "BACKUP_TASK": (("tasks", "task_history"), _tasks, "task {} of set {}"),
    "BACKUP_SET": (("sets",), _sets, "set {}"),
    "DELETE_JOB": (("deletes", "delete_history"), _deletes, "delete job {}"),
    "ARCHIVE_ROUND": (("archive",), _rounds, "round {}"),
    "TENANT": (("tenants",), _tenants, "{}"),
}
"""What is watched of a tenant: the families that are touched when it changes, how it stands now, how its names are
written."""
_PARAMETER = "PARAMETER"
_STAYS = frozenset({"BACKUP_JOB", "BACKUP_TASK", "BACKUP_SET", "DELETE_JOB", "ARCHIVE_ROUND"})
"""Of these one that is not found any more is history, not gone."""


class EventLog:
    """The newest changes, oldest first. Only tenants whose rows were touched are looked at."""

    __slots__ = ("_known", "_parameters", "_state", "count", "revisions", "rows")

    def __init__(self, state: "ClusterState") -> None:
        self._state = state
        self.revisions = state.revisions
        self.rows: list[StateEvent] = []
        self.count = 0
        self._known: dict[tuple[str, TenantId], dict[Key, tuple[str, ...]]] = {}
        self._parameters: dict[tuple[TenantId | None, str], str] = {}

    def write(self) -> None:
        """Note what has changed, at the present moment."""
        if not self.revisions.stirred:
            return
        touched = self.revisions.take_owners()
        for kind, (families, states, _) in _KINDS.items():
            owners: set[int] = set().union(*(touched.get(family, ()) for family in families))
            if EVERYONE in owners:
                self._forget_the_gone(kind)
                for tenant in self._state.tenants.values():
                    self._compare(kind, tenant.tenant_id, dict(states(tenant)))
                continue
            for tenant_id in sorted(owners):
                known = self._state.tenants.get(TenantId(tenant_id))
                if known is not None:
                    self._compare(kind, known.tenant_id, dict(states(known)))
        if "parameters" in touched:
            self._compare_parameters(self._state.parameters.texts())

    def _forget_the_gone(self, kind: str) -> None:
        for of_kind, tenant_id in [key for key in self._known if key[0] == kind]:
            if tenant_id not in self._state.tenants:
                self._compare(of_kind, tenant_id, {})
                del self._known[of_kind, tenant_id]

    def _compare(self, kind: str, tenant_id: TenantId, found: dict[Key, tuple[str, ...]]) -> None:
        known = self._known.get((kind, tenant_id), {})
        if found == known:
            return
        for key, after in found.items():
            if known.get(key) != after:
                self._add(kind, key, known.get(key, ()), after)
        if kind not in _STAYS:
            for key, before in known.items():
                if key not in found:
                    self._add(kind, key, before, ())
        self._known[kind, tenant_id] = found

    def _compare_parameters(self, found: dict[tuple[TenantId | None, str], str]) -> None:
        known = self._parameters
        if found == known:
            return
        changed = {key for key in found.keys() | known.keys() if found.get(key) != known.get(key)}
        for owner, name in sorted(changed, key=lambda key: (key[0] or 0, key[1])):
            before, after = (texts.get((owner, name)) for texts in (known, found))
            key = (owner or 0, name)
            self._add(_PARAMETER, key, () if before is None else (before,), () if after is None else (after,))
        self._parameters = found

    def _add(self, kind: str, key: Key, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        self.count += 1
        name = key[1] if kind == _PARAMETER else _KINDS[kind][2].format(*key[1:])
        tenant_id = TenantId(int(key[0]))
        states = " ".join(before), " ".join(after)
        self.rows.append(StateEvent(self.count, self._state.now_ns, tenant_id, kind, str(name), *states))
        if len(self.rows) > 2 * KEPT_MAX:
            del self.rows[:-KEPT_MAX]
