"""Every invariant holds for a sound cluster and sees the one thing that is altered in what was observed."""

from dataclasses import replace

import pytest

from obsim.testing.invariants import INVARIANTS, Checker, InvariantBroken, check_invariants, skipped, violations
from obsim.testing.modelled import ModelledTrial
from obsim.testing.observation import (
    TENANT_FIELDS,
    AskedSeen,
    CleanupSeen,
    Observation,
    PieceSeen,
    PlanSeen,
    RoundSeen,
    ServiceSeen,
)
from obsim.versions import IncrementalBase

TENANT = 1002
NUMBERED = {
    *("1", "2", "3", "3b", "4", "5", "6", "7"),
    *("8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "18b", "18c", "19"),
    *("20", "21", "22", "23", "24", "24b", "25", "25b", "26", "27", "27b", "28", "29", "30", "31", "32", "33", "P"),
    *("S1", "S1b", "S2", "S3", "S4", "S5", "S6", "F"),
}
DAY = 86_400 * 10**9


def test_every_number_is_in_the_table():
    assert set(INVARIANTS) == NUMBERED


def test_names_are_those_of_the_checks():
    assert INVARIANTS["9"].name == "increment_copies_what_the_base_lacks"
    assert INVARIANTS["9"].about == "an increment stores exactly the live blocks that the index of its base lacks"
    assert len({i.name for i in INVARIANTS.values()}) == len(INVARIANTS)


@pytest.fixture(scope="module")
def seen() -> Observation:
    """Four sets: a full one, two increments of changed blocks and one of a mini SSTable, the first asked for by sys."""
    trial = ModelledTrial(base=IncrementalBase.PREVIOUS)
    trial.backup_from_sys(("mysql_tenant",), incremental=True)
    trial.run_until_idle()
    for table, count in (("t1", 10), ("t2", 5)):
        trial.write("mysql_tenant", table, count, "random")
        trial.freeze("mysql_tenant", major=True)
        trial.backup_own("mysql_tenant", incremental=True)
        trial.run_until_idle()
    trial.write("mysql_tenant", "t1", 3, "random")
    trial.freeze("mysql_tenant", major=False)
    trial.backup_own("mysql_tenant", incremental=True)
    trial.run_until_idle()
    trial.write("mysql_tenant", "t1", 3, "random")
    return trial.seen


def tenant_of(seen: Observation, **changes: object) -> Observation:
    return replace(seen, tenants={**seen.tenants, TENANT: replace(seen.tenants[TENANT], **changes)})


def set_of(seen: Observation, number: int, **changes: object) -> Observation:
    sets = seen.tenants[TENANT].sets
    return tenant_of(seen, sets={**sets, number: replace(sets[number], **changes)})


def blocks_of(seen: Observation, number: int, **changes: object) -> Observation:
    blocks = seen.tenants[TENANT].blocks
    return tenant_of(seen, blocks={**blocks, number: replace(blocks[number], **changes)})


def row_of(seen: Observation, rows: str, place: int, **changes: object) -> Observation:
    """A row of `jobs`, `tasks`, `queues` or `pieces` changed."""
    old = getattr(seen.tenants[TENANT], rows)
    return tenant_of(seen, **{rows: (*old[:place], replace(old[place], **changes), *old[place + 1 :])})


def counters_of(seen: Observation, number: int, **changes: int) -> Observation:
    return set_of(seen, number, counters=replace(seen.tenants[TENANT].sets[number].counters, **changes))


def with_copied(seen: Observation, number: int, taken_from: int) -> Observation:
    blocks = seen.tenants[TENANT].blocks
    return blocks_of(seen, number, copied=blocks[number].copied | {min(blocks[taken_from].copied)})


def renamed_block(seen: Observation, place: int, name: tuple[int, int, int]) -> Observation:
    tenant = seen.tenants[TENANT]
    tablet_id, blocks = next(iter(tenant.baseline.items()))
    changed = (*blocks[:place], name, *blocks[place + 1 :])
    return tenant_of(seen, baseline={**tenant.baseline, tablet_id: changed})


def refused_increment(seen: Observation) -> Observation:
    return replace(seen, asked=AskedSeen(TENANT, (TENANT,), incremental=True, errno=9040))


def with_round(seen: Observation, **changes: object) -> Observation:
    return tenant_of(seen, round=replace(seen.tenants[TENANT].round, **changes))


def progress_back(seen: Observation) -> tuple[Observation, Observation]:
    task = seen.tenants[TENANT].tasks[0]
    more = replace(task.counters, output_bytes=task.counters.output_bytes + 1)
    return seen, row_of(seen, "tasks", 0, counters=more)


def other_block(seen: Observation) -> tuple[Observation, Observation]:
    """Four blocks of a tablet are new although nothing in them was touched."""
    tenant = seen.tenants[TENANT]
    tablet_id, blocks = next(iter(tenant.baseline.items()))
    new = [(tablet_id, 1 << 62, n) for n in range(4)]
    now = tenant_of(seen, baseline={**tenant.baseline, tablet_id: (*new, *blocks[4:])}, dirty={tablet_id: frozenset()})
    return now, tenant_of(seen, dirty={tablet_id: frozenset()})


def queued(seen: Observation, **changes: object) -> Observation:
    """HA_LOW with other figures."""
    return row_of(seen, "queues", 5, **changes)


def cleaned(seen: Observation, sets: dict[int, object], removed_pieces: int, window_ns: int = 0) -> Observation:
    """An obsolete run that left `sets` and took away the first pieces; three pieces of a day each."""
    tenant = seen.tenants[TENANT]
    start = tenant.round.start_scn - DAY
    pieces = tuple(
        PieceSeen(1, n + 1, start + n * DAY, start + (n + 1) * DAY, start + (n + 1) * DAY - 1, "FROZEN", "AVAILABLE")
        for n in range(3)
    )
    run = CleanupSeen(seen.now_ns - window_ns, tenant.sets, sets, pieces, pieces[removed_pieces:])
    return tenant_of(seen, cleanups=(run,))


def planned(seen: Observation, backup_set_ids: tuple[int, ...]) -> Observation:
    target = seen.tenants[TENANT].sets[4].min_restore_scn
    piece = PieceSeen(1, 1, target - DAY, target + DAY, target + DAY - 1, "FROZEN", "AVAILABLE")
    plan = PlanSeen(target, seen.tenants[TENANT].sets, (piece,), backup_set_ids, (1,))
    return tenant_of(seen, plans=(plan,))


def served(low_ns: int, high_ns: int = 400) -> tuple[ServiceSeen, ...]:
    services = (ServiceSeen("A", 2, 10, 0, 0), ServiceSeen("B", 4, 10, 0, 0))
    return tuple(replace(s, served_ns=ns) for s, ns in zip(services, (low_ns, high_ns), strict=True))


def without(seen: Observation, *numbers: int) -> dict[int, object]:
    return {n: s for n, s in seen.tenants[TENANT].sets.items() if n not in numbers}


Pair = tuple[Observation, Observation | None]
BROKEN = {
    "1": lambda s: set_of(s, 1, prev_full_id=1),
    "2": lambda s: set_of(s, 3, path="file:///elsewhere"),
    "3": lambda s: set_of(s, 4, prev_inc_id=2),
    "3b": lambda s: (
        replace(s, sys_jobs=tuple(replace(j, backup_type="FULL") for j in s.sys_jobs))
        if s.tenants[TENANT].jobs[0].backup_type == "INC"
        else row_of(
            replace(s, sys_jobs=tuple(replace(j, backup_type="FULL") for j in s.sys_jobs)), "jobs", 0, backup_type="INC"
        )
    ),
    "4": lambda s: set_of(s, 3, prev_full_id=2),
    "5": lambda s: set_of(s, 3, prev_inc_id=3),
    "6": lambda s: row_of(s, "jobs", 1, backup_set_id=1),
    "7": lambda s: (refused_increment(s), s),
    "8": lambda s: blocks_of(s, 1, copied=frozenset()),
    "9": lambda s: blocks_of(s, 2, copied=frozenset()),
    "10": lambda s: blocks_of(s, 4, base_id=1),
    "11": lambda s: blocks_of(s, 2, copied=frozenset()),
    "12": lambda s: with_copied(s, 2, 1),
    "13": lambda s: with_copied(s, 2, 1),
    "14": lambda s: with_copied(s, 4, 1),
    "15": lambda s: blocks_of(s, 2, delta_block_count=5),
    "16": lambda s: blocks_of(s, 3, copied=frozenset()),
    "17": lambda s: blocks_of(s, 4, copied=frozenset({(1, 1, 1)})),
    "18": lambda s: renamed_block(s, 0, s.tenants[TENANT].baseline[200001][1]),
    "18b": lambda s: (renamed_block(s, 0, (200001, 5, 99)), s),
    "18c": other_block,
    "19": lambda s: counters_of(s, 2, output_bytes=7),
    "20": lambda s: set_of(s, 2, consistent_scn=1),
    "21": lambda s: set_of(s, 2, min_restore_scn=1),
    "22": lambda s: (with_round(s, checkpoint_scn=1), s),
    "23": lambda s: row_of(s, "pieces", 0, end_scn=s.tenants[TENANT].pieces[0].end_scn + 1),
    "24": lambda s: tenant_of(s, jobs=tuple(replace(j, ended=False) for j in s.tenants[TENANT].jobs)),
    "24b": lambda s: (
        replace(s, asked=AskedSeen(TENANT, (TENANT,), incremental=False, errno=0)),
        tenant_of(s, jobs=tuple(replace(j, ended=False) for j in s.tenants[TENANT].jobs)),
    ),
    "25": lambda s: row_of(s, "jobs", 0, end_ns=0),
    "25b": lambda s: (s, row_of(s, "jobs", 0, status="CANCELED")),
    "26": lambda s: set_of(s, 2, status="FAILED"),
    "27": lambda s: counters_of(s, 2, finish_macro_block_count=1),
    "27b": progress_back,
    "28": lambda s: cleaned(s, without(s, 2), 0),
    "29": lambda s: cleaned(s, {}, 0),
    "30": lambda s: cleaned(s, without(s), 3),
    "31": lambda s: planned(s, (1, 2)),
    "32": lambda s: cleaned(s, without(s, 1, 2, 3, 4), 0),
    "33": lambda s: replace(s, twin=tenant_of(s, path="file:///other")),
    "P": lambda s: replace(s, sys_jobs=tuple(replace(j, result=-4072) for j in s.sys_jobs)),
    "S1": lambda s: (queued(s, running=5), s),
    "S1b": lambda s: tenant_of(s, excess=(("PRIO_HA_LOW", s.now_ns - 3 * 10**9),)),
    "S2": lambda s: queued(s, waiting=1),
    "S3": lambda s: (row_of(queued(s, running=1), "queues", 1, score=7), s),
    "S4": lambda s: (queued(s, ready=(7,), begun=(8,)), queued(s, ready=(7, 8))),
    "S5": lambda s: queued(s, running=60),
    "S6": lambda s: queued(s, limit=3),
    "F": lambda s: (tenant_of(s, service=served(100)), tenant_of(s, service=served(0, 0))),
}


@pytest.mark.parametrize(
    ("ends", "result", "sound"),
    [((5, 5), -9027, True), ((5, 5), -9029, True), ((5, 6), -9029, True), ((5, 6), -9027, False), ((5, 5), 0, False)],
)
def test_of_children_that_fail_at_once_the_parent_may_tell_either(ends, result, sound):
    trial = ModelledTrial(base=IncrementalBase.PREVIOUS)
    trial.backup_from_sys(("mysql_tenant", "oracle_tenant"), incremental=False)
    trial.run_until_idle()
    now = trial.seen
    tenants = dict(now.tenants)
    for tenant_id, end_ns, code in zip((TENANT, 1004), ends, (-9029, -9027), strict=True):
        jobs = tuple(replace(job, end_ns=end_ns, status="FAILED", result=code) for job in tenants[tenant_id].jobs)
        tenants[tenant_id] = replace(tenants[tenant_id], jobs=jobs)
    (parent,) = now.sys_jobs
    now = replace(now, tenants=tenants, sys_jobs=(replace(parent, status="FAILED", result=result),))
    assert (list(INVARIANTS["P"].check(now, None)) == []) is sound


def altered(seen: Observation, number: str) -> Pair:
    made = BROKEN[number](seen)
    return made if isinstance(made, tuple) else (made, None)


def test_a_sound_cluster_breaks_none(seen):
    assert violations(seen, seen) == []


def test_each_can_be_broken():
    assert set(BROKEN) == set(INVARIANTS)


@pytest.mark.parametrize("number", BROKEN)
def test_a_check_sees_what_is_altered(seen, number):
    lines = list(INVARIANTS[number].check(*altered(seen, number)))
    assert lines
    assert all(isinstance(line, str) and line for line in lines)


@pytest.mark.parametrize("number", ["28", "29", "30", "31", "32", "F"])
def test_a_check_of_what_the_cluster_above_does_not_show_can_hold(seen, number):
    """Held against a hand-made right answer."""
    sound: dict[str, Pair] = {
        "31": (planned(seen, (1, 2, 3, 4)), None),
        "F": (tenant_of(seen, service=served(190)), tenant_of(seen, service=served(0, 0))),
    }
    pair = sound.get(number, (cleaned(seen, without(seen), 1), None))
    assert list(INVARIANTS[number].check(*pair)) == []


def test_what_is_not_seen_is_skipped_and_named(seen):
    assert skipped(seen) == []
    less = replace(seen, seen=seen.seen - {"blocks"}, tenants={})
    assert {"8", "9", "16"} <= {i.number for i in skipped(less)}
    assert violations(replace(set_of(seen, 1, prev_full_id=1), seen=frozenset())) == []


class Watched:
    """A value that notes which of its fields are read."""

    def __init__(self, value: object, read: set[str]) -> None:
        self._value, self._read = value, read

    def __getattr__(self, name: str) -> object:
        self._read.add(name)
        return getattr(self._value, name)


def reads(number: str, seen: Observation, *pairs: tuple[Observation, Observation | None]) -> set[str]:
    """The fields that a check has read of observations and tenants, but for those that every check may."""
    read: set[str] = set()

    def watched(observation: Observation) -> object:
        tenants = {key: Watched(tenant, read) for key, tenant in observation.tenants.items()}
        return Watched(replace(observation, tenants=tenants), read)

    for now, before in (*pairs, (seen, seen)):
        list(INVARIANTS[number].check(watched(now), watched(before) if before is not None else None))
    return read - {"now_ns", "tenants", "tenant_id", "name", "__slots__"}


@pytest.mark.parametrize("number", [number for number in BROKEN if number != "33"])
def test_a_check_reads_no_more_than_it_declares(seen, number):
    """Else it might be skipped although something that it depends on has changed."""
    assert reads(number, seen, altered(seen, number)) <= INVARIANTS[number].needs


def test_the_twin_is_compared_in_everything_and_each_time(seen):
    """It needs the twin alone, and a twin that was there before may no longer be one."""
    assert reads("33", seen, altered(seen, "33")) == {*TENANT_FIELDS, "twin", "sys_jobs"}
    checker, now = Checker(), replace(seen, twin=seen)
    checker.check(now)
    grown = tenant_of(now, delta_block_count=seen.tenants[TENANT].delta_block_count + 1)
    lines = [broken.text for broken in checker.violations(grown) if broken.number == "33"]
    assert lines == ["tenant mysql_tenant differs from what the other way led to in delta_block_count"]


def test_what_the_moment_decides_is_checked_when_nothing_else_has_changed(seen):
    """A tenant that is the very same object: its lowered limit is kept to in time, or not."""
    checker, now = Checker(), tenant_of(seen, excess=(("HA_LOW", seen.now_ns),))
    checker.check(now)
    assert checker.violations(replace(now, now_ns=now.now_ns + 2_999_999_999)) == []
    (late,) = checker.violations(replace(now, now_ns=now.now_ns + 3_000_000_000))
    assert (late.number, late.text) == ("S1b", "tenant mysql_tenant: HA_LOW has run too many tasks for 3.0 s")


def test_a_broken_one_is_raised_with_number_and_name(seen):
    with pytest.raises(InvariantBroken, match="8 full_copies_everything: tenant mysql_tenant: set 1 lacks 165 blocks"):
        check_invariants(blocks_of(seen, 1, copied=frozenset()))


def test_a_round_that_stops_has_no_active_piece(seen):
    tenant = seen.tenants[TENANT]
    assert [p.status for p in tenant.pieces][-1] == "ACTIVE"
    lines = list(INVARIANTS["23"].check(with_round(seen, status="STOP")))
    assert lines == ["tenant mysql_tenant: pieces [1] are ACTIVE while the round is STOP"]


def test_a_round_follows_with_unused_pieces(seen):
    old = seen.tenants[TENANT].round
    again = RoundSeen(2, "DOING", old.start_scn, old.checkpoint_scn, old.used_piece_id, old.used_piece_id, DAY)
    assert len(list(INVARIANTS["22"].check(tenant_of(seen, round=again), seen))) == 1
    fresh = replace(again, base_piece_id=old.used_piece_id + 1, used_piece_id=old.used_piece_id + 1)
    assert list(INVARIANTS["22"].check(tenant_of(seen, round=fresh), seen)) == []
