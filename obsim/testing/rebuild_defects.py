"""Wrong ways to choose what a restore reads, to make blocks of it, and to follow a log."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pyroaring import BitMap64

from obsim.archive.log import RedoLog
from obsim.archive.tenant import TenantArchive
from obsim.backup.content import SetContent
from obsim.backup.job import BackupType
from obsim.cluster import tenant_log
from obsim.cluster.standbys import Standby
from obsim.cluster.tenant_log import TenantLog
from obsim.restore import plan, rebuild
from obsim.restore import standby as standby_log
from obsim.storage.changes import StorageChange
from obsim.storage.tenant import TenantStorage
from obsim.testing.defect import defect

RESTORE = "restore"


def _sets(change: Callable[[Any, int], tuple[Any, int]]) -> Any:
    """A wrong `choose_sets` that looks at other sets or at another moment."""

    def wrong(right: Any) -> Any:
        def choose_sets(sets: Any, scn: int) -> Any:
            return right(*change(list(sets), scn))

        return choose_sets

    return wrong


@defect("a set cannot be restored to its MIN_RESTORE_SCN itself", RESTORE, plan, "choose_sets")
def _first_moment_excluded(right: Any) -> Any:
    return _sets(lambda sets, scn: (sets, scn - 1))(right)


@defect("a set is restored to the moment before its MIN_RESTORE_SCN", RESTORE, plan, "choose_sets")
def _one_moment_too_early(right: Any) -> Any:
    return _sets(lambda sets, scn: (sets, scn + 1))(right)


@defect("the newest set is restored from, whatever the moment", RESTORE, plan, "choose_sets")
def _newest_set_always(right: Any) -> Any:
    return _sets(lambda sets, _scn: (sets, 1 << 62))(right)


@defect("only the full set of a chain is restored from", RESTORE, plan, "choose_sets")
def _increments_forgotten(right: Any) -> Any:
    return lambda sets, scn: right(sets, scn)[:1]


@defect("an increment whose full set is gone is restored", RESTORE, plan, "choose_sets")
def _orphan_restored(_right: Any) -> Any:
    def choose_sets(sets: Any, scn: int) -> Any:
        chain: list[Any] = []
        for s in sets:
            if s.usable and s.min_restore_scn <= scn:
                chain = [s] if s.backup_type is BackupType.FULL else [*chain, s]
        return tuple(chain)

    return choose_sets


@defect("unusable sets are restored from", RESTORE, plan, "choose_sets")
def _unusable_restored(_right: Any) -> Any:
    def choose_sets(sets: Any, scn: int) -> Any:
        chain: dict[Any, Any] = {}
        for s in sets:
            if 0 < s.min_restore_scn <= scn:
                if s.backup_type is BackupType.FULL:
                    chain.clear()
                chain[s.backup_set_id] = s
        return tuple(chain.values())

    return choose_sets


@defect("the log may end a moment before the one to restore to", RESTORE, plan, "choose_pieces")
def _log_one_short(right: Any) -> Any:
    return lambda pieces, start_scn, scn: right(pieces, start_scn, scn - 1)


@defect("a gap in the log is not noticed", RESTORE, plan, "choose_pieces")
def _gap_ignored(_right: Any) -> Any:
    def choose_pieces(pieces: Any, start_scn: int, scn: int) -> Any:
        run = tuple(p for p in pieces if p.complete and p.end_scn > start_scn and p.start_scn < scn)
        return run if run and run[0].start_scn <= start_scn and run[-1].checkpoint_scn >= scn else ()

    return choose_pieces


@defect("log is needed from MIN_RESTORE_SCN on only", RESTORE, plan, "choose_pieces")
def _replay_starts_late(right: Any) -> Any:
    def choose_pieces(pieces: Any, start_scn: int, scn: int) -> Any:
        pieces = list(pieces)
        return right(pieces, start_scn, scn) or tuple(p for p in pieces if p.start_scn <= scn <= p.checkpoint_scn)

    return choose_pieces


@defect("what was changed at the very SCN is left out", RESTORE, RedoLog, "between")
def _last_change_left_out(right: Any) -> Any:
    return lambda log, number, scn: right(log, number, scn - 1)


@defect("log beyond the SCN is replayed", RESTORE, RedoLog, "between")
def _log_beyond_the_scn(right: Any) -> Any:
    return lambda log, number, scn: right(log, number, scn + 3_000_000_000)


@defect("the first change after the snapshot is not replayed", RESTORE, RedoLog, "between")
def _first_change_missed(right: Any) -> Any:
    return lambda log, number, scn: right(log, number + 1, scn)


@defect("the last change before the snapshot is replayed once more", RESTORE, RedoLog, "between")
def _one_change_twice(right: Any) -> Any:
    return lambda log, number, scn: right(log, max(number - 1, 0), scn)


@defect("changes between compactions are not replayed", RESTORE, StorageChange, "redo")
def _only_freezes_replayed(right: Any) -> Any:
    def redo(self: StorageChange, storage: TenantStorage) -> None:
        if self.name.endswith("freeze"):
            right(self, storage)

    return redo


@defect("a replayed major freeze has a version of its own", RESTORE, StorageChange, "redo")
def _own_freeze_version(right: Any) -> Any:
    def redo(self: StorageChange, storage: TenantStorage) -> None:
        later = (self.arguments[0] + 1000,) if self.name == "major_freeze" else self.arguments
        right(replace(self, arguments=later), storage)

    return redo


@defect("dirty marks do not come back", RESTORE, TenantStorage, "become")
def _dirty_forgotten(right: Any) -> Any:
    def become(self: TenantStorage, picture: Any, compactions: Any) -> None:
        right(self, picture, compactions)
        self.blocks.dirty = BitMap64()

    return become


@defect("mini and minor blocks do not come back", RESTORE, TenantStorage, "become")
def _deltas_forgotten(right: Any) -> Any:
    def become(self: TenantStorage, picture: Any, compactions: Any) -> None:
        right(self, picture, compactions)
        for tablet in self.tablets:
            tablet.mini.clear()

    return become


@defect("blocks come back as the newest compaction wrote them", RESTORE, SetContent, "compactions")
def _newest_blocks(_right: Any) -> Any:
    return property(lambda content: content.blocks.compactions)


@defect("a restore numbers blocks as if one compaction had written them all", RESTORE, rebuild, "replay")
def _identities_made_anew(right: Any) -> Any:
    def replay(storage: TenantStorage, entries: Any) -> Any:
        facts = right(storage, entries)
        past = storage.blocks.compactions
        if len(past) > 1:
            past[0] = replace(past[0], version=past[-1].version, written=BitMap64(storage.blocks.live))
            del past[1:]
        return facts

    return replay


@defect("a standby replays past RECOVERY_UNTIL_SCN", RESTORE, TenantLog, "reached")
def _past_the_end(_right: Any) -> Any:
    def reached(log: TenantLog, standby: Standby) -> Any:
        archive = log.source.archive
        pieces = [p for r in archive.rounds() for p in archive.pieces(r, standby.state.now_ns)]
        return max(standby_log.reach(pieces, standby.synced_scn), standby.synced_scn)

    return reached


@defect("a standby jumps over a gap in the log", RESTORE, tenant_log, "reach")
def _standby_jumps(_right: Any) -> Any:
    return lambda pieces, scn: max([scn, *(p.checkpoint_scn for p in pieces if p.complete)])


@defect("a standby leaves out the entry that it reaches", RESTORE, RedoLog, "span")
def _reached_entry_left_out(right: Any) -> Any:
    return lambda log, after_scn, scn, *rest: right(log, after_scn, scn - 1, *rest)


@defect("a standby replays the entry it was restored to once more", RESTORE, RedoLog, "span")
def _entry_twice(right: Any) -> Any:
    return lambda log, after_scn, scn: right(log, after_scn - 1, scn)


@defect("every third change does not get into the log", RESTORE, TenantArchive, "note_change")
def _log_has_holes(right: Any) -> Any:
    def note_change(self: TenantArchive, now_ns: Any, change: Any, number: Any = None) -> None:
        right(self, now_ns, change, number)
        if number is not None and number % 3 == 2 and self.log.entries:
            self.log.entries.pop()

    return note_change
