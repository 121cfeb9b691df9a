"""The progress columns, computed for a moment of the past."""

from obsim.backup.files import DataFiles, FileCut
from obsim.backup.progress import COPY_BLOCK_NS, CopyProgress, CopyWork
from obsim.scheduler.dag import DagTask
from obsim.scheduler.priorities import HA_LOW

SECOND_NS = 1_000_000_000


def progress_of(blocks, *, scope_ns, copy_ns):
    """Blocks of one tablet come in scope at one moment and are copied from another one on."""
    progress = CopyProgress(user_tablet_count=1, inner_tablet_count=0, log_stream_count=1)
    progress.tablets_known_ns = 0
    progress.scopes.append((scope_ns, {200_001: blocks}))
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
