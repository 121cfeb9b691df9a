"""The progress columns, computed for a moment of the past."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from obsim.backup.files import DataFiles, FileCut
from obsim.backup.progress import COPY_BLOCK_NS, PASS_NS, CopyProgress, CopyWork, Scope
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW

SECOND_NS = 1_000_000_000


def progress_of(blocks, *, scope_ns, copy_ns):
    """Blocks of one tablet come in scope at one moment and are copied from another one on."""
    progress = CopyProgress(user_tablet_count=1, inner_tablet_count=0, log_stream_count=1)
    progress.tablets_known_ns = 0
    progress.scopes.append(Scope(scope_ns, {200_001: blocks}, {}))
    task = DagTask("BACKUP_DATA", HA_LOW, blocks * COPY_BLOCK_NS, lambda _: None, running_since_ns=copy_ns)
    files = DataFiles(1001, "major", 1, 0, (0,), 0, FileCut.of(blocks, 1, blocks))
    progress.copies.append(CopyWork(files, [task], [(200_001, blocks)]))
    return progress


def test_a_pass_before_the_stage_knows_nothing_of_its_blocks():
    progress = progress_of(10, scope_ns=2 * SECOND_NS, copy_ns=2 * SECOND_NS + 1)
    before = progress.counters(SECOND_NS)
    assert (before.macro_block_count, before.finish_macro_block_count) == (0, 0)


def test_blocks_are_finished_as_their_task_works():
    progress = progress_of(10, scope_ns=0, copy_ns=SECOND_NS)
    counters = [progress.counters(SECOND_NS + n * COPY_BLOCK_NS // 2) for n in (0, 1, 2, 7, 20, 99)]
    assert [c.finish_macro_block_count for c in counters] == [0, 0, 1, 3, 10, 10]
    assert {c.macro_block_count for c in counters} == {10}


def test_nothing_is_known_before_the_tablets_are_listed():
    progress = progress_of(10, scope_ns=0, copy_ns=0)
    progress.tablets_known_ns = SECOND_NS
    assert progress.counters(SECOND_NS - 1).tablet_count == 0
    assert progress.counters(SECOND_NS).tablet_count == 1


def test_a_tablet_is_finished_with_its_last_block_of_the_last_stage():
    """The minor stage is the first of two; of its end alone no tablet is finished."""
    progress = progress_of(10, scope_ns=SECOND_NS, copy_ns=SECOND_NS)
    progress.scopes.insert(0, Scope(0, {}, {}))
    counts = [progress.counters(at).finish_tablet_count for at in (SECOND_NS - 1, SECOND_NS, 2 * SECOND_NS - 1)]
    assert counts == [0, 0, 0]
    assert progress.counters(SECOND_NS + 10 * COPY_BLOCK_NS).finish_tablet_count == 1


@st.composite
def copied_files(draw):
    """Blocks by tablet, some of them stored by earlier attempts, and how many blocks of each file are copied."""
    counts = draw(st.lists(st.integers(0, 30), max_size=6))
    total = sum(counts)
    skipped = draw(st.integers(0, total))
    cut = FileCut.of(total - skipped, draw(st.integers(1, 6)), draw(st.integers(1, 20)))
    let_go = draw(st.integers(0, cut.file_count))
    done = [draw(st.integers(0, size)) for size in cut.sizes()[let_go:]]
    return counts, skipped, cut, let_go, done[: draw(st.integers(0, len(done)))]


@given(copied_files())
def test_files_hold_the_blocks_in_order_of_tablet(drawn):
    counts, skipped, cut, let_go, done = drawn
    blocks = [200_001 + n for n, count in enumerate(counts) for _ in range(count)][skipped:]
    expected, at = Counter(), 0
    for number, size in enumerate(cut.sizes()):
        tried = done[number - let_go : number - let_go + 1] if number >= let_go else [size]
        expected.update(blocks[at : at + sum(tried)])
        at += size
    tasks = [
        DagTask("BACKUP_DATA", HA_LOW, cut.size(n) * COPY_BLOCK_NS, running_since_ns=(9 - count) * COPY_BLOCK_NS)
        for n, count in enumerate(done, let_go)
    ]
    files = DataFiles(1001, "major", 1, 0, (), skipped, cut)
    work = CopyWork(files, tasks, [(200_001 + n, count) for n, count in enumerate(counts)], let_go)
    found = Counter()
    for tablet_id, count in work.done(9 * COPY_BLOCK_NS):
        found[tablet_id] += count
    assert found == expected


def ended(file_blocks, ended_ns):
    task = DagTask("BACKUP_DATA", HA_LOW, file_blocks * COPY_BLOCK_NS, running_since_ns=0)
    if ended_ns is not None:
        task.finished, task.wake_ns = True, ended_ns
    return task


def test_tasks_are_let_go_once_no_pass_can_see_them_at_work():
    files = DataFiles(1001, "major", 1, 0, (0,), 0, FileCut(12, 4, 3, 0))
    work = CopyWork(files, [ended(3, SECOND_NS), ended(3, 2 * SECOND_NS), ended(3, None)], [(200_001, 12)])
    work.add([], SECOND_NS + PASS_NS - 1)
    assert (work.let_go, work.file_count, work.complete_count) == (0, 3, 2)
    work.add([ended(3, None)], SECOND_NS + PASS_NS)
    assert (work.let_go, work.file_count, work.complete_count) == (1, 4, 2)
    assert sum(count for _, count in work.done(2 * SECOND_NS)) == 3 + 3 + 3 + 3
