"""Every change of state of jobs, tasks, sets, rounds, tenants and parameters, with its time: obsim.events.

Nobody who changes a state has to know of it. Whoever changes rows touches a family of revisions; when the event or the
command is over, what the touched families watch is compared with what it was. States that come and go within one event
are not to be seen, as in any view.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
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
Found = tuple[tuple[object, ...], tuple[Words, ...]]
"""What there is of a kind: of each the number or name, in a tuple if there are several; in the same order the states.
Never changed."""


class StateEvent(NamedTuple):
    """One change; '' stands for "was not there" and "is not there any more"."""

    number: int
    at_ns: Nanoseconds
    tenant_id: TenantId
    kind: str
    name: str
    before: str
    after: str


def _jobs(tenant: "Tenant", _known: Found) -> Found:
    jobs = (*tenant.backup.jobs, *tenant.backup.job_history[-_RECENT:])
    return tuple([job.job_id for job in jobs]), tuple([(job.status,) for job in jobs])


def _tasks(tenant: "Tenant", _known: Found) -> Found:
    tasks = (*tenant.backup.tasks, *tenant.backup.task_history[-_RECENT:])
    keys = [(task.task_id, task.backup_set.backup_set_id) for task in tasks]
    return tuple(keys), tuple([(task.status,) for task in tasks])


_SET_STATE: Callable[[object], Words] = attrgetter("status", "file_status")


def _sets(tenant: "Tenant", _known: Found) -> Found:
    return tuple(tenant.backup.sets), tuple(map(_SET_STATE, tenant.backup.sets.values()))


def _set_at_work(tenant: "Tenant", known: Found) -> Found:
    """The same where no set may have another state but that of the running task, and new ones."""
    sets, (ids, states) = tenant.backup.sets, known
    if len(ids) < len(sets):
        ids = tuple(sets)
        states += tuple(map(_SET_STATE, [sets[new] for new in list(sets)[len(states):]]))
    for task in tenant.backup.tasks:
        set_id, state = task.backup_set.backup_set_id, _SET_STATE(task.backup_set)
        at = len(ids) - 1 if ids[-1] == set_id else ids.index(set_id)
        if states[at] != state:
            states = (*states[:at], state, *states[at + 1 :])
    return ids, states


def _deletes(tenant: "Tenant", _known: Found) -> Found:
    jobs = (*tenant.cleanup.jobs, *tenant.cleanup.job_history[-_RECENT:])
    return tuple([job.job_id for job in jobs]), tuple([(job.status,) for job in jobs])


def _rounds(tenant: "Tenant", _known: Found) -> Found:
    archived = tenant.archive.round
    return ((archived.round_id,), ((archived.status,),)) if archived is not None else _NOTHING


def _tenants(tenant: "Tenant", _known: Found) -> Found:
    marks = ("LOCKED",) * tenant.locked + ("IN RECYCLEBIN",) * tenant.in_recyclebin
    return (tenant.name,), ((tenant.role, tenant.status, *marks),)


_NOTHING: Found = (), ()
_LookAt = Callable[["Tenant", Found], Found]
"""How a tenant stands now; it may take what was known of what nobody has touched."""
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
            found.append((kind, by, _set_at_work if by == ["set_at_work"] else look_at))
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
            known = known_of.get((kind, tenant.tenant_id), _NOTHING)
            found = look_at(tenant, known)
            if found != known:
                self._note(kind, tenant.tenant_id, known, found)
                known_of[kind, tenant.tenant_id] = found

    def _forget_the_gone(self, kind: str) -> None:
        for of_kind, tenant_id in [key for key in self._known if key[0] == kind]:
            if tenant_id not in self._state.tenants:
                self._note(kind, tenant_id, self._known.pop((of_kind, tenant_id)), _NOTHING)

    def _note(self, kind: str, tenant_id: TenantId, known: Found, found: Found) -> None:
        """Note every difference."""
        count = len(known[0])
        if found[0][:count] == known[0]:  # most things stay, and new ones come last
            if found[1][:count] != known[1]:
                newest = count - 1  # most often it is this one alone
                first = newest if found[1][:newest] == known[1][:newest] else 0
                for key, before, after in zip(known[0][first:], known[1][first:], found[1][first:], strict=False):
                    if before != after:
                        self._add(kind, tenant_id, key, before, after)
            for key, after in zip(found[0][count:], found[1][count:], strict=True):
                self._add(kind, tenant_id, key, (), after)
            return
        was, now = (dict(zip(*states, strict=True)) for states in (known, found))
        for key, after in now.items():
            if was.get(key) != after:
                self._add(kind, tenant_id, key, was.get(key, ()), after)
        if kind not in _STAYS:
            for key, before in was.items():
                if key not in now:
                    self._add(kind, tenant_id, key, before, ())

    def _note_parameters(self) -> None:
        parameters = self._state.parameters
        changed = parameters.take_changed()
        for owner, name in sorted(changed, key=lambda key: (key[0] or 0, key[1])):
            before, after = changed[owner, name], parameters.text_set(owner, name)
            if before != after:
                states = [() if text is None else (text,) for text in (before, after)]
                self._add(_PARAMETER, owner or TenantId(0), name, *states)

    def _add(self, kind: str, tenant_id: TenantId, key: object, before: Words, after: Words) -> None:
        self.count = number = self.count + 1
        if kind == _PARAMETER:
            name = str(key)
        else:
            written = _KINDS[kind][2]
            name = written.format(*key) if isinstance(key, tuple) else written.format(key)
        now_ns, rows = self._state.now_ns, self.rows
        rows.append(StateEvent(number, now_ns, tenant_id, kind, name, _text(before), _text(after)))
        if len(rows) > 2 * KEPT_MAX:
            del rows[:-KEPT_MAX]


@lru_cache(maxsize=1024)
def _text(state: Words) -> str:
    """A state as a row shows it."""
    return " ".join(state)
