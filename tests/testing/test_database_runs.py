"""Obsolete runs as views show them: from one look to the next, and on a server."""

from dataclasses import replace

import pymysql
import pytest

from obsim.server import Server
from obsim.testing.database import UNSEEN, DatabaseDriver, obsim_write
from obsim.testing.database_runs import RunWatch
from obsim.testing.invariants import INVARIANTS, skipped, skipped_lines
from obsim.testing.observation import TENANT_FIELDS, CountersSeen, PieceSeen, SetSeen
from obsim.testing.trial import Trial

PATH, DAY, ZONE = "file:///here", 86_400, 3_600


def row(number, kind="FULL", status="SUCCESS", file_status="AVAILABLE", end=None, path=PATH):
    end = number * DAY if end is None else end
    return SetSeen(
        number, kind, 0, 0, path, status, file_status, end - 5, end, 0, end - 9, end - 7, end - 6, 1, 0, 1, 1,
        CountersSeen(),
    )  # fmt: skip


def piece(number, file_status="AVAILABLE"):
    return PieceSeen(1, number, number * DAY, (number + 1) * DAY, (number + 1) * DAY - 1, "FROZEN", file_status)


def statuses(sets):
    return {n: s.file_status for n, s in sets.items()}


@pytest.fixture
def watch():
    """One that has seen three sets and no run."""
    made = RunWatch()
    assert made.look(PATH, {n: row(n) for n in (1, 2, 3)}, (), [], ZONE) == ()
    return made


def with_status(**changed):
    return {n: row(n, file_status=changed.get(f"s{n}", "AVAILABLE")) for n in (1, 2, 3)}


def test_a_run_is_told_once_it_has_completed(watch):
    assert watch.look(PATH, with_status(s1="DELETING"), (), [], ZONE) == ()
    after, pieces = with_status(s1="DELETED"), (piece(1, "DELETED"), piece(2))
    (run,) = told = watch.look(PATH, after, pieces, [(7, 2 * DAY)], ZONE)
    assert run.expired_ns == 2 * DAY - ZONE
    assert (statuses(run.sets_before), statuses(run.sets_after)) == (statuses(with_status()), statuses(after))
    assert [s.end_ns for s in run.sets_before.values()] == [n * DAY - ZONE for n in (1, 2, 3)]
    assert [p.file_status for p in run.pieces_before] == ["AVAILABLE", "AVAILABLE"]
    assert run.pieces_after == pieces
    assert watch.look(PATH, after, pieces, [(7, 2 * DAY)], ZONE) is told


def test_what_one_run_removed_is_gone_before_the_next(watch):
    after, pieces = with_status(s1="DELETED"), (piece(1, "DELETED"), piece(2))
    watch.look(PATH, after, pieces, [(7, 2 * DAY)], ZONE)
    later = with_status(s1="DELETED", s2="DELETED")
    (run,) = watch.look(PATH, later, (piece(1, "DELETED"), piece(2, "DELETED")), [(7, 2 * DAY), (8, 3 * DAY)], ZONE)
    assert statuses(run.sets_before) == statuses(after)
    assert [p.file_status for p in run.pieces_before] == ["DELETED", "AVAILABLE"]


def test_runs_before_the_first_look_are_none_of_its_business():
    assert RunWatch().look(PATH, with_status(s1="DELETED"), (), [(5, DAY)], 0) == ()


def test_what_breaks_or_ends_meanwhile_is_not_removed_by_the_run(watch):
    watch.look(PATH, {1: row(1), 2: row(2, status="DOING", file_status="COPYING", end=0)}, (), [], 0)
    watch.look(PATH, {1: row(1, file_status="BROKEN")}, (), [], 0)
    gone = {1: row(1, file_status="BROKEN"), 2: row(2, status="FAILED", file_status="DELETED"), 3: row(3, path="x")}
    (run,) = watch.look(PATH, gone, (), [(1, 9 * DAY)], 0)
    assert statuses(run.sets_before) == {1: "BROKEN", 2: "INCOMPLETE"}
    assert set(run.sets_after) == {1, 2}, "other paths are none of its business"


def test_on_a_server_a_wrong_run_would_be_noticed():
    with Server(scenario="campaign", clock="manual") as server:
        driver = DatabaseDriver(
            lambda tenant: pymysql.connect(**server.connect_args(tenant)), [("mysql_tenant", "t1")], [], obsim_write
        )

        def pass_by(hours):
            driver.run("sys", f"CALL obsim.advance('{hours}h')")
            driver.run("sys", "CALL obsim.run_until_idle()")

        trial = Trial(driver)
        trial.set_policy("mysql_tenant", "1d")
        for incremental in (False, True, False, True):
            trial.backup_own("mysql_tenant", incremental=incremental)
            pass_by(24)
            trial.compare()
        pass_by(24)
        trial.compare()
        tenant = trial.seen.tenants[1002]
        (run,) = tenant.cleanups
        assert statuses(run.sets_before) == dict.fromkeys((1, 2, 3, 4), "AVAILABLE")
        assert statuses(run.sets_after) == {1: "DELETED", 2: "DELETED", 3: "AVAILABLE", 4: "AVAILABLE"}
        assert 0 < run.expired_ns - run.sets_before[3].end_ns < 2 * 3_600 * 10**9
        assert 0 < run.sets_before[3].end_ns - run.sets_before[3].min_restore_scn < 60 * 10**9
        wrong = replace(run, sets_after={**run.sets_after, 3: replace(run.sets_after[3], file_status="DELETED")})
        now = replace(trial.seen, tenants={1002: replace(tenant, cleanups=(wrong,))})
        assert [number for number in ("28", "29", "32") if list(INVARIANTS[number].check(now))] == ["28", "29", "32"]
        assert not {"28", "29", "30", "32"} & {one.number for one in skipped(trial.seen)}
        lines = skipped_lines(trial.seen)
        assert "F cpu_is_shared_fairly: no service, no view shows the CPU time of a priority" in lines
        assert all(line.partition(", ")[2] in UNSEEN.values() for line in lines)


def test_every_field_is_seen_or_has_a_reason():
    seen = DatabaseDriver(lambda _tenant: None, [], [], obsim_write).seen
    assert set(TENANT_FIELDS) <= seen | set(UNSEEN)
