"""Rows that are remembered from poll to poll are those that a first poll would see."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from obsim import Cluster
from obsim.catalog.part import GrowingMap, Part, Remembered
from obsim.errors import ServerError
from obsim.ids import TenantId

VIEWS = (
    "OB_BACKUP_JOB_HISTORY", "OB_BACKUP_TASK_HISTORY", "OB_BACKUP_SET_FILES", "OB_ARCHIVELOG_PIECE_FILES",
    "OB_ARCHIVELOG_SUMMARY", "OB_LS_LOG_ARCHIVE_PROGRESS",
)  # fmt: skip
STEPS = (
    ("sys", "ALTER SYSTEM BACKUP DATABASE"),
    ("sys", "ALTER SYSTEM CANCEL BACKUP"),
    ("mysql_tenant", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"),
    ("mysql_tenant", "ALTER SYSTEM NOARCHIVELOG"),
    ("mysql_tenant", "ALTER SYSTEM ARCHIVELOG"),
    ("mysql_tenant", "ALTER SYSTEM SET LOG_ARCHIVE_DEST_STATE = 'DEFER'"),
    ("mysql_tenant", "ALTER SYSTEM SET LOG_ARCHIVE_DEST_STATE = 'ENABLE'"),
    ("mysql_tenant", "ALTER SYSTEM SET archive_lag_target = '3s'"),
    ("sys", "CALL obsim.write('mysql_tenant', 't1', 40, 'random')"),
    ("sys", "CALL obsim.advance('300ms')"),
    ("sys", "CALL obsim.advance('1m')"),
    ("sys", "CALL obsim.advance('1d')"),
    ("sys", "CALL obsim.advance('9d')"),
    ("sys", "CALL obsim.reset()"),
)


def polled(cluster: Cluster) -> dict[str, list[tuple[object, ...]]]:
    rows = {f"CDB_{view}": cluster.query(f"SELECT * FROM oceanbase.CDB_{view}") for view in VIEWS}
    for view in VIEWS:
        rows[f"DBA_{view}"] = cluster.query(f"SELECT * FROM oceanbase.DBA_{view}", tenant="mysql_tenant")
    return {name: [tuple(row) for row in found] for name, found in rows.items()}


ROUNDS = [STEPS[12], STEPS[3], STEPS[10], STEPS[4], STEPS[10], STEPS[11], STEPS[8], STEPS[11], STEPS[3], STEPS[10]]
"""A round of several pieces, then one of fewer."""


@settings(deadline=None, max_examples=15)
@example(ROUNDS, "4.2.1")
@given(st.lists(st.sampled_from(STEPS), min_size=5, max_size=30), st.sampled_from(["4.2.1", "4.3.3"]))
def test_a_cluster_polled_all_along_answers_as_one_polled_once(steps: list[tuple[str, str]], profile: str) -> None:
    watched = Cluster(scenario="three-tenants", version=profile)
    alone = Cluster(scenario="three-tenants", version=profile)
    for tenant, sql in steps:
        for cluster in (watched, alone):
            with suppress(ServerError):
                cluster.execute(sql, tenant=tenant)
        polled(watched)
    assert polled(watched) == polled(alone)
    archive = alone.state.tenants[TenantId(1002)].archive
    made = [piece for r in archive.rounds() for piece in archive.pieces(r, alone.state.now_ns)]
    query = "SELECT piece_id, input_bytes FROM oceanbase.CDB_OB_ARCHIVELOG_PIECE_FILES WHERE tenant_id = 1002"
    shown = [tuple(row) for row in watched.query(query)]
    assert shown == [(piece.piece_id, piece.input_bytes) for piece in made]


def test_the_steps_make_rows_of_every_kind() -> None:
    cluster = Cluster(scenario="three-tenants", version="4.2.1")
    for sql in ("ALTER SYSTEM BACKUP DATABASE", "CALL obsim.advance('1d')"):
        cluster.execute(sql)
    assert [name for name, rows in polled(cluster).items() if not rows] == []


def test_only_what_is_new_is_compared_while_the_settled_rows_are_the_same_list() -> None:
    settled: list[tuple[int, ...]] = [(1,), (2,)]
    before = Part(settled, [(3,), (4,)])
    settled += [(3,), (5,)]
    assert list(Part(settled, [(6,)]).changed_since(before)) == [(3, (5,)), (4, (6,))]
    assert list(before) == [(1,), (2,), (3,), (4,)]
    assert (len(before), before[1], before[3]) == (4, (2,), (4,))


def test_a_part_whose_rows_were_all_settled_before_needs_no_look() -> None:
    settled: list[tuple[int, ...]] = [(1,), (2,)]
    before = Part(settled, [])
    assert Part(settled, []).all_settled_in(before)
    assert not Part(settled, [(3,)]).all_settled_in(before)
    assert not Part(settled, []).all_settled_in(Part(settled, [(3,)])), "one row fewer"
    assert not Part(list(settled), []).all_settled_in(before), "another list"
    settled.append((3,))
    assert not Part(settled, []).all_settled_in(before), "it has grown since"


def test_another_list_of_settled_rows_is_compared_whole() -> None:
    before = Part([(1,), (2,)], [])
    assert list(Part([(7,), (2,)], [(3,)]).changed_since(before)) == [(0, (7,)), (2, (3,))]
    assert list(Part([], [(1,)]).changed_since(before)) == []


def test_a_map_is_called_once_for_a_settled_row() -> None:
    calls: list[object] = []

    def double(row: tuple[int]) -> tuple[int]:
        calls.append(row)
        return (row[0] * 2,)

    twice = GrowingMap(double)  # type: ignore[arg-type]
    settled = [(1,)]
    assert list(twice.apply(Part(settled, [(2,)]))) == [(2,), (4,)]
    settled.append((2,))
    assert list(twice.apply(Part(settled, []))) == [(2,), (4,)]
    assert calls == [(1,), (2,), (2,)]
    assert list(twice.apply(Part([(5,)], []))) == [(10,)]


def test_memory_goes_with_its_owner() -> None:
    class Owner:
        pass

    memory: Remembered[list[int]] = Remembered(list)
    owner = Owner()
    memory.of(owner, 1).append(7)
    assert (memory.of(owner, 1), memory.of(owner, 2), memory.of(Owner(), 1)) == ([7], [], [])
    for number in range(100):  # the ids of owners that are gone come again
        memory.of(Owner(), 1).append(number)
    assert (memory.of(Owner(), 1), memory.of(owner, 1), len(memory._known)) == ([], [7], 1)
