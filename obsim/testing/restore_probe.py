"""A restore tried in a copy of the cluster: it has to end as the naive plan and the naive model say.

Asked are three that may not contradict each other: the naive plan of every destination (`naive_restore`), the view
obsim.restorable_windows at all moments where its answer or the plan's may change, and RESTORE itself at one of them.
Where RESTORE succeeds, the new tenant is held against the model's picture of the source at that SCN, block for block,
and sometimes follows the log from there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from obsim.catalog.model import Scope
from obsim.catalog.restore_views import restorable_windows
from obsim.cluster import ClusterState, Tenant
from obsim.cluster.copying import copy_of
from obsim.ids import SYS_TENANT_ID, Nanoseconds, TenantId
from obsim.testing.engine_watch import pieces_by_path
from obsim.testing.naive_restore import chosen_pieces, plan, plan_without_archive
from obsim.testing.naive_storage import NaivePicture, NaiveStorage
from obsim.testing.naive_tablet import ModelBroken
from obsim.testing.observation import PieceSeen, SetSeen, TenantSeen
from obsim.testing.observer import storage_of
from obsim.testing.orders import run_as_sys
from obsim.versions import Version

__all__ = ["ProbeSeen", "RestoreBroken", "probe"]

REFUSED = 4018
NEW = "restored"
_POOL = (
    "CREATE RESOURCE UNIT probe MAX_CPU 1, MEMORY_SIZE '5G'",
    "CREATE RESOURCE POOL probe UNIT = 'probe', UNIT_NUM = 1, ZONE_LIST = ('z1')",
)
_FIRST_STANDBYS = Version.parse("4.1.0")
"""Before that a tenant cannot be recovered (statements.md)."""
_FOLLOW_NS = 1_000_000_000
"""A standby has replayed what there is by then."""
_EDGES_MAX = 24
"""At so many moments, spread over all that there are, the view is compared with the plan."""

Pair = tuple[str, str]
"""Data and archive destination; '' for no archive destination: only the log counts that sets hold themselves."""
Choice = tuple[tuple[int, ...], tuple[int, ...]]
"""Numbers of sets and pieces; no pieces where the log of the last set is read."""


class RestoreBroken(ModelBroken):
    """A restore was not what the naive plan and the naive model say."""


def _expect(condition: object, text: str) -> None:
    if not condition:
        raise RestoreBroken(text)


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """What a restore was told, and what is rare about it (`sometimes.SITUATIONS`)."""

    sql: str
    situations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """A row of obsim.restorable_windows."""

    first_scn: int
    last_scn: int
    restorable: bool
    pair: Pair


@dataclass(frozen=True, slots=True)
class _Sources:
    """All that restores of a tenant may be made from, as it is observed."""

    sets: Mapping[str, Mapping[int, SetSeen]]
    """By data destination."""
    pieces: Mapping[str, tuple[PieceSeen, ...]]
    """By archive destination."""
    with_log: frozenset[int]
    """Sets that hold log themselves (PLUS ARCHIVELOG)."""

    def choices(self, scn: int) -> dict[Pair, Choice]:
        """What is read from each pair of destinations that a restore to `scn` can be made from."""
        found: dict[Pair, Choice] = {}
        for path, sets in self.sets.items():
            for archive_path, pieces in self.pieces.items():
                chosen = plan(sets, pieces, scn)
                if chosen is not None:
                    found[path, archive_path] = chosen
            alone = plan_without_archive(sets, self.with_log, scn)
            if alone:
                found[path, ""] = alone, ()
        return found

    def edges(self, now_ns: int) -> Iterator[int]:
        """Moments at which the answer may change, and those right before and after them."""
        scns = {s.min_restore_scn for sets in self.sets.values() for s in sets.values() if s.min_restore_scn}
        scns |= {piece.checkpoint_scn for pieces in self.pieces.values() for piece in pieces}
        yield from sorted({scn + step for scn in {*scns, now_ns} for step in (-1, 0, 1) if 0 < scn + step <= now_ns})


def probe(state: ClusterState, naive: NaiveStorage, seen: TenantSeen, number: int) -> ProbeSeen:
    """Compare the windows of a tenant, as it was just seen, and restore it to a moment that `number` chooses.

    Raises RestoreBroken.
    """
    tenant = state.tenants[TenantId(seen.tenant_id)]
    sources = _sources(tenant, seen, state.now_ns)
    windows = _windows(state, seen.tenant_id)
    edges = sorted({*sources.edges(state.now_ns), *(scn for w in windows for scn in (w.first_scn, w.last_scn) if scn)})
    for scn in edges[number % (len(edges) // _EDGES_MAX + 1) :: len(edges) // _EDGES_MAX + 1]:
        _compare_window(sources, windows, scn)
    moments = [picture.scn for picture in naive.past if picture.scn]
    targets = sorted({*edges, *moments, *(scn - 1 for scn in moments)})
    firsts = sorted(s.min_restore_scn for s in seen.sets.values() if s.usable)
    chosen = firsts if firsts and not number % 4 else targets  # a set that holds log itself says something of few
    turn, place = divmod(number // 4, len(chosen))
    return _restore(state, naive, sources, chosen[place], [scn for scn in targets if scn > chosen[place]], turn)


def _windows(state: ClusterState, tenant_id: int) -> list[_Window]:
    rows: list[tuple[Any, ...]] = restorable_windows(state, Scope(SYS_TENANT_ID))
    return [_Window(row[1], row[3], bool(row[5]), (row[6], row[7])) for row in rows if row[0] == tenant_id]


def _sources(tenant: Tenant, seen: TenantSeen, now_ns: Nanoseconds) -> _Sources:
    sets: dict[str, dict[int, SetSeen]] = {}
    for number, s in seen.sets.items():
        sets.setdefault(s.path, {})[number] = s
    with_log = frozenset(j.backup_set_id for j in seen.jobs if j.plus_archivelog and j.status == "COMPLETED")
    return _Sources(sets, pieces_by_path(tenant, now_ns), with_log)


def _window_at(windows: list[_Window], scn: int) -> _Window:
    covering = [w for w in windows if w.first_scn <= scn <= w.last_scn]
    _expect(len(covering) == 1, f"obsim.restorable_windows has {len(covering)} rows for {scn}")
    return covering[0]


def _compare_window(sources: _Sources, windows: list[_Window], scn: int) -> None:
    window, choices = _window_at(windows, scn), sources.choices(scn)
    if window.restorable:
        _expect(window.pair in choices, f"{scn} is said to be restorable from {window.pair}, it is from {[*choices]}")
    else:
        _expect(not choices, f"{scn} is said not to be restorable, it is from {[*choices]}")


def _restore(
    state: ClusterState, naive: NaiveStorage, sources: _Sources, scn: int, later: list[int], turn: int
) -> ProbeSeen:
    """RESTORE to `scn` from where it can be made, in turn, or from any destinations where it cannot.

    Every second time the new tenant follows the log to one of the `later` moments then.
    """
    choices = sources.choices(scn)
    pairs = sorted(choices) or [(data, log) for data in sources.sets for log in sources.pieces]
    if not pairs:
        return ProbeSeen(f"no destination to restore to {scn} from", ())
    data, log = pairs[turn % len(pairs)]
    expected = choices.get((data, log))
    uris = ",".join(uri for uri in (data, log) if uri)
    sql = f"ALTER SYSTEM RESTORE {NEW} FROM '{uris}' UNTIL SCN = {scn} WITH 'pool_list=probe'"
    copy = copy_of(state)
    errno = next((code for code in (run_as_sys(copy, text) for text in (*_POOL, sql)) if code), 0)
    _expect(errno == (0 if expected else REFUSED), f"{sql} answers {errno}, to be read is {expected}")
    if expected is None:
        return ProbeSeen(sql, ("restore refused",))
    (job,) = copy.restores.jobs
    read = tuple(s.backup_set_id for s in job.request.plan.sets)
    pieces = tuple(p.piece_id for p in job.request.plan.pieces) if log else ()
    _expect((read, pieces) == expected, f"{sql} reads sets {read} and pieces {pieces}, expected {expected}")
    while not job.ended:
        next_ns = copy.next_event_ns
        if next_ns is None:
            raise RestoreBroken(f"{sql} never ends")
        copy.advance_to(next_ns)
    _expect(str(job.status) == "RESTORE_SUCCESS", f"{sql} ends {job.status}: {job.sys.comment}")
    picture = naive.until(scn)
    _compare(copy, picture, sql)
    situations = [*_situations(sources.sets[data], read, naive, picture, log)]
    current = state.tenants[TenantId(naive.tenant_id)].archive.round
    if log and current is not None and current.path != log:
        situations.append("restored from a former archive")
    if log and later and turn % 2 and copy.profile.version >= _FIRST_STANDBYS:
        situations.append(_follow(copy, naive, log, scn, later[turn % len(later)]))
    return ProbeSeen(sql, tuple(situations))


def _follow(state: ClusterState, naive: NaiveStorage, log: str, scn: int, then_scn: int) -> str:
    """RECOVER STANDBY of the new tenant: as far as the log goes without a gap it has to be what its source was."""
    sql = f"ALTER SYSTEM RECOVER STANDBY TENANT = {NEW} UNTIL SCN = {then_scn}"
    errno = run_as_sys(state, sql)
    _expect(not errno, f"{sql} of what was restored to {scn} answers {errno}")
    state.advance_to(Nanoseconds(state.now_ns + _FOLLOW_NS))
    tenant, source = state.tenant_named(NEW), state.tenants[TenantId(naive.tenant_id)]
    assert tenant is not None
    assert tenant.standby is not None
    reached = tenant.standby.sync_scn
    covered = bool(chosen_pieces(pieces_by_path(source, state.now_ns)[log], scn, then_scn))
    comes = f"{sql} of what was restored to {scn} comes to {reached}"
    _expect(reached == then_scn if covered else scn <= reached < then_scn, f"{comes}, log is there: {covered}")
    _compare(state, naive.until(reached), comes)
    return "recovered further" if covered else "recovery comes to a gap"


def _compare(state: ClusterState, picture: NaivePicture, what: str) -> None:
    """The new tenant against the source at the SCN."""
    tenant = state.tenant_named(NEW)
    assert tenant is not None
    now = storage_of(state, tenant)
    wrong = [
        name
        for name, is_now, was in (
            ("blocks", now.baseline, picture.baseline), ("dirty marks", now.dirty, picture.dirty),
            ("memory", now.memory_bytes, picture.memory), ("minor blocks", now.delta_block_count, picture.delta),
        )
        if is_now != was
    ]  # fmt: skip
    _expect(not wrong, f"{what}: the new tenant has other {' and '.join(wrong)} than its source had")


def _situations(
    sets: Mapping[int, SetSeen], read: tuple[int, ...], naive: NaiveStorage, picture: NaivePicture, log: str
) -> Iterator[str]:
    last = sets[read[-1]]
    yield "restored"
    if len(read) > 1:
        yield "restored from an increment"
    if not log:
        yield "restored without an archive"
    if picture is not naive.before(last.consistent_scn):
        yield "restored with changes from the log"
    if any(s.file_status == "DELETED" for s in sets.values()):
        yield "restored after a clean-up"
    if any(number < last.backup_set_id and s.status == "SUCCESS" and not s.usable for number, s in sets.items()):
        yield "restored beside an unusable set"
