"""What a restore reads from media: the catalogue of what another cluster, or this one, has written there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from obsim.archive.log import RedoLog
from obsim.cluster.stored_facts import read_facts
from obsim.cluster.tenant_facts import TenantFacts
from obsim.destination.uri import DATA, BackupUri
from obsim.errors import error, error_of
from obsim.ids import Nanoseconds, TenantId
from obsim.restore.catalogue import Catalogue, PlacedPiece, TenantLabel
from obsim.restore.reading import FoundDestination, ReadDestination

if TYPE_CHECKING:
    from obsim.cluster.state import ClusterState

__all__ = ["read_catalogue"]


def read_catalogue(state: "ClusterState", places: Sequence[BackupUri]) -> Catalogue:
    """The sets of one data destination and the pieces of the archive destinations.

    Raises OutcomeNeeded, 9070, 9071, 9080 and 9081 as the media have it, and 1235 for two data destinations.
    """
    data: list[FoundDestination] = []
    archives: list[FoundDestination] = []
    for place in places:
        outcome = state.outside.ask(ReadDestination(place))
        if outcome.code:
            raise error_of(outcome.code)
        found: FoundDestination = outcome.found
        (data if found.format.dest_type == DATA else archives).append(found)
    if len(data) > 1:
        raise error("OB_NOT_SUPPORTED")
    if not data:
        raise error("OB_ENTRY_NOT_EXIST", "no backup set path or log piece can be used to restore")
    sets = data[0].backup_sets(read_facts)
    entries = [entry for archive in archives for entry in archive.redo_log(read_facts).entries]
    label = TenantLabel(
        data[0].format.cluster_name, data[0].format.tenant_name, TenantId(data[0].format.tenant_id), _mode(sets)
    )
    pieces = [placed for archive in archives for placed in _placed(archive)]
    reached = max((placed.piece.checkpoint_scn for placed in pieces), default=0)  # perhaps by a clock that is ahead
    now_ns = Nanoseconds(max(state.now_ns, reached))
    return Catalogue(
        label, sets, pieces if archives else None, RedoLog(entries), now_ns, external=True,
        archives=tuple(archive.place for archive in archives),
    )  # fmt: skip


def _mode(sets: Sequence[object]) -> str:
    contents = (getattr(backup_set, "content", None) for backup_set in sets)
    facts = (content.facts for content in contents if content is not None)
    return next((f.mode for f in facts if isinstance(f, TenantFacts)), "MYSQL")


def _placed(archive: FoundDestination) -> list[PlacedPiece]:
    return [
        PlacedPiece(found.piece, found.dest_id, found.round_id, archive.place.path)
        for found in archive.pieces
        if found.piece is not None
    ]
