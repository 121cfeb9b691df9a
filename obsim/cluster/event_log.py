"""Every change of state of jobs, tasks, sets, rounds, tenants and parameters, with its time: obsim.events.

Nobody who changes a state has to know of it. Whoever changes rows touches a family of revisions; when the event or the
command is over, what the touched families watch is compared with what it was. States that come and go within one event
are not to be seen, as in any view.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from operator import attrgetter
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

Words = tuple[str, ...]
"""A state."""
Found = dict[object, Words]
"""What there is of a kind: the state by number or name, by a tuple if there are several. Never changed, another one
takes its place."""
_NOTHING: Found = {}


class StateEvent(NamedTuple):
    """One change. What it is about is put into words when somebody reads it: most events go before anybody does."""

    number: int
    at_ns: Nanoseconds
    tenant_id: TenantId
    kind: str
    key: object
    was: Words
    now: Words

    @property
    def name(self) -> str:
        """Of what it is the state."""
        if self.kind == _PARAMETER:
            return str(self.key)
        words = _KINDS[self.kind][2]
        return words.format(*self.key) if isinstance(self.key, tuple) else words.format(self.key)

    @property
    def before(self) -> str:
        """The state before; '' stands for "was not there"."""
        return " ".join(self.was)

    @property
    def after(self) -> str:
        """The state after; '' stands for "is not there any more"."""
        return " ".join(self.now)


def _jobs(tenant: "Tenant", _known: Found) -> Found:
    backup = tenant.backup
    return {job.job_id: (job.status,) for job in (*backup.jobs, *backup.job_history[-_RECENT:])}


def _tasks(tenant: "Tenant", _known: Found) -> Found:
    tasks = (*tenant.backup.tasks, *tenant.backup.task_history[-_RECENT:])
    return {(task.task_id, task.backup_set.backup_set_id): (task.status,) for task in tasks}


_SET_STATE: Callable[[object], Words] = attrgetter("status", "file_status")


def _sets(tenant: "Tenant", _known: Found) -> Found:
    return {number: _SET_STATE(backup_set) for number, backup_set in tenant.backup.sets.items()}


def _sets_at_work(tenant: "Tenant", known: Found) -> Found:
    """The known sets of the running tasks, and those that are new: no other one may have another state."""
    sets, at_work = tenant.backup.sets, [task.backup_set for task in tenant.backup.tasks]
    found: Found = {one.backup_set_id: _SET_STATE(one) for one in at_work if one.backup_set_id in known}
    if len(known) < len(sets):
        new = list(islice(reversed(sets.values()), len(sets) - len(known)))
        found |= {one.backup_set_id: _SET_STATE(one) for one in reversed(new)}
    return found


def _deletes(tenant: "Tenant", _known: Found) -> Found:
    cleanup = tenant.cleanup
    return {job.job_id: (job.status,) for job in (*cleanup.jobs, *cleanup.job_history[-_RECENT:])}


def _rounds(tenant: "Tenant", _known: Found) -> Found:
    archived = tenant.archive.round
    return {archived.round_id: (archived.status,)} if archived is not None else _NOTHING


def _tenants(tenant: "Tenant", _known: Found) -> Found:
    marks = ("LOCKED",) * tenant.locked + ("IN RECYCLEBIN",) * tenant.in_recyclebin
    return {tenant.name: (tenant.role, tenant.status, *marks)}


_LookAt = Callable[["Tenant", Found], Found]
"""How a tenant stands now; it is told what was known before."""
_KINDS: dict[str, tuple[tuple[str, ...], _LookAt, str]] = {
    "BACKUP_JOB": (("jobs", "job_history"), _jobs, "job {}"),
    "BACKUP_TASK": (("tasks", "task_history"), _tasks, "task {} of set {}"),
    "BACKUP_SET": (("sets", "set_at_work"), _sets, "set {}"),
    "DELETE_JOB": (("deletes", "delete_history"), _deletes, "delete job {}"),
    "ARCHIVE_ROUND": (("archive",), _rounds, "round {}"),
    "TENANT": (("tenants",), _tenants, "{}"),
}
"""What is watched of a tenant: the families that are touched when it changes, how it stands now, how its names are
written."""
_PARAMETER = "PARAMETER"
_STAYS = frozenset({"BACKUP_JOB", "BACKUP_TASK", "BACKUP_SET", "DELETE_JOB", "ARCHIVE_ROUND"})
"""Of these one that is not found any more is history, not gone."""


@lru_cache(maxsize=1024)
def _watched(touched: tuple[str, ...]) -> list[tuple[str, list[str], _LookAt]]:
    """The kinds that touched families are watched for, by which of them, and how to look at a tenant then."""
    found = []
    for kind, (families, look_at, _) in _KINDS.items():
        by = [family for family in families if family in touched]
        if by:
            found.append((kind, by, _sets_at_work if by == ["set_at_work"] else look_at))
    return found


class EventLog:
    """The newest changes, oldest first. Only tenants whose rows were touched are looked at."""

    __slots__ = ("_known", "_state", "count", "revisions", "rows")

    def __init__(self, state: "ClusterState") -> None:
        self._state = state
        self.revisions = state.revisions
        self.rows: list[StateEvent] = []
        self.count = 0
        self._known: dict[tuple[str, TenantId], Found] = {}

    def write(self) -> None:
        """Note what has changed, at the present moment."""
        if not self.revisions.stirred:
            return
        touched = self.revisions.take_owners()
        for kind, families, look_at in _watched(tuple(touched)):
            owners = touched[families[0]]
            if len(families) > 1:
                owners = owners.union(*[touched[family] for family in families[1:]])
            self._look(kind, look_at, owners)
        if "parameters" in touched:
            self._note_parameters()

    def _look(self, kind: str, look_at: _LookAt, owners: set[int]) -> None:
        """Compare what there is of a kind, of these tenants, with what there was."""
        tenants, known_of = self._state.tenants, self._known
        if EVERYONE in owners:
            self._forget_the_gone(kind)
            owners_in_order: Iterable[int] = list(tenants)
        else:
            owners_in_order = owners if len(owners) == 1 else sorted(owners)
        for owner in owners_in_order:
            tenant = tenants.get(owner)  # type: ignore[call-overload]  # a NewType would be a call
            if tenant is None:
                continue
            key = kind, tenant.tenant_id
            known = known_of.get(key, _NOTHING)
            found = look_at(tenant, known)
            if look_at is not _sets_at_work:
                if found != known:
                    self._note(*key, known, found)
                    known_of[key] = found
            elif not found.items() <= known.items():
                self._note(*key, known, found)
                known_of[key] = known | found

    def _forget_the_gone(self, kind: str) -> None:
        for of_kind, tenant_id in [key for key in self._known if key[0] == kind]:
            if tenant_id not in self._state.tenants:
                self._note(kind, tenant_id, self._known.pop((of_kind, tenant_id)), _NOTHING)

    def _note(self, kind: str, tenant_id: TenantId, known: Found, found: Found) -> None:
        """Note every difference."""
        for key, now in found.items():
            was = known.get(key, ())
            if now != was:
                self._add(kind, tenant_id, key, was, now)
        if kind not in _STAYS:
            for key, was in known.items():
                if key not in found:
                    self._add(kind, tenant_id, key, was, ())

    def _note_parameters(self) -> None:
        parameters = self._state.parameters
        changed = parameters.take_changed()
        for owner, name in sorted(changed, key=lambda key: (key[0] or 0, key[1])) if len(changed) > 1 else changed:
            before, after = changed[owner, name], parameters.text_set(owner, name)
            if before != after:
                was, now = (() if text is None else (text,) for text in (before, after))
                self._add(_PARAMETER, owner or TenantId(0), name, was, now)

    def _add(self, kind: str, tenant_id: TenantId, key: object, was: Words, now: Words) -> None:
        self.count = number = self.count + 1
        rows = self.rows
        rows.append(StateEvent(number, self._state.now_ns, tenant_id, kind, key, was, now))
        if len(rows) > 2 * KEPT_MAX:
            del rows[:-KEPT_MAX]
