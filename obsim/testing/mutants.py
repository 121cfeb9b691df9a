"""Defects to order: each puts a wrong piece into the engine, so that a test suite can show that it notices.

    with MUTANTS["seam_forgotten"].planted():
        ...                                     # whatever is tested here runs against the defective engine

The list of actions in `campaign` meets every one of them; `killer_of` says which check does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from pyroaring import BitMap64

from obsim.backup import chain, flow
from obsim.backup import tenant as backup_tenant
from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.backup.run import BackupRun
from obsim.backup.set import BackupSet, SetStatus
from obsim.backup.task import SetTask
from obsim.backup.tenant import TenantBackup
from obsim.cluster import backup_commands
from obsim.errors import error
from obsim.revisions import Revisions
from obsim.scheduler.dispatcher import Dispatcher
from obsim.storage import workload as storage_workload
from obsim.storage.macroblocks import BaselineBlocks
from obsim.storage.tablet import Tablet
from obsim.storage.tenant import TenantStorage
from obsim.testing.campaign import campaign
from obsim.testing.trial import Trial
from obsim.versions import IncrementalBase

__all__ = ["MUTANTS", "Mutant", "killer_of"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: where it sits, and words of the failure that a campaign ends with."""

    name: str
    about: str
    killed_by: str
    owner: Any
    attribute: str
    wrong: Callable[[Any], Any]
    """Makes the wrong thing of the right one."""
    base: IncrementalBase = IncrementalBase.PREVIOUS

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Put the defect in, and take it out again."""
        right = self.owner.__dict__[self.attribute]
        with patch.object(self.owner, self.attribute, self.wrong(right)):
            yield


def _misses_last_compaction(right: Any) -> Any:
    def to_copy(self: BaselineBlocks, base_epoch: int, epoch: int, live: Any) -> Any:
        missed = int(0 < base_epoch < epoch)
        return right(self, base_epoch, epoch - missed, live)

    return to_copy


def _misses_first_block(right: Any) -> Any:
    def stored(self: SetContent) -> Any:
        found = BitMap64(right(self))
        if self.base_epoch and found:
            found.remove(found.min())
        return found

    return stored


def _copies_what_came_after_the_snapshot(right: Any) -> Any:
    def stored(self: SetContent) -> Any:
        return right(self) | (self.blocks.written_between(self.epoch, self.blocks.epoch) & self.live)

    return stored


def _any_path(right: Any) -> Any:
    def predecessor(sets: Any, _path: str) -> Any:
        sets = list(sets)
        paths = [s.path for s in sets if s.usable]
        return right(sets, paths[-1]) if paths else None

    return predecessor


def _base_is_previous(right: Any) -> Any:
    def lineage_of(*arguments: Any) -> Any:
        lineage = right(*arguments)
        return replace(lineage, base_id=lineage.prev_inc_id)

    return lineage_of


def _no_conversion(right: Any) -> Any:
    def backup_own(state: Any, tenant: Any, request: Any) -> None:
        if request.backup_type is BackupType.INC and tenant.backup.would_convert():
            raise error("OB_BACKUP_CAN_NOT_START", "there is no full backup.")
        right(state, tenant, request)

    return backup_own


def _no_delta_in_increments(right: Any) -> Any:
    def delta_counts(run: BackupRun) -> Any:
        counts = right(run)
        return dict.fromkeys(counts, 0) if run.lineage.backup_type is BackupType.INC else counts

    return delta_counts


def _failed_id_given_back(right: Any) -> Any:
    def abort(self: BackupRun, *arguments: Any) -> None:
        right(self, *arguments)
        self.tenant._set_count -= 1  # noqa: SLF001 - a defect respects nothing

    return abort


def _number_of_sets_plus_one(right: Any) -> Any:
    def accept(self: TenantBackup, *arguments: Any) -> Any:
        self._set_count = len(self.sets)
        return right(self, *arguments)

    return accept


def _freeze_rewrites_blocks(right: Any) -> Any:
    def minor_freeze(self: TenantStorage, scn: Any, *arguments: Any) -> None:
        right(self, scn, *arguments)
        self.blocks.compact(scn, BitMap64(self.blocks.dirty))

    return minor_freeze


def _compaction_rewrites_tail(right: Any) -> Any:
    def major_freeze(self: TenantStorage, version: Any) -> None:
        self.blocks.dirty.update(
            t.end_position - 1 for t in self.tablets if t.appended_block_count and t.major_block_count
        )
        right(self, version)

    return major_freeze


def _no_yield(right: Any) -> Any:
    def yield_point(self: Dispatcher, task: Any, now_ns: Any) -> None:
        queue = self._queues[task.priority.index]
        limit, queue.limit = queue.limit, 1 << 30
        right(self, task, now_ns)
        queue.limit = limit

    return yield_point


def _raise_waits(right: Any) -> Any:
    def set_limit(self: Dispatcher, priority: Any, limit: int, now_ns: Any) -> None:
        if limit > self.limit(priority):
            self._queues[priority.index].limit = limit
        else:
            right(self, priority, limit, now_ns)

    return set_limit


def _reading_freezes_progress(right: Any) -> Any:
    def counters(self: SetTask, now_ns: int) -> Any:
        seen = right(self, now_ns)
        if seen.finish_macro_block_count:
            self.final_counters = seen
        return seen

    return counters


def _sets_change_unnoticed(right: Any) -> Any:
    def touch(self: Revisions, *families: str) -> None:
        right(self, *(family for family in families if family != "sets"))

    return touch


def _cancel_forgets_the_file(right: Any) -> Any:
    def abort(self: BackupRun, status: str, *arguments: Any) -> None:
        right(self, status, *arguments)
        if self.task is not None and status == "CANCELED":
            self.task.backup_set.status = SetStatus.SUCCESS

    return abort


def _one_place_less(right: Any) -> Any:
    def draw_distinct(key: int, population: int, count: int) -> Any:
        found = right(key, population, count)
        if len(found) > 1:
            found.remove(found.min())
        return found

    return draw_distinct


_TABLE = (
    Mutant(
        "last_compaction_missed",
        "the latest compaction is not looked at",
        "stores",
        BaselineBlocks,
        "to_copy",
        _misses_last_compaction,
    ),
    Mutant(
        "first_block_missed",
        "the first changed block is not copied",
        "stores",
        SetContent,
        "stored",
        _misses_first_block,
    ),
    Mutant(
        "snapshot_not_kept",
        "blocks compacted after the snapshot are copied too",
        "stores",
        SetContent,
        "stored",
        _copies_what_came_after_the_snapshot,
    ),
    Mutant(
        "path_ignored", "a set on another path is a predecessor", "is stored as INC", chain, "predecessor", _any_path
    ),
    Mutant(
        "failed_set_usable",
        "a cancelled or failed set is a predecessor",
        "is stored as INC",
        BackupSet,
        "usable",
        lambda _right: property(lambda s: s.status is not SetStatus.DOING),
    ),
    Mutant(
        "last_full_means_previous",
        "under last_full the previous set's index is used",
        "is (False",
        backup_tenant,
        "lineage_of",
        _base_is_previous,
        IncrementalBase.LAST_FULL,
    ),
    Mutant(
        "conversion_refused",
        "an increment without a full set is an error",
        "answers 9040",
        backup_commands,
        "_backup_own",
        _no_conversion,
    ),
    Mutant(
        "delta_dropped",
        "increments leave mini and minor blocks out",
        "delta blocks",
        flow,
        "delta_counts",
        _no_delta_in_increments,
    ),
    Mutant(
        "failed_id_reused",
        "a job that fails gives its set id back",
        "has set",
        BackupRun,
        "_abort",
        _failed_id_given_back,
    ),
    Mutant(
        "init_id_reused",
        "a job cancelled in INIT takes no set id",
        "has set",
        TenantBackup,
        "accept",
        _number_of_sets_plus_one,
    ),
    Mutant(
        "minor_freeze_rewrites",
        "a minor freeze gives dirty blocks new ids",
        "has other blocks",
        TenantStorage,
        "minor_freeze",
        _freeze_rewrites_blocks,
    ),
    Mutant(
        "tail_refilled",
        "appending rewrites the old last block",
        "has other blocks",
        TenantStorage,
        "major_freeze",
        _compaction_rewrites_tail,
    ),
    Mutant(
        "seam_forgotten",
        "a large tablet has no seam block",
        "has other blocks",
        Tablet,
        "seams",
        lambda _right: property(lambda _tablet: []),
    ),
    Mutant("lowering_ignored", "tasks never pause after a score was lowered", "S1", Dispatcher, "_yield", _no_yield),
    Mutant("raising_waits", "a raised score starts nobody", "S2", Dispatcher, "set_limit", _raise_waits),
    Mutant(
        "reading_freezes_progress",
        "whoever reads progress stops it",
        "33",
        SetTask,
        "counters",
        _reading_freezes_progress,
    ),
    Mutant(
        "sets_unnoticed",
        "a change of sets leaves their revision alone",
        "its revision did not",
        Revisions,
        "touch",
        _sets_change_unnoticed,
    ),
    Mutant(
        "cancelled_set_succeeds",
        "a cancelled job's set is SUCCESS",
        "without a snapshot",
        BackupRun,
        "_abort",
        _cancel_forgets_the_file,
    ),
    Mutant(
        "one_block_short",
        "a write touches one block less than asked",
        "blocks touched",
        storage_workload,
        "draw_distinct",
        _one_place_less,
    ),
)
MUTANTS: dict[str, Mutant] = {mutant.name: mutant for mutant in _TABLE}


def killer_of(mutant: Mutant | None, base: IncrementalBase = IncrementalBase.PREVIOUS) -> str | None:
    """What a campaign against the defective engine fails with, None if it survives; no mutant: the engine as it is."""
    if mutant is None:
        campaign(Trial(base=base))
        return None
    with mutant.planted():
        try:
            campaign(Trial(base=mutant.base))
        except AssertionError as failure:
            return str(failure)
    return None
