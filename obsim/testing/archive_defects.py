"""Wrong rounds and pieces, and SCNs of sets that do not fit them."""

from dataclasses import replace
from typing import Any

from obsim.archive import tenant as archive_tenant
from obsim.archive.round import RoundStatus
from obsim.archive.tenant import TenantArchive
from obsim.backup.run import BackupRun
from obsim.testing.defect import defect


@defect("a new round goes on with the last piece of the one before", "22", TenantArchive, "_new_round")
def _piece_used_twice(right: Any) -> Any:
    def new_round(self: TenantArchive, *arguments: Any) -> None:
        right(self, *arguments)
        if self.round is not None and self.history:
            self.round.base_piece_id -= 1

    return new_round


@defect("the last piece ends where its round stops", "23", archive_tenant, "pieces_of")
def _piece_cut_short(right: Any) -> Any:
    def pieces_of(archive_round: Any, *arguments: Any) -> Any:
        stopped = archive_round.status is RoundStatus.STOP
        found = list(right(archive_round, *arguments))
        yield from found[:-1]
        for piece in found[-1:]:
            yield replace(piece, end_scn=piece.checkpoint_scn) if stopped else piece

    return pieces_of


@defect("START_REPLAY_SCN may lie before the round", "20", BackupRun, "start_replay_scn")
def _replayed_from_before_the_round(_right: Any) -> Any:
    return property(lambda run: min(run.set_task.start_scn, run.taken.checkpoint_scn))


@defect("MIN_RESTORE_SCN is CONSISTENT_SCN", "20", BackupRun, "_complete")
def _restorable_when_consistent(right: Any) -> Any:
    def complete(self: BackupRun, now_ns: Any) -> None:
        right(self, now_ns)
        backup_set = self.set_task.backup_set
        if backup_set.min_restore_scn:
            backup_set.min_restore_scn = self.taken.scn

    return complete
